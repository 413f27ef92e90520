from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from optimist.numerics.scott import NARROWEST, bandwidth, pearson_divergence, smooth_choices, smooth_ordered


def test_ordered_by_hand() -> None:
    """One observation in the second of three cells, and the prior."""
    kernel, prior = (
        np.diff(stats.norm(1, h).cdf([-0.5, 0.5, 1.5, 2.5])) / np.diff(stats.norm(1, h).cdf([-0.5, 2.5]))
        for h in (NARROWEST, 3.0)
    )
    assert smooth_ordered(np.array([0, 1, 0])) == pytest.approx((kernel + prior) / 2)


def test_choices_by_hand() -> None:
    """Two occupied cells: a kernel gives each cell a third, its own 1 more."""
    own, other = 4 / 3 / (1 + 3 * (1 / 3)), 1 / 3 / (1 + 3 * (1 / 3))
    expected = np.array([2 * own + other, own + 2 * other, 3 * other])
    assert smooth_choices(np.array([2, 1, 0])) == pytest.approx((expected + 1 / 3) / 4)


@pytest.mark.parametrize("smooth", [smooth_ordered, smooth_choices])
def test_probabilities_sum_to_one(smooth: object) -> None:
    counts = np.random.default_rng(0).integers(0, 5, 50)
    assert callable(smooth)
    assert smooth(counts).sum() == pytest.approx(1.0)


def test_bandwidth_shrinks_with_observations() -> None:
    cells = np.arange(50)
    few, many = bandwidth(cells, np.ones(50, np.intp)), bandwidth(cells, np.full(50, 100))
    assert few > many > NARROWEST
    assert bandwidth(np.array([3]), np.array([1000])) == NARROWEST


def test_divergence() -> None:
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert pearson_divergence(q, q) == 0.0
    assert pearson_divergence(p, q) == pytest.approx(0.25 * 1 + 0.75 / 9)
