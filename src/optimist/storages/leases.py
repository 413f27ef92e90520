"""Leases: how long a worker may be silent before its trial counts as lost, and who can tell.

A server has a clock. Where there is none that all share, a lease is over for those who have watched it long enough:
clocks of different machines differ, and a file has none. What an observer can tell is whether something moved between
two of its own looks, and how long its own monotonic clock says that was ago.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from optimist.history.records import FrozenTrial
from optimist.storages.callbacks import RetryHeartbeatStaleTrialCallback


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """What worker loops hold to.

    Attributes:
        interval_s: How often a worker says that it lives.
        length_s: A trial counts as lost once its worker was silent for so long.
        on_lost: Called with the study and the trial that was given up. One that only queues a retry is not called:
            the retry is queued with the commit that ends the trial.
    """

    interval_s: float = 10.0
    length_s: float = 60.0
    on_lost: Callable[[Any, FrozenTrial], None] | None = field(
        default_factory=lambda: RetryHeartbeatStaleTrialCallback(max_retry=3)
    )


class Lease(NamedTuple):
    """A lease as it stands in the store.

    Attributes:
        length_s: For how long it is good.
        beat: Something that is another with each heartbeat.
    """

    length_s: float
    beat: int


class LeaseWatch:
    """What this process has seen of the leases of others.

    Args:
        clock: Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[int, int], tuple[int, float]] = {}
        self._lock = threading.Lock()

    def is_over(self, study_id: int, number: int, lease: Lease) -> bool:
        """Look at the lease of a trial; say whether it has not moved for its whole length."""
        now = self._clock()
        with self._lock:
            beat, since = self._seen.get((study_id, number), (None, now))
            if beat != lease.beat:
                since = now
            self._seen[study_id, number] = (lease.beat, since)
        return now - since >= lease.length_s

    def forget(self, study_id: int, number: int) -> None:
        """Stop watching a trial that is not running any more."""
        with self._lock:
            self._seen.pop((study_id, number), None)
