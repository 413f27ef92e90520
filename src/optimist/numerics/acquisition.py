"""Acquisition functions in the logarithm: how promising a point is, given what is predicted there. Losses are minimised.

Improvements are tiny almost everywhere, and below 1e-308 they all look the same. Their logarithms do not: they have
a slope everywhere, which leads a search to where improvement is likely.

Legend   mean, std (n,) of the prediction at n points, std > 0    z the distance to the incumbent in units of std
         phi, Phi the normal density and distribution    h(z) = phi(z) + z Phi(z), the improvement expected at std 1

Every function returns values (n,) and their slopes by ``mean`` and by ``std``, which a model turns into gradients.

Sources: Ament et al. 2023, "Unexpected improvements to expected improvement for Bayesian optimization",
arXiv:2310.20708, sec. 4.1 and app. A; Emmerich, Deutz and Klinkenberg 2011, doi:10.1109/CEC.2011.5949880 (the
hypervolume's expected improvement, two objectives); Gardner et al. 2014, "Bayesian optimization with inequality
constraints" (the product with the probability of being feasible).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, log_ndtr, logsumexp, ndtr

FloatArray = npt.NDArray[np.float64]

_HALF_LOG_2PI: Final = 0.5 * math.log(2.0 * math.pi)
_ROOT_HALF_PI: Final = math.sqrt(0.5 * math.pi)
_FAR: Final = -1e4  # below, h is its asymptote
_LOG_DISTANCES: Final = np.linspace(math.log(1e-5), math.log(20.0), 32)
_DISTANCES: Final = np.exp(_LOG_DISTANCES)
_LOG_WEIGHTS: Final = _LOG_DISTANCES + math.log(_LOG_DISTANCES[1] - _LOG_DISTANCES[0])


def log_h(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return log h(z) and its slope Phi / h, accurate for any finite z."""
    z = np.asarray(z, dtype=np.float64)
    value, slope = np.empty_like(z), np.empty_like(z)
    near, far = z > -1.0, z < _FAR
    middle = ~(near | far)

    x = z[near]
    density, share = np.exp(-0.5 * x * x - _HALF_LOG_2PI), ndtr(x)
    h = density + x * share
    value[near], slope[near] = np.log(h), share / h

    x = -z[middle]
    mills = _ROOT_HALF_PI * erfcx(x / math.sqrt(2.0))  # Phi(-x) / phi(x)
    rest = 1.0 - x * mills
    value[middle], slope[middle] = -0.5 * x * x - _HALF_LOG_2PI + np.log(rest), mills / rest

    x = -z[far]
    value[far], slope[far] = -0.5 * x * x - _HALF_LOG_2PI - 2.0 * np.log(x), x
    return value, slope


def log_expected_improvement(
    mean: FloatArray, std: FloatArray, best: float | FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log E[max(best - y, 0)] for y ~ N(mean, std²), and its slopes by mean and std.

    Args:
        mean: Of the prediction, any shape.
        std: Of the prediction, above 0.
        best: The loss to improve upon; a number, or one that broadcasts against ``mean``.
    """
    z = (best - mean) / std
    value, slope = log_h(z)
    return value + np.log(std), -slope / std, (1.0 - slope * z) / std


def log_probability_below(
    mean: FloatArray, std: FloatArray, bound: float | FloatArray = 0.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log P(y <= bound) for y ~ N(mean, std²), and its slopes by mean and std."""
    z = (bound - mean) / std
    value = log_ndtr(z)
    # The ratio phi / Phi; log_ndtr is so accurate that the difference of logarithms is.
    slope = np.where(z < _FAR, -z, np.exp(np.minimum(-0.5 * z * z - _HALF_LOG_2PI - value, 700.0)))
    return value, -slope / std, -slope * z / std


def log_expected_hypervolume_improvement(
    mean: FloatArray, std: FloatArray, front: FloatArray, reference: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the logarithm of the hypervolume that a point is expected to add to a front of two objectives.

    The plane is cut into k + 1 stripes between the losses of the first objective. Within a stripe the improvement is
    a product of one-dimensional ones, as long as the two predictions are independent.

    Args:
        mean: (2, n) predictions.
        std: (2, n) above 0.
        front: (k, 2) losses, none dominated by another, below the reference; k may be 0.
        reference: (2,) the point up to which volume counts.

    Returns:
        Values (n,), and slopes by mean and by std, each (2, n).

    Cost: O(k n).
    """
    front = front[np.argsort(front[:, 0], kind="stable")]
    right = np.append(front[:, 0], reference[0])[:, None]  # (k + 1, 1) where stripes end
    top = np.concatenate([reference[1:], front[:, 1]])[:, None]  # (k + 1, 1) below which they are not dominated

    to_right, to_right_mean, to_right_std = log_expected_improvement(mean[0], std[0], right)
    width, by_right, by_left = _log_differences(to_right)
    height, height_mean, height_std = log_expected_improvement(mean[1], std[1], top)
    stripes = width + height  # (k + 1, n)
    value = logsumexp(stripes, axis=0)
    share = np.exp(stripes - value)

    weight = share * by_right
    weight[:-1] -= (share * by_left)[1:]  # the end of a stripe is where the next begins
    mean_slopes = np.stack([(weight * to_right_mean).sum(axis=0), (share * height_mean).sum(axis=0)])
    std_slopes = np.stack([(weight * to_right_std).sum(axis=0), (share * height_std).sum(axis=0)])
    return value, mean_slopes, std_slopes


def _log_differences(ascending: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log(exp(a[i]) - exp(a[i - 1])) along the first axis, and its slopes by a[i] and, negated, by a[i - 1]."""
    gap = ascending[1:] - ascending[:-1]
    ratio = np.exp(-np.maximum(gap, 1e-12))  # the part that was covered before
    by_right = np.ones_like(ascending)
    by_left = np.zeros_like(ascending)
    by_right[1:] = 1.0 / (1.0 - ratio)
    by_left[1:] = ratio / (1.0 - ratio)
    difference = ascending.copy()
    difference[1:] += np.log1p(-ratio)
    return difference, by_right, by_left


def log_expected_maximum_improvement(
    mean: FloatArray, std: FloatArray, best: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log E[max(best - max_k y_k, 0)] for independent y_k ~ N(mean_k, std_k²): a maximum that shall sink.

    The expectation is the integral of P(all y_k <= t) over t up to ``best``, by quadrature over the logarithm of the
    distance to it: accurate to about a percent for predictions on a scale of 1.

    Args:
        mean: (m, n) predictions.
        std: (m, n) above 0.
        best: The maximum to improve upon.

    Returns:
        Values (n,), and slopes by mean and by std, each (m, n).
    """
    bound = best - _DISTANCES[:, None, None]
    below, by_mean, by_std = log_probability_below(mean, std, bound)  # (nodes, m, n)
    nodes = below.sum(axis=1) + _LOG_WEIGHTS[:, None]
    value = logsumexp(nodes, axis=0)
    share = np.exp(nodes - value)[:, None]  # (nodes, 1, n)
    return value, (share * by_mean).sum(axis=0), (share * by_std).sum(axis=0)
