"""Warp: bent columns stay in [0, 1] and in order, and slopes are those of the curve."""

from __future__ import annotations

import numpy as np
import pytest

from optimist.numerics.warp import Warp

COLUMNS = np.array([0, 2])
X = np.column_stack([np.linspace(0.0, 1.0, 41), np.linspace(-3.0, 3.0, 41), np.linspace(1.0, 0.0, 41)])
EXPONENTS = [-2.0, -0.5, 0.0, 0.7, 2.0]


@pytest.mark.parametrize("log_a", EXPONENTS)
@pytest.mark.parametrize("log_b", EXPONENTS)
def test_columns_are_bent_in_order(log_a: float, log_b: float) -> None:
    bent = Warp(COLUMNS, np.full(2, log_a), np.full(2, log_b)).bent(X)
    assert np.all(bent[:, COLUMNS] >= 0.0)
    assert np.all(bent[:, COLUMNS] <= 1.0)
    assert np.all(np.diff(bent[:, 0]) >= 0.0)
    assert np.all(np.diff(bent[:, 2]) <= 0.0)
    np.testing.assert_array_equal(bent[:, 1], X[:, 1])


def test_exponents_of_one_leave_all_as_it_is() -> None:
    warp = Warp(COLUMNS, np.zeros(2), np.zeros(2))
    np.testing.assert_allclose(warp.bent(X), X, atol=0.0101)
    np.testing.assert_allclose(warp.bent_and_slopes(X)[1], np.tile([0.98, 1.0, 0.98], (41, 1)), rtol=1e-12)


@pytest.mark.parametrize("log_a", EXPONENTS)
@pytest.mark.parametrize("log_b", EXPONENTS)
def test_slopes_are_those_of_the_curve(log_a: float, log_b: float) -> None:
    a, b, h = np.array([log_a, -log_a]), np.array([log_b, 0.3]), 1e-6
    inside = X[1:-1]
    numeric = (Warp(COLUMNS, a, b).bent(inside + h) - Warp(COLUMNS, a, b).bent(inside - h)) / (2.0 * h)
    np.testing.assert_allclose(Warp(COLUMNS, a, b).bent_and_slopes(inside)[1], numeric, rtol=1e-5, atol=1e-7)
    by_a, by_b = Warp(COLUMNS, a, b).slopes_by_exponents(X)
    for slopes, move_a, move_b in ((by_a, h, 0.0), (by_b, 0.0, h)):
        up = Warp(COLUMNS, a + move_a, b + move_b).bent(X)
        down = Warp(COLUMNS, a - move_a, b - move_b).bent(X)
        np.testing.assert_allclose(slopes, ((up - down) / (2.0 * h))[:, COLUMNS], rtol=1e-5, atol=1e-7)
