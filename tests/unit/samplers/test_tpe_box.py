"""Boxes: values to points and back, for every kind of parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import InvalidSpaceTypeError
from optimist.samplers.tpe.box import Box, box_of
from optimist.search_space.encoding import encoding_of
from optimist.search_space.space import SearchSpace

SPACE = SearchSpace(
    {
        "choice": CategoricalDistribution(["a", "b", "c"]),
        "int": IntDistribution(-3, 12, step=3),
        "line": FloatDistribution(-2.0, 6.0),
        "steps": FloatDistribution(0.0, 0.3, step=0.1),
        "log int": IntDistribution(4, 64, log=True),
        "log": FloatDistribution(1e-4, 1.0, log=True),
    }
)


def points(space: SearchSpace, **values: float) -> list[float]:
    box = Box(space)
    found: list[float] = box.points(np.array([[values[name]] for name in box.names]))[:, 0].tolist()
    return found


def test_axes_come_by_kind() -> None:
    box = Box(SPACE)
    assert box.names == ["line", "log", "int", "steps", "log int", "choice"]
    assert box.axes.n_continuous == 2
    assert box.axes.cells.tolist() == [6, 4, 61]
    assert box.axes.origins.tolist() == [0, 0, 4]
    assert box.axes.n_choices.tolist() == [3]


def test_values_become_points_and_come_back() -> None:
    values = {"choice": 2, "int": 6, "line": 2.0, "steps": 0.2, "log int": 5, "log": 0.01}
    found = points(SPACE, **values)
    assert found == pytest.approx([0.5, 0.5, 3, 2, 1, 2])
    back = Box(SPACE).values(np.array(found))
    assert back == pytest.approx(values)
    assert {name: type(value) for name, value in back.items()} == {
        "choice": int, "int": int, "line": float, "steps": float, "log int": int, "log": float,
    }  # fmt: skip


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_the_ends_of_the_box_are_the_ends_of_the_ranges(end: float) -> None:
    box = Box(SPACE)
    sides = np.concatenate([np.ones(2), box.axes.cells - 1, box.axes.n_choices - 1])
    values = box.values(end * sides)
    for name, distribution in SPACE.items():
        if not isinstance(distribution, CategoricalDistribution):
            assert values[name] == (distribution.high if end else distribution.low)  # type: ignore[attr-defined]


def test_values_outside_of_a_range_count_as_its_border() -> None:
    space = SearchSpace(
        {"x": FloatDistribution(0, 1), "log": FloatDistribution(1, 9, log=True), "n": IntDistribution(0, 4)}
    )
    assert points(space, x=-7.0, log=-1.0, n=99.0) == [0, 0, 4]
    assert points(space, x=1.7e308, log=1e300, n=1.4) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    "distribution",
    [
        FloatDistribution(-1.7e308, 1.7e308),
        FloatDistribution(5e-324, 1.7e308, log=True),
        FloatDistribution(1.0, 1.0000000000000002, log=True),
        FloatDistribution(-1.6e308, 1.6e308, step=1e307),
        IntDistribution(-(2**63), 2**63 - 1),
        IntDistribution(1, 2**40, log=True),
        FloatDistribution(0, 1e9, step=1e-9),
    ],
    ids=str,
)
def test_extreme_ranges(distribution: BaseDistribution) -> None:
    box = Box(SearchSpace({"x": distribution}))
    side = 1.0 if box.axes.n_continuous else float(box.axes.cells[0]) - 1
    for share in (0.0, 0.25, 0.999, 1.0):
        point = share * side if box.axes.n_continuous else np.floor(share * side)
        value = box.values(np.array([point]))["x"]
        assert distribution._contains(value)
        back = box.points(np.array([[float(value)]]))[0, 0]
        if distribution != FloatDistribution(1.0, 1.0000000000000002, log=True):  # it has two values only
            assert back / side == pytest.approx(point / side, abs=1e-9)


def test_boxes_are_made_once() -> None:
    assert box_of(SPACE) is box_of(SearchSpace(dict(SPACE)))


def test_unknown_kinds_are_refused() -> None:
    class Odd(BaseDistribution):
        def to_internal_repr(self, param_value_in_external_repr: Any) -> float:
            return 0.0

        def single(self) -> bool:
            return False

        def _contains(self, param_value_in_internal_repr: float) -> bool:
            return True

        def _asdict(self) -> dict[str, Any]:
            return {}

    with pytest.raises(InvalidSpaceTypeError, match="'x'"):
        Box(SearchSpace({"x": Odd()}))


# The unit cube


MIXED = SearchSpace(
    {
        "x": FloatDistribution(1e-3, 10, log=True),
        "y": FloatDistribution(0, 1, step=0.25),
        "n": IntDistribution(1, 50, log=True),
        "m": IntDistribution(3, 9, step=2),
        "size": CategoricalDistribution(["s", "m", "l"], ordered=True),
        "kind": CategoricalDistribution(["a", "b", "c", "d"]),
    }
)


def test_coordinates_are_those_of_the_encoding() -> None:
    box, encoding = box_of(MIXED), encoding_of(MIXED)
    columns = encoding.decode(np.random.default_rng(0).random((40, len(MIXED))))
    points = box.points(np.array([columns[name] for name in box.names], np.float64))
    unit = dict(zip(box.names, box.unit(points), strict=True))
    encoded = encoding.encode(columns)
    for name, column in encoding.columns.items():
        tolerance = 0.04 if name == "n" else 1e-9  # a logarithmic cell has its middle in values, or in the logarithm
        np.testing.assert_allclose(unit[name], encoded[:, column.start], atol=tolerance)
    np.testing.assert_allclose(box.points_at(box.unit(points)), points, atol=1e-9)


def test_random_search_has_this_density() -> None:
    box = box_of(SearchSpace({name: MIXED[name] for name in ("n", "m", "kind")}))
    values = np.array([(n, m, k) for n in range(1, 51) for m in (3, 5, 7, 9) for k in range(4)], np.float64).T
    by_name = dict(zip(("n", "m", "kind"), values, strict=True))
    points = box.points(np.array([by_name[name] for name in box.names]))
    assert np.exp(box.log_uniform(points)).sum() == pytest.approx(1.0)
