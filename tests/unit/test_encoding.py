from __future__ import annotations

import math

import numpy as np
import pytest

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import InvalidSpaceError
from optimist.search_space.encoding import Encoding, encoding_of
from optimist.search_space.space import SearchSpace

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
FLOAT_MAX, FLOAT_TINY = 1.7976931348623157e308, 5e-324


def encode(distribution, values, **options):
    return Encoding({"x": distribution}, **options).encode({"x": values})[:, 0].tolist()


def decode(distribution, points):
    return Encoding({"x": distribution}).decode(np.array(points)[:, None])["x"].tolist()


# The map, kind by kind


def test_floats_are_stretched():
    distribution = FloatDistribution(-1, 3)
    assert encode(distribution, [-1.0, 0.0, 1.0, 3.0]) == [0.0, 0.25, 0.5, 1.0]
    assert decode(distribution, [0.0, 0.25, 0.5, 1.0]) == [-1.0, 0.0, 1.0, 3.0]


def test_logarithmic_floats_are_stretched_in_the_logarithm():
    distribution = FloatDistribution(1e-4, 1.0, log=True)
    assert encode(distribution, [1e-4, 1e-3, 1e-2, 1.0]) == pytest.approx([0.0, 0.25, 0.5, 1.0], abs=1e-15)
    assert decode(distribution, [0.0, 0.25, 0.5, 1.0]) == pytest.approx([1e-4, 1e-3, 1e-2, 1.0], rel=1e-14)


def test_integers_and_steps_and_choices_have_cells_of_equal_width():
    for distribution, values in (
        (IntDistribution(1, 4), [1, 2, 3, 4]),
        (IntDistribution(-10, 20, step=10), [-10, 0, 10, 20]),
        (FloatDistribution(0, 0.3, step=0.1), [0.0, 0.1, 0.2, 0.3]),
        (CategoricalDistribution("abcd"), [0, 1, 2, 3]),
    ):
        assert encode(distribution, values) == [0.125, 0.375, 0.625, 0.875]
        borders = [0.0, 0.2499, 0.25, 0.4999, 0.5, 0.7499, 0.75, 1.0]
        assert decode(distribution, borders) == [value for value in values for _ in range(2)]


def test_logarithmic_integers_have_what_rounds_to_them():
    distribution = IntDistribution(1, 4, log=True)
    cube = Encoding({"x": distribution})
    lower, upper = cube.cells({"x": [1, 2, 3, 4]})
    ends = [0.0, *(math.log((x + 0.5) / 0.5) / math.log(9) for x in (1, 2, 3, 4))]
    assert lower[:, 0] == pytest.approx(ends[:-1], abs=1e-15)
    assert upper[:, 0] == pytest.approx(ends[1:])
    assert encode(distribution, [1, 2, 3, 4]) == pytest.approx((lower[:, 0] + upper[:, 0]) / 2)
    inside = np.concatenate([lower[:, 0] + 1e-9, upper[:, 0] - 1e-9])
    assert decode(distribution, inside) == [1, 2, 3, 4, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "distribution",
    [
        FloatDistribution(3, 3),
        FloatDistribution(3, 3, log=True),
        FloatDistribution(3, 3, step=1),
        IntDistribution(3, 3),
        IntDistribution(3, 3, log=True),
        IntDistribution(INT_MAX, INT_MAX, log=True),
        CategoricalDistribution(["only"]),
    ],
)
def test_a_single_value_is_one_half(distribution):
    value = 0 if isinstance(distribution, CategoricalDistribution) else distribution.low
    assert encode(distribution, [value]) == [0.5]
    assert encode(distribution, [value], one_hot=True) == [0.5]
    assert decode(distribution, [0.0, 0.5, 1.0]) == [value] * 3


def test_values_outside_the_range_count_as_the_nearest_border():
    assert encode(FloatDistribution(0, 1), [-5.0, 7.0, math.inf]) == [0.0, 1.0, 1.0]
    assert encode(FloatDistribution(1, 2, log=True), [-5.0, 0.0, 7.0]) == [0.0, 0.0, 1.0]
    assert encode(IntDistribution(1, 4), [INT_MIN, 9]) == [0.125, 0.875]
    assert encode(IntDistribution(2, 4, log=True), [-9, 0, 2, 9]) == encode(
        IntDistribution(2, 4, log=True), [2, 2, 2, 4]
    )
    assert encode(FloatDistribution(0, 0.3, step=0.1), [-1.0, 9.0]) == [0.125, 0.875]
    assert encode(CategoricalDistribution("abcd"), [-1, 9]) == [0.125, 0.875]


def test_values_between_steps_count_as_the_nearest_one():
    assert encode(FloatDistribution(0, 0.3, step=0.1), [0.14, 0.16]) == [0.375, 0.625]
    assert encode(IntDistribution(0, 30, step=10), [14, 15, 29]) == [0.375, 0.625, 0.875]
    assert encode(IntDistribution(0, 3), [0.9, 2.2]) == [0.375, 0.625]  # a float where an integer is expected


def test_points_outside_the_cube_count_as_its_border():
    for distribution in (FloatDistribution(0, 1), IntDistribution(0, 1), CategoricalDistribution([0, 1])):
        assert decode(distribution, [-0.1, 1.1]) == [0, 1]


def test_nan_stays_nan_in_floats():
    assert math.isnan(encode(FloatDistribution(0, 1), [math.nan])[0])
    assert math.isnan(encode(FloatDistribution(1, 2, log=True), [math.nan])[0])


# Exactness at the extremes


@pytest.mark.parametrize(
    "distribution",
    [
        IntDistribution(INT_MIN, INT_MAX),
        IntDistribution(INT_MIN, INT_MAX, step=3 * 65537),
        IntDistribution(INT_MAX - 10, INT_MAX),
        IntDistribution(INT_MIN, INT_MIN + 10),
        IntDistribution(INT_MIN, INT_MIN + 10, step=5),
        IntDistribution(1, INT_MAX, log=True),
        IntDistribution(2**62, INT_MAX, log=True),
        IntDistribution(INT_MAX - 5, INT_MAX, log=True),
        IntDistribution(0, 2**50 - 1),
        FloatDistribution(-FLOAT_MAX, FLOAT_MAX),
        FloatDistribution(0, FLOAT_TINY),
        FloatDistribution(1, math.nextafter(1, 2)),
        FloatDistribution(1e-300, 1e300, log=True),
        FloatDistribution(FLOAT_TINY, FLOAT_MAX, log=True),
        FloatDistribution(1, math.nextafter(1, 2), log=True),
        FloatDistribution(FLOAT_TINY, 2 * FLOAT_TINY, log=True),
        FloatDistribution(-1.7e308, 1.7e308, step=1e300),
        FloatDistribution(-1e300, 1e300, step=1e-300),
        FloatDistribution(0, 10 * FLOAT_TINY, step=FLOAT_TINY),
        FloatDistribution(1e9, 1e9 + 1, step=1e-6),
    ],
    ids=str,
)
def test_the_borders_come_back_exactly(distribution):
    values = [distribution.low, distribution.high]
    points = Encoding({"x": distribution}).encode({"x": values})
    assert ((points >= 0) & (points <= 1)).all()
    assert decode(distribution, points[:, 0]) == values
    assert decode(distribution, [0.0, 1.0]) == values


def test_every_value_of_small_ranges_comes_back():
    for distribution in (
        IntDistribution(INT_MAX - 1000, INT_MAX),
        IntDistribution(-500, 500),
        IntDistribution(1, 5000, log=True),
        IntDistribution(2**40 - 500, 2**40, log=True),
        IntDistribution(-(2**62), 2**62, step=2**53),
    ):
        values = list(range(distribution.low, distribution.high + 1, distribution.step))
        assert decode(distribution, encode(distribution, values)) == values
    for distribution in (
        FloatDistribution(0, 1, step=0.001),
        FloatDistribution(-0.3, 0.4, step=0.1),
        FloatDistribution(0.1, 700.1, step=0.7),
        FloatDistribution(1e-9, 1e-6, step=1e-9),
        FloatDistribution(-1.7e308, 1.7e308, step=1e306),
        FloatDistribution(0.1234567890123456, 10.1234567890123456, step=0.01),  # too many digits for exact floats
    ):
        values = [distribution.value_at(cell) for cell in range(distribution.cardinality)]
        assert decode(distribution, encode(distribution, values)) == values


def test_logarithmic_integers_come_back_up_to_2_to_the_40():
    rng = np.random.default_rng(0)
    distribution = IntDistribution(1, 2**40, log=True)
    values = np.unique(np.concatenate([np.arange(1, 1000), rng.integers(1, 2**40, 10_000, endpoint=True), [2**40]]))
    assert decode(distribution, encode(distribution, values)) == values.tolist()


def test_the_finest_steps_decode_to_steps():
    distribution = FloatDistribution(0, 2.0**60, step=0.1)
    values = decode(distribution, [0.0, 0.1, 1 / 3, 0.9, 1.0])
    assert all(map(distribution.contains, values))
    assert decode(distribution, encode(distribution, values)) == pytest.approx(values, rel=1e-15)


def test_more_cells_than_a_float_can_count():
    distribution = FloatDistribution(0, 1e300, step=1e-300)
    assert Encoding({"x": distribution}).n_cells.tolist() == [1e600]
    assert decode(distribution, [0.0, 1.0]) == [0.0, 1e300]


# Spaces

MIXED: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(1e-6, 1, log=True),
    "kind": CategoricalDistribution(["a", "b", None]),
    "depth": IntDistribution(1, 9),
    "fixed": FloatDistribution(2, 2),
    "width": IntDistribution(16, 256, log=True),
    "ratio": FloatDistribution(0, 1, step=0.25),
    "shift": FloatDistribution(-1, 1),
}


@pytest.mark.parametrize("one_hot", [False, True])
def test_columns_stand_in_the_order_of_the_space(one_hot):
    cube = Encoding(MIXED, one_hot=one_hot)
    width = 3 if one_hot else 1
    assert cube.space == SearchSpace(MIXED)
    assert cube.n_columns == 6 + width
    assert cube.columns["kind"] == slice(1, 1 + width)
    assert cube.columns["shift"] == slice(5 + width, 6 + width)
    assert cube.is_categorical.tolist() == [False] + [True] * width + [False] * 5
    assert cube.n_cells.tolist() == [math.inf, *([2] * 3 if one_hot else [3]), 9, 1, 241, 5, math.inf]


@pytest.mark.parametrize("one_hot", [False, True])
def test_random_points_of_a_mixed_space(one_hot):
    cube = Encoding(MIXED, one_hot=one_hot)
    points = np.random.default_rng(0).random((500, cube.n_columns))
    values = cube.decode(points)
    assert list(values) == list(MIXED)
    for name, distribution in MIXED.items():
        assert values[name].dtype == (np.float64 if isinstance(distribution, FloatDistribution) else np.int64)
        assert all(distribution._contains(value) for value in values[name].tolist())
        if distribution.cardinality is not None and distribution.cardinality < 10:
            assert len(set(values[name].tolist())) == distribution.cardinality
    snapped = cube.snap(points)
    np.testing.assert_allclose(cube.snap(snapped), snapped, atol=1e-14)
    again = cube.decode(snapped)
    for name in MIXED:
        np.testing.assert_allclose(again[name], values[name], rtol=1e-13)
    lower, upper = cube.cells(values)
    encoded = cube.encode(values)
    assert ((lower <= encoded) & (encoded <= upper)).all()
    if not one_hot:
        assert ((lower <= points + 1e-12) & (points <= upper + 1e-12))[:, [1, 2, 4, 5]].all()


def test_one_hot():
    cube = Encoding({"kind": CategoricalDistribution("abc")}, one_hot=True)
    assert cube.encode({"kind": [2, 0]}).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert cube.decode([[0.1, 0.7, 0.6], [0.5, 0.5, 0.5]])["kind"].tolist() == [1, 0]


def test_one_trial():
    cube = Encoding(MIXED)
    row = cube.decode_one([0.5] * cube.n_columns)
    assert {name: type(value) for name, value in row.items()} == {
        "rate": float, "kind": int, "depth": int, "fixed": float, "width": int, "ratio": float, "shift": float,
    }  # fmt: skip
    assert cube.to_external(row) == {
        "rate": pytest.approx(1e-3), "kind": "b", "depth": 5, "fixed": 2.0, "width": 63, "ratio": 0.5, "shift": 0.0,
    }  # fmt: skip


def test_other_parameters_are_ignored_and_missing_ones_are_an_error():
    cube = Encoding({"x": FloatDistribution(0, 1)})
    assert cube.encode({"y": [1, 2, 3], "x": [0.5]}).tolist() == [[0.5]]
    with pytest.raises(KeyError):
        cube.encode({"y": [1]})


def test_no_rows_and_no_columns():
    assert Encoding(MIXED).encode({name: [] for name in MIXED}).shape == (0, 7)
    assert {name: len(values) for name, values in Encoding(MIXED).decode(np.empty((0, 7))).items()} == dict.fromkeys(
        MIXED, 0
    )
    assert Encoding({}).encode({}).shape == (0, 0)
    assert Encoding({}).decode(np.empty((3, 0))) == {}


def test_the_encoding_of_a_space_is_made_once():
    space = SearchSpace(MIXED)
    assert encoding_of(space) is encoding_of(SearchSpace(MIXED))
    assert encoding_of(space, one_hot=True) is not encoding_of(space)


def test_the_input_is_left_alone():
    values = {"x": np.array([0.5, 2.0])}
    Encoding({"x": FloatDistribution(1, 2, log=True)}).encode(values)
    assert values["x"].tolist() == [0.5, 2.0]
    points = np.array([[1.5]])
    Encoding({"x": FloatDistribution(1, 2, log=True)}).decode(points)
    assert points.tolist() == [[1.5]]


def test_unknown_distributions_are_refused():
    class Coin(BaseDistribution):
        def to_internal_repr(self, value):
            return float(value)

        def single(self):
            return False

        def _contains(self, value):
            return True

    with pytest.raises(InvalidSpaceError, match="Parameter 'coin': the unit cube knows floats, integers and choices"):
        Encoding({"coin": Coin()})
