"""SuccessiveHalvingPruner: decisions worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import optimist
from optimist.history.records import create_trial
from optimist.pruners import Curve, SuccessiveHalvingPruner, judge
from optimist.pruners.successive_halving import MIN_RESOURCE_KEY
from optimist.states import StudyDirection, TrialState
from optimist.study.live_trial import Trial
from optimist.study.study import Study
from optimist.testing.pruners import Reports, decisions, study_with

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
NAN, INF = math.nan, math.inf


def rungs(study: Study, number: int = -1) -> list[float]:
    attrs = study.get_trials()[number].system_attrs
    return [value for key, value in sorted(attrs.items()) if key.startswith("completed_rung_")]


def at_rung_0(*values: float, direction: StudyDirection = MINIMIZE, reduction_factor: int = 2) -> list[bool]:
    """The decisions about trials that come to the first rung one after another, and go on whatever it is."""
    study = study_with(SuccessiveHalvingPruner(1, reduction_factor), [], direction)
    return [decisions(study, {1: value})[0] for value in values]


def test_the_best_share_goes_on() -> None:
    # of one, two and three trials one goes on; of four and five, two
    assert at_rung_0(5.0, 6.0, 4.0, 4.5, 4.6) == [False, True, False, False, True]
    assert at_rung_0(-5.0, -6.0, -4.0, -4.5, -4.6, direction=MAXIMIZE) == [False, True, False, False, True]
    assert at_rung_0(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 1.5, reduction_factor=4) == [False] + [True] * 6 + [False]


def test_equals_go_on_together() -> None:
    assert at_rung_0(1.0, 1.0, 1.0, 2.0, 1.0) == [False, False, False, True, False]


def test_nothing_is_judged_before_a_rung() -> None:
    study = study_with(SuccessiveHalvingPruner(3, 2, 1), [])  # rungs at 6, 12, 24
    decisions(study, dict.fromkeys(range(30), 1.0))
    stops = decisions(study, dict.fromkeys(range(30), 2.0))
    assert [step for step, stop in enumerate(stops) if stop] == [6, 12, 24]


def test_a_trial_may_pass_several_rungs_at_once() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2), [])
    assert decisions(study, {5: 3.0}) == [False]
    assert rungs(study) == [3.0, 3.0, 3.0]  # at 1, 2 and 4


def test_a_stopped_trial_stays_at_its_rung() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2), [])
    decisions(study, {9: 1.0})
    assert decisions(study, {9: 2.0}) == [True]
    assert rungs(study) == [2.0]


def test_a_trial_that_goes_on_all_the_same_is_judged_at_the_next_rung() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2), [])
    decisions(study, dict.fromkeys(range(5), 1.0))
    assert decisions(study, dict.fromkeys(range(5), 2.0)) == [False, True, True, False, True]
    assert rungs(study) == [2.0, 2.0, 2.0]


def test_value_at_the_highest_step_counts() -> None:
    study = study_with(SuccessiveHalvingPruner(2, 2), [])
    decisions(study, {2: 1.0})
    assert decisions(study, {0: 0.5, 3: 2.0}) == [False, True]
    assert decisions(study, {3: 0.5, 0: 9.0}) == [False, False]


@pytest.mark.parametrize("state", [TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL])
def test_whoever_came_to_a_rung_counts(state: TrialState) -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2), [])
    value = 1.0 if state == TrialState.COMPLETE else None
    study.add_trial(create_trial(state=state, value=value, system_attrs={"completed_rung_0": 1.0}))
    assert decisions(study, {1: 1.1}) == [True]


def test_voided_trials_do_not_count() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2), [])
    for _ in range(2):
        study.add_trial(create_trial(value=1.0, system_attrs={"completed_rung_0": 1.0}))
    study.void(0, "wrong data")
    assert decisions(study, {1: 1.1}) == [True]
    study.void(1, "wrong data")
    assert decisions(study, {1: 1.05}) == [False]


def test_an_earlier_view_gives_the_earlier_answer() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2), [])
    before = study.view()
    study.add_trial(create_trial(value=1.0, system_attrs={"completed_rung_0": 1.0}))
    for view, stop in ((study.view(), True), (before, False), (study.view(), True)):
        assert judge(study.pruner, view, Curve(5, {1: 2.0})).stop is stop


def test_nan_is_stopped_at_a_rung_and_competes_with_nobody() -> None:
    study = study_with(SuccessiveHalvingPruner(2, 2), [])
    assert decisions(study, {1: NAN, 2: NAN, 3: 1.0}) == [False, True, False]
    assert decisions(study, {2: NAN}) == [True]
    assert rungs(study) == []
    assert decisions(study, {2: 9.0}) == [True]  # against the 1.0 of the first


def test_infinities_compete() -> None:
    assert at_rung_0(INF, 1.0, INF, -INF) == [False, False, True, False]


def test_bootstrap() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2, bootstrap_count=2), [])
    assert [decisions(study, {1: value})[0] for value in (3.0, 2.0, 1.0, 0.5)] == [True, True, False, False]


# The automatic resource


def test_auto_is_a_hundredth_of_the_first_complete_trial() -> None:
    study = study_with(SuccessiveHalvingPruner(), [])
    assert decisions(study, {900: NAN}) == [False]  # nothing is known yet
    study.tell(0, state=TrialState.PRUNED)
    assert decisions(study, {900: 1.0}) == [False]
    study.tell(1, 1.0)
    assert decisions(study, {8: 1.0, 9: 1.0}) == [False, False]
    assert study.get_trials()[2].system_attrs == {MIN_RESOURCE_KEY: 9, "completed_rung_0": 1.0}


def test_auto_does_not_change_any_more() -> None:
    study = study_with(SuccessiveHalvingPruner(), [{500: 1.0}])
    decisions(study, {1: 1.0})
    study.tell(1, 1.0)
    study.add_trial(create_trial(value=1.0, intermediate_values={100_000: 1.0}))
    for pruner in (study.pruner, SuccessiveHalvingPruner()):  # in another process, too
        study.pruner = pruner
        decisions(study, {4: 1.0, 5: 1.0})
        assert study.get_trials()[-1].system_attrs == {"completed_rung_0": 1.0}


def test_auto_is_what_the_trial_of_the_lowest_number_found() -> None:
    study = study_with(SuccessiveHalvingPruner(), [])
    for state, resource in ((TrialState.RUNNING, 5), (TrialState.PRUNED, 7), (TrialState.PRUNED, 9)):
        study.add_trial(create_trial(state=state, system_attrs={MIN_RESOURCE_KEY: resource}))
    decisions(study, {5: 1.0})
    assert rungs(study) == [1.0]
    study.tell(0, state=TrialState.FAIL)
    decisions(study, {5: 1.0})
    assert rungs(study) == [1.0]


@pytest.mark.parametrize("curve", [{0: 1.0}, {99: 1.0}])
def test_auto_is_at_least_1(curve: Reports) -> None:
    study = study_with(SuccessiveHalvingPruner(), [curve])
    decisions(study, {0: 1.0, 1: 1.0})
    assert study.get_trials()[1].system_attrs == {MIN_RESOURCE_KEY: 1, "completed_rung_0": 1.0}


def test_complete_trials_without_reports_tell_nothing() -> None:
    study = study_with(SuccessiveHalvingPruner(), [{}])
    assert decisions(study, {5: NAN}) == [False]
    assert study.get_trials()[1].system_attrs == {}


# In a study


def test_other_processes_see_who_came_to_a_rung(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    first = optimist.create_study(storage=url, study_name="s", pruner=SuccessiveHalvingPruner(1, 2))
    second = optimist.load_study(storage=url, study_name="s", pruner=SuccessiveHalvingPruner(1, 2))
    decisions(first, {1: 1.0})  # runs on
    second.sync()
    assert decisions(second, {1: 2.0}) == [True]


def test_optimize_promotes_the_better_ones() -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(1, 17):
            trial.report(x + 1 / step, step)
            if trial.should_prune():
                raise optimist.TrialPruned
        return x

    study = optimist.create_study(pruner=SuccessiveHalvingPruner(1, 2), sampler=optimist.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=100)
    last_steps = [trial.last_step for trial in study.get_trials()]
    assert 8 <= last_steps.count(16) <= 40
    assert last_steps.count(1) >= 30
    assert study.best_value == min(trial.params["x"] for trial in study.get_trials())


def test_the_reason_is_a_sentence() -> None:
    study = study_with(SuccessiveHalvingPruner(1, 2), [])
    decisions(study, {1: 1.0})
    assert judge(study.pruner, study.view(), Curve(9, {1: 9.5})).reason == (
        "Of the 2 trials that came to rung 0, step 1, 1 were better than its value 9.5; the best 1 go on."
    )
    assert judge(study.pruner, study.view(), Curve(9, {3: NAN})).reason == "The value at step 3 is NaN."
    pruner = SuccessiveHalvingPruner(2, bootstrap_count=4)
    assert judge(pruner, study.view(), Curve(9, {3: 1.0})).reason == (
        "No trial passes rung 0, step 2, before more than 4 have come."
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SuccessiveHalvingPruner(0), "SuccessiveHalvingPruner needs min_resource >= 1, but got min_resource=0"),
        (lambda: SuccessiveHalvingPruner("all"), "needs an integer or \"auto\" as min_resource, but got .*='all'"),
        (lambda: SuccessiveHalvingPruner(1.5), 'needs an integer or "auto" as min_resource'),  # type: ignore[arg-type]
        (lambda: SuccessiveHalvingPruner(1, 1), "needs reduction_factor >= 2, but got reduction_factor=1"),
        (lambda: SuccessiveHalvingPruner(1, 2, -1), "needs min_early_stopping_rate >= 0"),
        (lambda: SuccessiveHalvingPruner(1, 2, 0, -1), "needs bootstrap_count >= 0"),
        (lambda: SuccessiveHalvingPruner(bootstrap_count=1), "needs a number as min_resource if bootstrap_count > 0"),
    ],
)
def test_arguments_out_of_range(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()
