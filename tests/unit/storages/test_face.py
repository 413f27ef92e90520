from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import (
    DuplicatedStudyError,
    InvalidSpaceError,
    StudyNotFoundError,
    TrialNotFoundError,
    UpdateFinishedTrialError,
)
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages import BaseStorage, InMemoryStorage, RDBStorage
from optimist.storages.base import Delta
from optimist.storages.base_storage import FrozenStudy
from optimist.storages.face import StorageFace
from optimist.storages.memory import MemoryStore

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
RUNNING, COMPLETE, FAIL, WAITING = TrialState.RUNNING, TrialState.COMPLETE, TrialState.FAIL, TrialState.WAITING
X = FloatDistribution(0.0, 1.0)


@pytest.fixture(params=["memory", "stored"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StorageFace]:
    face = InMemoryStorage() if request.param == "memory" else RDBStorage(f"sqlite:///{tmp_path}/study.db")
    yield face
    face.store.close()


@pytest.fixture
def study_id(storage: StorageFace) -> int:
    return storage.create_new_study([MINIMIZE], "study")


def finish(storage: StorageFace, study_id: int, value: float, **attrs: float) -> int:
    trial_id = storage.create_new_trial(study_id)
    for key, attr in attrs.items():
        storage.set_trial_system_attr(trial_id, f"constraints:{key}", attr)
    assert storage.set_trial_state_values(trial_id, COMPLETE, [value])
    return trial_id


# Studies


def test_studies(storage: StorageFace) -> None:
    one = storage.create_new_study([MAXIMIZE], "one")
    two = storage.create_new_study([MINIMIZE, MAXIMIZE])
    storage.set_study_user_attr(one, "a", [1])
    storage.set_study_system_attr(one, "a", {"b": 2})
    assert storage.get_study_id_from_name("one") == one
    assert storage.get_study_name_from_id(two).startswith("no-name-")
    assert storage.get_study_directions(two) == [MINIMIZE, MAXIMIZE]
    for _ in range(2):  # before and after the study was read
        assert storage.get_study_user_attrs(one) == {"a": [1]}
        assert storage.get_study_system_attrs(one) == {"a": {"b": 2}}
        assert storage.get_all_trials(one) == []
    found = storage.get_all_studies()
    assert [(study._study_id, study.study_name) for study in found] == [(one, "one"), (two, found[1].study_name)]
    assert (found[0].direction, found[0].user_attrs, found[0].system_attrs) == (MAXIMIZE, {"a": [1]}, {"a": {"b": 2}})
    with pytest.raises(DuplicatedStudyError):
        storage.create_new_study([MINIMIZE], "one")


def test_deleted_study_is_gone(storage: StorageFace, study_id: int) -> None:
    trial_id = storage.create_new_trial(study_id)
    storage.delete_study(study_id)
    assert storage.get_all_studies() == []
    with pytest.raises(KeyError):
        storage.get_all_trials(study_id)
    with pytest.raises(KeyError):
        storage.get_trial_number_from_id(trial_id)
    with pytest.raises(KeyError):
        storage.set_trial_user_attr(trial_id, "a", 1)
    with pytest.raises(KeyError):
        storage.delete_study(study_id)


def test_study_deleted_by_others_is_noticed(storage: StorageFace, study_id: int) -> None:
    trial_id = storage.create_new_trial(study_id)
    storage.store.delete_study(study_id)
    for question in (storage.get_study_name_from_id, storage.get_all_trials, storage.get_study_user_attrs):
        with pytest.raises(StudyNotFoundError):
            question(study_id)
    with pytest.raises(KeyError):
        storage.get_trial(trial_id)


def test_study_deleted_while_all_are_listed() -> None:
    class Late(MemoryStore):
        def summary(self, study_id: int) -> Any:
            if study_id == 0:
                raise StudyNotFoundError("gone")
            return super().summary(study_id)

    storage = StorageFace(Late())
    ids = [storage.create_new_study([MINIMIZE]) for _ in range(2)]
    assert [study._study_id for study in storage.get_all_studies()] == ids[1:]


def test_frozen_study() -> None:
    one = FrozenStudy("one", MAXIMIZE, {}, {}, 1)
    two = FrozenStudy("two", None, {}, {}, 2, directions=[MINIMIZE, MAXIMIZE])
    assert one.direction == MAXIMIZE
    assert two.directions == [MINIMIZE, MAXIMIZE]
    assert one == copy.deepcopy(one) != two
    assert one < two
    assert one <= one
    assert "two" in repr(two)
    with pytest.raises(RuntimeError, match="several objectives"):
        _ = two.direction
    with pytest.raises(ValueError, match="one of"):
        FrozenStudy("none", None, {}, {}, 3)


# Trials


def test_life_of_a_trial(storage: StorageFace, study_id: int) -> None:
    trial_id = storage.create_new_trial(study_id)
    storage.set_trial_param(trial_id, "x", 0.25, X)
    storage.set_trial_param(trial_id, "n", 3.0, IntDistribution(1, 9))
    storage.set_trial_param(trial_id, "kind", 1.0, CategoricalDistribution(("a", "b")))
    storage.set_trial_intermediate_value(trial_id, 0, 1.5)
    storage.set_trial_intermediate_value(trial_id, 0, 2.5)
    storage.set_trial_user_attr(trial_id, "note", [1])
    storage.set_trial_system_attr(trial_id, "note", {"a": 1})
    before = storage.get_trial(trial_id)
    assert storage.set_trial_state_values(trial_id, COMPLETE, (7,))
    trial = storage.get_trial(trial_id)
    assert (before.state, trial.state) == (RUNNING, COMPLETE)
    assert repr(trial.params) == repr({"x": 0.25, "n": 3, "kind": "b"})
    assert trial.values == [7.0]
    assert trial.intermediate_values == {0: 2.5}
    assert (trial.user_attrs, trial.system_attrs) == ({"note": [1]}, {"note": {"a": 1}})
    assert trial.datetime_start is not None
    assert trial.datetime_complete is not None
    assert trial.datetime_start <= trial.datetime_complete
    assert storage.get_trial_param(trial_id, "kind") == 1
    assert storage.get_trial_params(trial_id) == trial.params
    assert storage.get_trial_user_attrs(trial_id) == trial.user_attrs
    assert storage.get_trial_system_attrs(trial_id) == trial.system_attrs
    assert storage.get_trial_id_from_study_id_trial_number(study_id, 0) == trial_id


def test_finished_trials_do_not_change(storage: StorageFace, study_id: int) -> None:
    trial_id = finish(storage, study_id, 1.0)
    for change in (
        lambda: storage.set_trial_param(trial_id, "x", 0.5, X),
        lambda: storage.set_trial_state_values(trial_id, RUNNING),
        lambda: storage.set_trial_state_values(trial_id, WAITING),
        lambda: storage.set_trial_state_values(trial_id, FAIL),
        lambda: storage.set_trial_intermediate_value(trial_id, 0, 1.0),
        lambda: storage.set_trial_user_attr(trial_id, "a", 1),
        lambda: storage.set_trial_system_attr(trial_id, "a", 1),
        lambda: storage.check_trial_is_updatable(trial_id, COMPLETE),
    ):
        with pytest.raises(UpdateFinishedTrialError, match="Trial 0 is COMPLETE"):
            change()
    storage.check_trial_is_updatable(trial_id, RUNNING)


def test_unknown_ids(storage: StorageFace, study_id: int) -> None:
    trial_id = storage.create_new_trial(study_id)
    for unknown in (trial_id + 1, -1):
        with pytest.raises(TrialNotFoundError):
            storage.get_trial(unknown)
        with pytest.raises(TrialNotFoundError):
            storage.set_trial_state_values(unknown, FAIL)
    for number in (1, -1):
        with pytest.raises(TrialNotFoundError):
            storage.get_trial_id_from_study_id_trial_number(study_id, number)
    with pytest.raises(StudyNotFoundError):
        storage.create_new_trial(study_id + 1)


def test_parameter_keeps_its_kind_and_its_value(storage: StorageFace, study_id: int) -> None:
    one, two = (storage.create_new_trial(study_id) for _ in range(2))
    storage.set_trial_param(one, "x", 0.25, X)
    storage.set_trial_param(one, "x", 0.25, X)
    with pytest.raises(ValueError, match=r"'x' with the value 0\.25 already"):
        storage.set_trial_param(one, "x", 0.75, X)
    with pytest.raises(InvalidSpaceError):
        storage.set_trial_param(two, "x", 1, IntDistribution(0, 3))
    template = optimist.create_trial(value=1.0, params={"x": 1}, distributions={"x": IntDistribution(0, 3)})
    with pytest.raises(InvalidSpaceError):
        storage.create_new_trial(study_id, template)
    storage.set_trial_param(two, "x", 5.0, FloatDistribution(0.0, 9.0))  # ranges may change
    assert [trial.params for trial in storage.get_all_trials(study_id)] == [{"x": 0.25}, {"x": 5.0}]


def test_values_must_fit_the_study(storage: StorageFace, study_id: int) -> None:
    trial_id = storage.create_new_trial(study_id)
    with pytest.raises(ValueError, match="1 objective"):
        storage.set_trial_state_values(trial_id, COMPLETE, [1.0, 2.0])
    with pytest.raises(ValueError, match="1 objective"):
        storage.create_new_trial(study_id, optimist.create_trial(values=[1.0, 2.0]))
    assert storage.get_trial(trial_id).state == RUNNING
    assert storage.get_n_trials(study_id) == 1


def test_waiting_trial_is_claimed_once(storage: StorageFace, study_id: int) -> None:
    trial_id = storage.create_new_trial(study_id, optimist.create_trial(state=WAITING, user_attrs={"a": 1}))
    assert storage.set_trial_state_values(trial_id, WAITING)
    assert storage.get_trial(trial_id).datetime_start is None
    barrier, claimed = threading.Barrier(4), []

    def claim() -> None:
        barrier.wait()
        claimed.append(storage.set_trial_state_values(trial_id, RUNNING))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [False, False, False, True]
    assert storage.get_trial(trial_id).datetime_start is not None
    assert not storage.set_trial_state_values(trial_id, WAITING)  # a running trial keeps running
    assert storage.get_trial(trial_id).state == RUNNING


def test_counts_and_states(storage: StorageFace, study_id: int) -> None:
    finish(storage, study_id, 1.0)
    storage.create_new_trial(study_id)
    assert storage.get_n_trials(study_id) == 2
    assert storage.get_n_trials(study_id, COMPLETE) == 1
    assert storage.get_n_trials(study_id, (COMPLETE, RUNNING, RUNNING)) == 2
    assert storage.get_n_trials(study_id, ()) == 0
    assert [t.number for t in storage.get_all_trials(study_id, states=(RUNNING,))] == [1]
    assert BaseStorage.get_n_trials(storage, study_id, COMPLETE) == 1


def test_what_is_returned_is_the_callers_own(storage: StorageFace, study_id: int) -> None:
    trial_id = storage.create_new_trial(study_id)
    storage.set_trial_user_attr(trial_id, "a", [1])
    storage.set_trial_state_values(trial_id, COMPLETE, [1.0])
    storage.get_all_trials(study_id)[0].user_attrs["a"].append(2)
    storage.get_all_studies()[0].user_attrs["b"] = 1
    storage.get_study_user_attrs(study_id)["b"] = 1
    assert storage.get_trial(trial_id).user_attrs == {"a": [1]}
    assert storage.get_study_user_attrs(study_id) == {}
    shared = storage.get_all_trials(study_id, deepcopy=False)
    assert shared[0] is storage.get_all_trials(study_id, deepcopy=False)[0]


def test_best_trial(storage: StorageFace, study_id: int) -> None:
    with pytest.raises(ValueError, match="completed"):
        storage.get_best_trial(study_id)
    best = finish(storage, study_id, 2.0)
    finish(storage, study_id, 2.0)
    finish(storage, study_id, 3.0)
    assert storage.get_best_trial(study_id)._trial_id == best
    infeasible = finish(storage, study_id, 1.0, c=1.0)
    assert storage.get_best_trial(study_id)._trial_id == infeasible  # storages know of no constraints; studies do
    assert optimist.load_study(study_name="study", storage=storage).best_trial._trial_id == best
    several = storage.create_new_study([MINIMIZE, MINIMIZE])
    with pytest.raises(RuntimeError, match="several objectives"):
        storage.get_best_trial(several)


# Reading on


class Counting(MemoryStore):
    """A store that is read through its changes, and counts them."""

    n_changes = 0

    def changes_since(self, study_id: int, cursor: int) -> Delta:
        delta = super().changes_since(study_id, cursor)
        self.n_changes += len(delta.changes)
        return delta


def test_a_question_costs_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimist.storages.face.MemoryStore", type("Nothing", (), {}))  # read it like any other
    store = Counting()
    storage = StorageFace(store)
    study_id = storage.create_new_study([MINIMIZE])
    store.add_trials(study_id, [TrialChange(state=FAIL) for _ in range(500)])
    assert len(storage.get_all_trials(study_id)) == 500
    before = store.n_changes
    for _ in range(10):
        trial_id = storage.create_new_trial(study_id)
        storage.set_trial_param(trial_id, "x", 0.5, X)
        storage.set_trial_state_values(trial_id, COMPLETE, [1.0])
        storage.get_trial(trial_id)
        assert storage.get_n_trials(study_id, FAIL) == 500
        storage.get_best_trial(study_id)
    assert store.n_changes - before <= 10 * 4


def test_faces_see_each_other(tmp_path: Path) -> None:
    one, two = (RDBStorage(f"sqlite:///{tmp_path}/study.db") for _ in range(2))
    study_id = one.create_new_study([MINIMIZE], "study")
    for i in range(4):
        trial_id = (one, two)[i % 2].create_new_trial(study_id)
        (two, one)[i % 2].set_trial_param(trial_id, "x", i / 4, X)
        (one, two)[i % 2].set_trial_state_values(trial_id, COMPLETE, [float(i)])
        assert one.get_all_trials(study_id) == two.get_all_trials(study_id)
    one.store.close()
    two.store.close()


# Studies on faces


def test_study_knows_its_storage(storage: StorageFace) -> None:
    study = optimist.create_study(storage=storage)
    assert study._storage is storage
    trial = study.ask({"x": X})
    assert study._storage.get_trial(trial._trial_id).params == trial.params
    storage.set_trial_user_attr(trial._trial_id, "from", "outside")
    study.tell(trial, 1.0)
    (seen,) = study._storage.get_all_trials(study._study_id)
    assert seen.user_attrs == {"from": "outside"}
    assert study.trials == [seen]


@pytest.mark.parametrize("named", [None, "study.db"])
def test_every_study_has_a_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str | None) -> None:
    monkeypatch.chdir(tmp_path)
    study = optimist.create_study(storage=named)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    assert study._storage.get_n_trials(study._study_id, COMPLETE) == 3
    assert study._storage is study._storage
    assert optimist.get_all_study_names(study._storage) == [study.study_name]


def test_storages_travel_with_their_studies(storage: StorageFace) -> None:
    study = optimist.create_study(storage=storage)
    study.ask()
    travelled = pickle.loads(pickle.dumps(study))
    travelled.ask()
    assert travelled._storage.store is travelled.ledger.storage
    assert travelled._storage.get_n_trials(study._study_id) == len(travelled.trials) == 2
    again = pickle.loads(pickle.dumps(storage))
    assert type(again) is type(storage)
    assert again.get_all_trials(study._study_id)[0].state == RUNNING
    again.store.close()
    travelled._storage.store.close()
