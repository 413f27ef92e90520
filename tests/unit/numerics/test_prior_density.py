"""Prior densities: they integrate to one, slopes are derivatives, and draws follow the density."""

from __future__ import annotations

import numpy as np
import pytest

from optimist.numerics.prior_density import PriorDensity

DENSITY = PriorDensity(
    centres=np.array([[0.2, 0.125], [0.9, 0.875]]),
    scales=np.array([[0.1, 0.1], [0.3, 0.1]]),
    uniform=np.array([[0.2, 0.4], [0.1, 1.0]]),
    weights=np.array([0.7, 0.3]),
    n_choices=np.array([0.0, 4.0]),
)


def grid(n: int) -> np.ndarray:
    u = (np.arange(n) + 0.5) / n
    return np.stack(np.meshgrid(u, (np.arange(4) + 0.5) / 4, indexing="ij"), axis=-1).reshape(-1, 2)


def test_it_integrates_to_one() -> None:
    assert np.exp(DENSITY.log_ratio(grid(4000))).mean() == pytest.approx(1.0, abs=1e-5)


def test_what_points_do_not_have_says_nothing() -> None:
    points = grid(50)
    mask = np.tile([False, True], (len(points), 1))
    by_choice = np.exp(DENSITY.log_ratio(points, mask)).reshape(50, 4)
    assert np.allclose(by_choice, by_choice[0])
    assert by_choice[0].mean() == pytest.approx(1.0)
    assert DENSITY.log_ratio(points, np.zeros_like(mask)) == pytest.approx(0.0)


def test_slopes_are_derivatives() -> None:
    points = np.random.default_rng(0).uniform(0.05, 0.95, (20, 2))
    step = np.array([1e-6, 0.0])
    numeric = (DENSITY.log_ratio(points + step) - DENSITY.log_ratio(points - step)) / 2e-6
    slopes = DENSITY.slopes(points)
    np.testing.assert_allclose(slopes[:, 0], numeric, rtol=1e-5, atol=1e-6)
    assert not slopes[:, 1].any()


def test_draws_follow_the_density() -> None:
    draws = DENSITY.sample(np.random.default_rng(1).random((20_000, 5)))
    u = (np.arange(2000) + 0.5) / 2000
    for k in range(4):
        points = np.column_stack([u, np.full(2000, (k + 0.5) / 4)])
        share = np.exp(DENSITY.log_ratio(points)).mean() / 4
        drawn = draws[np.floor(draws[:, 1] * 4) == k, 0]
        assert len(drawn) / len(draws) == pytest.approx(share, abs=0.012)
    below = np.exp(DENSITY.log_ratio(grid(2000))).reshape(2000, 4).mean(axis=1)
    cdf = np.cumsum(below) / below.sum()
    distance = np.abs(np.searchsorted(np.sort(draws[:, 0]), u) / len(draws) - cdf).max()
    assert distance < 1.63 / len(draws) ** 0.5  # Kolmogorov-Smirnov, one seed in a hundred


def test_the_ends_of_the_cube_are_inside() -> None:
    ends = np.array([[0.0, 0.0], [1.0, 1.0]])
    assert np.isfinite(DENSITY.log_ratio(ends)).all()
    assert np.isfinite(DENSITY.slopes(ends)).all()
