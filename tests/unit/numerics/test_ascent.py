from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from optimist.numerics.ascent import ascend

RNG = np.random.default_rng(2)


def bowl(centre: Any, curvature: Any) -> Any:
    def objective(x: Any) -> tuple[Any, Any]:
        return -(curvature * (x - centre) ** 2).sum(axis=1), -2.0 * curvature * (x - centre)

    return objective


def valley(x: Any) -> tuple[Any, Any]:
    """Rosenbrock's function on [-2, 2], upside down."""
    z = 4.0 * x - 2.0
    a, b = z[:, :-1], z[:, 1:]
    gradient = np.zeros_like(z)
    gradient[:, :-1] += 400.0 * a * (b - a**2) + 2.0 * (1.0 - a)
    gradient[:, 1:] -= 200.0 * (b - a**2)
    return -(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2).sum(axis=1), 4.0 * gradient


def test_finds_the_top() -> None:
    centre = np.array([0.2, 0.7, 0.5])
    x, value = ascend(bowl(centre, np.array([1.0, 30.0, 1000.0])), RNG.random((5, 3)))
    np.testing.assert_allclose(x, np.tile(centre, (5, 1)), atol=1e-4)
    np.testing.assert_allclose(value, 0.0, atol=1e-6)


def test_follows_a_bent_valley() -> None:
    x, _ = ascend(valley, RNG.random((6, 4)), n_evaluations=200)
    np.testing.assert_allclose(x, 0.75, atol=1e-3)


def test_stops_at_the_border_like_scipy() -> None:
    centre = np.array([1.4, -0.3, 0.6])
    mixing = np.array([[2.0, 0.5, 0.3], [0.5, 1.0, 0.2], [0.3, 0.2, 3.0]])

    def objective(x: Any) -> tuple[Any, Any]:
        away = x - centre
        return -np.einsum("ij,jk,ik->i", away, mixing, away), -2.0 * away @ mixing

    x, _ = ascend(objective, RNG.random((4, 3)), n_evaluations=100)
    expected = minimize(lambda p: -objective(p[None])[0][0], np.full(3, 0.5), bounds=[(0, 1)] * 3).x
    np.testing.assert_allclose(x, np.tile(expected, (4, 1)), atol=1e-4)


def test_some_coordinates_stay() -> None:
    start = RNG.random((4, 3))
    movable = RNG.random((4, 3)) < 0.5
    movable[0] = False
    x, _ = ascend(bowl(np.full(3, 0.5), 1.0), start, movable=movable)
    np.testing.assert_array_equal(x[~movable], start[~movable])
    np.testing.assert_allclose(x[movable], 0.5, atol=1e-4)


def test_a_start_does_not_depend_on_the_others() -> None:
    starts = RNG.random((5, 4))
    together, _ = ascend(valley, starts, n_evaluations=30)
    alone, _ = ascend(valley, starts[2:3], n_evaluations=30)
    np.testing.assert_allclose(together[2], alone[0], atol=1e-9)


def test_never_worse_than_the_start_and_never_outside() -> None:
    def rough(x: Any) -> tuple[Any, Any]:
        value = np.sin(40.0 * x).sum(axis=1) + 0.3 * x.sum(axis=1)
        return value, 40.0 * np.cos(40.0 * x) + 0.3

    starts = RNG.random((20, 3))
    x, value = ascend(rough, starts)
    assert np.all(value >= rough(starts)[0])
    assert np.all((x >= 0.0) & (x <= 1.0))


@pytest.mark.parametrize("n", [1, 2, 7])
def test_asks_no_more_often_than_allowed(n: int) -> None:
    calls = []

    def counted(x: Any) -> tuple[Any, Any]:
        calls.append(len(x))
        return valley(x)

    ascend(counted, RNG.random((3, 4)), n_evaluations=n)
    assert len(calls) == n


def test_a_flat_function() -> None:
    starts = RNG.random((3, 2))
    x, value = ascend(lambda x: (np.zeros(len(x)), np.zeros_like(x)), starts)
    np.testing.assert_array_equal(x, starts)
    np.testing.assert_array_equal(value, 0.0)
