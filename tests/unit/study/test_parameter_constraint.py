"""Parameter constraints: proposals are admitted in one place for all samplers, and errors say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import DeadEndError, ForbiddenParametersError
from optimist.samplers import BruteForceSampler, GPSampler, GridSampler, QMCSampler, RandomSampler, TPESampler
from optimist.states import TrialState
from optimist.storages.memory import MemoryStore
from optimist.study import Study

Params = Mapping[str, Any]

SQUARE: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}


def in_triangle(params: Params) -> bool:
    return bool(params["x"] + params["y"] <= 1)


def in_corner(params: Params) -> bool:
    return bool(params["x"] + params["y"] <= 0.1)


def suggest_both(trial: optimist.Trial) -> float:
    return trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1)


def states(study: Study) -> list[TrialState]:
    return [trial.state for trial in study.trials]


def test_random_search_is_uniform_over_what_is_allowed() -> None:
    study = optimist.create_study(sampler=RandomSampler(seed=1), parameter_constraint=in_triangle)
    study.optimize(suggest_both, n_trials=600)
    trials = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    for name in SQUARE:
        # 1 - (1 - x)**2 is uniform, if x is the first coordinate of a uniform point of the triangle.
        ranks = sorted(1 - (1 - trial.params[name]) ** 2 for trial in trials)
        distance = max(abs((i + 0.5) / len(ranks) - u) for i, u in enumerate(ranks))
        assert distance < 1.63 / len(ranks) ** 0.5  # Kolmogorov-Smirnov: fails for one seed in a hundred


@pytest.mark.parametrize("sampler", [RandomSampler, QMCSampler, TPESampler])
def test_what_is_allowed_anyway_is_not_drawn_again(sampler: type) -> None:
    plain = optimist.create_study(sampler=sampler(seed=1))
    constrained = optimist.create_study(sampler=sampler(seed=1), parameter_constraint=lambda p: p["x"] + p["y"] <= 2)
    for study in (plain, constrained):
        study.optimize(suggest_both, n_trials=15)
    assert [t.params for t in constrained.trials[1:9]] == [t.params for t in plain.trials[1:9]]
    if sampler is not TPESampler:  # whose Latin hypercube reaches as far as its random trials
        assert [t.params for t in constrained.trials] == [t.params for t in plain.trials]


def test_models_search_along_the_border() -> None:
    for sampler in (TPESampler(seed=0), GPSampler(seed=0)):
        study = optimist.create_study(direction="maximize", sampler=sampler, parameter_constraint=in_triangle)
        study.optimize(lambda trial: 2 * trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1), n_trials=40)
        assert study.best_value > 1.9


# Parameters that become known one by one


def test_a_dead_end_fails_its_trial_and_the_next_ones_know_better() -> None:
    study = optimist.create_study(sampler=RandomSampler(seed=0), parameter_constraint=in_corner)
    study.optimize(suggest_both, n_trials=20)
    assert states(study) == [TrialState.FAIL] + 19 * [TrialState.COMPLETE]


def test_what_is_asked_for_with_distributions_meets_no_dead_end() -> None:
    study = optimist.create_study(sampler=RandomSampler(seed=0), parameter_constraint=in_corner)
    for _ in range(5):
        trial = study.ask(SQUARE)
        assert in_corner(trial.params)
        study.tell(trial, 0.0)


def test_another_worker_learns_of_a_dead_end_from_the_store(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    first = optimist.create_study(
        storage=storage, study_name="s", sampler=RandomSampler(seed=0), parameter_constraint=in_corner
    )
    first.optimize(suggest_both, n_trials=1)
    second = optimist.load_study(
        storage=storage, study_name="s", sampler=RandomSampler(seed=0), parameter_constraint=in_corner
    )
    second.optimize(suggest_both, n_trials=4)
    assert states(second) == [TrialState.FAIL] + 4 * [TrialState.COMPLETE]


def test_a_constraint_that_allows_nothing_ends_the_loop() -> None:
    study = optimist.create_study(sampler=RandomSampler(seed=0), parameter_constraint=lambda _: False)
    with pytest.raises(DeadEndError, match=r"no value of 'x' from FloatDistribution\(.*Make the constraint refuse"):
        study.optimize(suggest_both, n_trials=100)
    assert states(study) == 20 * [TrialState.FAIL]


def test_a_parameter_that_never_comes_decides_nothing() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0), parameter_constraint=lambda p: p["z"] < 0)
    study.optimize(suggest_both, n_trials=12)
    assert set(states(study)) == {TrialState.COMPLETE}


def test_a_fault_of_the_constraint_is_raised_as_it_is() -> None:
    study = optimist.create_study(parameter_constraint=lambda p: {}[p["x"]])
    with pytest.raises(KeyError):
        study.optimize(suggest_both, n_trials=1)
    with pytest.raises(TypeError, match="must be a function"):
        optimist.create_study(parameter_constraint="x < y")  # type: ignore[arg-type]


def test_the_constraint_cannot_change_what_is_proposed() -> None:
    def meddling(params: dict[str, Any]) -> bool:
        params["x"] = 7.0
        return True

    study = optimist.create_study(parameter_constraint=meddling)
    study.optimize(suggest_both, n_trials=3)
    assert all(0 <= trial.params["x"] <= 1 for trial in study.trials)


# Who else gives values


def test_a_default_that_is_forbidden_is_refused() -> None:
    study = optimist.create_study(parameter_constraint=lambda p: p["x"] < 0.5)
    with pytest.raises(ForbiddenParametersError, match="'x' is from default="):
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1, default=0.7), n_trials=1)


def test_a_queue_that_becomes_forbidden_later_is_refused_by_its_trial_alone() -> None:
    study = optimist.create_study(parameter_constraint=in_triangle)
    study.enqueue_trial({"x": 0.2})
    study.enqueue_trial({"x": 0.9, "y": 0.05})
    study.parameter_constraint = lambda p: p["x"] > 0.5
    with pytest.raises(ForbiddenParametersError, match="'x' is from the queue"):
        study.optimize(suggest_both, n_trials=2)
    study.optimize(suggest_both, n_trials=1)
    assert states(study) == [TrialState.FAIL, TrialState.COMPLETE]
    assert study.best_params == {"x": 0.9, "y": 0.05}


def test_what_the_queue_leaves_open_keeps_to_the_constraint() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0), parameter_constraint=in_triangle)
    study.optimize(suggest_both, n_trials=12)
    for _ in range(5):
        study.enqueue_trial({"x": 0.95})
    study.optimize(suggest_both, n_trials=5)
    assert all(trial.params["y"] <= 0.05 + 1e-9 for trial in study.trials[-5:])


# Exhaustive samplers


def test_a_grid_leaves_out_what_is_forbidden() -> None:
    study = optimist.create_study(
        sampler=GridSampler({"x": [0, 1, 2, 3], "y": [0, 1, 2, 3]}), parameter_constraint=lambda p: p["x"] < p["y"]
    )
    study.optimize(lambda trial: trial.suggest_int("x", 0, 3) + trial.suggest_int("y", 0, 3))
    assert sorted(tuple(t.params.values()) for t in study.trials) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_a_grid_too_large_to_look_through_says_so() -> None:
    values = list(range(1000))
    study = optimist.create_study(sampler=GridSampler({"x": values, "y": values}), parameter_constraint=in_triangle)
    with pytest.raises(ValueError, match="1000000"):
        study.optimize(suggest_both, n_trials=1)


def test_brute_force_closes_branches_that_lead_nowhere() -> None:
    study = optimist.create_study(
        sampler=BruteForceSampler(seed=1), parameter_constraint=lambda p: p["x"] + p["y"] <= 1
    )
    study.optimize(lambda trial: trial.suggest_int("x", 0, 4) + trial.suggest_int("y", 0, 1))
    complete = [tuple(t.params.values()) for t in study.trials if t.state == TrialState.COMPLETE]
    assert sorted(complete) == [(0, 0), (0, 1), (1, 0)]
    again = optimist.create_study(sampler=BruteForceSampler(seed=2), parameter_constraint=study.parameter_constraint)
    again.add_trials(study.trials)
    assert not again.sampler.has_more(again.view())


# Workers, and other modes


def test_worker_processes_keep_to_it() -> None:
    study = optimist.create_study(sampler=RandomSampler(seed=1), parameter_constraint=in_triangle)
    study.optimize(suggest_both, n_trials=6, workers=1)
    assert all(in_triangle(t.params) for t in study.trials if t.state == TrialState.COMPLETE)


def test_executors_keep_to_it() -> None:
    study = optimist.create_study(sampler=RandomSampler(seed=0), parameter_constraint=in_corner)
    with ThreadPoolExecutor(2) as executor:
        study.optimize(suggest_both, n_trials=8, executor=executor)
    complete = [trial.params for trial in study.trials if trial.state == TrialState.COMPLETE]
    assert len(complete) >= 5
    assert all(map(in_corner, complete))


def test_a_process_that_does_not_know_the_constraint_is_warned(caplog: pytest.LogCaptureFixture) -> None:
    storage = MemoryStore()
    optimist.create_study(storage=storage, study_name="s", parameter_constraint=in_triangle).optimize(suggest_both, 1)
    other = Study("s", storage)
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    optimist.logging.enable_propagation()
    try:
        other.optimize(suggest_both, n_trials=1)
    finally:
        optimist.logging.disable_propagation()
    assert "parameter_constraint 'in_triangle'" in caplog.text


def test_the_deterministic_mode_is_deterministic() -> None:
    studies = [optimist.create_study(sampler=TPESampler(seed=2), parameter_constraint=in_triangle) for _ in range(2)]
    for study, n_jobs in zip(studies, (1, 3), strict=True):
        study.optimize(suggest_both, n_trials=20, n_jobs=n_jobs, deterministic=3)
    assert [t.params for t in studies[0].trials] == [t.params for t in studies[1].trials]


def test_changing_ranges_are_followed() -> None:
    def moving(trial: optimist.Trial) -> float:
        shift = trial.number // 3
        return trial.suggest_int("x", shift, shift + 9) + trial.suggest_int("y", shift, shift + 9)

    study = optimist.create_study(sampler=TPESampler(seed=0), parameter_constraint=lambda p: p["x"] <= p["y"])
    study.optimize(moving, n_trials=24)
    assert all(t.params["x"] <= t.params["y"] for t in study.trials if t.state == TrialState.COMPLETE)
    assert states(study).count(TrialState.FAIL) <= 1
    assert isinstance(study.trials[0].distributions["x"], IntDistribution)


def test_the_check_of_an_objective_keeps_to_it() -> None:
    seen: list[Params] = []

    def objective(trial: optimist.Trial) -> float:
        value = suggest_both(trial)
        seen.append(trial.params)
        return value

    study = optimist.create_study(parameter_constraint=in_triangle)
    study.check(objective)
    assert len(seen) > 2
    assert all(map(in_triangle, seen))
