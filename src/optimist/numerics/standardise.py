"""Outputs made fit for a Gaussian process: standardised, without heavy tails, whatever their scale.

Losses of real objectives are skewed: a few are good, some are a thousand times worse, and the model shall not spend its
attention on how bad they are. A monotonic transform keeps their order and bends their distribution towards a normal
one: the power transform of Yeo and Johnson, with the exponent that fits best.

Source: Yeo and Johnson 2000, doi:10.1093/biomet/87.4.954; Cowen-Rivers et al. 2022, HEBO, arXiv:2012.03826, sec. 3.2
(power transforms for Bayesian optimization).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

POWERS: Final = np.linspace(-2.0, 1.0, 25)
_WIDEST: Final = 1e100  # losses are scaled down first where differences of them would overflow


def standardised(
    losses: FloatArray, tail: float = 8.0, *, good: BoolArray | None = None, bends: bool = True
) -> FloatArray:
    """Transform losses so that their mean is 0, their variance 1 and their tails are short; smaller stays better.

    Args:
        losses: (n,) finite, or minus infinity, which counts as just below the others.
        tail: Before all else, losses further above the median than so many times the distance from the median to the
            best are cut off there.
        good: (n,) which losses matter, however high they are; the highest takes the place of a lower median.
        bends: Whether the distribution is bent.

    Returns:
        (n,); zeros if all losses are equal.
    """
    y = _scaled(losses)
    if y.size == 0 or np.ptp(y) == 0.0:
        return np.zeros_like(y)
    y = _unit(_winsorised(y, tail, y[:0] if good is None else y[good]))
    return _unit(power_transformed(y)) if bends else y


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


def _winsorised(y: FloatArray, tail: float, good: FloatArray) -> FloatArray:
    usual = max(float(np.median(y)), float(good.max(initial=y.min())))
    reach = tail * (usual - y.min())
    winsorised: FloatArray = np.minimum(y, usual + reach) if reach > 0.0 else y
    return winsorised


def _unit(y: FloatArray) -> FloatArray:
    centred: FloatArray = y - y.mean()
    size = np.abs(centred).max()
    if size == 0.0:
        return centred
    centred /= size
    unit: FloatArray = centred / centred.std()
    return unit


def power_transformed(y: FloatArray) -> FloatArray:
    """Return y (n,), standardised before, under the transform of Yeo and Johnson with the likeliest exponent.

    The exponent is one of ``POWERS``. None is above 1, which would press the good losses together.
    """
    size = np.log1p(np.abs(y))
    bent = np.where(y >= 0.0, POWERS[:, None], 2.0 - POWERS[:, None])  # (n_powers, n)
    is_zero = bent == 0.0
    exponent = np.where(is_zero, 1.0, bent)
    transformed = np.where(is_zero, size, np.expm1(exponent * size) / exponent) * np.sign(y)
    log_jacobian = float((np.sign(y) * size).sum())
    variance = np.maximum(transformed.var(axis=1), 1e-300)
    log_likelihood = -0.5 * len(y) * np.log(variance) + (POWERS - 1.0) * log_jacobian
    best: FloatArray = transformed[int(np.argmax(log_likelihood))]
    return best
