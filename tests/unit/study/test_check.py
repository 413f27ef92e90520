"""Checking an objective before the search begins."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import optimist
from optimist.analysis import ObjectiveCheck
from optimist.analysis.objective_check import lacks_log, plan_text
from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.pruners import MedianPruner, NopPruner
from tests.unit.study.conftest import MakeStudy


def check(objective: Callable[[Any], Any], pruner: Any = None, **arguments: Any) -> ObjectiveCheck:
    study = optimist.create_study(pruner=NopPruner() if pruner is None else pruner)
    found = study.check(objective, **arguments)
    assert study.trials == []
    return found


def codes(found: ObjectiveCheck) -> list[tuple[str, str]]:
    """What was found that is no mere note."""
    return [(f.code, f.parameter) for f in found.findings if f.severity != "note"]


def sphere(trial: Any) -> float:
    x = trial.suggest_float("x", -1, 1, default=0.5)
    n = trial.suggest_int("n", 1, 64, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    return float(x * x + n + (kind == "a"))


def test_nothing_wrong() -> None:
    found = check(sphere, n_trials=1000, workers=2)
    assert found.ok
    assert codes(found) == []
    assert found.effects == {"x": True, "n": True, "kind": True}
    assert found.params["x"] == 0.5
    assert found.n_runs == 5
    assert found.expected_seconds == found.seconds * 500
    assert found.peak_bytes is None or found.peak_bytes > 1_000_000
    assert "kind" in str(found)
    assert "<table" in found._repr_html_()


def test_study_gets_no_trial(make_study: MakeStudy) -> None:
    study = make_study()
    study.optimize(sphere, n_trials=2)
    study.check(sphere)
    assert len(study.trials) == 2
    assert len(optimist.get_all_study_names(study._storage)) == 1


@pytest.mark.parametrize(
    ("distribution", "lacks"),
    [
        (FloatDistribution(1e-5, 1e-1), True),
        (FloatDistribution(1e-5, 1e-1, log=True), False),
        (FloatDistribution(1, 100), True),
        (FloatDistribution(1, 99), False),
        (FloatDistribution(0, 100), False),
        (FloatDistribution(-1, 100), False),
        (FloatDistribution(1, 1000, step=1), False),
        (IntDistribution(1, 1000), True),
        (IntDistribution(1, 1000, log=True), False),
        (IntDistribution(8, 1024, step=8), False),
        (CategoricalDistribution((1, 1000)), False),
    ],
)
def test_missing_log_scale(distribution: Any, lacks: bool) -> None:
    assert lacks_log(distribution) is lacks


def test_space() -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 1e-5, 1.0)
        trial.suggest_int("one", 3, 3)
        trial.suggest_float("unused", 0, 1)
        trial.suggest_float("x", 1e-4, 1.0)
        return float(x)

    found = check(objective)
    assert codes(found) == [
        ("no-effect", "unused"),
        ("log-missing", "x"),
        ("single-valued", "one"),
        ("suggested-twice", "x"),
    ]
    assert found.effects == {"x": True, "one": None, "unused": False}
    assert "factor of 1e+05" in " ".join(str(found).split())


def test_parameters_of_branches_are_tried_where_they_are_seen() -> None:
    def objective(trial: Any) -> float:
        if trial.suggest_categorical("kind", ["a", "b"], default="a") == "a":
            return float(trial.suggest_float("x", 0, 1))
        return float(trial.suggest_float("y", 0, 1)) + 2

    found = check(objective)
    assert found.effects == {"kind": True, "x": True, "y": None}


def test_range_that_moves() -> None:
    def objective(trial: Any) -> float:
        n = trial.suggest_int("n", 1, 4, default=2)
        return float(n + trial.suggest_float("x", 0, n))

    assert "moving-range" in [finding.code for finding in check(objective).findings]


def reports(trial: Any) -> float:
    for step in range(3):
        trial.report(math.nan if step == 1 else 1.0, step)
    return float(trial.suggest_float("x", 0, 1))


def test_reports() -> None:
    assert codes(check(reports, MedianPruner())) == [("nan-reported", ""), ("never-asks", "")]
    assert codes(check(reports)) == [("nan-reported", "")]
    assert codes(check(sphere, MedianPruner())) == [("never-reports", "")]


def test_never_pruned() -> None:
    def objective(trial: Any) -> float:
        trial.report(2.0, 0)
        assert not trial.should_prune()
        return float(trial.suggest_float("x", 0, 1))

    assert codes(check(objective, optimist.pruners.ThresholdPruner(upper=1.0))) == []


def test_several_objectives() -> None:
    study = optimist.create_study(directions=["minimize", "maximize"], pruner=NopPruner())
    assert codes(study.check(sphere)) == [("failed", "")]
    assert codes(study.check(lambda trial: (sphere(trial), 1.0))) == []


@pytest.mark.parametrize("result", [None, math.nan, "text", [1.0, 2.0]])
def test_results_that_cannot_be(result: Any) -> None:
    found = check(lambda trial: (trial.suggest_float("x", 0, 1), result)[1])
    assert codes(found) == [("failed", "")]
    assert found.n_runs == 1


def test_failures() -> None:
    def fails(trial: Any) -> float:
        if trial.suggest_float("x", 0, 1, default=0.2) > 0.4:
            raise ArithmeticError("too far")
        return 1.0

    found = check(fails)
    assert codes(found) == [("fails-elsewhere", "x")]
    assert found.effects == {"x": True}
    assert "With x=0.5, it raised ArithmeticError: too far." in " ".join(str(found).split())
    assert codes(check(lambda trial: 1 / 0)) == [("failed", "")]
    assert codes(check(lambda _: 1.0)) == [("no-parameters", "")]
    assert codes(check(lambda trial: trial.suggest_float("x", 0, 1) / 1e-320)) == [("infinite", ""), ("no-effect", "x")]


def test_noise_is_told_and_no_effect_is_claimed() -> None:
    counter = itertools.count()
    found = check(lambda trial: trial.suggest_float("x", 0, 1) * 0 + next(counter))
    assert found.effects == {"x": None}
    assert next(finding.code for finding in found.findings) == "noisy"
    assert found.n_runs == 2


def test_slow_trials_run_once() -> None:
    def slow(trial: Any) -> float:
        time.sleep(0.05)
        return float(trial.suggest_float("x", 0, 1))

    found = check(slow, max_seconds=0.06)
    assert found.n_runs == 1
    assert "effects-not-tried" in [finding.code for finding in found.findings]
    assert found.seconds >= 0.05


def test_objectives_that_cannot_travel() -> None:
    lock = threading.Lock()

    def locked(trial: Any) -> float:
        with lock:
            return float(trial.suggest_float("x", 0, 1))

    assert codes(check(locked)) == []
    assert codes(check(locked, workers=2)) == [("unpicklable", "")]


def test_kinds_that_contradict_the_history(make_study: MakeStudy) -> None:
    study = make_study(pruner=NopPruner())
    study.optimize(lambda trial: trial.suggest_int("x", 0, 3), n_trials=1)
    assert codes(study.check(lambda trial: trial.suggest_float("x", 0, 1))) == [("other-kind", "x")]


def test_plan() -> None:
    assert (
        plan_text(0.001, None, 1)
        == "A trial takes about 1 milliseconds. A hundred take 100 milliseconds, one after the other."
    )
    assert "100 trials on 4 workers take about 25.0 hours: till" in plan_text(3600.0, 100, 4)


def test_what_it_refuses() -> None:
    with pytest.raises(TypeError, match="callable"):
        optimist.create_study().check(3)  # type: ignore[arg-type]
