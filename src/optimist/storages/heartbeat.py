"""Heartbeats: how the trials of dead workers are found, as Optuna's names have it; leases are what they stand on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from optimist.exceptions import UpdateFinishedTrialError, warn_user
from optimist.history.attributes import LEASE_LOST_KEY, RESUMED_KEY
from optimist.history.draft import TrialChange
from optimist.history.history import change_of
from optimist.history.records import FrozenTrial
from optimist.states import TrialState
from optimist.storages.base import Storage
from optimist.storages.base_storage import BaseStorage
from optimist.storages.callbacks import RetryHeartbeatStaleTrialCallback
from optimist.storages.memory import now_us

StaleTrialCallback = Callable[[Any, FrozenTrial], None]
"""Called with the study and a trial that was given up."""


class BaseHeartbeat(ABC):
    """What a storage offers, beside ``BaseStorage``, if it can tell whose workers are not heard of any more."""

    @abstractmethod
    def record_heartbeat(self, trial_id: int) -> None:
        """Say that the worker of a trial lives."""

    @abstractmethod
    def stale_trial_ids(self, study_id: int) -> list[int]:
        """The running trials whose worker has not been heard of for too long."""

    @abstractmethod
    def fail_stale_trial(self, trial_id: int) -> FrozenTrial | None:
        """End such a trial; None if its worker was heard of meanwhile, or somebody else has ended it.

        If the callback is a ``RetryHeartbeatStaleTrialCallback``, its retry is queued with the same commit.
        """

    @abstractmethod
    def get_heartbeat_interval(self) -> int | None:
        """How often the worker of a trial is to be heard of, in seconds; None if there are no heartbeats."""

    @abstractmethod
    def get_heartbeat_stale_trial_callback(self) -> StaleTrialCallback | None:
        """What to call with each trial that was given up."""

    def get_failed_trial_callback(self) -> StaleTrialCallback | None:
        """The former name of ``get_heartbeat_stale_trial_callback``."""
        warn_user(
            "get_failed_trial_callback() is deprecated since Optuna 4.9.0; use get_heartbeat_stale_trial_callback().",
            FutureWarning,
        )
        return self.get_heartbeat_stale_trial_callback()


class StudyInStorage(Protocol):
    """What ``fail_stale_trials`` needs of a study."""

    @property
    def _storage(self) -> BaseStorage:
        """Where it lives."""

    @property
    def _study_id(self) -> int:
        """Its id there."""


def fail_stale_trials(study: StudyInStorage) -> None:
    """Fail the running trials whose worker has not been heard of for too long, and call the storage's callback.

    Does nothing if the storage has no heartbeats. ``optimize`` does the same when it asks for a trial. A database server
    says by its own clock how long ago a heartbeat was; for a file, the first call begins to watch, and later ones find
    what has not moved since.

    Args:
        study: The study to look at.
    """
    storage = study._storage
    if not isinstance(storage, BaseHeartbeat) or storage.get_heartbeat_interval() is None:
        return
    found = [storage.fail_stale_trial(trial_id) for trial_id in storage.stale_trial_ids(study._study_id)]
    callback = storage.get_heartbeat_stale_trial_callback()
    if callback is None or retries_at_once(callback):
        return
    for trial in found:
        if trial is not None:
            callback(study, trial)


def retries_at_once(callback: StaleTrialCallback | None) -> bool:
    """Whether all that a callback does is to queue a retry, which the store can do in the commit that ends the trial."""
    return isinstance(callback, RetryHeartbeatStaleTrialCallback) and (
        type(callback).__call__ is RetryHeartbeatStaleTrialCallback.__call__
    )


def reclaim_trial(
    store: Storage,
    study_id: int,
    trial: FrozenTrial,
    callback: StaleTrialCallback | None = None,
    *,
    is_lost: bool = False,
) -> bool:
    """End a trial whose lease is over; a retry is queued with the same commit if that is what the callback does.

    Args:
        store: Where the study lives.
        study_id: The study.
        trial: The trial, as it is known.
        callback: What the user wants to happen; it is not called.
        is_lost: The worker is known to be gone, whatever the lease says.

    Returns:
        Whether it was ended.
    """
    note: dict[str, Any] = {LEASE_LOST_KEY: True}
    if RESUMED_KEY in trial.system_attrs:
        note[RESUMED_KEY] = trial.system_attrs[RESUMED_KEY]
    end = TrialChange(trial.number, state=TrialState.FAIL, completed_us=now_us(), system_attrs=note)
    retry = None
    if isinstance(callback, RetryHeartbeatStaleTrialCallback) and retries_at_once(callback):
        retry = callback.retry_of(trial)
    try:
        return store.reclaim(study_id, end, None if retry is None else change_of(retry), is_lost=is_lost)
    except UpdateFinishedTrialError:
        return False
