"""What a study says of its trials, and what it takes."""

from __future__ import annotations

import copy
import datetime
import math
import pickle
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.distributions import FloatDistribution, IntDistribution
from optimist.exceptions import StudyNotFoundError, TrialNotFoundError
from optimist.history.history import change_of
from optimist.pruners import MedianPruner
from optimist.samplers import RandomSampler
from optimist.states import StudyDirection, TrialState
from tests.unit.study.conftest import MakeStudy, states, suggest_all


def values(*told: float | None) -> Any:
    """An objective that returns these values by number; None to fail."""
    return lambda trial: told[trial.number]


# The best


@pytest.mark.parametrize(("direction", "number"), [("minimize", 2), ("maximize", 1)])
def test_the_best_trial(make_study: MakeStudy, direction: str, number: int) -> None:
    study = make_study(direction=direction)
    study.optimize(values(2.0, 3.0, 1.0, None, 1.0, 3.0), n_trials=6)
    best = study.best_trial
    assert (best.number, best.value) == (number, study.best_value)  # the first among equals
    assert study.best_params == best.params
    assert study.direction == StudyDirection[direction.upper()]
    assert study.best_trials[0] == best
    again = make_study(study_name=study.study_name, load_if_exists=True)
    assert again.best_trial == best  # without reading the history
    assert len(again.trials) == 6
    assert again.best_trial == best  # and with it


def test_infinite_values(make_study: MakeStudy) -> None:
    study = make_study(direction="maximize")
    study.optimize(values(-math.inf, 0.0, math.inf), n_trials=3)
    assert study.best_value == math.inf
    assert [trial.value for trial in study.trials] == [-math.inf, 0.0, math.inf]


def test_no_best_trial(study: optimist.Study) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="No trials are completed"):
            _ = study.best_trial
        assert study.best_trials == []
        study.optimize(values(None, None), n_trials=1)


def test_infeasible_trials_are_never_best(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        trial.set_constraint("a", 1.0 if trial.number < 2 else -1.0)
        trial.set_constraint("b", 0.0)
        return float(trial.number)

    study.optimize(objective, n_trials=2)
    with pytest.raises(ValueError, match="feasible"):
        _ = study.best_trial
    assert study.best_trials == []
    study.optimize(objective, n_trials=2)
    assert study.best_trial.number == 2
    assert [trial.number for trial in study.best_trials] == [2]


def test_several_objectives(make_study: MakeStudy) -> None:
    study = make_study(directions=["minimize", "maximize"])
    told = [(2.0, 2.0), (1.0, 1.0), (2.0, 1.0), (3.0, 3.0), (2.0, 2.0)]
    study.optimize(lambda trial: told[trial.number], n_trials=5)
    assert [trial.values for trial in study.trials] == [list(pair) for pair in told]
    assert [trial.number for trial in study.best_trials] == [0, 1, 3, 4]
    assert study.directions == [StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE]
    for question in ("best_trial", "best_value", "best_params", "direction"):
        with pytest.raises(RuntimeError, match="single objective"):
            getattr(study, question)
    with pytest.raises(RuntimeError, match="values"):
        _ = study.trials[0].value


# The trials


def test_trials_are_copies(study: optimist.Study) -> None:
    study.optimize(suggest_all, n_trials=2)
    study.trials[0].params["x"] = 99.0
    study.trials[0].set_user_attr("a", 1)
    assert study.trials[0].params["x"] != 99.0
    assert study.trials[0].user_attrs == {}
    shared = study.get_trials(deepcopy=False)
    assert shared == study.trials
    assert shared[0] is study.get_trials(deepcopy=False)[0]


def test_trials_by_state(study: optimist.Study) -> None:
    study.enqueue_trial({"x": 0.5})
    study.enqueue_trial({"x": 0.25})
    asked = study.ask()
    study.tell(asked, state=TrialState.FAIL)
    study.add_trial(optimist.create_trial(value=1.0))
    study.add_trial(optimist.create_trial(state=TrialState.RUNNING))
    assert states(study) == ["FAIL", "WAITING", "COMPLETE", "RUNNING"]
    assert [t.number for t in study.get_trials(states=(TrialState.COMPLETE, TrialState.WAITING))] == [1, 2]
    assert study.get_trials(states=[TrialState.PRUNED]) == []
    assert study.count_trials() == {
        TrialState.RUNNING: 1,
        TrialState.COMPLETE: 1,
        TrialState.PRUNED: 0,
        TrialState.FAIL: 1,
        TrialState.WAITING: 1,
    }


def test_trials_of_another_worker_are_seen(make_study: MakeStudy) -> None:
    mine = make_study(study_name="shared")
    theirs = make_study(study_name="shared", load_if_exists=True)
    mine.optimize(suggest_all, n_trials=1)
    assert len(theirs.trials) == 1
    running = theirs.ask()
    running.suggest_float("x", -1.0, 1.0)
    assert mine.trials[1] == theirs.trials[1]
    theirs.tell(running, -100.0)
    assert mine.best_value == -100.0
    assert mine.ask().number == 2


def test_times(study: optimist.Study) -> None:
    before = datetime.datetime.now()  # noqa: DTZ005  trials have local times
    study.optimize(suggest_all, n_trials=1)
    trial = study.trials[0]
    assert trial.datetime_start is not None
    assert trial.datetime_complete is not None
    assert before <= trial.datetime_start <= trial.datetime_complete <= datetime.datetime.now()  # noqa: DTZ005
    assert trial.duration == trial.datetime_complete - trial.datetime_start


# The queue


def test_the_queue_is_taken_in_order(study: optimist.Study) -> None:
    for x in (0.5, 0.25):
        study.enqueue_trial({"x": x}, user_attrs={"x": x})
    assert states(study) == ["WAITING", "WAITING"]
    assert study.trials[0].datetime_start is None
    study.optimize(suggest_all, n_trials=3)
    assert [trial.params["x"] for trial in study.trials[:2]] == [0.5, 0.25]
    assert [trial.user_attrs for trial in study.trials] == [{"x": 0.5}, {"x": 0.25}, {}]
    assert [trial.number for trial in study.trials] == [0, 1, 2]


@pytest.mark.parametrize("params", [{"x": 0.5}, {"n": 1, "kind": None}, {"x": math.nan}, {}], ids=repr)
def test_queue_what_does_not_exist(study: optimist.Study, params: dict[str, Any]) -> None:
    for _ in range(3):
        study.enqueue_trial(params, skip_if_exists=True)
    assert states(study) == ["WAITING"]
    study.enqueue_trial(params)
    assert states(study) == ["WAITING", "WAITING"]


def test_queue_what_has_not_run(study: optimist.Study) -> None:
    study.optimize(suggest_all, n_trials=1)
    tried = study.trials[0].params
    study.enqueue_trial(dict(reversed(tried.items())), skip_if_exists=True)
    assert len(study.trials) == 1
    study.enqueue_trial({"x": tried["x"]}, skip_if_exists=True)  # the others are open
    assert len(study.trials) == 2


@pytest.mark.parametrize("params", [None, [("x", 1)], "x"], ids=repr)
def test_queue_what_is_no_dictionary(study: optimist.Study, params: Any) -> None:
    with pytest.raises(TypeError, match="dictionary"):
        study.enqueue_trial(params)


# Trials made elsewhere


def test_added_trials(study: optimist.Study) -> None:
    whole = optimist.create_trial(
        value=1.5,
        params={"x": 0.5, "n": 3},
        distributions={"x": FloatDistribution(0, 1), "n": IntDistribution(0, 9)},
        user_attrs={"a": [1]},
        system_attrs={"b": {"c": None}},
        intermediate_values={0: 1.0, 7: math.inf},
        constraints={"memory": 1.0},
    )
    study.add_trials([whole, optimist.create_trial(value=3.0), optimist.create_trial(state=TrialState.PRUNED)])
    first = study.trials[0]
    for field in (
        "value",
        "params",
        "distributions",
        "user_attrs",
        "system_attrs",
        "intermediate_values",
        "constraints",
    ):
        assert getattr(first, field) == getattr(whole, field), field
    assert (first.datetime_start, first.datetime_complete) == (whole.datetime_start, whole.datetime_complete)
    assert [trial.number for trial in study.trials] == [0, 1, 2]
    assert study.best_trial.number == 1
    study.add_trials([])
    assert len(study.trials) == 3


def test_added_trials_are_all_taken_or_none(study: optimist.Study) -> None:
    as_float = {"params": {"x": 0.5}, "distributions": {"x": FloatDistribution(0, 1)}}
    as_int = {"params": {"x": 1}, "distributions": {"x": IntDistribution(0, 1)}}
    good = optimist.create_trial(value=1.0, **as_float)  # type: ignore[arg-type]
    bad = optimist.create_trial(value=1.0, **as_int)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="kind"):
        study.add_trials([good, bad])
    with pytest.raises(ValueError, match="value"):
        study.add_trials([good, optimist.create_trial(values=[1.0, 2.0])])
    with pytest.raises(ValueError, match="64 bits"):
        study.add_trials([good, _with(good, intermediate_values={2**70: 1.0})])
    with pytest.raises(ValueError, match="datetime_complete"):
        study.add_trials([good, _with(good, datetime_complete=None)])
    assert study.trials == []
    study.add_trial(good)
    with pytest.raises(ValueError, match="kind"):
        study.add_trial(bad)
    assert states(study) == ["COMPLETE"]


def _with(trial: Any, **fields: Any) -> Any:
    changed = copy.deepcopy(trial)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def test_what_another_worker_committed_is_taken_in_whatever_it_is(make_study: MakeStudy) -> None:
    """Two workers may disagree about the kind of a parameter; no one's trial is lost, and the study stays readable."""
    study = make_study()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    study.ledger.storage.add_trials(
        study.ledger.record.study_id,
        [
            change_of(
                optimist.create_trial(value=-1.0, params={"x": 1}, distributions={"x": IntDistribution(0, 1)}),
            )
        ],
    )
    again = make_study(study_name=study.study_name, load_if_exists=True)
    for known in (study, again):
        trial = known.trials[1]
        assert (trial.value, trial.params) == (-1.0, {})
        assert trial.system_attrs == {"optimist:misfit:x": 1}
        assert known.best_value == -1.0


# Notes on the study


def test_attributes(make_study: MakeStudy) -> None:
    study = make_study()
    assert study.user_attrs == {}
    study.set_user_attr("data", {"version": [1, None]})
    study.set_user_attr("data2", "x")
    study.set_user_attr("data2", "y")
    assert study.user_attrs == {"data": {"version": [1, None]}, "data2": "y"}
    study.user_attrs["data"]["version"].append(3)
    assert study.user_attrs["data"] == {"version": [1, None]}
    assert make_study(study_name=study.study_name, load_if_exists=True).user_attrs == study.user_attrs


def test_metric_names(make_study: MakeStudy) -> None:
    study = make_study(directions=["minimize", "maximize"])
    assert study.metric_names is None
    study.set_metric_names(["loss", "accuracy"])
    assert study.metric_names == ["loss", "accuracy"]
    with pytest.raises(ValueError, match="2 objective"):
        study.set_metric_names(["loss"])
    assert study.user_attrs == {}


def test_notes_of_algorithms(study: optimist.Study) -> None:
    study.set_system_attr("grid", [1])
    trial = study.ask()
    study.set_trial_system_attr(trial.number, "cell", 3)
    assert study.trials[0].system_attrs == {"cell": 3}
    study.tell(trial, 1.0)
    with pytest.raises(TrialNotFoundError):
        study.set_trial_system_attr(trial.number, "cell", 4)


# Copies


def test_a_pickled_study_in_memory_is_a_copy() -> None:
    study = optimist.create_study(sampler=RandomSampler(seed=1), pruner=MedianPruner(), study_name="a")
    study.optimize(suggest_all, n_trials=3)
    study.enqueue_trial({"x": 0.5})
    twin = pickle.loads(pickle.dumps(study))
    assert (twin.study_name, twin.trials) == ("a", study.trials)
    assert isinstance(twin.pruner, MedianPruner)
    twin.optimize(suggest_all, n_trials=2)
    assert twin.trials[3].params["x"] == 0.5
    assert (len(twin.trials), len(study.trials)) == (5, 4)
    assert len(copy.deepcopy(study).trials) == 4


def test_a_pickled_study_in_a_file_is_the_same_study(tmp_path: Path) -> None:
    study = optimist.create_study(storage=str(tmp_path / "a.db"), sampler=RandomSampler(seed=1))
    study.optimize(suggest_all, n_trials=3)
    twin = pickle.loads(pickle.dumps(study))
    twin.optimize(suggest_all, n_trials=2)
    assert twin.trials == study.trials
    assert len(study.trials) == 5


def test_a_study_that_is_gone(make_study: MakeStudy) -> None:
    study = make_study()
    optimist.delete_study(study_name=study.study_name, storage=study.ledger.storage)
    with pytest.raises(StudyNotFoundError):
        make_study().__class__(study.study_name, study.ledger.storage)


def test_sampler_and_pruner_may_be_replaced(study: optimist.Study) -> None:
    study.optimize(suggest_all, n_trials=1)
    study.sampler = RandomSampler(seed=5)
    study.pruner = MedianPruner(n_startup_trials=0)
    study.optimize(suggest_all, n_trials=1)
    assert states(study) == ["COMPLETE", "COMPLETE"]


def test_exhausted(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        return trial.suggest_int("n", 0, 2)

    assert not study.exhausted
    study.enqueue_trial({"n": 0})
    study.enqueue_trial({"n": 1})
    study.optimize(objective, n_trials=1)
    assert not study.exhausted
    study.enqueue_trial({"n": 2})
    assert study.exhausted  # what waits in the queue is as good as tried
    study.optimize(objective, n_trials=2)
    assert study.exhausted
