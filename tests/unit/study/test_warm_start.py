"""Warm starts: what is queued, what is kept with the study, and who is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.distributions import FloatDistribution
from optimist.history.attributes import WARM_POINT_KEY, WARM_START_KEY
from optimist.samplers import BruteForceSampler, GPSampler, PartialFixedSampler, RandomSampler, TPESampler
from optimist.states import TrialState
from optimist.study import Study
from optimist.trial import create_trial


def earlier(name: str = "earlier", n: int = 30, best: float = 0.3, **options: Any) -> Study:
    """A study in two parameters, whose good points lie around ``best``."""
    study = optimist.create_study(study_name=name, sampler=RandomSampler(seed=0), **options)
    sign = -1 if study.directions[0].name == "MAXIMIZE" else 1
    study.optimize(lambda t: sign * sum((t.suggest_float(x, 0, 1) - best) ** 2 for x in ("x", "y")), n_trials=n)
    return study


def loss(trial: optimist.Trial) -> float:
    return sum((trial.suggest_float(name, 0, 1) - 0.3) ** 2 for name in ("x", "y"))


def waiting(study: Study) -> list[dict[str, Any]]:
    return [trial.system_attrs["fixed_params"] for trial in study.trials if trial.state == TrialState.WAITING]


def test_the_best_distinct_points_are_tried_first() -> None:
    source = earlier()
    study = optimist.create_study(warm_start_from=[source])
    assert waiting(study)[0] == source.best_params
    points = [(p["x"], p["y"]) for p in waiting(study)]
    assert len(points) == 3
    assert all(max(abs(a[i] - b[i]) for i in (0, 1)) >= 0.05 for a in points for b in points if a is not b)
    study.optimize(loss, n_trials=4)
    assert [trial.params for trial in study.trials[:3]] == [{"x": x, "y": y} for x, y in points]
    first = study.trials[0].system_attrs[WARM_POINT_KEY]
    assert first == {"study": "earlier", "number": source.best_trial.number}


def test_several_studies_take_turns() -> None:
    a, b = earlier("a"), earlier("b", best=0.9)
    study = optimist.create_study(warm_start_from=[a, b])
    assert waiting(study)[:2] == [a.best_params, b.best_params]
    record = study.view().system_attrs[WARM_START_KEY]
    assert [s["study"] for s in record["studies"]] == ["a", "b"]
    assert sum(point["weight"] for point in record["points"]) == pytest.approx(1.0)


def test_the_lineage_is_kept_and_another_process_goes_on_from_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    source = earlier()
    here = optimist.create_study(warm_start_from=[source], sampler=TPESampler(seed=1))
    optimist.create_study(storage=url, study_name="s", warm_start_from=[source])
    there = optimist.load_study(storage=url, study_name="s", sampler=TPESampler(seed=1))
    for study in (here, there):
        study.optimize(loss, n_trials=16)
    assert [t.params for t in here.trials] == [t.params for t in there.trials]


def test_a_study_that_exists_is_left_as_it_is() -> None:
    storage = optimist.storages.InMemoryStorage()
    optimist.create_study(storage=storage, study_name="s")
    again = optimist.create_study(storage=storage, study_name="s", load_if_exists=True, warm_start_from=[earlier()])
    assert not again.trials
    assert WARM_START_KEY not in again.view().system_attrs


@pytest.mark.parametrize(("make", "n_seeds", "n_trials"), [(TPESampler, 3, 25), (GPSampler, 1, 12)])
def test_models_search_where_earlier_studies_were_good(make: Any, n_seeds: int, n_trials: int) -> None:
    def near_earlier_ones(trial: optimist.Trial) -> float:
        return sum((trial.suggest_float(name, 0, 1) - 0.75) ** 2 for name in ("x", "y", "z"))

    away = {}
    for sources in ((), (earlier(best=0.8),)):
        away[len(sources)] = 0.0
        for seed in range(n_seeds):
            study = optimist.create_study(sampler=make(seed=seed), warm_start_from=sources)
            study.optimize(near_earlier_ones, n_trials=n_trials)
            away[len(sources)] += sum(abs(t.params[name] - 0.8) for t in study.trials[3:] for name in ("x", "y"))
    assert away[1] < away[0]


def test_what_does_not_fit_is_left_to_the_sampler(recwarn: pytest.WarningsRecorder) -> None:
    def moved(trial: optimist.Trial) -> float:
        return trial.suggest_float("x", 5, 6) + trial.suggest_float("y", 0, 1) + trial.suggest_float("new", 0, 1)

    source = earlier()
    study = optimist.create_study(sampler=TPESampler(seed=0), warm_start_from=[source])
    study.optimize(moved, n_trials=14)
    assert all(5 <= trial.params["x"] <= 6 for trial in study.trials)
    assert study.trials[0].params["y"] == source.best_params["y"]
    assert not recwarn.list


def test_a_kind_that_changed_is_left_out() -> None:
    study = optimist.create_study(sampler=GPSampler(seed=0), warm_start_from=[earlier()])
    study.optimize(
        lambda t: float(t.suggest_categorical("x", ["a", "b"]) == "a") + t.suggest_float("y", 0, 1), n_trials=9
    )
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}


def test_fixed_values_and_the_constraint_come_before() -> None:
    study = optimist.create_study(
        sampler=PartialFixedSampler({"x": 0.9}, TPESampler(seed=0)),
        warm_start_from=[earlier()],
        parameter_constraint=lambda p: p["y"] > 0.5,
    )
    study.optimize(loss, n_trials=6)
    assert all(t.params["x"] == 0.9 and t.params["y"] > 0.5 for t in study.trials)


def test_exhaustive_samplers_try_their_own_points_only() -> None:
    study = optimist.create_study(sampler=BruteForceSampler(seed=0), warm_start_from=[earlier()])
    assert not waiting(study)


def test_directions_must_agree() -> None:
    with pytest.raises(ValueError, match=r"'earlier' has the directions \['maximize'\].* has \['minimize'\]"):
        optimist.create_study(warm_start_from=[earlier(direction="maximize")])
    with pytest.raises(TypeError, match="takes studies"):
        optimist.create_study(warm_start_from=["earlier"])  # type: ignore[list-item]


def test_infeasible_void_and_unfinished_trials_are_no_examples() -> None:
    source = optimist.create_study()
    x = {"x": FloatDistribution(0, 1)}
    source.add_trial(create_trial(value=0.0, params={"x": 0.1}, distributions=x, constraints={"c": 1.0}))
    source.add_trial(create_trial(value=0.1, params={"x": 0.2}, distributions=x))
    source.add_trial(create_trial(state=TrialState.FAIL, params={"x": 0.3}, distributions=x))
    source.add_trial(create_trial(value=5.0, params={"x": 0.9}, distributions=x))
    source.void(1, "wrong")
    assert waiting(optimist.create_study(warm_start_from=[source])) == [{"x": 0.9}]
    assert not waiting(optimist.create_study(warm_start_from=[optimist.create_study()]))


def test_several_objectives_start_from_the_front() -> None:
    source = optimist.create_study(directions=["minimize", "minimize"], sampler=RandomSampler(seed=0))
    source.optimize(lambda t: (x := t.suggest_float("x", 0, 1), (1 - x) ** 2), n_trials=20)
    study = optimist.create_study(
        directions=["minimize", "minimize"], warm_start_from=[source], sampler=TPESampler(seed=0)
    )
    study.optimize(lambda t: (x := t.suggest_float("x", 0, 1), (1 - x) ** 2), n_trials=14)
    front = [trial.params for trial in source.best_trials]
    assert all(trial.params in front for trial in study.trials[:3])
