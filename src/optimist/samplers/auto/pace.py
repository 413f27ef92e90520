"""What a proposal may cost: a share of what the trials cost themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from optimist.history.history import History
from optimist.history.view import View

SHARE: Final = 0.08
"""Of the trials' time, for costly proposals; with the cheap ones it stays under a tenth."""

_LOADING_S: Final = 0.3  # what the first costly proposal of a process is expected to take
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
    """Keeps the costly proposals of one process within a share of the trials' time.

    Each trial that is begun here earns its share of the mean duration of all trials; a costly proposal spends what it
    takes, and is affordable once what it is expected to take has been earned.
    """

    def __init__(self) -> None:
        self._n_begun = 0
        self._n_costly = 0
        self._spent_s = 0.0
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Pace], tuple[()]]:
        return Pace, ()  # another process has a pace of its own

    def affords(self, view: View) -> bool:
        """Whether the trial that begins now may be proposed at a cost."""
        mean_s = view.tracker(Durations, Durations).mean_s
        with self._lock:
            self._n_begun += 1
            expected_s = _PROPOSAL_S if self._n_costly else _LOADING_S
            return self._spent_s + expected_s <= SHARE * mean_s * self._n_begun

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Note the time of a costly proposal."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._n_costly += 1
                self._spent_s += time.perf_counter() - start
