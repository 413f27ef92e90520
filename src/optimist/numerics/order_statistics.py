"""Order statistics of values that are kept sorted."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile_of_sorted(values: Sequence[float], percentile: float) -> float:
    """Interpolate linearly between the two values around a percentile.

    Args:
        values: Ascending, without NaN; infinities are allowed.
        percentile: 0 to 100.

    Returns:
        The same as ``numpy.percentile``, to the last bit, for finite values. Beside an infinite neighbour numpy says
        NaN where an answer exists: here a percentile that falls on a value is that value, and one between a finite
        and an infinite value is infinite. NaN without values, and between -inf and inf.

    Cost: O(1).
    Source: Hyndman and Fan 1996, Sample quantiles in statistical packages, definition 7, doi:10.2307/2684934.
    """
    if not values:
        return math.nan
    position = (len(values) - 1) * (percentile / 100)
    i = min(int(position), len(values) - 1)
    weight = position - i
    below = values[i]
    if weight <= 0 or i + 1 == len(values):
        return below
    above = values[i + 1]
    if below == above:
        return below
    if math.isinf(below) or math.isinf(above):
        return below + above
    width = above - below
    if weight < 0.5:
        return below + width * weight
    return above - width * (1 - weight)  # the end of the range is hit exactly
