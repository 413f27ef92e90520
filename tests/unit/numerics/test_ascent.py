from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from optimist.numerics.ascent import ascend


def bowl(centre: Any, curvature: Any) -> Any:
    def objective(x: Any) -> tuple[Any, Any]:
        return -(curvature * (x - centre) ** 2).sum(axis=1), -2.0 * curvature * (x - centre)

    return objective


LOWER_TOP = (np.array([-0.7757, 0.6131, 0.3821, 0.1460]) + 2.0) / 4.0
"""Of the valley below in four dimensions (Shang and Qiu 2006, doi:10.1162/evco.2006.14.1.119)."""


def valley(x: Any) -> tuple[Any, Any]:
    """Rosenbrock's function on [-2, 2], upside down."""
    z = 4.0 * x - 2.0
    a, b = z[:, :-1], z[:, 1:]
    gradient = np.zeros_like(z)
    gradient[:, :-1] += 400.0 * a * (b - a**2) + 2.0 * (1.0 - a)
    gradient[:, 1:] -= 200.0 * (b - a**2)
    return -(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2).sum(axis=1), 4.0 * gradient


STARTS = np.random.default_rng(2)
TOP_STARTS, VALLEY_STARTS = STARTS.random((5, 3)), STARTS.random((6, 4))
CENTRE, CURVATURE = np.array([0.2, 0.7, 0.5]), np.array([1.0, 30.0, 1000.0])


def test_finds_the_top() -> None:
    x, value = ascend(bowl(CENTRE, CURVATURE), TOP_STARTS)
    np.testing.assert_allclose(x, np.tile(CENTRE, (5, 1)), atol=1e-4)
    np.testing.assert_allclose(value, 0.0, atol=1e-6)


def test_follows_a_bent_valley() -> None:
    x, _ = ascend(valley, VALLEY_STARTS, n_evaluations=200)
    np.testing.assert_allclose(x, 0.75, atol=1e-3)


def test_from_any_start_it_ends_near_a_top(rng: np.random.Generator) -> None:
    """A start rests where neither the last step nor the next is worth while, which a few do where it is flat."""
    x, value = ascend(bowl(CENTRE, CURVATURE), rng.random((5, 3)))
    np.testing.assert_allclose(x, np.tile(CENTRE, (5, 1)), atol=3e-3)  # 0.0017 was seen
    np.testing.assert_allclose(value, 0.0, atol=1e-5)
    for end in ascend(valley, rng.random((6, 4)), n_evaluations=200)[0]:
        assert min(np.abs(end - top).max() for top in (0.75, LOWER_TOP)) < 0.1  # 0.05 was seen


def test_stops_at_the_border_like_scipy(rng: np.random.Generator) -> None:
    centre = np.array([1.4, -0.3, 0.6])
    mixing = np.array([[2.0, 0.5, 0.3], [0.5, 1.0, 0.2], [0.3, 0.2, 3.0]])

    def objective(x: Any) -> tuple[Any, Any]:
        away = x - centre
        return -np.einsum("ij,jk,ik->i", away, mixing, away), -2.0 * away @ mixing

    x, _ = ascend(objective, rng.random((4, 3)), n_evaluations=100)
    expected = minimize(lambda p: -objective(p[None])[0][0], np.full(3, 0.5), bounds=[(0, 1)] * 3).x
    np.testing.assert_allclose(x, np.tile(expected, (4, 1)), atol=1e-4)


def test_some_coordinates_stay(rng: np.random.Generator) -> None:
    start = rng.random((4, 3))
    movable = rng.random((4, 3)) < 0.5
    movable[0] = False
    x, _ = ascend(bowl(np.full(3, 0.5), 1.0), start, movable=movable)
    np.testing.assert_array_equal(x[~movable], start[~movable])
    np.testing.assert_allclose(x[movable], 0.5, atol=1e-4)


def test_a_start_does_not_depend_on_the_others(rng: np.random.Generator) -> None:
    starts = rng.random((5, 4))
    together, _ = ascend(valley, starts, n_evaluations=30)
    alone, _ = ascend(valley, starts[2:3], n_evaluations=30)
    np.testing.assert_allclose(together[2], alone[0], atol=1e-9)


def test_never_worse_than_the_start_and_never_outside(rng: np.random.Generator) -> None:
    def rough(x: Any) -> tuple[Any, Any]:
        value = np.sin(40.0 * x).sum(axis=1) + 0.3 * x.sum(axis=1)
        return value, 40.0 * np.cos(40.0 * x) + 0.3

    starts = rng.random((20, 3))
    x, value = ascend(rough, starts)
    assert np.all(value >= rough(starts)[0])
    assert np.all((x >= 0.0) & (x <= 1.0))


@pytest.mark.parametrize("n", [1, 2, 7])
def test_asks_no_more_often_than_allowed(n: int, rng: np.random.Generator) -> None:
    calls = []

    def counted(x: Any) -> tuple[Any, Any]:
        calls.append(len(x))
        return valley(x)

    ascend(counted, rng.random((3, 4)), n_evaluations=n)
    assert len(calls) == n


def test_starts_that_cannot_overtake_the_best_are_given_up(rng: np.random.Generator) -> None:
    def two_hills(x: Any) -> tuple[Any, Any]:
        """A high one in the left half, and one that is lower by 5 in the right half."""
        is_left = x[:, 0] < 0.5
        centre = np.where(is_left[:, None], 0.25, 0.75) * np.ones_like(x)
        value, gradient = bowl(centre, CURVATURE)(x)
        return value - 5.0 * ~is_left, gradient

    starts = rng.random((8, 3))
    starts[:, 0] = 0.5 * starts[:, 0] + 0.5 * (np.arange(8) % 2)
    asked: dict[float, int] = {}
    for reach in (math.inf, 10.0):
        n_asked = []

        def counted(x: Any, n_asked: list[int] = n_asked) -> tuple[Any, Any]:
            n_asked.append(len(x))
            return two_hills(x)

        x, value = ascend(counted, starts, reach=reach)
        assert value.max() == pytest.approx(0.0, abs=1e-4)
        np.testing.assert_allclose(x[np.argmax(value)], 0.25, atol=3e-3)
        asked[reach] = sum(n_asked)
    assert asked[10.0] < 0.8 * asked[math.inf]


def test_a_flat_function(rng: np.random.Generator) -> None:
    starts = rng.random((3, 2))
    x, value = ascend(lambda x: (np.zeros(len(x)), np.zeros_like(x)), starts)
    np.testing.assert_array_equal(x, starts)
    np.testing.assert_array_equal(value, 0.0)
