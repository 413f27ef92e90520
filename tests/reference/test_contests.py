"""Intervals of means and of differences: against SciPy, and whether they hold as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from optimist.numerics.contests import difference_reach, mean_reach


def test_mean_as_scipy() -> None:
    values = np.random.default_rng(0).normal(size=7)
    low, high = stats.t.interval(0.95, 6, values.mean(), stats.sem(values))
    assert mean_reach(values) == pytest.approx((high - low) / 2)
    assert math.isinf(mean_reach(values[:1]))


def test_two_candidates_are_a_paired_t_interval() -> None:
    values = np.random.default_rng(1).normal(size=(2, 5)) + np.arange(5)
    low, high = stats.ttest_rel(*values).confidence_interval(0.95)
    assert difference_reach(values) == pytest.approx((high - low) / 2, rel=1e-6)


def test_too_few() -> None:
    assert difference_reach(np.ones((1, 4))) == 0.0
    assert math.isinf(difference_reach(np.ones((4, 1))))
    assert difference_reach(np.ones((4, 3))) == 0.0


def test_all_differences_with_the_winner_are_held_as_often_as_said() -> None:
    """Equal candidates, strong seeds: the winner is one by luck, and no interval may say that it is more."""
    rng = np.random.default_rng(2)
    n_rounds, m, n = 400, 6, 3
    n_held = 0
    for _ in range(n_rounds):
        values = rng.normal(size=(m, n)) + 5.0 * rng.normal(size=n)
        means = values.mean(axis=1)
        n_held += bool((means.max() - means.min()) <= difference_reach(values))
    assert stats.binomtest(n_held, n_rounds, 0.95).pvalue > 0.001
