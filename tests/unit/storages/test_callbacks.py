from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.distributions import FloatDistribution
from optimist.history.attributes import LEASE_LOST_KEY
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages import (
    InMemoryStorage,
    RDBStorage,
    RetryFailedTrialCallback,
    RetryHeartbeatStaleTrialCallback,
    fail_stale_trials,
)
from optimist.storages.base import Terms
from optimist.storages.heartbeat import reclaim_trial, retries_at_once
from optimist.storages.memory import MemoryStore

FAIL, RUNNING, WAITING = TrialState.FAIL, TrialState.RUNNING, TrialState.WAITING


def lost_trial(number: int = 3, **system_attrs: Any) -> optimist.trial.FrozenTrial:
    trial = optimist.create_trial(
        state=FAIL,
        params={"x": 0.5},
        distributions={"x": FloatDistribution(0, 1)},
        user_attrs={"a": 1},
        system_attrs=system_attrs,
        intermediate_values={0: 1.5},
    )
    trial.number = number
    return trial


def test_retry_is_the_same_trial_again() -> None:
    lost = lost_trial(why="lost")
    retry = RetryHeartbeatStaleTrialCallback().retry_of(lost)
    assert retry is not None
    assert (retry.state, retry.params, retry.user_attrs) == (WAITING, {"x": 0.5}, {"a": 1})
    assert retry.system_attrs == {"why": "lost", "failed_trial": 3, "retry_history": [3]}
    assert retry.intermediate_values == {}
    assert RetryHeartbeatStaleTrialCallback.retried_trial_number(retry) == 3
    assert RetryHeartbeatStaleTrialCallback.retried_trial_number(lost) is None
    assert RetryHeartbeatStaleTrialCallback.retry_history(retry) == [3]
    assert RetryHeartbeatStaleTrialCallback.retry_history(lost) == []
    assert lost.system_attrs == {"why": "lost"}


def test_retry_of_a_retry_knows_the_first() -> None:
    callback = RetryHeartbeatStaleTrialCallback(max_retry=2, inherit_intermediate_values=True)
    first = callback.retry_of(lost_trial(3))
    assert first is not None
    assert first.intermediate_values == {0: 1.5}
    first.number = 7
    second = callback.retry_of(first)
    assert second is not None
    assert second.system_attrs == {"failed_trial": 3, "retry_history": [3, 7]}
    assert first.system_attrs["retry_history"] == [3]
    second.number = 9
    assert callback.retry_of(second) is None
    assert RetryHeartbeatStaleTrialCallback(max_retry=0).retry_of(lost_trial()) is None


def test_callback_queues_the_retry() -> None:
    study = optimist.create_study()
    RetryHeartbeatStaleTrialCallback(max_retry=1)(study, lost_trial(0))
    RetryHeartbeatStaleTrialCallback(max_retry=0)(study, lost_trial(0))
    (trial,) = study.trials
    assert trial.state == WAITING
    running = study.ask()
    assert running.suggest_float("x", 0, 1) == 0.5


def test_former_name_warns() -> None:
    with pytest.warns(FutureWarning, match="RetryHeartbeatStaleTrialCallback"):
        callback = RetryFailedTrialCallback(max_retry=1)
    assert callback.retry_of(lost_trial()) is not None
    assert retries_at_once(callback)


def test_what_does_more_than_retry_is_called() -> None:
    class Mine(RetryHeartbeatStaleTrialCallback):
        def __call__(self, study: Any, trial: Any) -> None: ...

    assert retries_at_once(RetryHeartbeatStaleTrialCallback())
    assert not retries_at_once(Mine())
    assert not retries_at_once(print)
    assert not retries_at_once(None)


def test_reclaimed_trial_and_its_retry_are_one_commit() -> None:
    store = MemoryStore()
    storage_study = store.create_study("study", [StudyDirection.MINIMIZE])
    begun = store.begin_trial(storage_study.study_id, 0, Terms(lease_s=0.01))
    store.write(storage_study.study_id, TrialChange(begun.number, params=[("x", FloatDistribution(0, 1), 0.25)]))
    time.sleep(0.02)
    study = optimist.load_study(study_name="study", storage=store)
    (trial,) = study.trials
    callback = RetryHeartbeatStaleTrialCallback()
    assert reclaim_trial(store, storage_study.study_id, trial, callback)
    assert not reclaim_trial(store, storage_study.study_id, trial, callback)
    failed, retry = study.trials
    assert (failed.state, failed.datetime_complete is None) == (FAIL, False)
    assert (retry.state, retry.params) == (WAITING, {"x": 0.25})
    assert retry.system_attrs == {"failed_trial": 0, "retry_history": [0]}


def test_storages_without_heartbeats_are_left_alone(tmp_path: Path) -> None:
    for storage in (InMemoryStorage(), RDBStorage(f"sqlite:///{tmp_path}/study.db")):
        study = optimist.create_study(storage=storage)
        study.ask()
        fail_stale_trials(study)
        assert [trial.state for trial in study.trials] == [RUNNING]
        storage.store.close()


# With heartbeats


def begin_and_die(study: optimist.Study, storage: RDBStorage) -> int:
    """Begin a trial as a worker with a short lease does, and let the lease run out."""
    begun = storage.store.begin_trial(study._study_id, 0, Terms(lease_s=0.3))
    storage.store.write(study._study_id, TrialChange(begun.number, params=[("x", FloatDistribution(0, 1), 0.25)]))
    deadline = time.monotonic() + 20
    while not storage.stale_trial_ids(study._study_id):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return begun.number


def test_stale_trials_fail_and_are_retried(tmp_path: Path) -> None:
    storage = RDBStorage(
        f"sqlite:///{tmp_path}/study.db",
        heartbeat_interval=1,
        heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=1),
    )
    study = optimist.create_study(storage=storage)
    living = study.ask()
    for expected in ([RUNNING, FAIL, WAITING], [RUNNING, FAIL, FAIL]):
        begin_and_die(study, storage)
        fail_stale_trials(study)
        fail_stale_trials(study)
        assert [trial.state for trial in study.trials] == expected
    retry = study.trials[2]
    assert RetryHeartbeatStaleTrialCallback.retry_history(retry) == [1]
    study.tell(living, 1.0)
    storage.store.close()


def test_callback_is_called_with_the_failed_trial(tmp_path: Path) -> None:
    called: list[tuple[Any, Any]] = []
    storage = RDBStorage(
        f"sqlite:///{tmp_path}/study.db",
        heartbeat_interval=1,
        heartbeat_stale_trial_callback=lambda study, trial: called.append((study, trial)),
    )
    study = optimist.create_study(storage=storage)
    number = begin_and_die(study, storage)
    fail_stale_trials(study)
    ((with_study, trial),) = called
    assert with_study is study
    assert (trial.number, trial.state, trial.params) == (number, FAIL, {"x": 0.25})
    storage.store.close()


def test_heartbeat_keeps_a_trial(tmp_path: Path) -> None:
    storage = RDBStorage(f"sqlite:///{tmp_path}/study.db", heartbeat_interval=1)
    study = optimist.create_study(storage=storage)
    begin_and_die(study, storage)
    (trial,) = study.trials
    storage.record_heartbeat(trial._trial_id)
    assert storage.fail_stale_trial(trial._trial_id) is None
    assert storage.get_trial(trial._trial_id).state == RUNNING
    storage.store.close()


def test_what_became_of_the_trial_is_not_said_of_its_retry() -> None:
    retry = RetryHeartbeatStaleTrialCallback().retry_of(lost_trial(**{LEASE_LOST_KEY: True, "kept": 1}))
    assert retry is not None
    assert LEASE_LOST_KEY not in retry.system_attrs
    assert retry.system_attrs["kept"] == 1
