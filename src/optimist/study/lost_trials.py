"""The trials of workers that are not heard of any more: ended, and queued again."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from optimist.logging import get_logger
from optimist.states import TrialState
from optimist.storages.callbacks import RetryHeartbeatStaleTrialCallback
from optimist.storages.heartbeat import reclaim_trial, retries_at_once
from optimist.study.ledger import Ledger

_logger = get_logger(__name__)


class HasLedger(Protocol):
    """What is needed of a study."""

    ledger: Ledger


class LostTrials:
    """Looks after the trials of lost workers, for the loops of one study.

    Args:
        study: The study.
    """

    def __init__(self, study: HasLedger) -> None:
        self._study = study
        self._looked_at = -float("inf")
        self._lock = threading.Lock()

    def reclaim_if_due(self) -> None:
        """Do what ``reclaim`` does, unless that was done a moment ago."""
        if time.monotonic() - self._looked_at >= self._study.ledger.storage.leases.interval_s / 2:
            self.reclaim()

    def reclaim(self) -> None:
        """End those whose lease is over; each is queued again, or given to the callback of the storage's settings."""
        ledger = self._study.ledger
        with self._lock:
            self._looked_at = time.monotonic()
            numbers = [draft.number for draft in ledger.foreign_drafts()]
            if not numbers:
                return
            store, study_id = ledger.storage, ledger.record.study_id
            for number in store.expired(study_id, numbers):
                if self._end(number, is_lost=False):
                    _logger.warning("Trial %d fails: its worker has not been heard of for too long.", number)

    def give_up(self, number: int, *, always_retry: bool = False) -> bool:
        """End a running trial whose worker is known to be gone, without waiting for its lease; it is queued again.

        Args:
            number: The trial.
            always_retry: However often it was queued again before: its worker was asked to end, and did not fail.

        Returns:
            Whether it was ended: False if it is not running (any more).
        """
        with self._lock:
            return self._end(number, is_lost=True, always_retry=always_retry)

    def _end(self, number: int, *, is_lost: bool, always_retry: bool = False) -> bool:
        ledger = self._study.ledger
        store, study_id, on_lost = ledger.storage, ledger.record.study_id, ledger.storage.leases.on_lost
        if always_retry and isinstance(on_lost, RetryHeartbeatStaleTrialCallback):
            on_lost = on_lost.without_limit()
        ledger.sync()  # what the worker said last goes into the retry
        trial = ledger.history.trial(number)
        if trial.state != TrialState.RUNNING:
            return False
        if not reclaim_trial(store, study_id, trial, on_lost, is_lost=is_lost):
            return False
        ledger.sync()
        if on_lost is not None and not retries_at_once(on_lost):
            on_lost(self._study, ledger.history.trial(number))
        return True
