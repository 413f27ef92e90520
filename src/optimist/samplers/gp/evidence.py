"""Evidence: what finished trials say, as arrays for the model; of many trials only those that matter.

- Complete trials give their losses and constraints.
- Pruned trials count as no better than the median of the complete ones, and no better than what they reported last.
- Failed trials, and values that are NaN or infinitely bad, count as bad as the upper quartile, and say where trials fail.

The kernel is fitted on the first ``n_fitted`` trials, in steps that grow with the study; later ones join the fitted
model as they come. Beyond a bound a choice of trials speaks for all: the best, the latest, and a spread of the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.history.history import History
from optimist.history.view import View
from optimist.numerics.thinning import thin
from optimist.samplers.gp.domain import Domain
from optimist.states import TrialState

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

_COMPLETE, _PRUNED, _FAIL = int(TrialState.COMPLETE), int(TrialState.PRUNED), int(TrialState.FAIL)
_N_ALWAYS: Final = 20  # the kernel is fitted anew with each of the first trials
_LONGEST_STAGE: Final = 32
_MAX_OTHERS: Final = 1024
_FAILED_QUANTILE: Final = 0.75


class LastReports:
    """The last value that each pruned trial reported, as a loss; NaN for the other trials. A tracker of the history."""

    def __init__(self) -> None:
        self._losses = np.empty(64)
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        if n > len(self._losses):
            self._losses = np.concatenate([self._losses, np.empty(max(n, 2 * len(self._losses)))])
        for row in range(self._n_seen, n):
            self._losses[row] = math.nan
            if history.state.data[row] == _PRUNED:
                start, stop = history.curve_range(row)
                if stop > start:
                    self._losses[row] = history.curve_values.data[stop - 1] * history.signs[0]
        self._n_seen = max(self._n_seen, n)

    def losses(self, rows: IntArray) -> FloatArray:
        """(n_rows,) of some rows."""
        return self._losses[rows]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Finished trials as arrays; those that the kernel is fitted on come first.

    Attributes:
        n_fitted: How many these are.
        points: (n, d) in the unit cube.
        mask: (n, d) which parameters each trial had.
        losses: (n, n_objectives); NaN as long as nothing is known, because no trial is complete.
        constraints: (n, n_constraints) above 0 where violated; NaN where not reported.
        is_complete: (n,) whether the trial is complete, with a usable loss.
        has_failed: (n,) whether it failed, or gave no usable loss.
    """

    n_fitted: int
    points: FloatArray
    mask: BoolArray
    losses: FloatArray
    constraints: FloatArray
    is_complete: BoolArray
    has_failed: BoolArray

    @property
    def is_feasible(self) -> BoolArray:
        """(n,) complete, and no constraint reported as violated."""
        feasible: BoolArray = self.is_complete & ~np.any(self.constraints > 0.0, axis=1)
        return feasible


def stage(n: int) -> int:
    """The number of trials that the kernel is fitted on when there are ``n``: all of few, a tenth later of many."""
    if n < _N_ALWAYS:
        return n
    step = min(1 << int(math.log2(n / 10)), _LONGEST_STAGE)
    return n - n % step


def gather(view: View, domain: Domain, max_points: int) -> Evidence:
    """Read what the model needs off the columns.

    Args:
        view: The history.
        domain: The parameters; at least one.
        max_points: The kernel is fitted on at most so many trials.
    """
    states = view.states
    n_first = stage(view.n)
    losses = view.losses
    first = _chosen(view, domain, states[:n_first], losses[:n_first], max_points)
    rows = np.concatenate([first, np.arange(n_first, view.n)])
    points, mask = _points(view, domain, rows)
    # What stopped before it asked for all that every trial has says nothing of the rest.
    is_whole: BoolArray = np.asarray(np.all(mask | domain.is_optional, axis=1) & np.any(mask, axis=1))
    n_fitted = int(is_whole[: len(first)].sum())
    rows, points, mask = rows[is_whole], points[is_whole], mask[is_whole]

    states, losses = states[rows], losses[rows]
    is_usable: BoolArray = np.asarray(~np.any(np.isnan(losses) | (losses == math.inf), axis=1))
    is_complete = (states == _COMPLETE) & is_usable
    losses[~is_complete] = math.nan
    if not is_complete.all():
        _fill_in(view, rows, states, losses, is_complete, n_fitted)
    constraints = [view.constraint(key)[rows] for key in view.constraint_keys]
    return Evidence(
        n_fitted,
        points,
        mask,
        losses,
        np.column_stack(constraints) if constraints else np.empty((len(rows), 0)),
        is_complete,
        (states == _FAIL) | ((states == _COMPLETE) & ~is_usable),
    )


def _points(view: View, domain: Domain, rows: IntArray) -> tuple[FloatArray, BoolArray]:
    """Points (n_rows, d) and masks (n_rows, d) of some trials."""
    layouts, seen = view.layouts, view.layout_indices[rows]
    used, place = np.unique(seen, return_inverse=True)
    has = np.array([[name in layouts[i].items for name in domain.names] for i in used.tolist()], np.bool_)
    mask: BoolArray = has.reshape(len(used), domain.d)[place]
    columns = {}
    for j, name in enumerate(domain.names):
        column = view.column(name)[rows]
        fallback = getattr(domain.space[name], "low", 0)
        columns[name] = np.where(mask[:, j], column, np.asarray(fallback, column.dtype))
    return domain.encoding.encode(columns), mask


def _fill_in(
    view: View, rows: IntArray, states: npt.NDArray[np.int8], losses: FloatArray, is_complete: BoolArray, n_fitted: int
) -> None:
    """Give trials that are not complete the losses (n_rows, n_objectives) they count with."""
    # Of the fitted trials, as far as possible: the kernel shall depend on them alone.
    known = losses[:n_fitted][is_complete[:n_fitted]] if is_complete[:n_fitted].any() else losses[is_complete]
    unknown = np.full((2, losses.shape[1]), math.nan)
    median, quartile = np.quantile(known, (0.5, _FAILED_QUANTILE), axis=0, method="higher") if len(known) else unknown
    losses[~is_complete] = quartile
    is_pruned = states == _PRUNED
    losses[is_pruned] = median
    if losses.shape[1] == 1:
        reported = view.tracker(LastReports, LastReports).losses(rows)
        is_known = is_pruned & np.isfinite(reported)
        losses[is_known, 0] = np.fmax(reported[is_known], median[0])


# Which trials speak for all


def _chosen(view: View, domain: Domain, states: npt.NDArray[np.int8], losses: FloatArray, max_points: int) -> IntArray:
    """Rows of the trials that the kernel is fitted on, ascending: a quarter the best, half the others, the rest latest."""
    n = len(states)
    if n <= max_points:
        return np.arange(n)
    n_best, n_latest = max_points // 4, max_points // 4
    is_good = (states == _COMPLETE) & np.all(np.isfinite(losses), axis=1)
    is_good &= ~_violates(view, n)
    is_chosen = np.zeros(n, np.bool_)
    is_chosen[n - n_latest :] = True
    is_chosen[_best(losses, np.flatnonzero(is_good & ~is_chosen), n_best)] = True
    others = np.flatnonzero(~is_chosen)
    others = others[thin(len(others), _MAX_OTHERS)[0]]
    features = domain.features(*_points(view, domain, others))
    is_chosen[others[_far_apart(features, max_points - int(is_chosen.sum()))]] = True
    return np.flatnonzero(is_chosen)


def _violates(view: View, n: int) -> BoolArray:
    violates = np.zeros(n, np.bool_)
    for key in view.constraint_keys:
        violates |= view.constraint(key)[:n] > 0.0
    return violates


def _best(losses: FloatArray, rows: IntArray, m: int) -> IntArray:
    """The best ``m`` of some rows; with several objectives in turn the best by each of them and by the sum of ranks."""
    if losses.shape[1] == 1:
        return rows[np.argsort(losses[rows, 0], kind="stable")[:m]]
    ranks = losses[rows].argsort(axis=0, kind="stable").argsort(axis=0, kind="stable").T.astype(np.float64)
    turns = np.empty((len(rows), len(ranks) + 1))  # the place of each trial by each objective, and by their sum
    for k, key in enumerate((*ranks, ranks.sum(axis=0))):
        turns[np.argsort(key, kind="stable"), k] = np.arange(len(rows))
    return rows[np.argsort(turns.min(axis=1), kind="stable")[:m]]


def _far_apart(x: FloatArray, m: int) -> IntArray:
    """``m`` of the points (n, f), each as far as possible from those before; the first is the one that came first."""
    chosen = np.zeros(min(m, len(x)), np.intp)
    nearest = np.full(len(x), math.inf)
    for k in range(1, len(chosen)):
        difference = x - x[chosen[k - 1]]
        np.minimum(nearest, np.einsum("ij,ij->i", difference, difference), out=nearest)
        chosen[k] = int(np.argmax(nearest))
    return chosen
