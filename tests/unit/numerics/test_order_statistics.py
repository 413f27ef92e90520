"""Percentiles of sorted values: numpy's, to the last bit, and an answer beside infinite values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimist.numerics.order_statistics import percentile_of_sorted

INF = math.inf


def test_by_hand() -> None:
    assert percentile_of_sorted([1.0, 2.0, 4.0], 50) == 2.0
    assert percentile_of_sorted([1.0, 2.0, 4.0, 8.0], 50) == 3.0
    assert percentile_of_sorted([1.0, 2.0, 4.0, 8.0, 16.0], 25) == 2.0
    assert percentile_of_sorted([0.0, 10.0], 30) == 3.0
    assert percentile_of_sorted([5.0], 77) == 5.0
    assert percentile_of_sorted([1.0, 9.0], 0) == 1.0
    assert percentile_of_sorted([1.0, 9.0], 100) == 9.0


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(percentile_of_sorted([], 50))


def test_the_same_as_numpy_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        values = np.sort(rng.normal(size=rng.integers(1, 40)) * 10.0 ** rng.integers(-9, 9))
        percentile = rng.choice([0, 25, 33.3, 50, 66.6, 99.9, 100, rng.uniform(0, 100)])
        assert percentile_of_sorted(values.tolist(), percentile) == np.percentile(values, percentile)


@pytest.mark.parametrize(
    ("values", "percentile", "expected"),
    [
        ([1.0, 2.0, INF], 50, 2.0),  # falls on a value; numpy: NaN
        ([1.0, 2.0, INF], 75, INF),  # between a finite and an infinite one; numpy: NaN from the middle on
        ([1.0, INF], 10, INF),
        ([-INF, 1.0], 10, -INF),
        ([INF, INF], 30, INF),
        ([-INF, -INF, 0.0], 25, -INF),
    ],
)
def test_beside_infinite_values(values: list[float], percentile: float, expected: float) -> None:
    assert percentile_of_sorted(values, percentile) == expected


def test_between_both_infinities_nothing_is_known() -> None:
    assert math.isnan(percentile_of_sorted([-INF, INF], 50))
