"""CmaEsSampler: what counts for a generation, the margin, restarts, where runs start, and the library's adapter."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import optimist
from optimist.exceptions import MissingDependencyError
from optimist.samplers import CmaEsSampler, TPESampler
from optimist.samplers.cmaes.engine import Engine, Start, Variant, promising_start
from optimist.samplers.cmaes.runs import Runs
from optimist.trial import Trial

START = Start(np.full(3, 0.5), 1 / 6)
BOX = {f"x{i}": optimist.distributions.FloatDistribution(-5.0, 5.0) for i in range(3)}


def sphere(trial: Trial) -> float:
    return sum((trial.suggest_float(f"x{i}", -5, 5) - 1) ** 2 for i in range(3))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optimist.logging.get_verbosity()
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    yield
    optimist.logging.set_verbosity(before)


def searched(n_trials: int, objective: Any = sphere, **options: Any) -> optimist.Study:
    study = optimist.create_study(sampler=CmaEsSampler(**{"seed": 0, **options}))
    study.optimize(objective, n_trials=n_trials)
    return study


def runs_of(study: optimist.Study) -> Runs:
    [runs] = [t for t in study.ledger.history._trackers.values() if isinstance(t, Runs)]
    return runs


# The adapter


@pytest.mark.parametrize(
    "variant", [Variant(), Variant(separable=True), Variant(lr_adapt=True), Variant(steps=(0.0, 0.1, 0.25))]
)
def test_every_variant_minimises_and_asks_by_seed(variant: Variant) -> None:
    engine, target = Engine(START, variant, 10), np.array([0.2, 0.75, 0.625])
    rng = np.random.default_rng(0)
    for generation in range(40):
        points = np.array([engine.ask(100 * generation + i) for i in range(10)])
        assert np.all((points >= 0.0) & (points <= 1.0))
        engine = engine.copy()
        engine.tell(points, ((points - target) ** 2).sum(axis=1), rng.uniform(0.01, 0.99, (10, 3)))
    assert np.array_equal(engine.ask(1), engine.ask(1))
    assert not np.array_equal(engine.ask(1), engine.ask(2))
    assert np.median([np.abs(engine.ask(i) - target).max() for i in range(20)]) < 0.13


def test_steps_are_sampled_at_the_centres_of_cells() -> None:
    engine = Engine(START, Variant(steps=(0.1, 0.25, 0.0)), None)
    points = np.array([engine.ask(i) for i in range(50)])
    assert np.allclose(points[:, 0] * 10 % 1, 0.5)
    assert set(points[:, 1].tolist()) <= {0.125, 0.375, 0.625, 0.875}


def test_a_far_point_is_shortened_so_that_the_search_does_not_jump() -> None:
    engine = Engine(Start(np.full(3, 0.5), 1e-3), Variant(), 6)
    points = np.array([engine.ask(i) for i in range(5)] + [np.ones(3)])
    engine.tell(points, np.array([1.0, 2.0, 3.0, 4.0, 5.0, 0.0]), np.full((6, 3), 0.5))
    assert np.abs(engine.ask(0) - 0.5).max() < 0.02


def test_a_discrete_value_stands_for_its_cell() -> None:
    engine = Engine(START, Variant(steps=(0.25, 0.25, 0.25)), 4)
    raw = engine._spread(np.array([[0.125, 0.375, 0.875]] * 2), np.array([[1e-6] * 3, [1 - 1e-6] * 3]))
    assert np.all((raw[:, 1] > 0.25) & (raw[:, 1] < 0.5))
    assert raw[0, 0] < 0.0 < raw[1, 0] < 0.25
    assert raw[1, 2] > 1.0 > raw[0, 2] > 0.75


def test_start_from_the_best_tenth() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((200, 2))
    start = promising_start(points, ((points - [0.3, 0.6]) ** 2).sum(axis=1))
    assert np.allclose(start.mean, [0.3, 0.6], atol=0.05)
    assert start.cov is not None
    assert np.linalg.det(start.cov) == pytest.approx(1.0)
    assert 0.1 < start.sigma < 0.2
    one = promising_start(points[:1], np.zeros(1))
    assert np.allclose(one.mean, points[0])
    assert one.sigma == pytest.approx(0.1)
    assert promising_start(np.full((5, 400), 0.5), np.zeros(5)).sigma == pytest.approx(0.1)


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'optimist\[cmaes\]'"):
        CmaEsSampler()


# Generations


def test_the_state_is_kept_from_trial_to_trial_and_can_be_made_anew() -> None:
    study = searched(120)
    runs, history = runs_of(study), study.ledger.history
    again = Runs(lambda: runs._plan)
    again.advance(history, history.n)
    for n in (history.n, history.n - 20, 40, 3):
        assert np.array_equal(runs.at(n).ask(7), again.at(n).ask(7))


def test_every_finished_trial_counts_whoever_proposed_it() -> None:
    study = optimist.create_study(sampler=CmaEsSampler(seed=0))
    for i in range(40):
        x = 1 + (i - 20) / 100
        study.add_trial(
            optimist.create_trial(value=(x - 1) ** 2, params=dict.fromkeys(BOX, x), distributions=dict(BOX))
        )
    study.optimize(sphere, n_trials=10)
    assert np.mean([t.value for t in study.trials[40:]]) < 2.0  # at random, or from the middle, it is above 5


def test_pruned_trials_count_if_they_are_considered() -> None:
    def pruned(trial: Trial) -> float:
        trial.report(sphere(trial), 0)
        raise optimist.TrialPruned

    left_out = searched(40, pruned)
    assert not left_out.view().shared_space()
    considered = searched(120, pruned, consider_pruned_trials=True)
    assert np.median([t.value for t in considered.trials[-20:]]) < 2.0


def test_infeasible_and_infinite_values_rank_last() -> None:
    def partly(trial: Trial) -> float:
        value = sphere(trial)
        trial.set_constraint("left", trial.params["x0"] + 2)  # the optimum, at 1, is infeasible
        return math.inf if trial.number % 11 == 0 else value

    study = searched(200, partly)
    late = [t.params["x0"] for t in study.trials[-30:]]
    assert np.mean(np.array(late) <= -1.9) > 0.6
    assert -3 < study.best_trial.params["x0"] <= -2


def test_a_changing_space_is_searched_as_far_as_trials_share_it() -> None:
    def changing(trial: Trial) -> float:
        value = (trial.suggest_float("x", -5, 5) - 1) ** 2 + (trial.suggest_float("y", -5, 5) - 1) ** 2
        if trial.number >= 40:
            return value + abs(trial.suggest_float("z", 0, 1)) * 0.01
        return value

    study = searched(120, changing, warn_independent_sampling=False)
    assert study.best_value < 0.3


def test_a_converged_run_stays_or_restarts() -> None:
    def flat(trial: Trial) -> float:
        trial.suggest_float("x", 0, 1)
        return 0.0

    stays, again = (
        searched(200, flat, popsize=4),
        searched(200, flat, restart_strategy="ipop", popsize=4, inc_popsize=3),
    )
    assert runs_of(stays)._schedule._n_runs == 0
    schedule = runs_of(again)._schedule
    assert schedule._n_runs >= 1
    assert schedule._large == 4 * 3**schedule._n_runs
    small = runs_of(searched(450, flat, restart_strategy="bipop", popsize=4))._schedule
    assert small._n_runs >= 2
    assert min(small._n_told) > 0


# What is searched


def test_categories_are_left_to_the_independent_sampler(caplog: pytest.LogCaptureFixture) -> None:
    def mixed(trial: Trial) -> float:
        return sphere(trial) + 30 * (trial.suggest_categorical("kind", ["a", "b", "c"]) != "b")

    optimist.logging.enable_propagation()
    with caplog.at_level(logging.WARNING, "optimist"):
        study = searched(30, mixed)
    [warning] = {r.getMessage() for r in caplog.records if r.levelno == logging.WARNING}
    assert "'kind'" in warning
    assert {t.params["kind"] for t in study.trials} == {"a", "b", "c"}
    study = searched(60, mixed, independent_sampler=TPESampler(seed=0), warn_independent_sampling=False)
    assert sum(t.params["kind"] == "b" for t in study.trials[20:]) > 25


def test_any_sampler_may_be_the_independent_one() -> None:
    class Last(optimist.samplers.BaseSampler):
        """Knows only Optuna's hooks."""

        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return {}

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
            return {}

        def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
            assert trial.state == optimist.trial.TrialState.RUNNING
            return param_distribution.choices[-1]

    def mixed(trial: Trial) -> float:
        x = (trial.suggest_float("x", -5, 5) - 1) ** 2
        return x + len(trial.suggest_categorical("kind", ["a", "bb"]))

    study = optimist.create_study(
        sampler=CmaEsSampler(independent_sampler=Last(), n_startup_trials=0, warn_independent_sampling=False)
    )
    study.enqueue_trial({"x": 0.0})
    study.optimize(mixed, n_trials=8)
    assert [t.params["kind"] for t in study.trials] == ["bb"] * 8


def test_one_parameter_is_enough() -> None:
    for options in ({}, {"use_separable_cma": True}):
        study = searched(80, lambda trial: (trial.suggest_float("x", -5, 5) - 1) ** 2, **options)
        assert study.best_value < 1e-2


def test_the_margin_keeps_integers_moving() -> None:
    def ones(trial: Trial) -> float:
        wrong = sum(trial.suggest_int(f"n{i}", 0, 1) == 0 for i in range(6))
        return 10 * wrong + sum((trial.suggest_float(f"x{i}", -5, 5) - 1) ** 2 for i in range(2))

    n_left = [round(searched(160, ones, seed=seed, with_margin=True).best_value) // 10 for seed in range(4)]
    assert sum(n_left) <= 3


# Where it starts


def test_x0_and_sigma0_say_where_the_first_run_starts() -> None:
    with pytest.warns(FutureWarning, match="x0|sigma0"):
        sampler = CmaEsSampler(x0={"x0": 4.0, "other": 1}, sigma0=0.01, seed=0)
    study = optimist.create_study(sampler=sampler)
    study.optimize(sphere, n_trials=6)
    for trial in study.trials[1:]:
        assert trial.params["x0"] == pytest.approx(4.0, abs=0.6)
        assert trial.params["x1"] == pytest.approx(0.0, abs=0.6)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_trials_of_another_study_say_where_to_start(direction: Any) -> None:
    sign = 1 if direction == "minimize" else -1
    source = optimist.create_study(direction=direction, sampler=optimist.samplers.RandomSampler(seed=0))
    source.optimize(lambda trial: sign * sphere(trial), n_trials=200)
    study = optimist.create_study(direction=direction, sampler=CmaEsSampler(seed=0, source_trials=source.trials))
    study.optimize(lambda trial: sign * sphere(trial), n_trials=15)
    assert np.mean([sign * t.value for t in study.trials[1:]]) < 8.0
    strange = optimist.create_study(sampler=CmaEsSampler(seed=0, source_trials=source.trials))
    with pytest.raises(ValueError, match="source_trials"):
        strange.optimize(lambda trial: trial.suggest_float("y", 0, 1), n_trials=2)


# Arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"use_separable_cma": True, "with_margin": True}, "one of"),
        ({"use_separable_cma": True, "lr_adapt": True}, "one of"),
        ({"with_margin": True, "lr_adapt": True}, "one of"),
        ({"source_trials": [], "use_separable_cma": True}, "source_trials"),
        ({"restart_strategy": "sometimes"}, "ipop"),
        ({"popsize": 1}, "popsize"),
        ({"inc_popsize": 0}, "inc_popsize"),
    ],
)
def test_arguments_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CmaEsSampler(**options)


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
def test_starts_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="leave out one"):
        CmaEsSampler(source_trials=[], x0={"x": 0})
    with pytest.raises(ValueError, match="sigma0"):
        CmaEsSampler(sigma0=0.0)


def test_several_objectives_are_refused() -> None:
    study = optimist.create_study(directions=["minimize"] * 2, sampler=CmaEsSampler())
    with pytest.raises(ValueError, match="one objective"):
        study.optimize(lambda trial: (trial.suggest_float("x", 0, 1),) * 2, n_trials=1)
