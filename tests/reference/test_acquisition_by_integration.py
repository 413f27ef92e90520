"""Acquisition functions against numerical integration, sampling and finite differences."""

from __future__ import annotations

import math
from typing import Any

import moocore
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
from optimist.numerics.boxes import undominated_boxes

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


FLOORS = {"deep": -1e3, "between the ends": 0.0}


def front_of(m: int) -> np.ndarray:
    """Points of a front from 0 on, up to below 1.5."""
    return (
        FRONT
        if m == 2
        else np.array([[0.3, 0.4, 0.2], [0.0, 1.0, 0.4], [1.0, 0.0, 0.5], [0.2, 0.7, 0.0], [0.9, 0.9, 0.1]])
    )


def added_volume(y: np.ndarray, front: np.ndarray, floor: float) -> np.ndarray:
    """The hypervolume that each of the points y (n, m) adds to a front."""
    reference = np.full(front.shape[1], 1.5)
    before = moocore.hypervolume(front, ref=reference)
    y = np.maximum(y, floor)
    return np.array([moocore.hypervolume(np.vstack([front, point]), ref=reference) - before for point in y])


@pytest.mark.parametrize("floor", FLOORS.values(), ids=FLOORS)
@pytest.mark.parametrize("m", [2, 3])
def test_expected_hypervolume_improvement(m: int, floor: float) -> None:
    front, rng = front_of(m), np.random.default_rng(m)
    boxes = undominated_boxes(front, np.full(m, floor), np.full(m, 1.5))
    mean, std = rng.normal(0.5, 0.4, size=(m, 5)), rng.uniform(0.05, 0.6, size=(m, 5))
    value, _, _ = log_expected_hypervolume_improvement(mean, std, boxes)
    for found, mean_of_one, std_of_one in zip(np.exp(value), mean.T, std.T, strict=True):
        volumes = added_volume(rng.normal(mean_of_one, std_of_one, size=(20_000, m)), front, floor)
        assert found == pytest.approx(volumes.mean(), abs=4.0 * volumes.std() / math.sqrt(len(volumes)) + 1e-9)
    check_slopes(lambda m, s: log_expected_hypervolume_improvement(m, s, boxes), mean, std)


def test_hypervolume_without_a_front_is_a_product() -> None:
    boxes = undominated_boxes(FRONT[:0], np.full(2, -1e3), REFERENCE)
    value, _, _ = log_expected_hypervolume_improvement(MEAN, STD, boxes)
    parts = [log_expected_improvement(MEAN[k], STD[k], REFERENCE[k])[0] for k in (0, 1)]
    np.testing.assert_allclose(value, parts[0] + parts[1])


@pytest.mark.parametrize("floor", FLOORS.values(), ids=FLOORS)
@pytest.mark.parametrize("at", [50.0, -50.0])
def test_hypervolume_is_finite_far_from_the_front(at: float, floor: float) -> None:
    boxes = undominated_boxes(FRONT, np.full(2, floor), REFERENCE)
    value, by_mean, by_std = log_expected_hypervolume_improvement(np.full((2, 1), at), np.full((2, 1), 0.01), boxes)
    assert np.all(np.isfinite(value))
    assert np.all(by_mean < 1e-12)
    assert np.all(np.isfinite(by_std))


def test_expected_improvement_of_a_maximum(rng: np.random.Generator) -> None:
    value, _, _ = log_expected_maximum_improvement(MEAN, STD, 0.8)
    drawn = MEAN[:, :, None] + STD[:, :, None] * rng.normal(size=(2, 8, 100_000))
    np.testing.assert_allclose(
        np.exp(value), np.maximum(0.8 - drawn.max(axis=0), 0).mean(axis=-1), rtol=0.04, atol=1e-4
    )
    check_slopes(lambda m, s: log_expected_maximum_improvement(m, s, 0.8), MEAN, STD)


def test_a_maximum_of_one_is_plain_improvement() -> None:
    value, _, _ = log_expected_maximum_improvement(MEAN[:1], STD[:1], 0.3)
    np.testing.assert_allclose(value, log_expected_improvement(MEAN[0], STD[0], 0.3)[0], atol=0.02)
