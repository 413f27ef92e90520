"""Standings: who is how good at each rung of a study whose pruned trials are promoted."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Container, Mapping
from typing import Any

from optimist.history.attributes import RESUMED_KEY
from optimist.history.history import History
from optimist.states import TrialState

_FAIL, _PRUNED = int(TrialState.FAIL), int(TrialState.PRUNED)

Place = tuple[float, int]
"""(loss, number of the trial), so that of equals the earlier one is better."""


class Standings:
    """Tracker: the trials that came to each rung, by loss, and those of them that may be gone on from.

    Trials that failed do not count, nor do voided ones, which are no rows. A trial that was promoted is known by the
    promotion, whatever has become of that.

    Args:
        keys: Under which system attribute trials note the value with which they came to a rung, the lowest rung first.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys
        self._all: list[list[Place]] = [[] for _ in keys]
        self._left: list[list[Place]] = [[] for _ in keys]  # of pruned trials, at their highest rung
        self._promoted: set[int] = set()
        self._history: History | None = None
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        self._history = history
        for row in range(self._n_seen, history.n):  # however old the view is: the newest is what counts
            notes = history.row_attrs.get(row)
            if notes is not None:
                self._take(history, row, notes[1])
        self._n_seen = history.n

    def _take(self, history: History, row: int, attrs: Mapping[str, Any]) -> None:
        self._promoted.update(attrs.get(RESUMED_KEY, ()))
        state, number = history.state.data[row], history.number.data[row]
        rungs = [rung for rung, key in enumerate(self._keys) if key in attrs]
        if state == _FAIL or not rungs:
            return
        for rung in rungs:
            loss = attrs[self._keys[rung]] * history.signs[0]
            if not math.isnan(loss):
                insort(self._all[rung], (loss, number))
                if rung == rungs[-1] and state == _PRUNED:
                    insort(self._left[rung], (loss, number))

    def best_left(self, rung: int, reduction_factor: int, not_these: Container[int]) -> int | None:
        """The best trial at a rung that was not promoted, if it is among the best share there; else None.

        Cost: O(log n), and O(1) for each trial that is passed over because it is being promoted; besides, each trial
        that was promoted is passed over once.
        """
        history = self._history
        assert history is not None
        left, places = self._left[rung], self._all[rung]
        while left and left[0][1] in self._promoted:
            left.pop(0)
        n_best = len(places) // reduction_factor
        if not left or not n_best:
            return None
        under_way = {number for draft in history.drafts.values() for number in draft.system_attrs.get(RESUMED_KEY, ())}
        under_way.update(number for t in history.voided.values() for number in t.system_attrs.get(RESUMED_KEY, ()))
        for place in left:
            if bisect_left(places, place) >= n_best:
                return None
            number = place[1]
            if number not in self._promoted and number not in under_way and number not in not_these:
                return number
        return None
