"""Intervals of shares against SciPy, and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from optimist.numerics.intervals import clopper_pearson


@pytest.mark.parametrize("n", [1, 2, 7, 40, 1000])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_as_scipy(n: int, confidence: float) -> None:
    for n_hits in {0, 1, n // 3, n // 2, n - 1, n}:
        expected = binomtest(n_hits, n).proportion_ci(confidence, method="exact")
        assert clopper_pearson(n_hits, n, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_is_known_of_an_empty_sample() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.37, 0.8])
def test_it_holds_the_true_share_often_enough(share: float) -> None:
    n = 25
    holds = [low <= share <= high for low, high in (clopper_pearson(k, n) for k in range(n + 1))]
    assert float(np.sum(binom.pmf(range(n + 1), n, share) * holds)) >= 0.95
