from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import pytest

import optimist
from optimist.distributions import BaseDistribution, FloatDistribution
from optimist.exceptions import BudgetSpentError, StudyNotFoundError, TrialNotFoundError, UpdateFinishedTrialError
from optimist.history.draft import StudyChange, TrialChange
from optimist.samplers import RandomSampler
from optimist.states import StudyDirection, TrialState
from optimist.storages import BaseStorage, InMemoryStorage
from optimist.storages.base import Terms
from optimist.storages.base_storage import FrozenStudy
from optimist.storages.foreign import ForeignStorage
from optimist.storages.open import open_face, open_storage
from optimist.trial import FrozenTrial

COMPLETE, FAIL, RUNNING, WAITING = TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING, TrialState.WAITING


class Mine(BaseStorage):
    """A storage as a user may have written it: the abstract methods and no more; plain errors."""

    def __init__(self) -> None:
        self.studies: dict[int, FrozenStudy] = {}
        self.trials: dict[int, FrozenTrial] = {}
        self.study_of: dict[int, int] = {}

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        study_id = len(self.studies)
        name = f"study {study_id}" if study_name is None else study_name
        if any(study.study_name == name for study in self.studies.values()):
            raise optimist.exceptions.DuplicatedStudyError
        self.studies[study_id] = FrozenStudy(name, None, {}, {}, study_id, directions=directions)
        return study_id

    def delete_study(self, study_id: int) -> None:
        del self.studies[study_id]
        self.trials = {i: trial for i, trial in self.trials.items() if self.study_of[i] != study_id}

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self.studies[study_id].user_attrs[key] = value

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self.studies[study_id].system_attrs[key] = value

    def get_study_id_from_name(self, study_name: str) -> int:
        return {study.study_name: study._study_id for study in self.studies.values()}[study_name]

    def get_study_name_from_id(self, study_id: int) -> str:
        return self.studies[study_id].study_name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self.studies[study_id].directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self.studies[study_id].user_attrs

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self.studies[study_id].system_attrs

    def get_all_studies(self) -> list[FrozenStudy]:
        return list(self.studies.values())

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        self.get_study_name_from_id(study_id)
        trial = template_trial or optimist.create_trial(state=RUNNING)
        trial._trial_id = 100 + len(self.study_of)
        trial.number = sum(1 for i in self.trials if self.study_of[i] == study_id)
        self.study_of[trial._trial_id] = study_id
        self.trials[trial._trial_id] = trial
        return trial._trial_id

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        self._open(trial_id).params[param_name] = distribution.to_external_repr(param_value_internal)
        self.trials[trial_id].distributions[param_name] = distribution

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        trial = self._open(trial_id)
        if state == RUNNING and trial.state != WAITING:
            return False
        trial.state, trial.values = state, values
        return True

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        self._open(trial_id).intermediate_values[step] = intermediate_value

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._open(trial_id).user_attrs[key] = value

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._open(trial_id).system_attrs[key] = value

    def get_trial(self, trial_id: int) -> FrozenTrial:
        return self.trials[trial_id]

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        self.get_study_name_from_id(study_id)
        return [
            trial
            for i, trial in self.trials.items()
            if self.study_of[i] == study_id and (states is None or trial.state in states)
        ]

    def _open(self, trial_id: int) -> FrozenTrial:
        self.check_trial_is_updatable(trial_id, self.trials[trial_id].state)
        return self.trials[trial_id]


@pytest.fixture
def mine() -> Mine:
    return Mine()


@pytest.fixture
def store(mine: Mine) -> ForeignStorage:
    return ForeignStorage(mine)


def test_study_works_on_a_storage_of_ones_own(mine: Mine) -> None:
    study = optimist.create_study(study_name="study", storage=mine, direction="maximize")
    study.enqueue_trial({"x": 0.75})

    def objective(trial: optimist.Trial) -> float:
        trial.set_user_attr("note", trial.number)
        x = trial.suggest_float("x", 0, 1)
        trial.report(x, 0)
        if trial.number == 3:
            raise optimist.TrialPruned
        return x

    study.optimize(objective, n_trials=5)
    study.set_user_attr("whose", "mine")
    assert study._storage is mine
    assert [trial.params for trial in mine.trials.values()] == [trial.params for trial in study.trials]
    assert study.trials[0].params == {"x": 0.75}
    assert mine.get_best_trial(0).value == study.best_value
    assert mine.get_n_trials(0, COMPLETE) == 4
    assert mine.get_study_user_attrs(0) == {"whose": "mine"}
    again = optimist.load_study(study_name="study", storage=mine)
    assert [trial.number for trial in again.trials] == list(range(5))
    assert again.user_attrs == {"whose": "mine"}
    with pytest.raises(optimist.exceptions.DuplicatedStudyError, match="'study'"):
        optimist.create_study(study_name="study", storage=mine)


def test_methods_that_a_storage_inherits(mine: Mine) -> None:
    study_id = mine.create_new_study([StudyDirection.MINIMIZE])
    trial_id = mine.create_new_trial(study_id)
    mine.set_trial_param(trial_id, "x", 0.5, FloatDistribution(0, 1))
    assert mine.get_trial_id_from_study_id_trial_number(study_id, 0) == trial_id
    assert mine.get_trial_number_from_id(trial_id) == 0
    assert mine.get_trial_param(trial_id, "x") == 0.5
    assert mine.get_trial_params(trial_id) == {"x": 0.5}
    mine.remove_session()
    with pytest.raises(KeyError):
        mine.get_trial_id_from_study_id_trial_number(study_id, -1)
    with pytest.raises(ValueError, match="completed"):
        mine.get_best_trial(study_id)
    mine.set_trial_state_values(trial_id, FAIL)
    with pytest.raises(UpdateFinishedTrialError):
        mine.set_trial_user_attr(trial_id, "a", 1)


def test_named_metrics_have_a_place(mine: Mine) -> None:
    study = optimist.create_study(study_name="study", storage=mine, sampler=RandomSampler(0))
    trial = study.ask()
    trial.report({"loss": 2.5, "accuracy": 0.5}, 0)
    trial.report({"loss": 1.5, "seconds": 0.25}, 1)
    study.tell(trial, 1.0)
    study.add_trial(study.trials[0])
    rows = {0: {"loss": 2.5, "accuracy": 0.5}, 1: {"loss": 1.5, "seconds": 0.25}}
    loaded = optimist.load_study(study_name="study", storage=mine)
    assert [trial.intermediate_metrics for trial in loaded.trials] == [rows, rows]
    assert [trial.system_attrs for trial in loaded.trials] == [{}, {}]


def test_changes_made_behind_our_back_are_seen(mine: Mine, store: ForeignStorage) -> None:
    study_id = store.create_study("study", [StudyDirection.MINIMIZE]).study_id
    number = store.begin_trial(study_id, 0).number
    cursor = store.changes_since(study_id, 0).cursor
    trial_id = mine.get_trial_id_from_study_id_trial_number(study_id, number)
    notes = [1]
    mine.set_trial_user_attr(trial_id, "notes", notes)
    (change,) = store.changes_since(study_id, cursor).changes
    assert isinstance(change, TrialChange)
    cursor = store.changes_since(study_id, cursor).cursor
    notes.append(2)  # in place, as a storage should not
    delta = store.changes_since(study_id, cursor)
    assert len(delta.changes) == 1
    mine.set_study_user_attr(study_id, "a", 1)
    assert list(store.changes_since(study_id, delta.cursor).changes) == [StudyChange({"a": 1})]


def test_errors_are_ours(mine: Mine, store: ForeignStorage) -> None:
    study_id = store.create_study("study", [StudyDirection.MINIMIZE]).study_id
    for call in (
        lambda: store.load_study("none"),
        lambda: store.changes_since(7, 0),
        lambda: store.add_trials(7, [TrialChange(state=FAIL)]),
        lambda: store.write(7, TrialChange(0)),
    ):
        with pytest.raises(StudyNotFoundError):
            call()
    for number in (0, -1):
        with pytest.raises(TrialNotFoundError):
            store.write(study_id, TrialChange(number, state=FAIL))
    number = store.begin_trial(study_id, 0).number
    trial = mine.get_trial(mine.get_trial_id_from_study_id_trial_number(study_id, number))

    class Racing(Mine):
        def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
            self.trials[trial_id].state = FAIL  # somebody else was faster
            super().set_trial_user_attr(trial_id, key, value)

    mine.__class__ = Racing
    with pytest.raises(UpdateFinishedTrialError, match="finished"):
        store.write(study_id, TrialChange(number, user_attrs={"a": 1}))
    assert trial.state == FAIL


def test_there_are_no_leases(store: ForeignStorage) -> None:
    study_id = store.create_study("study", [StudyDirection.MINIMIZE]).study_id
    number = store.begin_trial(study_id, 0, Terms(lease_s=0.0, total_trials=1)).number
    store.heartbeat(study_id, [number])
    assert store.expired(study_id, [number]) == []
    assert not store.reclaim(study_id, TrialChange(number, state=FAIL))
    with pytest.raises(BudgetSpentError):
        store.begin_trial(study_id, 0, Terms(total_trials=1))
    store.close()


def test_what_is_opened(mine: Mine) -> None:
    opened = open_storage(mine)
    assert isinstance(opened, ForeignStorage)
    assert opened.storage is mine
    face, store = open_face(mine)
    assert face is mine
    assert isinstance(store, ForeignStorage)
    ours = InMemoryStorage()
    assert open_storage(ours) is ours.store
    assert open_face(ours) == (ours, ours.store)

    class Alike:
        """Has the methods, inherits nothing."""

        def __getattr__(self, name: str) -> Any:
            return getattr(mine, name)

    study = optimist.create_study(study_name="alike", storage=Alike())  # type: ignore[arg-type]
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert len(study.trials) == 2
    for nothing in (object(), Mine, InMemoryStorage):
        with pytest.raises(TypeError, match="a URL, a file name or a storage"):
            open_storage(nothing)  # type: ignore[arg-type]
