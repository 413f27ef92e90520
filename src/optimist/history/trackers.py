"""Trackers: statistics over the finished trials that are kept, not computed anew.

Each remembers how many rows it has seen and catches up when it is asked. A question costs the number of trials that
finished since the last one, however many there are in all.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple

from optimist.history.history import History
from optimist.search_space.intersection import Intersection
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState

_COMPLETE, _PRUNED, _FAIL = int(TrialState.COMPLETE), int(TrialState.PRUNED), int(TrialState.FAIL)

RankKey = tuple[int, float, float]


def is_feasible(history: History, row: int) -> bool:
    """Whether a finished trial violates none of the constraints that it reported."""
    return not any(value > 0 for value in _reported_constraints(history, row))


def violation(history: History, row: int, n: int) -> float:
    """How much a finished trial violates the constraints: the sum of the positive ones.

    0 for a feasible trial, and as long as none of the first ``n`` rows reported a constraint; infinite if others did
    and this one reported none.
    """
    if not history.has_constraints(n):
        return 0.0
    reported = _reported_constraints(history, row)
    return sum(max(value, 0.0) for value in reported) if reported else math.inf


def _reported_constraints(history: History, row: int) -> list[float]:
    values = (column.data[row] for column in history.constraints.values() if row < len(column.data))
    return [value for value in values if value == value]


def rank_key(history: History, row: int, n: int) -> RankKey | None:
    """The place of a finished trial in the order of a study with one objective; smaller is better.

    Feasible complete trials come first, by loss; then pruned ones, the furthest first and then by their last
    intermediate loss; then pruned ones without reports; last the infeasible ones, by violation among the first ``n``
    rows. Failed trials have no place: None.
    """
    state = history.state.data[row]
    if state == _FAIL:
        return None
    violated = violation(history, row, n)
    if violated > 0:
        return (3, violated, 0.0)
    sign = history.signs[0]
    if state == _COMPLETE:
        return (0, history.values[0].data[row] * sign, 0.0)
    start, stop = history.curve_range(row)
    if start == stop:
        return (2, 0.0, 0.0)
    last = history.curve_values.data[stop - 1] * sign
    return (1, -float(history.curve_steps.data[stop - 1]), math.inf if math.isnan(last) else last)


class LayoutFilter:
    """Which layouts hold all of a set of parameters.

    Args:
        names: The parameters.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._n_seen = 0
        self.mask = bytearray()  # 1 for each layout that does, by index

    def advance(self, history: History, n: int) -> None:
        layouts = history.tree.layouts
        if self._n_seen < len(layouts):
            self.mask.extend(self._names <= layout.items.keys() for layout in layouts[self._n_seen :])
            self._n_seen = len(layouts)


class TopRows:
    """The best finished trials that hold a set of parameters, in the order of ``rank_key``.

    A bounded sorted list. Asking for more than it holds makes it anew with twice the room, so that a question whose
    size grows with the study costs O(1) a trial on average. So does the first constraint that any trial reports, for
    it changes the place of all trials before.

    Args:
        names: The parameters.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._filter = LayoutFilter(names)
        self._room = 64
        self._entries: list[tuple[RankKey, int]] = []
        self._n_seen = 0
        self._n_eligible = 0
        self._is_constrained = False

    def advance(self, history: History, n: int) -> None:
        self._filter.advance(history, n)
        n = max(n, self._n_seen)
        if history.has_constraints(n) != self._is_constrained:
            self._is_constrained = not self._is_constrained
            self._restart(self._room)
        entries = self._entries
        for row in range(self._n_seen, n):
            if not self._is_eligible(history, row):
                continue
            key = rank_key(history, row, n)
            assert key is not None
            self._n_eligible += 1
            if len(entries) < self._room:
                insort(entries, (key, row))
            elif (key, row) < entries[-1]:
                entries.pop()
                insort(entries, (key, row))
        self._n_seen = n

    def count(self, history: History, n: int) -> int:
        """How many of the first ``n`` rows have a place in the order."""
        self.advance(history, n)
        return self._n_eligible - sum(self._is_eligible(history, row) for row in range(n, self._n_seen))

    def best(self, history: History, n: int, m: int) -> list[int]:
        """Up to ``m`` of the best among the first ``n`` rows, best first."""
        self.advance(history, n)
        if history.has_constraints(n) != self._is_constrained:  # the first constraint came after these n rows
            return TopRows(self._names).best(history, n, m)
        while True:
            found = [row for _, row in self._entries if row < n]
            if len(found) >= m or len(self._entries) >= self._n_eligible:
                return found[:m]
            n_seen = self._n_seen
            self._restart(max(2 * self._room, m))
            self.advance(history, n_seen)

    def _is_eligible(self, history: History, row: int) -> bool:
        return history.state.data[row] != _FAIL and bool(self._filter.mask[history.layout.data[row]])

    def _restart(self, room: int) -> None:
        self._room, self._n_seen, self._n_eligible = room, 0, 0
        self._entries = []


@dataclass(slots=True)
class Step:
    """What complete trials reported at one step.

    Attributes:
        values: Ascending, without NaN.
        n_nan: Number of trials that reported NaN.
    """

    values: array[float] = field(default_factory=lambda: array("d"))
    n_nan: int = 0

    def copy(self) -> Step:
        """A step of its own with the same reports."""
        return Step(array("d", self.values), self.n_nan)


class StepValues:
    """The intermediate values of complete trials at each step, sorted."""

    def __init__(self) -> None:
        self._by_step: dict[int, Step] = {}
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            for step, value in _complete_curve(history, row):
                at_step = self._by_step.get(step)
                if at_step is None:
                    at_step = self._by_step[step] = Step()
                if value == value:
                    insort(at_step.values, value)
                else:
                    at_step.n_nan += 1
        self._n_seen = max(self._n_seen, n)

    def at(self, history: History, n: int, step: int) -> Step:
        """What the first ``n`` rows reported at a step. Not to be changed, and to be read under the history's lock.

        Cost: O(1), unless later rows were seen already: then O(the values at the step + the later rows).
        """
        self.advance(history, n)
        found = self._by_step.get(step)
        if found is None:
            return Step()
        if n == self._n_seen:
            return found
        earlier = found.copy()
        for row in range(n, self._n_seen):
            for reported, value in _complete_curve(history, row):
                if reported == step:
                    if value == value:
                        earlier.values.pop(bisect_left(earlier.values, value))
                    else:
                        earlier.n_nan -= 1
        return earlier


def _complete_curve(history: History, row: int) -> Iterable[tuple[int, float]]:
    """Steps and values of a complete trial; nothing for any other."""
    if history.state.data[row] != _COMPLETE:
        return ()
    start, stop = history.curve_range(row)
    return zip(history.curve_steps.data[start:stop], history.curve_values.data[start:stop], strict=True)


Measure = Callable[[History, int], float | None]
"""Says of a finished trial, by its row, how well it does at something; None if it takes no part."""


class Lead(NamedTuple):
    """Who leads, and by what.

    Attributes:
        row: The finished trial.
        measure: What is said of it.
    """

    row: int
    measure: float


class Leader:
    """The finished trial with the lowest measure, the first among equals.

    Args:
        measure: What it says of a row must never change.
    """

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._leads: list[Lead] = []  # each until the next
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            measure = self._measure(history, row)
            if measure is not None and (not self._leads or measure < self._leads[-1].measure):
                self._leads.append(Lead(row, measure))
        self._n_seen = max(self._n_seen, n)

    def at(self, history: History, n: int) -> Lead | None:
        """Who leads among the first ``n`` rows; None if no trial takes part."""
        self.advance(history, n)
        i = bisect_left(self._leads, n, key=_row_of)
        return self._leads[i - 1] if i else None


def _row_of(lead: Lead) -> int:
    return lead.row


def loss(history: History, row: int) -> float | None:
    """The first objective of a feasible complete trial, turned so that smaller is better."""
    if history.state.data[row] != _COMPLETE or not is_feasible(history, row):
        return None
    value = history.values[0].data[row] * history.signs[0]
    return value if value == value else None


def minus_last_step(history: History, row: int) -> int | None:
    """How far a complete trial that reported anything came; the further, the lower."""
    if history.state.data[row] != _COMPLETE:
        return None
    start, stop = history.curve_range(row)
    return None if start == stop else -history.curve_steps.data[stop - 1]


class SharedSpace:
    """The parameters that all complete trials have in common, with the very same distributions.

    Args:
        include_pruned: Whether pruned trials count as well.
    """

    def __init__(self, include_pruned: bool) -> None:
        self._states = (_COMPLETE, _PRUNED) if include_pruned else (_COMPLETE,)
        self._intersection = Intersection()
        self._spaces: list[tuple[int, SearchSpace]] = [(0, self._intersection.space)]  # from so many rows on
        self._last_layout = -1
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            layout = history.layout.data[row]
            if layout != self._last_layout and history.state.data[row] in self._states:
                self._intersection.add(history.tree.layouts[layout].distributions.items())
                self._last_layout = layout
                if self._intersection.space is not self._spaces[-1][1]:
                    self._spaces.append((row + 1, self._intersection.space))
        self._n_seen = max(self._n_seen, n)

    def at(self, history: History, n: int) -> SearchSpace:
        """The shared space of the first ``n`` rows, sorted by name; the same object until it shrinks.

        Empty before the first complete trial.
        """
        self.advance(history, n)
        return next(space for since, space in reversed(self._spaces) if since <= n)


class Front:
    """The Pareto front of the feasible complete trials."""

    def __init__(self) -> None:
        self._n_seen = 0
        self._rows: list[int] = []
        self._losses: list[tuple[float, ...]] = []
        self._left: list[tuple[int, int]] = []  # rows that were on the front, and the row that dominated them

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            if history.state.data[row] != _COMPLETE or not is_feasible(history, row):
                continue
            losses = tuple(c.data[row] * sign for c, sign in zip(history.values, history.signs, strict=True))
            if any(_dominates(other, losses) for other in self._losses):
                continue
            stays = [not _dominates(losses, other) for other in self._losses]
            self._left += [(old, row) for old, stay in zip(self._rows, stays, strict=True) if not stay]
            self._rows = [*compress(self._rows, stays), row]
            self._losses = [*compress(self._losses, stays), losses]
        self._n_seen = max(self._n_seen, n)

    def at(self, history: History, n: int) -> list[int]:
        """The front of the first ``n`` rows, in ascending order."""
        self.advance(history, n)
        if n == self._n_seen:
            return list(self._rows)
        rows = [row for row in self._rows if row < n]
        return sorted(rows + [row for row, dominated_by in self._left if row < n <= dominated_by])


def _dominates(losses: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether the first is nowhere worse than the second, and not the same."""
    return losses != other and all(a <= b for a, b in zip(losses, other, strict=True))
