"""NSGA-III's niches: which points of a crowded front stay, so that each reference direction keeps its own.

Legend   n points, m objectives, r reference points (on the unit simplex)    losses (n, m), minimised
         ideal (m,) the best of each objective    intercepts (m,) where the plane through the extremes meets the axes

Sources: Deb and Jain 2014, NSGA-III, doi:10.1109/TEVC.2013.2281535; Das and Dennis 1998,
doi:10.1137/S1052623496307510 (the reference points).
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_OFF_AXIS: Final = 1e-6  # weight of the other objectives where the extreme point of one is sought
_LEAST_WIDTH: Final = 1e-12
_LARGEST: Final = 1e150  # squares of larger losses overflow


def simplex_lattice(n_objectives: int, n_divisions: int) -> FloatArray:
    """Return (r, n_objectives) evenly spaced points of the unit simplex.

    Args:
        n_objectives: m, at least 1.
        n_divisions: h, into how many parts each edge is cut; r = (h + m - 1) choose (m - 1).
    """
    if n_objectives == 1:
        return np.ones((1, 1))
    n_places = n_divisions + n_objectives - 1
    bars = np.array(list(combinations(range(n_places), n_objectives - 1)), np.intp)
    edges = np.column_stack([np.full(len(bars), -1), bars, np.full(len(bars), n_places)])
    lattice: FloatArray = (np.diff(edges, axis=1) - 1) / n_divisions
    return lattice


def normalise(losses: FloatArray) -> FloatArray:
    """Shift and scale losses (n, m) so that the ideal point is 0 and the plane through the extremes is the simplex.

    Where the extremes span no plane, each objective is scaled by its range. Infinite losses count as the worst (or
    best) finite one, moved by the range of the finite ones.
    """
    losses = _finite(np.where(np.isfinite(losses), np.clip(losses, -_LARGEST, _LARGEST), losses))
    shifted = losses - losses.min(axis=0)
    widths = _intercepts(shifted)
    scaled: FloatArray = shifted / np.maximum(widths, _LEAST_WIDTH)
    return scaled


def _finite(losses: FloatArray) -> FloatArray:
    if np.all(np.isfinite(losses)):
        return losses
    finite = np.where(np.isfinite(losses), losses, np.nan)
    known = ~np.all(np.isnan(finite), axis=0)
    low, high = np.zeros(losses.shape[1]), np.zeros(losses.shape[1])
    low[known], high[known] = np.nanmin(finite[:, known], axis=0), np.nanmax(finite[:, known], axis=0)
    width = np.where(high > low, high - low, 1.0)
    return np.where(np.isfinite(losses), losses, np.where(losses == -np.inf, low - width, high + width))


def _intercepts(shifted: FloatArray) -> FloatArray:
    """Return (m,) where the plane through the extreme points meets the axes; the ranges if it does not, or is bent."""
    m = shifted.shape[1]
    ranges: FloatArray = shifted.max(axis=0)
    weights = np.full((m, m), _OFF_AXIS)
    np.fill_diagonal(weights, 1.0)
    achievement = (shifted[:, None, :] / weights).max(axis=2)  # (n, m): eq. 4, small where only one objective is large
    extremes = shifted[np.argmin(achievement, axis=0)]
    try:
        inverse = np.linalg.solve(extremes, np.ones(m))
    except np.linalg.LinAlgError:
        return ranges
    with np.errstate(divide="ignore"):
        intercepts: FloatArray = 1.0 / inverse
    if not np.all(np.isfinite(intercepts)) or np.any(intercepts <= _LEAST_WIDTH) or np.any(intercepts > 10.0 * ranges):
        return ranges
    return intercepts


def associate(points: FloatArray, references: FloatArray) -> tuple[IntArray, FloatArray]:
    """Give each normalised point (n, m) to the reference direction (r, m) that passes it most closely.

    Returns:
        (n,) the direction, and (n,) the distance from it.
    """
    directions = references / np.linalg.norm(references, axis=1, keepdims=True)
    along = points @ directions.T  # (n, r)
    squared = np.maximum((points**2).sum(axis=1)[:, None] - along**2, 0.0)
    nearest = np.argmin(squared, axis=1)
    return nearest, np.sqrt(squared[np.arange(len(points)), nearest])


def fill_niches(
    niches: IntArray, distances: FloatArray, n_kept: int, m: int, n_niches: int, rng: np.random.Generator
) -> IntArray:
    """Choose ``m`` points of the last front, always for a niche that has fewest so far.

    Args:
        niches: (n,) the niche of each point; the first ``n_kept`` stay anyway, the others are the last front.
        distances: (n,) from the niche's direction.
        n_kept: How many stay anyway.
        m: How many more are to be chosen, at most n - n_kept.
        n_niches: r.
        rng: Decides between niches that have equally many, and between points of a niche that has some already.

    Returns:
        (m,) positions in ``niches``.
    """
    counts = np.bincount(niches[:n_kept], minlength=n_niches)
    waiting = {int(niche): np.flatnonzero(niches[n_kept:] == niche) + n_kept for niche in np.unique(niches[n_kept:])}
    chosen: list[int] = []
    while len(chosen) < m:
        open_niches = np.array(sorted(waiting), np.intp)
        fewest = open_niches[counts[open_niches] == counts[open_niches].min()]
        niche = int(fewest[rng.integers(len(fewest))])
        members = waiting[niche]
        # The first of a niche is its closest; later ones are taken at random (sec. IV-E).
        i = int(np.argmin(distances[members])) if counts[niche] == 0 else int(rng.integers(len(members)))
        chosen.append(int(members[i]))
        counts[niche] += 1
        waiting[niche] = np.delete(members, i)
        if not len(waiting[niche]):
            del waiting[niche]
    return np.array(chosen, np.intp)
