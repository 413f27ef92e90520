"""What proposals may cost: a share of what the trials cost themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from optimist.history.history import History
from optimist.history.view import View

SHARE: Final = 0.08
"""Of the trials' own time, for proposals; with all else that a trial costs it stays below a tenth."""

_LOADING_S: Final = 0.25  # what the first costly proposal of a process is expected to take
_PROPOSAL_S: Final = 0.02  # and each later one


class Durations:
    """The time from start to end of all finished trials, as a tracker of the history."""

    def __init__(self) -> None:
        self._n_seen = 0
        self._n_known = 0
        self._total_us = 0

    def advance(self, history: History, n: int) -> None:
        started, completed = history.started_us.data, history.completed_us.data
        for row in range(self._n_seen, n):
            if 0 <= started[row] <= completed[row]:
                self._n_known += 1
                self._total_us += completed[row] - started[row]
        self._n_seen = max(self._n_seen, n)

    @property
    def mean_s(self) -> float:
        """Seconds a trial; 0 while none is known."""
        return self._total_us / self._n_known / 1e6 if self._n_known else 0.0


class Pace:
    """Keeps the time that one process takes for proposals under a share of the time that its trials take.

    Each trial that is begun here counts with the mean duration of all trials, less what its proposal took. A costly
    proposal is affordable if with it the share is kept. Cheap ones are made in any case, and count as well.
    """

    def __init__(self) -> None:
        self._n_begun = 0
        self._spent_s = 0.0
        self._has_loaded = False
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Pace], tuple[()]]:
        return Pace, ()  # another process has a pace of its own

    def affords(self, view: View) -> bool:
        """Whether the trial that begins now may be proposed at a cost."""
        mean_s = view.tracker(Durations, Durations).mean_s
        with self._lock:
            self._n_begun += 1
            trials_s = mean_s * self._n_begun - self._spent_s
            expected_s = _PROPOSAL_S if self._has_loaded else _LOADING_S
            return self._spent_s + expected_s <= SHARE * trials_s

    @contextmanager
    def spending(self, *, is_costly: bool) -> Iterator[None]:
        """Note the time of a proposal."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._has_loaded |= is_costly
                self._spent_s += time.perf_counter() - start
