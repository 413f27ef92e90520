"""Which finished trials count for a set of parameters, and which of them are the best, kept from trial to trial."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Any

import numpy as np
import numpy.typing as npt

from optimist.history.attributes import LEASE_LOST_KEY, SURPLUS_KEY
from optimist.history.history import History
from optimist.history.trackers import LayoutFilter, violation
from optimist.numerics.pareto import EliteArchive
from optimist.states import TrialState

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_FIRST_CAPACITY = 64
_NO_FAULT_OF_THE_PARAMETERS = (LEASE_LOST_KEY, SURPLUS_KEY)
_COMPLETE, _FAIL = int(TrialState.COMPLETE), int(TrialState.FAIL)


class Observations:
    """The finished trials that did not fail and have all of a set of parameters, with their values side by side.

    Args:
        names: The parameters, in the order of the columns of ``values``.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._filter = LayoutFilter(frozenset(names))
        self.failures = Failures(names)
        self._rows = np.empty(_FIRST_CAPACITY, np.int64)
        self._values = np.empty((_FIRST_CAPACITY, len(names)))
        self._n_rows = 0
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        self._filter.advance(history, n)
        holds, layout, state = self._filter.mask, history.layout.data, history.state.data
        columns: list[Any] | None = None
        for row in range(self._n_seen, n):
            if not holds[layout[row]]:
                continue
            if columns is None:
                columns = [history.tree.columns[name].data for name in self._names]
            if state[row] == _FAIL:
                self.failures.add(row, history, columns)
                continue
            if self._n_rows == len(self._rows):
                self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
                self._values = np.concatenate([self._values, np.empty_like(self._values)])
            self._rows[self._n_rows] = row
            self._values[self._n_rows] = [column[row] for column in columns]
            self._n_rows += 1
        self._n_seen = max(self._n_seen, n)

    def rows(self, n: int) -> IntArray:
        """(n_rows,) those among the first ``n`` rows, ascending."""
        rows = self._rows[: self._n_rows]
        return rows[: np.searchsorted(rows, n)] if self._n_seen > n else rows

    def values(self, indices: IntArray) -> FloatArray:
        """(n_indices, n_names) internal values of some of ``rows``."""
        return self._values.take(indices, axis=0)


class Failures:
    """The failed trials that have all of a set of parameters: crashes, time limits, values that are NaN.

    Those whose worker was lost, or which were not run at all, say nothing about their parameters.

    Args:
        names: The parameters.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._rows: list[int] = []
        self._values = np.empty((0, len(names)))

    def add(self, row: int, history: History, columns: list[Any]) -> None:
        """Take in a failed trial."""
        attrs = history.row_attrs.get(row, ({}, {}))[1]
        if not attrs.keys().isdisjoint(_NO_FAULT_OF_THE_PARAMETERS):
            return
        n = len(self._rows)
        if n == len(self._values):
            self._values = np.concatenate([self._values, np.empty((max(n, 16), self._values.shape[1]))])
        self._values[n] = [column[row] for column in columns]
        self._rows.append(row)

    def count(self, n: int) -> int:
        """How many are among the first ``n`` rows."""
        return bisect_left(self._rows, n)

    def values(self, indices: IntArray) -> FloatArray:
        """(n_indices, n_names) internal values of some of them."""
        return self._values.take(indices, axis=0)


class ParetoRows:
    """The best finished trials of a study with several objectives that have all of a set of parameters.

    Feasible complete trials come first, front by front (see ``EliteArchive``); then pruned ones as they finished; last
    the infeasible ones, by violation.

    Args:
        names: The parameters.
        room: How many to keep at least.
    """

    def __init__(self, names: frozenset[str], room: int) -> None:
        self._filter = LayoutFilter(names)
        self._room = room
        self._restart(False)

    def _restart(self, is_constrained: bool) -> None:
        self._is_constrained = is_constrained
        self._n_seen = 0
        self._archive = EliteArchive(self._room)
        self._pruned: list[int] = []
        self._infeasible: list[tuple[float, int]] = []

    def advance(self, history: History, n: int) -> None:
        self._filter.advance(history, n)
        n = max(n, self._n_seen)
        if history.has_constraints(n) != self._is_constrained:
            self._restart(not self._is_constrained)
        holds, layout, state = self._filter.mask, history.layout.data, history.state.data
        for row in range(self._n_seen, n):
            if state[row] == _FAIL or not holds[layout[row]]:
                continue
            violated = violation(history, row, n)
            if violated > 0.0:
                insort(self._infeasible, (violated, row))
                del self._infeasible[self._room :]
            elif state[row] == _COMPLETE:
                losses = [c.data[row] * sign for c, sign in zip(history.values, history.signs, strict=True)]
                self._archive.add(row, losses)
            elif len(self._pruned) < self._room:
                self._pruned.append(row)
        self._n_seen = n

    def best(self, n: int, m: int) -> list[int]:
        """Up to ``m`` of the best among the first ``n`` rows; at most as many as there is room for."""
        rows = [row for row in self._archive.best(m) if row < n]
        rows += [row for row in self._pruned if row < n]
        rows += [row for _, row in self._infeasible if row < n]
        return rows[:m]
