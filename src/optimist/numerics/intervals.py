"""Intervals for shares that were estimated by counting."""

from __future__ import annotations

from scipy.special import betaincinv


def clopper_pearson(n_hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Say between which bounds a share lies, of which a random sample was counted.

    The interval is exact: whatever the true share is, it holds it at least as often as ``confidence`` says, however
    small the sample. For that it is wider than others.

    Args:
        n_hits: How many of the sample are what is counted.
        n: The size of the sample.
        confidence: Between 0 and 1.

    Returns:
        The lower and the upper bound, within [0, 1]; 0 and 1 for an empty sample.

    Source: Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404, by quantiles of beta distributions.
    """
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if n_hits == 0 else float(betaincinv(n_hits, n - n_hits + 1, tail))
    high = 1.0 if n_hits == n else float(betaincinv(n_hits + 1, n - n_hits, 1.0 - tail))
    return low, high
