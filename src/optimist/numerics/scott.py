"""Densities on a grid of a few cells, from counts, smoothed by Scott's rule.

Legend   n_cells cells 0 .. n_cells - 1 of width 1    counts (n_cells,) observations per cell
         h the bandwidth, in cells                      a prior counts as one observation

Sources: Scott 1992, Multivariate density estimation (the bandwidth); Watanabe, Bansal and Hutter 2023,
PED-ANOVA, arXiv:2304.10255 (densities on a grid, with a prior).
"""

from __future__ import annotations

import functools
import math
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.numerics.truncated_normal import adjacent_mass, interval_mass

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

NARROWEST: Final = 0.5 / 1.64
"""The least bandwidth: then nine tenths of a kernel lie in its own cell."""


def smooth_ordered(counts: IntArray, prior_weight: float = 1.0) -> FloatArray:
    """Estimate the probability of each cell of an ordered axis.

    Each observation is a normal kernel on its cell, cut to the axis; the prior is one that spans the axis.

    Args:
        counts: (n_cells,) not all 0, n_cells at least 2.
        prior_weight: Of the prior, in observations.

    Returns:
        (n_cells,) probabilities, summing to 1.
    """
    n_cells = len(counts)
    occupied = np.flatnonzero(counts)
    h = bandwidth(occupied, counts[occupied])
    masses = adjacent_mass(np.arange(-0.5, n_cells) / h)  # of a kernel, by the distance of a cell from its own
    either_side = np.concatenate([masses[:0:-1], masses])
    here = slice(n_cells - 1, 2 * n_cells - 1)  # the axis, in what convolutions return
    inside = np.convolve(np.ones(n_cells), either_side)[here]
    total = np.convolve(counts / inside, either_side)[here] + prior_weight * _prior(n_cells)
    smoothed: FloatArray = total / (counts.sum() + prior_weight)
    return smoothed


def smooth_choices(counts: IntArray, prior_weight: float = 1.0) -> FloatArray:
    """Estimate the probability of each cell where cells have no order.

    The kernel of an observation keeps most of its mass on its own cell and gives all cells the same bit, the less the
    more cells are occupied.

    Args:
        counts: (n_cells,) not all 0.
        prior_weight: Of the prior, in observations.

    Returns:
        (n_cells,) probabilities, summing to 1.
    """
    n_cells, n = len(counts), counts.sum()
    bit = prior_weight / (np.count_nonzero(counts) + 1.0)
    spread = (counts + n * bit) / (1.0 + n_cells * bit)
    smoothed: FloatArray = (spread + prior_weight / n_cells) / (n + prior_weight)
    return smoothed


def bandwidth(cells: IntArray, weights: IntArray) -> float:
    """Choose the bandwidth by Scott's rule, robust against outliers: 1.059 min(deviation, IQR / 1.34) n^(-1/5).

    Args:
        cells: (n_occupied,) ascending.
        weights: (n_occupied,) observations in each, at least 1.

    Returns:
        The bandwidth in cells, at least ``NARROWEST``.
    """
    cumulative = np.cumsum(weights)
    n = int(cumulative[-1])
    mean = float(cells @ weights) / n
    deviation = math.sqrt(float((cells - mean) ** 2 @ weights) / max(1, n - 1))
    i_lower = int(np.searchsorted(cumulative, n // 4, side="left"))
    i_upper = int(np.searchsorted(cumulative, 3 * n // 4, side="right"))
    iqr = float(cells[min(len(cells) - 1, i_upper)] - cells[i_lower])
    return max(NARROWEST, 1.059 * min(iqr / 1.34, deviation) * math.pow(n, -0.2))


@functools.lru_cache(maxsize=128)
def _prior(n_cells: int) -> FloatArray:
    """Return (n_cells,) the masses of a normal in the middle of the axis, as wide as the axis. Not to be changed."""
    edges = np.arange(n_cells + 1) / n_cells - 0.5
    masses = interval_mass(edges[:-1], edges[1:])
    prior: FloatArray = masses / masses.sum()
    return prior


def pearson_divergence(p: FloatArray, q: FloatArray) -> float:
    """Measure how far ``p`` is from ``q``: the mean of (p / q - 1)² under ``q``.

    Args:
        p: (n,) probabilities.
        q: (n,) probabilities, none of them 0.

    Returns:
        A number of at least 0; 0 where they are equal.
    """
    return float(q @ (p / q - 1.0) ** 2)
