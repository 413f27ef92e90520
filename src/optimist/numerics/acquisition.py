"""Acquisition functions in the logarithm: how promising a point is, given what is predicted there. Losses are minimised.

Improvements are tiny almost everywhere, and below 1e-308 they all look the same. Their logarithms do not: they have
a slope everywhere, which leads a search to where improvement is likely.

Legend   mean, std (n,) of the prediction at n points, std > 0    z the distance to the incumbent in units of std
         phi, Phi the normal density and distribution    h(z) = phi(z) + z Phi(z), the improvement expected at std 1

Every function returns values (n,) and their slopes by ``mean`` and by ``std``, which a model turns into gradients.

Sources: Ament et al. 2023, "Unexpected improvements to expected improvement for Bayesian optimization",
arXiv:2310.20708, sec. 4.1 and app. A; Yang et al. 2019, "Efficient computation of expected hypervolume improvement using
box decomposition algorithms", doi:10.1007/s10898-019-00798-7; Gardner et al. 2014, "Bayesian optimization with inequality
constraints" (the product with the probability of being feasible).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, log_ndtr, logsumexp, ndtr

from optimist.numerics.boxes import Boxes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

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

    if far.any():
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
    mean: FloatArray, std: FloatArray, boxes: Boxes
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the logarithm of the hypervolume that a point is expected to add to a front.

    A point adds what it dominates of the boxes that the front leaves. In a box that is a product: of each objective the
    improvement upon the box's upper end less the one upon its lower end, as long as the predictions are independent.

    Args:
        mean: (m, n) predictions.
        std: (m, n) above 0.
        boxes: What the front leaves, up to the reference.

    Returns:
        Values (n,), and slopes by mean and by std, each (m, n).

    Cost: O(m b n) for b boxes.
    """
    extents = [_LogExtents.of(mean[j], std[j], boxes.edges[j], boxes.low[j], boxes.high[j]) for j in range(len(mean))]
    added: FloatArray = np.sum([extent.value for extent in extents], axis=0)  # (b, n)
    most = added.max(axis=0)
    share = np.exp(added - most)
    total = share.sum(axis=0)
    share /= total
    return (
        most + np.log(total),
        np.stack([extent.slope(share, extent.by_mean) for extent in extents]),
        np.stack([extent.slope(share, extent.by_std) for extent in extents]),
    )


@dataclass(frozen=True, eq=False)
class _LogExtents:
    """How much of boxes a point is expected to dominate in one objective: logarithms of lengths.

    Attributes:
        value: (b, n).
        low, high: (b,) the edges of each box.
        by_low, by_high: (b, n) slopes by the logarithms of the improvements upon these edges.
        by_mean, by_std: (n_edges, n) slopes of those logarithms.
    """

    value: FloatArray
    low: IntArray
    high: IntArray
    by_low: FloatArray
    by_high: FloatArray
    by_mean: FloatArray
    by_std: FloatArray

    @classmethod
    def of(cls, mean: FloatArray, std: FloatArray, edges: FloatArray, low: IntArray, high: IntArray) -> _LogExtents:
        """Of predictions (n,), edges (n_edges,), and which of them are a box's (b,)."""
        upon, by_mean, by_std = log_expected_improvement(mean, std, edges[:, None])
        ratio = np.exp(np.minimum(upon[low] - upon[high], -1e-12))
        value = upon[high] + np.log1p(-ratio)
        by_high = 1.0 / (1.0 - ratio)
        return cls(value, low, high, -ratio * by_high, by_high, by_mean, by_std)

    def slope(self, share: FloatArray, by: FloatArray) -> FloatArray:
        """(n,) of the logarithm of the volume, by the share (b, n) that each box has of it."""
        along: FloatArray = (share * (self.by_high * by[self.high] + self.by_low * by[self.low])).sum(axis=0)
        return along


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
