"""Outputs made fit for a Gaussian process: standardised, without heavy tails, whatever their scale.

Losses of real objectives are skewed: a few are good, some are a thousand times worse, and the model shall not spend its
attention on how bad they are. A monotonic transform keeps their order and bends their distribution towards a normal
one: the power transform of Yeo and Johnson, with the exponent that fits best, blended with normal scores of ranks.

Source: Yeo and Johnson 2000, doi:10.1093/biomet/87.4.954; Cowen-Rivers et al. 2022, HEBO, arXiv:2012.03826, sec. 3.2
(power transforms for Bayesian optimization).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import rankdata

FloatArray = npt.NDArray[np.float64]

_POWERS: Final = np.linspace(-2.0, 2.0, 33)
_WIDEST: Final = 1e100  # losses are scaled down first where differences of them would overflow


def standardised(losses: FloatArray, rank_share: float = 0.0, tail: float = 3.0) -> FloatArray:
    """Transform losses so that their mean is 0, their variance 1 and their tails are short; smaller stays better.

    Args:
        losses: (n,) finite, or minus infinity, which counts as just below the others.
        rank_share: The share of normal scores of ranks in the blend, 0 to 1.
        tail: Before all else, losses further above the median than so many times the distance from the median to the
            best are cut off there.

    Returns:
        (n,); zeros if all losses are equal.
    """
    y = _scaled(losses)
    if y.size == 0 or np.ptp(y) == 0.0:
        return np.zeros_like(y)
    y = _winsorised(y, tail)
    y = _unit(power_transformed(_unit(y)))
    if rank_share > 0.0:
        y = _unit((1.0 - rank_share) * y + rank_share * normal_scores(losses))
    return y


def _scaled(losses: FloatArray) -> FloatArray:
    """Losses without infinities, whose differences do not overflow."""
    finite = np.isfinite(losses)
    if not finite.any():
        return np.zeros_like(losses)
    size = float(np.abs(losses[finite]).max())
    y = losses / (size if size > _WIDEST else 1.0)
    if not finite.all():
        lowest, spread = y[finite].min(), np.ptp(y[finite])
        y = np.where(finite, y, lowest - (0.1 * spread or 1.0))
    return y


def _winsorised(y: FloatArray, tail: float) -> FloatArray:
    median = np.median(y)
    reach = tail * (median - y.min())
    return np.minimum(y, median + reach) if reach > 0.0 else y


def _unit(y: FloatArray) -> FloatArray:
    centred = y - y.mean()
    size = np.abs(centred).max()
    if size == 0.0:
        return centred
    centred /= size
    unit: FloatArray = centred / centred.std()
    return unit


def normal_scores(y: FloatArray) -> FloatArray:
    """Return the normal quantiles (n,) of the ranks; equal values share one."""
    scores: FloatArray = ndtri((rankdata(y) - 0.5) / len(y))
    return scores


def power_transformed(y: FloatArray) -> FloatArray:
    """Return y (n,), standardised before, under the transform of Yeo and Johnson with the likeliest exponent."""
    transformed = np.stack([_yeo_johnson(y, power) for power in _POWERS])
    variance = transformed.var(axis=1)
    log_jacobian = float((np.sign(y) * np.log1p(np.abs(y))).sum())
    log_likelihood = -0.5 * len(y) * np.log(np.maximum(variance, 1e-300)) + (_POWERS - 1.0) * log_jacobian
    best: FloatArray = transformed[int(np.argmax(log_likelihood))]
    return best


def _yeo_johnson(y: FloatArray, power: float) -> FloatArray:
    above, below = np.log1p(np.maximum(y, 0.0)), np.log1p(np.maximum(-y, 0.0))
    high = above if power == 0.0 else np.expm1(power * above) / power
    low = below if power == 2.0 else np.expm1((2.0 - power) * below) / (2.0 - power)
    transformed: FloatArray = np.where(y >= 0.0, high, -low)
    return transformed
