"""RandomSampler: what a trial draws depends on the seed and the trial's number alone."""

from __future__ import annotations

import warnings
from typing import Any

import optimist
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.numerics.streams import DRAWS_PER_ROW
from optimist.samplers import RandomSampler
from optimist.trial import Trial


def objective(trial: Trial) -> float:
    x = trial.suggest_float("x", -1, 1)
    n = trial.suggest_int("n", 1, 1000, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    return x + n + (kind == "a")


def params_of(seed: int, n_jobs: int = 1, n_trials: int = 20) -> list[dict[str, Any]]:
    study = optimist.create_study(sampler=RandomSampler(seed))
    study.optimize(objective, n_trials=n_trials, n_jobs=n_jobs)
    return [trial.params for trial in study.trials]


def test_the_same_seed_gives_the_same_trials_whoever_runs_them() -> None:
    assert params_of(1) == params_of(1) == params_of(1, n_jobs=3)
    assert params_of(1) != params_of(2)


def test_without_a_seed_studies_differ() -> None:
    studies = [optimist.create_study(sampler=RandomSampler()) for _ in range(2)]
    for study in studies:
        study.optimize(objective, n_trials=2)
    assert studies[0].trials[0].params != studies[1].trials[0].params


def test_the_past_does_not_matter() -> None:
    study = optimist.create_study(sampler=RandomSampler(1))
    for number in range(20):
        trial = study.ask()
        value = objective(trial)
        state = [optimist.trial.TrialState.FAIL, optimist.trial.TrialState.PRUNED, None][number % 3]
        study.tell(trial, None if state is not None else value, state)
    assert [trial.params for trial in study.trials] == params_of(1)


def test_asking_one_by_one_gives_what_the_loop_gives() -> None:
    space: dict[str, BaseDistribution] = {
        "x": FloatDistribution(-1, 1),
        "n": IntDistribution(1, 1000, log=True),
        "kind": CategoricalDistribution(["a", "b"]),
    }
    study = optimist.create_study(sampler=RandomSampler(1))
    assert [study.ask(space).params for _ in range(20)] == params_of(1)


def test_two_samplers_of_one_seed_never_repeat_each_other() -> None:
    storage = optimist.storages.InMemoryStorage()
    optimist.create_study(study_name="shared", storage=storage)
    studies = [optimist.load_study(study_name="shared", storage=storage, sampler=RandomSampler(1)) for _ in range(2)]
    for _ in range(10):
        for study in studies:
            study.optimize(objective, n_trials=1)
    assert [trial.params for trial in studies[0].trials] == params_of(1)


def test_many_parameters_use_further_draws() -> None:
    n = 3 * DRAWS_PER_ROW
    study = optimist.create_study(sampler=RandomSampler(0))
    study.optimize(lambda trial: sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(n)), n_trials=2)
    for trial in study.trials:
        assert len(set(trial.params.values())) == n


def test_what_the_queue_gives_shifts_no_other_draw() -> None:
    study = optimist.create_study(sampler=RandomSampler(1))
    study.enqueue_trial({"n": 7})
    study.optimize(objective, n_trials=1)
    assert study.trials[0].params == {**params_of(1, n_trials=1)[0], "n": 7}


def test_by_hand_it_proposes_what_the_study_would() -> None:
    sampler = RandomSampler(1)
    study = optimist.create_study(sampler=sampler)
    trial = study.ask()
    frozen = study.get_trials()[0]
    assert sampler.infer_relative_search_space(study, frozen) == {}
    assert sampler.sample_relative(study, frozen, {}) == {}
    value = sampler.sample_independent(study, frozen, "x", FloatDistribution(-1, 1))
    assert value == trial.suggest_float("x", -1, 1)


def test_reseeding_is_not_needed_and_does_no_harm() -> None:
    sampler = RandomSampler(1)
    sampler.reseed_rng()
    study = optimist.create_study(sampler=sampler)
    study.optimize(objective, n_trials=20)
    assert [trial.params for trial in study.trials] == params_of(1)


def test_it_may_repeat_a_cell() -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study.optimize(lambda trial: trial.suggest_int("x", 1, 2), n_trials=10)
    assert len(study.trials) == 10
    assert study.exhausted
