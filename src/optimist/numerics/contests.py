"""Who is best among candidates that were all measured under the same conditions, such as the same random seeds.

Legend   y (m, n) measurements of m candidates under n conditions    d (m, n) what is left of y without the effects of
         candidate and condition    s residual deviation, with (m - 1)(n - 1) degrees of freedom
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

FloatArray = npt.NDArray[np.float64]


def mean_reach(values: FloatArray, confidence: float = 0.95) -> float:
    """Say how far the true mean may lie from that of a few measurements: Student's t.

    Args:
        values: (n,) finite.
        confidence: Between 0 and 1.

    Returns:
        Half the width of the interval, in the unit of the values; infinite for fewer than two.
    """
    n = len(values)
    if n < 2:
        return math.inf
    return float(stdtrit(n - 1, 0.5 + 0.5 * confidence) * values.std(ddof=1) / math.sqrt(n))


def difference_reach(values: FloatArray, confidence: float = 0.95) -> float:
    """Say how far true differences between candidates may lie from those of their means, all of them at once.

    Conditions are blocks: what a seed does to all candidates alike does not count. Since the intervals hold for all pairs
    together, they hold for the pairs with the winner as well, though it was chosen by these measurements. For two
    candidates it is the paired t-interval.

    Args:
        values: (m, n), finite: m candidates, n conditions.
        confidence: Between 0 and 1.

    Returns:
        Half the width of each interval, in the unit of the values; infinite for fewer than two conditions, 0 for fewer
        than two candidates.

    Source: Tukey's honestly significant difference in a randomised block design (Montgomery, Design and analysis of
        experiments, ch. 4): it takes the deviation for the same in all candidates.
    """
    m, n = values.shape
    if m < 2:
        return 0.0
    if n < 2:
        return math.inf
    d = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0, keepdims=True) + values.mean()
    n_free = (m - 1) * (n - 1)
    s = math.sqrt(float((d**2).sum()) / n_free)
    return _studentized_range(confidence, m, n_free) * s / math.sqrt(n)


@cache
def _studentized_range(confidence: float, m: int, n_free: int) -> float:
    """The quantile of the range of m normal variables, in units of their estimated deviation."""
    from scipy.stats import studentized_range  # a second to load, and to ask, with all of scipy.stats

    return float(studentized_range.ppf(confidence, m, n_free))
