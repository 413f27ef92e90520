"""Cells and their numbers: there and back, one at a time and all at once, and what is no cell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optimist.search_space.numbering import CellNumbers

SPACE = {
    "odd": IntDistribution(1, 9, step=2),
    "tenths": FloatDistribution(0, 1, step=0.1),
    "kind": CategoricalDistribution(["a", "b", None]),
    "only": FloatDistribution(3, 3),
    "log": IntDistribution(1, 4, log=True),
}


def test_every_cell_has_its_number() -> None:
    cells = CellNumbers(SPACE)
    assert cells.n == 5 * 11 * 3 * 4
    numbers = list(range(cells.n))
    rows = [cells.values(number) for number in numbers]
    assert [cells.number(row) for row in rows] == numbers
    assert len({tuple(row.values()) for row in rows}) == cells.n
    assert all(d.contains(d.to_external_repr(row[name])) for row in rows for name, d in SPACE.items())


def test_columns_agree_with_single_rows() -> None:
    cells = CellNumbers(SPACE)
    numbers = [5, 0, cells.n - 1, 77]
    columns = cells.columns(numbers)
    assert [{name: column[i] for name, column in columns.items()} for i in range(4)] == list(map(cells.values, numbers))
    assert cells.numbers(columns) == numbers
    assert {name: column.dtype.kind for name, column in columns.items()} == {
        "odd": "i", "tenths": "f", "kind": "i", "only": "f", "log": "i",
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"odd": 2}, {"odd": 11}, {"odd": -1}, {"tenths": 0.05}, {"tenths": 1.1}, {"kind": 3}, {"kind": -1}, {"only": 2.0},
     {"log": 5}, {"log": 0}, {"tenths": math.nan}, {"tenths": math.inf}, {"only": math.nan}],
)  # fmt: skip
def test_what_is_no_cell(change: dict[str, Any]) -> None:
    cells = CellNumbers(SPACE)
    row = {**cells.values(100), **change}
    assert cells.number(row) == -1
    good = cells.values(100)
    columns = {name: np.array([good[name], row[name], good[name]]) for name in SPACE}
    assert cells.numbers(columns) == [100, -1, 100]


def test_noise_of_floats_does_not_matter() -> None:
    cells = CellNumbers({"x": FloatDistribution(0, 1, step=0.1)})
    noisy = 0.1 + 0.2  # 0.30000000000000004
    assert cells.number({"x": noisy}) == 3
    assert cells.numbers({"x": [noisy, 0.3]}) == [3, 3]


@pytest.mark.parametrize(
    "distribution",
    [
        IntDistribution(-(2**63), 2**63 - 1),
        IntDistribution(-(2**63), 2**63 - 1, step=3),
        IntDistribution(1, 2**62, log=True),
        FloatDistribution(0.0, 1.0, step=1e-17),
        FloatDistribution(-1.0, 1.0, step=1e-12),
        FloatDistribution(-1.7e308, 1.7e308, step=1e307),
    ],
)
def test_ranges_beyond_the_exact_floats(distribution: BaseDistribution) -> None:
    cells = CellNumbers({"x": distribution})
    n = distribution.cardinality
    assert n == cells.n
    for number in (0, 1, n // 3, n - 2, n - 1):
        value = cells.values(number)["x"]
        back = cells.number({"x": value})
        assert cells.values(back)["x"] == value  # several steps may share a float
        assert cells.numbers({"x": np.array([value])}) == [back]
        assert abs(back - number) <= 1e-15 * n


def test_more_cells_than_64_bits_can_say() -> None:
    cells = CellNumbers({f"p{i}": IntDistribution(0, 10**9) for i in range(12)})
    number = 123456789 * 10**90
    assert cells.number(cells.values(number)) == number
    assert cells.numbers(cells.columns([number, 0])) == [number, 0]


def test_the_empty_space_has_one_cell() -> None:
    cells = CellNumbers({})
    assert cells.n == 1
    assert cells.number({}) == 0


def test_infinite_spaces_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'lr' has no end of values"):
        CellNumbers({"n": IntDistribution(1, 3), "lr": FloatDistribution(0, 1)})


@given(low=st.integers(-1000, 1000), n=st.integers(1, 300), step=st.integers(1, 9), value=st.integers(-3000, 4000))
def test_integers_by_property(low: int, n: int, step: int, value: int) -> None:
    distribution = IntDistribution(low, low + (n - 1) * step, step=step)
    cells = CellNumbers({"x": distribution})
    number = cells.number({"x": value})
    assert (number >= 0) == distribution.contains(value)
    assert cells.numbers({"x": np.array([value])}) == [number]
    assert number < 0 or cells.values(number)["x"] == value


@given(low=st.integers(-50, 50), n=st.integers(1, 400), tenths=st.integers(1, 30), cell=st.floats(-2, 402))
def test_steps_by_property(low: int, n: int, tenths: int, cell: float) -> None:
    step = tenths / 10
    distribution = FloatDistribution(low, (10 * low + (n - 1) * tenths) / 10, step=step)
    cells = CellNumbers({"x": distribution})
    assert cells.n == n
    for value in (low + round(cell) * step, low + cell * step):
        number = cells.number({"x": value})
        assert (number >= 0) == distribution.contains(value)
        assert cells.numbers({"x": np.array([value])}) == [number]
