"""Acquisition functions against numerical integration, sampling and finite differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import log_ndtr
from scipy.stats import norm

from optimist.numerics.acquisition import (
    log_expected_hypervolume_improvement,
    log_expected_improvement,
    log_expected_maximum_improvement,
    log_h,
    log_probability_below,
)

FRONT = np.array([[0.3, 0.4], [0.0, 1.0], [1.0, 0.0]])
REFERENCE = np.array([1.5, 1.4])
RNG = np.random.default_rng(5)
MEAN, STD = RNG.normal(0.5, 0.7, size=(2, 8)), RNG.uniform(0.05, 1.0, size=(2, 8))


def scaled_tail(x: float) -> float:
    """H(-x) / phi(x) = integral of t exp(-t² / 2 - x t) over t > 0: no cancellation, however large x is."""
    value, _ = quad(lambda t: t * math.exp(-0.5 * t * t - x * t), 0.0, math.inf, epsabs=0.0, epsrel=1e-12)
    return float(value)


@pytest.mark.parametrize("z", [-300.0, -40.0, -10.0, -5.0, -1.001, -1.0, -0.999, -0.3, 0.0, 1.0, 8.0])
def test_log_h(z: float) -> None:
    value, slope = log_h(np.array([z]))
    if z < 0.0:
        expected = norm.logpdf(z) + math.log(scaled_tail(-z))
    else:
        expected = math.log(norm.pdf(z) + z * norm.cdf(z))
    assert value[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert slope[0] == pytest.approx(math.exp(log_ndtr(z) - expected), rel=1e-6)


def test_log_h_is_smooth_where_formulas_meet_and_far_away() -> None:
    for z in (-1.0, -1e4):
        near = log_h(np.array([z * (1 - 1e-9), z * (1 + 1e-9)]))
        assert near[0][0] == pytest.approx(near[0][1], rel=1e-7)
        assert near[1][0] == pytest.approx(near[1][1], rel=1e-6)
    value, slope = log_h(np.array([-1e9, -1e150]))
    assert np.all(np.isfinite(value))
    assert slope == pytest.approx([1e9, 1e150])


def check_slopes(function: Any, mean: Any, std: Any) -> None:
    _, by_mean, by_std = function(mean, std)
    for k in range(len(mean)):
        step = np.zeros_like(mean)
        step[k] = 1e-6
        numeric = (function(mean + step, std)[0] - function(mean - step, std)[0]) / 2e-6
        np.testing.assert_allclose(by_mean[k], numeric, rtol=1e-4, atol=1e-6)
        numeric = (function(mean, std + step)[0] - function(mean, std - step)[0]) / 2e-6
        np.testing.assert_allclose(by_std[k], numeric, rtol=1e-4, atol=1e-6)


def test_expected_improvement() -> None:
    value, _, _ = log_expected_improvement(MEAN[0], STD[0], 0.2)
    for found, m, s in zip(value, MEAN[0], STD[0], strict=True):
        expected, _ = quad(lambda y, m=m, s=s: (0.2 - y) * norm.pdf(y, m, s), m - 12 * s, 0.2)
        assert math.exp(found) == pytest.approx(expected, rel=1e-6)
    check_slopes(lambda m, s: [part if i == 0 else part[None] for i, part in enumerate(
        log_expected_improvement(m[0], s[0], 0.2))], MEAN[:1], STD[:1])  # fmt: skip


def test_probability_below() -> None:
    value, _, _ = log_probability_below(MEAN[0], STD[0])
    np.testing.assert_allclose(value, norm.logcdf(0.0, MEAN[0], STD[0]))
    check_slopes(lambda m, s: [part if i == 0 else part[None] for i, part in enumerate(
        log_probability_below(m[0], s[0]))], MEAN[:1], STD[:1])  # fmt: skip
    value, by_mean, _ = log_probability_below(np.array([1e6]), np.ones(1))
    assert value[0] == pytest.approx(-5e11, rel=1e-6)
    assert by_mean[0] == pytest.approx(-1e6, rel=1e-6)


def covered(y: Any) -> Any:
    """The volume that points y (2, n) add to the front, stripe by stripe."""
    front = FRONT[np.argsort(FRONT[:, 0])]
    right = np.append(front[:, 0], REFERENCE[0])
    left = np.append(-np.inf, front[:, 0])
    top = np.append(REFERENCE[1], front[:, 1])
    stripes = zip(left, right, top, strict=True)
    return sum(np.maximum(r - np.maximum(y[0], low), 0) * np.maximum(t - y[1], 0) for low, r, t in stripes)


def test_expected_hypervolume_improvement() -> None:
    value, _, _ = log_expected_hypervolume_improvement(MEAN, STD, FRONT, REFERENCE)
    drawn = MEAN[:, :, None] + STD[:, :, None] * RNG.normal(size=(2, 8, 100_000))
    np.testing.assert_allclose(np.exp(value), covered(drawn).mean(axis=-1), rtol=0.03, atol=1e-4)
    check_slopes(lambda m, s: log_expected_hypervolume_improvement(m, s, FRONT, REFERENCE), MEAN, STD)


def test_hypervolume_without_a_front_is_a_product() -> None:
    value, _, _ = log_expected_hypervolume_improvement(MEAN, STD, FRONT[:0], REFERENCE)
    parts = [log_expected_improvement(MEAN[k], STD[k], REFERENCE[k])[0] for k in (0, 1)]
    np.testing.assert_allclose(value, parts[0] + parts[1])


def test_hypervolume_is_finite_far_from_the_front() -> None:
    mean, std = np.full((2, 1), 50.0), np.full((2, 1), 0.01)
    value, by_mean, by_std = log_expected_hypervolume_improvement(mean, std, FRONT, REFERENCE)
    assert np.all(np.isfinite(value))
    assert np.all(by_mean < 0.0)
    assert np.all(np.isfinite(by_std))


def test_expected_improvement_of_a_maximum() -> None:
    value, _, _ = log_expected_maximum_improvement(MEAN, STD, 0.8)
    drawn = MEAN[:, :, None] + STD[:, :, None] * RNG.normal(size=(2, 8, 100_000))
    np.testing.assert_allclose(
        np.exp(value), np.maximum(0.8 - drawn.max(axis=0), 0).mean(axis=-1), rtol=0.04, atol=1e-4
    )
    check_slopes(lambda m, s: log_expected_maximum_improvement(m, s, 0.8), MEAN, STD)


def test_a_maximum_of_one_is_plain_improvement() -> None:
    value, _, _ = log_expected_maximum_improvement(MEAN[:1], STD[:1], 0.3)
    np.testing.assert_allclose(value, log_expected_improvement(MEAN[0], STD[0], 0.3)[0], atol=0.02)
