"""Successive halving of several objectives: decisions worked out by hand, and what they cost."""

from __future__ import annotations

import math
import random
import time

import pytest

import optimist
from optimist.history.records import create_trial
from optimist.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optimist.states import StudyDirection, TrialState
from optimist.study.study import Study

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


def study_with(pruner: BasePruner, directions: tuple[StudyDirection, ...] = (MINIMIZE, MINIMIZE)) -> Study:
    return optimist.create_study(
        study_name="s", pruner=pruner, directions=directions, sampler=optimist.samplers.RandomSampler(seed=1)
    )


def decide(study: Study, *values: float, step: int = 1) -> bool:
    """Run a trial with one report up to its end, and return whether it should have stopped there."""
    trial = study.ask()
    trial.report({f"m{i}": value for i, value in enumerate(values)}, step)
    stop = trial.should_prune()
    study.tell(trial, state=TrialState.PRUNED if stop else None, values=None if stop else values)
    return stop


def test_the_best_fronts_go_on() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2))
    assert not decide(study, 1.0, 5.0)
    assert decide(study, 2.0, 6.0)  # one of two goes on, and this one is dominated
    assert decide(study, 1.5, 5.0)  # likewise one of three
    assert not decide(study, 5.0, 1.0)  # two of four: it and the first one are the front
    assert decide(study, 6.0, 2.0)  # two of five
    assert not decide(study, 0.5, 0.5)  # dominates all
    assert study.trials[1].system_attrs["completed_rung_0"] == [2.0, 6.0]
    assert study.trials[1].values == [2.0, 6.0]


def test_directions_are_minded() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2), (MAXIMIZE, MINIMIZE))
    assert [decide(study, *v) for v in [(1.0, 5.0), (0.5, 6.0), (2.0, 4.0)]] == [False, True, False]


def test_of_a_front_those_go_on_that_cover_it() -> None:
    """Nine points of one front: where few go on, a point beside one that goes on does not, a lonely one does."""
    front = [[1.0, 9.0], [1.5, 8.5], [2.0, 8.0], [2.5, 7.5], [3.0, 7.0], [5.0, 5.0], [6.0, 2.0], [10.0, 0.0]]
    for candidate, stops in (((6.2, 1.9), True), ((0.0, 10.0), False)):
        study = study_with(SuccessiveHalvingPruner(1, 3))
        study.add_trials(create_trial(values=point, system_attrs={"completed_rung_0": point}) for point in front)
        assert decide(study, *candidate) is stops


@pytest.mark.parametrize("values", [(math.nan, 1.0), (1.0, math.nan)])
def test_nan_is_stopped(values: tuple[float, float]) -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2))
    assert decide(study, *values)
    assert "completed_rung_0" not in study.trials[0].system_attrs


def test_infinities_compete() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2))
    decided = [decide(study, *v) for v in [(math.inf, 1.0), (math.inf, 2.0), (1.0, math.inf), (-math.inf, 0.0)]]
    assert decided == [False, True, False, False]  # of equals, the last one goes on


def test_metrics_are_matched_by_the_names_of_the_study() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2))
    study.set_metric_names(["loss", "seconds"])
    for loss, stops in ((1.0, False), (2.0, True)):
        trial = study.ask()
        trial.report({"accuracy": loss, "seconds": loss, "loss": loss}, 1)
        assert trial.should_prune() is stops
        assert trial.freeze().system_attrs["completed_rung_0"] == [loss, loss]
    trial = study.ask()
    trial.report({"accuracy": 1.0, "loss": 1.0}, 1)
    with pytest.raises(ValueError, match="reported 'accuracy', 'loss', but should report 'loss', 'seconds'"):
        trial.should_prune()


def test_names_of_the_study_hold_in_the_deterministic_mode_too() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2))
    study.set_metric_names(["loss", "seconds"])

    def objective(trial: optimist.Trial) -> tuple[float, float]:
        trial.report({"accuracy": 0.5, "loss": float(trial.number), "seconds": float(trial.number)}, 1)
        if trial.should_prune():
            raise optimist.TrialPruned
        return float(trial.number), 1.0

    study.optimize(objective, n_trials=2, deterministic=1)
    assert [trial.system_attrs["completed_rung_0"] for trial in study.trials] == [[0.0, 0.0], [1.0, 1.0]]
    assert study.trials[1].state == TrialState.PRUNED


def test_too_few_metrics_are_an_error() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2))
    trial = study.ask()
    assert not trial.should_prune()
    trial.report({"loss": 1.0}, 1)
    with pytest.raises(ValueError, match="a metric for each of 2 objectives"):
        trial.should_prune()


def test_pruners_that_cannot_judge_several_objectives_say_so() -> None:
    study = study_with(MedianPruner())
    trial = study.ask()
    trial.report({"loss": 1.0, "seconds": 1.0}, 1)
    with pytest.raises(NotImplementedError, match=r"MedianPruner cannot judge several\. SuccessiveHalvingPruner"):
        trial.should_prune()
    assert not study_with(NopPruner()).ask().should_prune()


def test_written_against_snapshots_the_decision_is_the_same() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2))
    decide(study, 1.0, 1.0)
    trial = study.ask()
    trial.report({"a": 2.0, "b": 2.0}, 1)
    assert study.pruner.prune(study, trial.freeze())
    assert trial.freeze().system_attrs["completed_rung_0"] == [2.0, 2.0]


def test_hyperband_optimizes_two_objectives() -> None:
    study = study_with(HyperbandPruner(1, 9))

    def objective(trial: optimist.Trial) -> tuple[float, float]:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        for step in range(1, 10):
            trial.report({"a": x + y / step, "b": 1 - x + y}, step)
            if trial.should_prune():
                raise optimist.TrialPruned
        return x + y / 9, 1 - x + y

    study.optimize(objective, n_trials=60)
    pruned = [trial for trial in study.trials if trial.state == TrialState.PRUNED]
    complete = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    assert len(pruned) > 20
    assert sum(t.params["y"] for t in complete) / len(complete) < 0.7 * sum(t.params["y"] for t in pruned) / len(pruned)
    assert study.best_trials


@pytest.mark.slow
def test_a_decision_costs_the_same_among_many() -> None:
    """Against at most 255 trials of a rung, evenly spread over time; the share that goes on stays right."""
    shortest = {}
    for n in (300, 6000):
        study = study_with(SuccessiveHalvingPruner(1, 4))
        rng = random.Random(n)
        points = [[rng.random(), rng.random()] for _ in range(n)]
        study.add_trials(create_trial(values=p, system_attrs={"completed_rung_0": p}) for p in points)
        decide(study, 0.5, 0.5)  # brings the tracker up to date
        times, stopped = [], []
        for _ in range(60):
            started = time.perf_counter()
            stopped.append(decide(study, rng.random(), rng.random()))
            times.append(time.perf_counter() - started)
        shortest[n] = sorted(times)[len(times) // 4]
        assert 0.6 < sum(stopped) / 60 < 0.9
    assert shortest[6000] < 2 * shortest[300]
