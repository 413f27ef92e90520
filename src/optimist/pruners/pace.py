"""Time for decisions: a share of the time that goes by, so that quick trials are not held up by what judges them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LOADING_S: Final = 0.3  # what the first decision of a process is expected to take
_DECISION_S: Final = 0.01  # and each later one


class Pace:
    """Keeps the time that decisions take in this process under a share of the time that goes by beside them.

    Args:
        share: Above 0.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._began: float | None = None
        self._spent_s = 0.0
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Pace], tuple[float]]:
        return Pace, (self._share,)  # another process has a pace of its own

    def begin(self) -> None:
        """Begin to count the time that goes by; later calls do nothing."""
        if self._began is None:
            self._began = time.perf_counter()

    def affords(self) -> bool:
        """Whether there is time for a decision now."""
        self.begin()
        assert self._began is not None
        expected_s = _DECISION_S if self._spent_s else _LOADING_S
        return self._spent_s + expected_s <= self._share * (time.perf_counter() - self._began - self._spent_s)

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Note the time of a decision."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._spent_s += time.perf_counter() - start
