"""Pareto fronts: who is dominated by whom, and which few points stand best for a front. Losses are minimised.

Legend   n points, m objectives    losses (n, m)    reference (m,) a point worse than all in question
         the contribution of a point is the hypervolume that it alone dominates, up to the reference

Sources: Deb et al. 2002, NSGA-II, doi:10.1109/4235.996017 (ranks); Beume et al. 2007, SMS-EMOA,
doi:10.1016/j.ejor.2006.08.008 (drop the least contribution, again and again).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_N_PROBES: Final = 2048


def dominance(losses: FloatArray) -> npt.NDArray[np.bool_]:
    """Return (n, n): whether the row's point is nowhere worse than the column's, and somewhere better.

    NaN counts as the worst.
    """
    losses = np.where(np.isnan(losses), np.inf, losses)
    no_worse = np.ones((len(losses), len(losses)), np.bool_)
    better = np.zeros_like(no_worse)
    for values in losses.T:
        no_worse &= values[:, None] <= values
        better |= values[:, None] < values
    return no_worse & better


def undominated(losses: FloatArray) -> npt.NDArray[np.bool_]:
    """Return (n,): which points no other one dominates.

    Cost: O(m n²).
    """
    is_dominated: npt.NDArray[np.bool_] = np.asarray(dominance(losses).any(axis=0))
    return ~is_dominated


def front_ranks(losses: FloatArray) -> IntArray:
    """Peel off front after front; return the (n,) number of each point's front, from 0.

    Cost: O(m n²), and O(n²) for each front.
    """
    is_dominated = dominance(losses)
    ranks = np.zeros(len(losses), np.intp)
    remaining = np.arange(len(losses))
    rank = 0
    while len(remaining):
        n_above = is_dominated[np.ix_(remaining, remaining)].any(axis=0)
        ranks[remaining[~n_above]] = rank
        remaining = remaining[n_above]
        rank += 1
    return ranks


def constrained_ranks(losses: FloatArray, violations: FloatArray) -> IntArray:
    """Rank fronts under constraints: the fronts of the feasible points, then the others by how much they violate.

    Args:
        losses: (n, n_objectives)
        violations: (n,), at least 0; 0 for a feasible point.

    Returns:
        (n,) from 0. Points that violate equally much share a rank.

    Source: Deb et al. 2002, NSGA-II, sec. VI.
    """
    feasible = violations <= 0.0
    ranks = np.empty(len(losses), np.intp)
    ranks[feasible] = front_ranks(losses[feasible])
    n_fronts = int(ranks[feasible].max()) + 1 if feasible.any() else 0
    _, order = np.unique(violations[~feasible], return_inverse=True)
    ranks[~feasible] = n_fronts + order
    return ranks


def crowding_distance(losses: FloatArray) -> FloatArray:
    """Measure how lonely each point is on its front; NSGA-II keeps the lonely ones.

    Args:
        losses: (n, n_objectives), of one front; any order.

    Returns:
        (n,), dimensionless, in [0, inf]. The extremes of each objective get ``inf``.

    Cost: O(m n log n).
    Source: Deb et al. 2002, NSGA-II, sec. III-B. We differ in two points: an objective without spread contributes 0,
        where the paper divides by zero, and so do infinite gaps, which say nothing of how crowded a place is.
    """
    distance = np.zeros(len(losses))
    if len(losses) == 0:
        return distance
    for values in losses.T:
        order = np.argsort(values, kind="stable")
        ascending = values[order]
        if ascending[-1] == ascending[0]:
            continue
        with np.errstate(invalid="ignore"):
            gaps = (ascending[2:] - ascending[:-2]) / (ascending[-1] - ascending[0])
        distance[order[1:-1]] += np.where(np.isfinite(gaps), gaps, 0.0)
        distance[order[[0, -1]]] = np.inf
    return distance


def reference_point(losses: FloatArray) -> FloatArray:
    """Return a point (m,) a tenth of its distance from 0 beyond the worst of each objective, as Optuna chooses it."""
    worst = losses.max(axis=0)
    reference = np.maximum(1.1 * worst, 0.9 * worst)
    return np.where(reference == 0.0, 1e-12, reference)


def spread(losses: FloatArray, m: int) -> IntArray:
    """Choose ``m`` points of a front that keep its hypervolume: the least contribution is dropped until m are left.

    Args:
        losses: (n, n_objectives), none dominated by another.
        m: How many to keep.

    Returns:
        (m,) positions, ascending.

    Cost: O(n - m) array operations of length n for two objectives. For more objectives hypervolumes are counted by
    2048 probes (points of a fixed lattice) instead of computed exactly.
    """
    kept = np.arange(len(losses))
    if len(losses) <= m:
        return kept
    if not np.all(np.isfinite(losses)):
        return kept[np.argsort(~np.all(np.isfinite(losses), axis=1), kind="stable")[:m]]
    return _spread_plane(losses, m) if losses.shape[1] == 2 else _spread_by_probes(losses, m)


def _spread_plane(losses: FloatArray, m: int) -> IntArray:
    order = np.lexsort((losses[:, 1], losses[:, 0]))
    reference = reference_point(losses)
    x = np.append(losses[order, 0], reference[0])  # ascending, so that y descends
    y = np.append(reference[1], losses[order, 1])
    for _ in range(len(losses) - m):
        least = int(np.argmin((x[1:] - x[:-1]) * (y[:-1] - y[1:])))
        order = np.delete(order, least)
        x = np.delete(x, least)
        y = np.delete(y, least + 1)
    return np.sort(order)


def _spread_by_probes(losses: FloatArray, m: int) -> IntArray:
    reference = reference_point(losses)
    best = losses.min(axis=0)
    probes = best + lattice(_N_PROBES, losses.shape[1]) * (reference - best)
    covers = np.all(losses[:, None, :] <= probes, axis=2)  # (n, probes)
    n_covering = covers.sum(axis=0)
    kept = np.arange(len(losses))
    while len(kept) > m:
        contribution = covers[kept] @ (n_covering == 1).astype(np.float64)
        least = int(np.argmin(contribution))
        n_covering -= covers[kept[least]]
        kept = np.delete(kept, least)
    return kept


def lattice(n: int, d: int) -> FloatArray:
    """Return (n, d) evenly spread points of the unit cube, the same for the same n and d.

    Source: the additive recurrence with the generalised golden ratio; Roberts 2018, The unreasonable effectiveness of
    quasirandom sequences.
    """
    root = 1.0
    for _ in range(64):  # x^(d + 1) = x + 1
        root = (1.0 + root) ** (1.0 / (d + 1))
    return (0.5 + np.arange(1, n + 1)[:, None] * root ** -np.arange(1.0, d + 1.0)) % 1.0


def best_first(losses: FloatArray, m: int) -> IntArray:
    """Choose the best ``m`` points: front by front; of the front that does not fit, those that cover it best.

    Args:
        losses: (n, n_objectives).
        m: How many to choose.

    Returns:
        (min(n, m),) positions, the best first.

    Cost: O(n_objectives n²).
    """
    is_above = dominance(losses)
    n_above = is_above.sum(axis=0)
    chosen: list[int] = []
    while len(chosen) < min(len(losses), m):
        front = np.flatnonzero(n_above == 0)
        chosen += front[epsilon_net(losses[front], m - len(chosen))].tolist()
        n_above -= is_above[front].sum(axis=0)
        n_above[front] = -1
    return np.array(chosen, np.intp)


def epsilon_net(losses: FloatArray, m: int) -> IntArray:
    """Choose ``m`` points of a front that cover it: each next one is the farthest from those chosen before.

    Distances are taken after each objective is scaled to [0, 1]; the first is the point with the lowest sum.

    Args:
        losses: (n, n_objectives), none dominated by another.
        m: How many to choose.

    Returns:
        (min(n, m),) positions, in order of choice.

    Cost: O(n_objectives n min(n, m)).
    Source: Salinas et al. 2021, A multi-objective perspective on jointly tuning hardware and hyperparameters,
        arXiv:2106.05680; there the first point is any.
    """
    m = min(len(losses), m)
    if m <= 0:
        return np.empty(0, np.intp)
    scaled = _scaled(losses)
    chosen = np.empty(m, np.intp)
    chosen[0] = np.argmin(scaled.sum(axis=1))
    distances = np.full(len(losses), np.inf)
    for i in range(1, m):
        step = scaled - scaled[chosen[i - 1]]
        np.minimum(distances, np.einsum("ij,ij->i", step, step), out=distances)
        distances[chosen[:i]] = -1.0  # also where others lie on the very same point
        chosen[i] = np.argmax(distances)
    return chosen


def _scaled(losses: FloatArray) -> FloatArray:
    """(n, n_objectives) each objective from 0, its least finite value, to 1; infinities lie at the ends."""
    is_finite = np.isfinite(losses)
    low = np.where(is_finite, losses, np.inf).min(axis=0)
    high = np.where(is_finite, losses, -np.inf).max(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):
        width = np.where(high > low, high - low, 1.0)
        scaled = (losses - np.where(np.isfinite(low), low, 0.0)) / width
    scaled = np.where(is_finite, scaled, np.where(losses < 0, 0.0, 1.0))  # NaN counts as the worst
    return np.clip(scaled, 0.0, 1.0)


class EliteArchive:
    """The best points seen so far, front by front, in bounded room and at a bounded cost a point.

    Up to twice the room all points are kept; then the better half stays: whole fronts, and of the front that does not
    fit the points that ``spread`` chooses. As long as fewer points came, ``best`` is exact.

    Args:
        room: How many of the best can be asked for.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._keys: list[int] = []
        self._losses: list[Sequence[float]] = []
        self._best: tuple[int, list[int]] | None = None  # the last answer and its question

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: int, losses: Sequence[float]) -> None:
        """Take in a point under a key of the caller's."""
        self._keys.append(key)
        self._losses.append(losses)
        self._best = None
        if len(self._keys) >= 2 * self._room:
            kept = self._positions(self._room)
            self._keys = [self._keys[i] for i in kept]
            self._losses = [self._losses[i] for i in kept]

    def best(self, m: int) -> list[int]:
        """Return the keys of up to ``m`` of the best points, in the order they came."""
        if self._best is None or self._best[0] != m:
            self._best = m, [self._keys[i] for i in self._positions(m)]
        return list(self._best[1])

    def _positions(self, m: int) -> list[int]:
        """Return which points stay, ascending."""
        if len(self._keys) <= m:
            return list(range(len(self._keys)))
        losses = np.array(self._losses, dtype=np.float64)
        ranks = front_ranks(losses)
        last = int(np.sort(ranks)[m - 1]) if m else 0
        kept = np.flatnonzero(ranks < last)
        tied = np.flatnonzero(ranks == last)
        chosen = tied[spread(losses[tied], m - len(kept))] if m else tied[:0]
        found: list[int] = np.sort(np.concatenate([kept, chosen])).tolist()
        return found
