"""Notes: numbers that an algorithm keeps with trials as system attributes, and reads again from the finished ones."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from optimist.history.columns import FLOAT, INT
from optimist.history.history import History


@dataclass(frozen=True, slots=True)
class NumberIfNoted:
    """A measure: the number of a trial that has a note, so that the earliest one leads.

    Attributes:
        key: Under which key.
    """

    key: str

    def __call__(self, history: History, row: int) -> int | None:
        notes = history.row_attrs.get(row)
        return None if notes is None or self.key not in notes[1] else history.number.data[row]


class NotedValues:
    """Tracker: the values of the first objective that finished trials noted under one key, sorted, in groups.

    A view's questions are answered under its lock, for the view's own ``n``.

    Args:
        key: Under which key.
        group_of: The group of a trial, by its number.
    """

    def __init__(self, key: str, group_of: Callable[[int], int]) -> None:
        self._key = key
        self._group_of = group_of
        self._losses: dict[int, array[float]] = {}  # ascending, by group
        self._rows = array(
            INT
        )  # the trials that have the note, in order of finishing, and what they add to which group
        self._added = array(FLOAT)
        self._groups = array(INT)
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            notes = history.row_attrs.get(row)
            if notes is None or self._key not in notes[1]:
                continue
            loss = notes[1][self._key] * history.signs[0]
            group = self._group_of(history.number.data[row])
            insort(self._losses.setdefault(group, array(FLOAT)), loss)
            self._rows.append(row)
            self._added.append(loss)
            self._groups.append(group)
        self._n_seen = max(self._n_seen, n)

    def count(self, n: int, group: int, loss: float) -> tuple[int, int]:
        """Among the first ``n`` rows: how many of a group have a lower loss, and how many the group has.

        Cost: O(log n), and O(1) for each later trial with the note that was seen already.
        """
        losses = self._losses.get(group, ())
        n_lower, n_all = bisect_left(losses, loss), len(losses)
        i = len(self._rows)
        while i and self._rows[i - 1] >= n:
            i -= 1
            if self._groups[i] == group:
                n_all -= 1
                n_lower -= self._added[i] < loss
        return n_lower, n_all


@dataclass(slots=True)
class _Points:
    """What a group noted, in order of finishing.

    Attributes:
        rows: The trials.
        values: One after another, those of a trial together.
    """

    rows: array[int] = field(default_factory=lambda: array(INT))
    values: array[float] = field(default_factory=lambda: array(FLOAT))


class NotedPoints:
    """Tracker: lists of numbers, one per objective, that finished trials noted under one key, in groups.

    Args:
        key: Under which key.
        group_of: The group of a trial, by its number.
        n_objectives: How many numbers; notes of another kind do not count.
    """

    def __init__(self, key: str, group_of: Callable[[int], int], n_objectives: int) -> None:
        self._key = key
        self._group_of = group_of
        self._n_objectives = n_objectives
        self._groups: dict[int, _Points] = {}
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            notes = history.row_attrs.get(row)
            values: Any = None if notes is None else notes[1].get(self._key)
            if not self._is_point(values):
                continue
            points = self._groups.setdefault(self._group_of(history.number.data[row]), _Points())
            points.rows.append(row)
            points.values.extend(values)
        self._n_seen = max(self._n_seen, n)

    def _is_point(self, values: Any) -> bool:
        return (
            isinstance(values, list)
            and len(values) == self._n_objectives
            and all(isinstance(value, (int, float)) and not math.isnan(value) for value in values)
        )

    def sample(self, n: int, group: int, bound: int) -> list[list[float]]:
        """What at most ``bound`` of a group's trials noted, of the first ``n`` rows: all, or evenly spread over time.

        Cost: O(log n + bound).
        """
        points = self._groups.get(group)
        if points is None:
            return []
        n_all, m = bisect_left(points.rows, n), self._n_objectives
        places = range(n_all) if n_all <= bound else [(2 * i + 1) * n_all // (2 * bound) for i in range(bound)]
        return [points.values[m * place : m * place + m].tolist() for place in places]
