"""Storages of Optuna, used as they are: as a store of ours, and as `storage=` of a study."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import optuna
import pytest

import optimist
from optimist.states import TrialState
from optimist.storages.base import Storage
from optimist.storages.foreign import ForeignStorage
from optimist.testing import StorageSuite


class TestOptunasMemoryAsAStore(StorageSuite):
    is_shared: ClassVar[bool] = False
    keeps_objects: ClassVar[bool] = True
    keeps_times: ClassVar[bool] = False
    has_leases: ClassVar[bool] = False
    can_void: ClassVar[bool] = False
    keeps_order: ClassVar[bool] = False

    def make_storage(self, directory: Path) -> Storage:
        return ForeignStorage(optuna.storages.InMemoryStorage())  # type: ignore[arg-type]


def journal(directory: Path) -> Any:
    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(directory / "journal.log")))


STORAGES: dict[str, Callable[[Path], Any]] = {
    "memory": lambda _: optuna.storages.InMemoryStorage(),
    "RDB": lambda directory: optuna.storages.RDBStorage(f"sqlite:///{directory}/optuna.db"),
    "journal": journal,
}


@pytest.fixture(params=list(STORAGES))
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return STORAGES[request.param](tmp_path)


def test_no_trial_can_be_voided(storage: Any) -> None:
    study = optimist.create_study(storage=storage)
    study.optimize(objective, n_trials=1)
    with pytest.raises(optimist.exceptions.UpdateFinishedTrialError, match=r"cannot be voided: .* lets no finished"):
        study.void(0, "r")
    assert study.trials[0].void_reason is None


def objective(trial: Any) -> float:
    x = trial.suggest_float("x", 0, 1)
    n = trial.suggest_int("n", 1, 8, log=True)
    kind = trial.suggest_categorical("kind", ("a", "b", None))
    trial.set_user_attr("note", [1, "two"])
    trial.report(x, 0)
    if trial.number % 4 == 3:
        raise (optimist.TrialPruned if isinstance(trial, optimist.Trial) else optuna.TrialPruned)
    return float(x * n + (kind is None))


def facts(trial: Any) -> tuple[Any, ...]:
    return (
        trial.number,
        trial._trial_id,
        int(trial.state),
        trial.values,
        trial.params,
        {name: str(distribution) for name, distribution in trial.distributions.items()},
        trial.intermediate_values,
        trial.user_attrs,
        trial.datetime_start,
        trial.datetime_complete,
    )


def test_both_libraries_work_on_one_study(storage: Any) -> None:
    theirs = optuna.create_study(study_name="shared", storage=storage, sampler=optuna.samplers.RandomSampler(seed=1))
    theirs.optimize(objective, n_trials=6)
    theirs.enqueue_trial({"x": 0.125, "n": 2, "kind": "b"})
    ours = optimist.load_study(study_name="shared", storage=storage)
    assert ours._storage is storage
    ours.optimize(objective, n_trials=6)
    assert ours.trials[6].params == {"x": 0.125, "n": 2, "kind": "b"}
    theirs.optimize(objective, n_trials=2)
    # A study that was there knows its own times; the storage has those of its own calls.
    again = optimist.load_study(study_name="shared", storage=storage)
    assert [facts(trial) for trial in again.trials] == [facts(trial) for trial in theirs.trials]
    assert [trial.params for trial in ours.trials] == [trial.params for trial in theirs.trials]
    assert ours.best_trial.number == theirs.best_trial.number
    assert [trial.state for trial in ours.trials].count(TrialState.PRUNED) == 3
    summaries = (optimist.get_all_study_summaries(storage), optuna.get_all_study_summaries(storage))
    ((one, two),) = zip(*summaries, strict=True)
    assert (one.study_name, one.n_trials, one.datetime_start) == (two.study_name, two.n_trials, two.datetime_start)


def test_errors_are_ours(storage: Any) -> None:
    study = optimist.create_study(study_name="one", storage=storage)
    with pytest.raises(optimist.exceptions.DuplicatedStudyError):
        optimist.create_study(study_name="one", storage=storage)
    with pytest.raises(optimist.exceptions.StudyNotFoundError):
        optimist.load_study(study_name="none", storage=storage)
    trial = study.ask()
    optuna.load_study(study_name="one", storage=storage).tell(trial.number, 1.0)
    with pytest.raises(ValueError, match="COMPLETE already"):
        study.tell(trial.number, 2.0)
    with pytest.raises(optimist.exceptions.UpdateFinishedTrialError):
        trial.set_user_attr("late", 1)
    optimist.delete_study(study_name="one", storage=storage)
    with pytest.raises(optimist.exceptions.StudyNotFoundError):
        study.ask()


def test_study_in_a_foreign_storage_travels(tmp_path: Path) -> None:
    study = optimist.create_study(storage=STORAGES["RDB"](tmp_path), sampler=optimist.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=2)
    travelled = pickle.loads(pickle.dumps(study))
    travelled.optimize(objective, n_trials=1)
    assert [trial.params for trial in study.trials] == [trial.params for trial in travelled.trials]
    assert len(study.trials) == 3
