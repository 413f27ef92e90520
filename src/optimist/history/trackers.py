"""Trackers: statistics over the finished trials that are kept, not computed anew.

Each remembers how many rows it has seen and catches up when it is asked. A question costs the number of trials that
finished since the last one, however many there are in all.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field

from optimist.history.history import History
from optimist.search_space.intersection import Intersection
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState

_COMPLETE, _PRUNED, _FAIL = int(TrialState.COMPLETE), int(TrialState.PRUNED), int(TrialState.FAIL)

RankKey = tuple[int, float, float]


def violation(history: History, row: int) -> float:
    """How much a finished trial violates the constraints: the sum of the positive ones.

    0 for a feasible trial and in a study without constraints; infinite if the trial reported none of the study's.
    """
    if not history.constraints:
        return 0.0
    total, is_reported = 0.0, False
    for column in history.constraints.values():
        value = column.data[row] if row < len(column.data) else math.nan
        if value == value:
            is_reported = True
            total += max(value, 0.0)
    return total if is_reported else math.inf


def rank_key(history: History, row: int) -> RankKey | None:
    """The place of a finished trial in the order of a study with one objective; smaller is better.

    Feasible complete trials come first, by loss; then pruned ones, the furthest first and then by their last
    intermediate loss; then pruned ones without reports; last the infeasible ones, by violation. Failed trials have no
    place: None.
    """
    state = history.state.data[row]
    if state == _FAIL:
        return None
    violated = violation(history, row)
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
    size grows with the study costs O(1) a trial on average.

    Args:
        names: The parameters.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self._filter = LayoutFilter(names)
        self._room = 64
        self._entries: list[tuple[RankKey, int]] = []
        self._n_seen = 0
        self._is_constrained = False
        self.n_eligible = 0

    def advance(self, history: History, n: int) -> None:
        if bool(history.constraints) != self._is_constrained:
            self._is_constrained = bool(history.constraints)
            self._restart(self._room)
        self._filter.advance(history, n)
        holds = self._filter.mask
        entries, layout = self._entries, history.layout.data
        for row in range(self._n_seen, n):
            if not holds[layout[row]]:
                continue
            key = rank_key(history, row)
            if key is None:
                continue
            self.n_eligible += 1
            if len(entries) < self._room:
                insort(entries, (key, row))
            elif (key, row) < entries[-1]:
                entries.pop()
                insort(entries, (key, row))
        self._n_seen = max(self._n_seen, n)

    def best(self, history: History, n: int, m: int) -> list[int]:
        """Up to ``m`` of the best among the first ``n`` rows, best first."""
        self.advance(history, n)
        while True:
            found = [row for _, row in self._entries if row < n]
            if len(found) >= m or len(self._entries) >= self.n_eligible:
                return found[:m]
            self._restart(max(2 * self._room, m))
            self.advance(history, max(n, self._n_seen))

    def _restart(self, room: int) -> None:
        self._room, self._n_seen, self.n_eligible = room, 0, 0
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


class SharedSpace:
    """The parameters that all complete trials have in common, with the very same distributions.

    Args:
        include_pruned: Whether pruned trials count as well.
    """

    def __init__(self, include_pruned: bool) -> None:
        self._states = (_COMPLETE, _PRUNED) if include_pruned else (_COMPLETE,)
        self._intersection = Intersection()
        self._last_layout = -1
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            layout = history.layout.data[row]
            if layout != self._last_layout and history.state.data[row] in self._states:
                self._intersection.add(history.tree.layouts[layout].distributions.items())
                self._last_layout = layout
        self._n_seen = max(self._n_seen, n)

    @property
    def space(self) -> SearchSpace:
        """The shared space, sorted by name; the same object until it shrinks. Empty before the first complete trial."""
        return self._intersection.space


class Front:
    """The Pareto front of the feasible complete trials."""

    def __init__(self) -> None:
        self._n_seen = 0
        self._is_constrained = False
        self._losses: list[tuple[float, ...]] = []
        self.rows: list[int] = []

    def advance(self, history: History, n: int) -> None:
        if bool(history.constraints) != self._is_constrained:
            self._is_constrained = bool(history.constraints)
            self._n_seen, self.rows, self._losses = 0, [], []
        for row in range(self._n_seen, n):
            if history.state.data[row] != _COMPLETE or violation(history, row) > 0:
                continue
            losses = tuple(c.data[row] * sign for c, sign in zip(history.values, history.signs, strict=True))
            if any(_dominates(other, losses) for other in self._losses):
                continue
            stay = [i for i, other in enumerate(self._losses) if not _dominates(losses, other)]
            self.rows = [*(self.rows[i] for i in stay), row]
            self._losses = [*(self._losses[i] for i in stay), losses]
        self._n_seen = max(self._n_seen, n)


def _dominates(losses: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether the first is nowhere worse than the second, and not the same."""
    return losses != other and all(a <= b for a, b in zip(losses, other, strict=True))
