"""Columns grow by doubling, and what they handed out stays as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimist.history.columns import FLOAT, INT, INT8, INT32, Column


@pytest.mark.parametrize(("code", "dtype"), [(FLOAT, "f8"), (INT, "i8"), (INT32, "i4"), (INT8, "i1")])
def test_types(code: str, dtype: str) -> None:
    column = Column(code)
    assert column.head(0).dtype == np.dtype(dtype)
    column.set(0, 3)
    assert column.head(1).dtype == np.dtype(dtype)
    assert column.head(1).tolist() == [3]


def test_nothing_asked_nothing_kept() -> None:
    column = Column(FLOAT)
    assert column.head(0).tolist() == []
    assert len(column.data) == 0


def test_skipped_rows_hold_the_fill() -> None:
    with_nan, with_zeros = Column(FLOAT, fill=math.nan), Column(INT)
    for column in (with_nan, with_zeros):
        column.set(3, 7)
    assert repr(with_nan.head(5).tolist()) == "[nan, nan, nan, 7.0, nan]"
    assert with_zeros.head(5).tolist() == [0, 0, 0, 7, 0]


def test_growing_keeps_values_and_doubles() -> None:
    column = Column(INT, fill=-1)
    capacities = set()
    for row in range(1000):
        column.set(row, row * row)
        capacities.add(len(column.data))
    assert column.head(1000).tolist() == [row * row for row in range(1000)]
    assert sorted(capacities) == [64, 128, 256, 512, 1024]
    assert column.data[1000] == -1


def test_reserving_less_changes_nothing() -> None:
    column = Column(INT)
    column.reserve(100)
    memory = column.data
    column.reserve(100)
    column.reserve(3)
    assert column.data is memory


def test_head_is_read_only_and_shares_the_memory() -> None:
    column = Column(FLOAT)
    column.set(0, 1.5)
    head = column.head(10)
    with pytest.raises(ValueError, match="read-only"):
        head[0] = 2.0
    assert np.shares_memory(head, column.head(4))


def test_head_stays_as_it_was_while_the_column_grows() -> None:
    column = Column(INT)
    for row in range(60):
        column.set(row, row)
    head = column.head(60)
    for row in range(60, 5000):
        column.set(row, -row)
    assert head.tolist() == list(range(60))


def test_integers_are_exact_to_64_bits() -> None:
    column = Column(INT)
    for row, value in enumerate((2**63 - 1, -(2**63), 2**53 + 1)):
        column.set(row, value)
    assert column.head(3).tolist() == [2**63 - 1, -(2**63), 2**53 + 1]
