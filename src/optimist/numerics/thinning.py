"""Thinning: a few of many items that speak for all of them, chosen at a cost that does not grow with the many."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_GOLDEN_RATIO = 0.6180339887498949


def thin(n: int, bound: int) -> tuple[IntArray, FloatArray]:
    """Choose ``bound`` of ``n`` items in order of age: the latest half of them, and every so many of the earlier ones.

    Where the steps through the earlier items begin changes with ``n``, so that in time every item gets its turn.

    Args:
        n: How many there are.
        bound: How many to choose; even, at least 2.

    Returns:
        positions (min(n, bound),) ascending, from 0 for the first item to n - 1 for the last, none twice, and for how
        many items each stands (min(n, bound),), which add up to n.

    Cost: O(bound).
    """
    if n <= bound:
        return np.arange(n), np.ones(n)
    half = bound // 2
    step = (n - half) / half  # above 1, so that no item is met twice
    counted = _counted(half)
    positions = np.empty(2 * half, np.intp)
    positions[:half] = (counted + n * _GOLDEN_RATIO % 1.0) * step
    np.add(counted, n - half, out=positions[half:], casting="unsafe")
    share = np.empty(2 * half)
    share[:half] = step
    share[half:] = 1.0
    return positions, share


@functools.lru_cache(maxsize=8)
def _counted(n: int) -> FloatArray:
    return np.arange(n, dtype=np.float64)
