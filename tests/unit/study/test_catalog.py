"""Studies are made, found, copied, listed and deleted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.exceptions import DuplicatedStudyError, StudyNotFoundError
from optimist.pruners import MedianPruner
from optimist.states import StudyDirection, TrialState
from optimist.storages import InMemoryStorage
from optimist.storages.memory import MemoryStore
from optimist.study.catalog import to_direction
from tests.unit.study.conftest import MakeStudy, states, suggest_all

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


def storage_of(make_study: MakeStudy) -> Any:
    return make_study(study_name="first").ledger.storage


@pytest.mark.parametrize(
    ("arguments", "directions"),
    [
        ({}, [MINIMIZE]),
        ({"direction": "minimize"}, [MINIMIZE]),
        ({"direction": "maximize"}, [MAXIMIZE]),
        ({"direction": MAXIMIZE}, [MAXIMIZE]),
        ({"directions": ["maximize"]}, [MAXIMIZE]),
        ({"directions": ("minimize", MAXIMIZE)}, [MINIMIZE, MAXIMIZE]),
    ],
    ids=repr,
)
def test_directions(make_study: MakeStudy, arguments: dict[str, Any], directions: list[StudyDirection]) -> None:
    study = make_study(**arguments)
    assert study.directions == directions
    assert make_study(study_name=study.study_name, load_if_exists=True).directions == directions


@pytest.mark.parametrize(
    "arguments",
    [
        {"direction": "up"},
        {"direction": "MINIMIZE"},
        {"direction": ""},
        {"direction": 1},
        {"direction": StudyDirection.NOT_SET},
        {"directions": []},
        {"directions": ["minimize", "up"]},
        {"directions": "minimize"},
        {"direction": "minimize", "directions": ["minimize"]},
    ],
    ids=repr,
)
def test_directions_that_are_none(make_study: MakeStudy, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="direction"):
        make_study(**arguments)


def test_to_direction() -> None:
    assert to_direction("maximize") is MAXIMIZE
    assert to_direction(MINIMIZE) is MINIMIZE


def test_names_are_unique(make_study: MakeStudy) -> None:
    study = make_study(study_name="a")
    study.optimize(suggest_all, n_trials=1)
    with pytest.raises(DuplicatedStudyError, match="'a'"):
        make_study(study_name="a")
    assert len(make_study(study_name="a", load_if_exists=True).trials) == 1
    assert len(make_study(study_name="A").trials) == 0
    assert make_study().study_name != make_study().study_name
    assert make_study(study_name="").study_name == ""


@pytest.mark.parametrize("name", ["a\0b", "x" * 513])
def test_names_that_not_every_store_can_hold(make_study: MakeStudy, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        make_study(study_name=name)


@pytest.mark.parametrize("name", ["é 世界", "x" * 512, "with 'quotes' \"and\" %", "../up"])
def test_names_that_every_store_holds(make_study: MakeStudy, name: str) -> None:
    assert optimist.get_all_study_names(make_study(study_name=name).ledger.storage) == [name]


def test_a_name_that_is_no_text(make_study: MakeStudy) -> None:
    with pytest.raises(TypeError, match="text"):
        make_study(study_name=3)


def test_load(make_study: MakeStudy) -> None:
    storage = storage_of(make_study)
    pruner = MedianPruner()
    loaded = optimist.load_study(study_name="first", storage=storage, pruner=pruner)
    assert (loaded.study_name, loaded.pruner) == ("first", pruner)
    assert optimist.load_study(study_name=None, storage=storage).study_name == "first"
    make_study(study_name="second")
    with pytest.raises(ValueError, match="2 studies"):
        optimist.load_study(study_name=None, storage=storage)
    with pytest.raises(KeyError):
        optimist.load_study(study_name="third", storage=storage)
    with pytest.raises(ValueError, match="0 studies"):
        optimist.load_study(study_name=None, storage=InMemoryStorage())


def test_delete(make_study: MakeStudy) -> None:
    storage = storage_of(make_study)
    make_study(study_name="second").optimize(suggest_all, n_trials=2)
    optimist.delete_study(study_name="second", storage=storage)
    assert optimist.get_all_study_names(storage) == ["first"]
    for _ in range(2):
        with pytest.raises(StudyNotFoundError, match="second"):
            optimist.delete_study(study_name="second", storage=storage)
    assert make_study(study_name="second").trials == []


def test_copy(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study(study_name="source", directions=["minimize", "maximize"])
    study.set_user_attr("a", 1)
    study.set_metric_names(["x", "y"])

    def objective(trial: optimist.Trial) -> Any:
        trial.set_user_attr("n", trial.number)
        trial.set_constraint("c", trial.number)
        return (math.inf, suggest_all(trial))

    study.optimize(objective, n_trials=2)
    study.enqueue_trial({"x": 0.5})
    study.add_trial(optimist.create_trial(state=TrialState.FAIL))
    for target in (study.ledger.storage, str(tmp_path / "copy.db"), InMemoryStorage()):
        optimist.copy_study(
            from_study_name="source", from_storage=study.ledger.storage, to_storage=target, to_study_name="target"
        )
        copied = optimist.load_study(study_name="target", storage=target)
        assert copied.directions == study.directions
        assert (copied.user_attrs, copied.metric_names) == (study.user_attrs, study.metric_names)
        assert [_without_id(trial) for trial in copied.trials] == [_without_id(trial) for trial in study.trials]
        copied.optimize(objective, n_trials=1)
        assert copied.trials[2].params["x"] == 0.5  # the copy has a queue of its own
    assert states(study) == ["COMPLETE", "COMPLETE", "WAITING", "FAIL"]


def _without_id(trial: Any) -> Any:
    trial._trial_id = -1
    return trial


def test_copy_onto_another(make_study: MakeStudy) -> None:
    storage = storage_of(make_study)
    make_study(study_name="second")
    with pytest.raises(DuplicatedStudyError):
        optimist.copy_study(from_study_name="first", from_storage=storage, to_storage=storage)
    with pytest.raises(DuplicatedStudyError):
        optimist.copy_study(from_study_name="first", from_storage=storage, to_storage=storage, to_study_name="second")
    with pytest.raises(StudyNotFoundError):
        optimist.copy_study(from_study_name="third", from_storage=storage, to_storage=storage, to_study_name="x")
    assert optimist.get_all_study_names(storage) == ["first", "second"]


def test_storages_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    optimist.create_study(study_name="a", storage="bare.db")
    assert optimist.get_all_study_names("sqlite:///bare.db") == ["a"]
    assert optimist.get_all_study_names(f"sqlite:///{tmp_path}/bare.db") == ["a"]
    monkeypatch.setenv("OPTIMIST_STORAGE", "sqlite:///env.db")
    optimist.create_study(study_name="b")
    assert optimist.get_all_study_names("env.db") == ["b"]
    monkeypatch.setenv("OPTIMIST_STORAGE", "")
    assert isinstance(optimist.create_study().ledger.storage, MemoryStore)


@pytest.mark.parametrize("storage", [3, ["a.db"], object()], ids=lambda storage: type(storage).__name__)
def test_storages_that_are_none(storage: Any) -> None:
    with pytest.raises(TypeError, match="storage"):
        optimist.create_study(storage=storage)


def test_a_storage_of_unknown_kind() -> None:
    with pytest.raises(ValueError, match="foo"):
        optimist.create_study(storage="foo://x")
