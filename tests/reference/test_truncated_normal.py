"""The cut normal distribution against SciPy's, and normal masses against extended precision."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from optimist.numerics.truncated_normal import adjacent_mass, cut, interval_mass, quantile

MEANS = np.array([0.0, 1e-9, 0.02, 0.3, 0.5, 0.77, 0.999, 1.0])
SCALES = np.array([1e-6, 1e-3, 0.01, 0.05, 0.121, 0.4, 1.0])
M, S = (grid.ravel() for grid in np.meshgrid(MEANS, SCALES))


def test_the_cut_leaves_what_scipy_says() -> None:
    below, inside = cut(M, S)
    assert below == pytest.approx(stats.norm.cdf(0, M, S), abs=1e-15)
    assert inside == pytest.approx(stats.norm.cdf(1, M, S) - stats.norm.cdf(0, M, S), rel=1e-14)
    assert inside.min() > 0.34


def test_the_cut_keeps_the_shape() -> None:
    below, inside = cut(M.reshape(7, 8), S.reshape(7, 8))
    flat_below, flat_inside = cut(M, S)
    assert np.array_equal(below.ravel(), flat_below)
    assert np.array_equal(inside.ravel(), flat_inside)


@pytest.mark.parametrize("q", [1e-12, 0.001, 0.25, 0.5, 0.9, 0.999])
def test_quantiles_are_scipys(q: float) -> None:
    expected = stats.truncnorm.ppf(q, -M / S, (1 - M) / S, M, S)
    assert quantile(np.full(len(M), q), M, S, *cut(M, S)) == pytest.approx(expected, abs=1e-9)


def test_no_quantile_leaves_the_interval() -> None:
    for q in (0.0, 1.0 - 2**-53):
        points = quantile(np.full(len(M), q), M, S, *cut(M, S))
        assert points.min() >= 0.0
        assert points.max() <= 1.0


def test_interval_masses_are_accurate_in_both_tails() -> None:
    left = np.concatenate([np.linspace(-30, 30, 241), [-0.5, -1e-3]])
    width = 0.1
    # log Phi is accurate in the left tail, so mirror what lies right of 0.
    mirrored = np.where(left + width / 2 > 0, -left - width, left)
    upper, lower = special.log_ndtr(mirrored + width), special.log_ndtr(mirrored)
    expected = np.exp(upper) * -np.expm1(lower - upper)
    assert interval_mass(left, left + width) == pytest.approx(expected, rel=1e-11)


def test_interval_masses_far_away_are_zero_and_all_is_one() -> None:
    assert interval_mass(np.array([50.0]), np.array([51.0])) == 0.0
    assert interval_mass(np.array([-50.0]), np.array([50.0])) == 1.0


def test_adjacent_masses_are_those_of_the_intervals() -> None:
    edges = np.stack([np.linspace(-0.5, 20, 30), np.linspace(-0.01, 3, 30)])
    assert adjacent_mass(edges) == pytest.approx(interval_mass(edges[:, :-1], edges[:, 1:]), rel=1e-9)
