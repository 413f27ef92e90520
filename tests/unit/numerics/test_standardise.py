from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm, skew, yeojohnson

from optimist.numerics.standardise import power_transformed, standardised

RNG = np.random.default_rng(4)


@pytest.mark.parametrize(
    "losses",
    [
        RNG.normal(size=50),
        np.exp(3 * RNG.normal(size=50)),
        -np.exp(3 * RNG.normal(size=50)),
        1e300 * RNG.normal(size=50),
        np.append(RNG.normal(size=49), 1e12),
        5.0 + 1e-9 * RNG.normal(size=50),
        np.array([1.7e308, -1.7e308, 0.0, 1.0]),
    ],
)
def test_order_stays_and_scale_is_one(losses: np.ndarray) -> None:
    y = standardised(losses)
    assert y.mean() == pytest.approx(0.0, abs=1e-9)
    assert y.std() == pytest.approx(1.0)
    assert np.all(np.diff(y[np.argsort(losses)]) >= 0.0)
    assert y.argmin() == losses.argmin()


def test_heavy_tails_become_short() -> None:
    losses = np.exp(2 * norm.ppf((np.arange(200) + 0.5) / 200))
    assert skew(losses) > 4.0
    assert abs(skew(standardised(losses))) < 1.0


def test_one_outlier_leaves_the_others_apart() -> None:
    losses = np.append(np.linspace(0.0, 1.0, 20), 1e9)
    y = standardised(losses)
    assert np.ptp(y[:20]) > 1.0


def test_losses_that_matter_are_not_cut_off() -> None:
    """Most losses are next to the best one; a few that are high are as good for another objective."""
    losses = np.append(np.linspace(0.0, 1e-9, 20), [1.0, 2.0, 1e9])
    cut = standardised(losses, bends=False)
    assert cut[-3] == cut[-2] == cut[-1]
    kept = standardised(losses, good=losses == 2.0, bends=False)
    assert kept[-2] - kept[0] == pytest.approx(2.0 * (kept[-3] - kept[0]))
    assert kept[-1] - kept[0] == pytest.approx(9.0 * (kept[-2] - kept[0]))  # eight times the distance further


def test_minus_infinity_is_the_best() -> None:
    y = standardised(np.array([1.0, -math.inf, 2.0, 3.0]))
    assert np.all(np.isfinite(y))
    assert y.argmin() == 1


@pytest.mark.parametrize("losses", [np.zeros(0), np.ones(1), np.full(7, 3.0), np.full(3, -math.inf)])
def test_nothing_to_tell_apart(losses: np.ndarray) -> None:
    np.testing.assert_array_equal(standardised(losses), np.zeros(len(losses)))


def test_the_power_is_that_of_scipy() -> None:
    y = np.exp(norm.ppf((np.arange(100) + 0.5) / 100))
    y = (y - y.mean()) / y.std()
    _, power = yeojohnson(y)
    ours = power_transformed(y)
    nearest = yeojohnson(y, lmbda=float(np.round(power * 8) / 8))
    np.testing.assert_allclose(ours, nearest, rtol=1e-9)
