"""The best share of points under several losses: front by front, the last front thinned to keep most hypervolume.

Legend   n points, m losses, all minimised    losses (n, m)    reference (m,) a point worse than all in question
         the gain of a point is the hypervolume that it adds to the points chosen before it

Sources: Deb et al. 2002, NSGA-II, doi:10.1109/4235.996017 (fronts); Guerreiro, Fonseca and Paquete 2016, Greedy
hypervolume subset selection in low dimensions, doi:10.1162/EVCO_a_00188; While, Hingston, Barone and
Huband 2006, A faster algorithm for calculating hypervolume, doi:10.1109/TEVC.2005.851275 (slices).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.numerics.pareto import lattice, reference_point

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_MOST_PROBES: Final = 4096
_LEAST_PROBES: Final = 512
_PROBES_IN_ALL: Final = 8_000_000  # over all points
_N_EXACT: Final = {3: 150, 4: 50}  # so many points, by the number of losses, are chosen by exact hypervolumes


def best_points(losses: FloatArray, n_best: int) -> IntArray:
    """Choose the ``n_best`` best points.

    Args:
        losses: (n, m), finite.
        n_best: How many, up to n.

    Returns:
        (n_best,) positions, ascending.

    Cost: O(m n) for each point of the fronts in question.
    """
    if n_best == len(losses):
        return np.arange(n_best)
    order = np.lexsort(losses.T[::-1])
    chosen: list[IntArray] = []
    n_left = n_best
    while n_left:
        front, order = _peel(losses, order)
        if len(front) > n_left:
            front = front[thin(losses[front], n_left)]
        chosen.append(front)
        n_left -= len(front)
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.intp)


def ranked(losses: FloatArray, n_ranked: int) -> IntArray:
    """Put points in an order of merit: front by front, within a front by how much hypervolume they gain.

    Args:
        losses: (n, m), finite.
        n_ranked: How many places are of interest.

    Returns:
        (n,) the place of each point, from 0; points beyond the front that reaches ``n_ranked`` share the place n.

    Cost: as ``best_points``; hypervolumes of three and more losses are measured by probes.
    """
    n, m = losses.shape
    places = np.full(n, n, np.intp)
    order = np.lexsort(losses.T[::-1])
    n_placed = 0
    while n_placed < n_ranked:
        front, order = _peel(losses, order)
        choose = _thin_plane if m == 2 else _thin_by_probes
        chosen = choose(losses[front], reference_point(losses[front]), len(front))
        places[front[chosen]] = np.arange(n_placed, n_placed + len(front))
        n_placed += len(front)
    return places


def _peel(losses: FloatArray, order: IntArray) -> tuple[IntArray, IntArray]:
    """Split points, in lexicographic order of their losses, into the front and the others, in the same order."""
    if losses.shape[1] == 2:
        return _peel_plane(losses, order)
    front: list[IntArray] = []
    behind: list[IntArray] = []
    while len(order):
        first = losses[order[0]]  # nothing can dominate the lexicographically first
        others = losses[order]
        is_no_better = np.all(others >= first, axis=1)
        is_equal = is_no_better & np.all(others == first, axis=1)
        front.append(order[is_equal])
        behind.append(order[is_no_better & ~is_equal])
        order = order[~is_no_better]
    rest = np.concatenate(behind) if behind else order
    return np.sort(np.concatenate(front)), rest[np.lexsort(losses[rest].T[::-1])]


def _peel_plane(losses: FloatArray, order: IntArray) -> tuple[IntArray, IntArray]:
    """With two losses the front descends: what is lower than all before it, and its equals."""
    sorted_losses = losses[order]
    y = sorted_losses[:, 1]
    is_lower = y < np.concatenate([[np.inf], np.minimum.accumulate(y)[:-1]])
    last_lower = np.maximum.accumulate(np.where(is_lower, np.arange(len(y)), 0))
    is_front = np.all(sorted_losses == sorted_losses[last_lower], axis=1)
    return np.sort(order[is_front]), order[~is_front]


def thin(losses: FloatArray, n_chosen: int) -> IntArray:
    """Choose points of a front one by one, always the one that gains most hypervolume.

    Args:
        losses: (n, m), finite, none dominated by another.
        n_chosen: How many, up to n.

    Returns:
        (n_chosen,) positions, in order of choice.

    Cost: O(n) for each choice of two losses. More than 150 choices of three losses, more than 50 of four and all of five
    and more measure hypervolumes by 512 to 4096 probes.
    """
    reference = reference_point(losses)
    m = losses.shape[1]
    if m == 2:
        return _thin_plane(losses, reference, n_chosen)
    if n_chosen <= _N_EXACT.get(m, 0):
        return _thin_exactly(losses, reference, n_chosen)
    return _thin_by_probes(losses, reference, n_chosen)


def _thin_plane(losses: FloatArray, reference: FloatArray, n_chosen: int) -> IntArray:
    """A point gains a rectangle, up to its chosen neighbours on either side."""
    order = np.lexsort((losses[:, 1], losses[:, 0]))
    x, y = losses[order].T  # x ascending, y descending
    right, top = np.full(len(x), reference[0]), np.full(len(x), reference[1])
    is_free = np.ones(len(x), np.bool_)
    chosen = np.empty(n_chosen, np.intp)
    for k in range(n_chosen):
        gains = (right - x) * (top - y)
        i = int(np.argmax(np.where(is_free, gains, -np.inf)))
        chosen[k] = i
        is_free[i] = False
        np.minimum(right[:i], x[i], out=right[:i])
        np.minimum(top[i:], y[i], out=top[i:])
    return order[chosen]


def _thin_exactly(losses: FloatArray, reference: FloatArray, n_chosen: int) -> IntArray:
    """Gains only shrink as points are chosen, so an old gain is a bound, and few need to be known anew."""
    gains = np.prod(reference - losses, axis=1)
    is_fresh = np.ones(len(losses), np.bool_)
    chosen: list[int] = []
    while len(chosen) < n_chosen:
        i = int(np.argmax(gains))
        if is_fresh[i]:
            chosen.append(i)
            gains[i] = -np.inf
            is_fresh[:] = False
        else:
            limited = np.maximum(losses[chosen], losses[i])
            gains[i] = np.prod(reference - losses[i]) - hypervolume(limited, reference)
            is_fresh[i] = True
    return np.array(chosen, np.intp)


def _thin_by_probes(losses: FloatArray, reference: FloatArray, n_chosen: int) -> IntArray:
    """Count volume by points of a lattice."""
    best = losses.min(axis=0)
    n_probes = min(_MOST_PROBES, max(_LEAST_PROBES, _PROBES_IN_ALL // len(losses)))
    probes = best + lattice(n_probes, losses.shape[1]) * (reference - best)
    covers = np.all(losses[:, None, :] <= probes, axis=2)  # (n, probes)
    gains = covers.sum(axis=1).astype(np.float64)
    chosen = np.empty(n_chosen, np.intp)
    for k in range(n_chosen):
        i = chosen[k] = int(np.argmax(gains))
        newly = covers[i]
        gains -= covers[:, newly].sum(axis=1)
        gains[i] = -np.inf
        covers[:, newly] = False
    return chosen


def hypervolume(losses: FloatArray, reference: FloatArray) -> float:
    """Measure the volume that points dominate, up to the reference.

    Args:
        losses: (n, m) nowhere above the reference.
        reference: (m,).

    Returns:
        The volume, in the product of the losses' units.

    Cost: O(n log n) for m = 2; for three losses as much for each point, and so on: exponential in m.
    """
    losses = losses[np.lexsort(losses.T[::-1])]
    if losses.shape[1] == 2:
        y = np.minimum.accumulate(np.concatenate([reference[1:], losses[:, 1]]))
        return float((reference[0] - losses[:, 0]) @ (y[:-1] - y[1:]))
    front, _ = _peel(losses, np.arange(len(losses)))
    x = np.append(losses[front, 0], reference[0])
    slabs = np.diff(x)
    rest = losses[front, 1:]
    return float(sum(slabs[k] * hypervolume(rest[: k + 1], reference[1:]) for k in np.flatnonzero(slabs)))
