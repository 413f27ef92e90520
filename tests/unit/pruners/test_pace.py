"""Time for decisions: the default pruner does not hold up quick trials, and with a seed the clock plays no part."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import optimist
from optimist.pruners import AuditedPruner, BasePruner, CurvePruner, PatientPruner
from optimist.pruners.pace import Pace
from optimist.samplers import TPESampler
from optimist.states import TrialState


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("optimist.pruners.pace.time", clock)
    return clock


def run(study: optimist.Study, clock: Clock, step_s: float, n_trials: int = 6) -> list[str]:
    """Trials of ten steps of so many seconds each, the later the worse."""
    for number in range(n_trials):
        trial = study.ask()
        for step in range(10):
            clock.now += step_s
            trial.report(number + 1 / (step + 1), step)
            if trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, float(number))
    return [trial.state.name for trial in study.trials]


def test_what_is_spent_stays_within_the_share(clock: Clock) -> None:
    pace, n_decisions = Pace(0.1), 0
    for _ in range(1000):
        clock.now += 0.02
        if pace.affords():
            n_decisions += 1
            with pace.spending():
                clock.now += 0.01
    spent_s = 0.01 * n_decisions
    assert 0.1 * 20.0 - 0.35 <= spent_s <= 0.1 * 20.0 + 0.01


def test_the_first_decision_must_have_been_earned(clock: Clock) -> None:
    pace = Pace(0.1)
    pace.begin()
    clock.now += 2.9
    assert not pace.affords()
    clock.now += 0.2
    assert pace.affords()


def test_where_there_is_no_time_the_median_rule_decides(clock: Clock) -> None:
    by_median = optimist.create_study(pruner=optimist.pruners.MedianPruner())
    expected = run(by_median, clock, step_s=0.001, n_trials=12)
    assert "PRUNED" in expected
    study = optimist.create_study()
    assert run(study, clock, step_s=0.001, n_trials=12) == expected


def test_long_steps_are_judged_by_forecasts(clock: Clock) -> None:
    by_forecasts = optimist.create_study(pruner=CurvePruner())
    expected = run(by_forecasts, clock, step_s=60.0, n_trials=16)
    assert "PRUNED" in expected
    assert run(optimist.create_study(), clock, step_s=60.0, n_trials=16) == expected


def test_with_a_seed_the_clock_plays_no_part(clock: Clock) -> None:
    found = [run(optimist.create_study(sampler=TPESampler(seed=0)), clock, step_s=s) for s in (0.001, 60.0)]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "pruner",
    [
        None,
        CurvePruner(max_share=0.5),
        AuditedPruner(CurvePruner(max_share=0.5)),
        PatientPruner(CurvePruner(max_share=0.5), patience=2),
    ],
    ids=["default", "curve", "audited", "patient"],
)
def test_deterministic_mode_refuses_the_clock(pruner: BasePruner | None) -> None:
    study = optimist.create_study(pruner=pruner)
    study.sampler = TPESampler(seed=0)
    with pytest.raises(ValueError, match="depends on the clock"):
        study.optimize(lambda trial: 0.0, n_trials=1, deterministic=True)


class Foreign:
    """A pruner that is only like ours, as Optuna's are."""

    def prune(self, study: Any, trial: Any) -> bool:
        return False


@pytest.mark.parametrize(
    "pruner", [AuditedPruner(CurvePruner()), PatientPruner(None, patience=2), CurvePruner(), Foreign()]
)
def test_deterministic_mode_takes_pruners_without_a_clock(pruner: Any) -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0), pruner=pruner)
    study.optimize(lambda trial: 0.0, n_trials=1, deterministic=True)
    assert len(study.trials) == 1


def test_a_pace_of_another_process_begins_anew(clock: Clock) -> None:
    pace = Pace(0.1)
    pace.affords()
    clock.now += 60.0
    assert pace.affords()
    assert not pickle.loads(pickle.dumps(pace)).affords()
    assert isinstance(pickle.loads(pickle.dumps(optimist.create_study().pruner)), CurvePruner)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 7])
def test_shares_are_between_0_and_1(share: float) -> None:
    with pytest.raises(ValueError, match="0 < max_share < 1"):
        CurvePruner(max_share=share)
