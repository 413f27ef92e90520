"""Which trials count as good: a share of them, for one objective or several."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from optimist.numerics.fronts import best_points

FloatArray = npt.NDArray[np.float64]


def best_mask(losses: FloatArray, quantile: float) -> npt.NDArray[np.bool_]:
    """Tell which trials belong to the best share.

    Args:
        losses: (n, n_losses) finite, n at least 1.
        quantile: The share, above 0 and up to 1; what it comes to is rounded up. With one loss, trials as good as the
            last of them are in as well; with several it is the first Pareto fronts, the last one thinned.

    Returns:
        (n,).
    """
    n_best = math.ceil(quantile * len(losses))
    if losses.shape[1] == 1:
        column = losses[:, 0]
        within: npt.NDArray[np.bool_] = column <= np.partition(column, n_best - 1)[n_best - 1]
        return within
    is_best = np.zeros(len(losses), np.bool_)
    is_best[best_points(losses, n_best)] = True
    return is_best
