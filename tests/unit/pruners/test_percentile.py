"""PercentilePruner and MedianPruner: decisions worked out by hand."""

from __future__ import annotations

import math

import pytest

from optimist.history.records import create_trial
from optimist.pruners import BasePruner, Curve, MedianPruner, PercentilePruner, judge
from optimist.states import StudyDirection, TrialState
from optimist.testing.pruners import Reports, decisions, study_with

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
NAN, INF = math.nan, math.inf


def decided(
    pruner: BasePruner, others: list[Reports], candidate: Reports, direction: StudyDirection = MINIMIZE
) -> bool:
    """The decision after the last report."""
    return decisions(study_with(pruner, others, direction), candidate)[-1]


def at_step_0(*values: float) -> list[Reports]:
    return [{0: value} for value in values]


def test_worse_than_the_median_stops() -> None:
    others = at_step_0(1.0, 2.0, 3.0, 4.0, 5.0)
    assert [decided(MedianPruner(), others, {0: value}) for value in (2.9, 3.0, 3.1)] == [False, False, True]
    assert [decided(MedianPruner(), others, {0: value}, MAXIMIZE) for value in (2.9, 3.0, 3.1)] == [True, False, False]


def test_percentile_counts_from_the_better_end() -> None:
    others = at_step_0(0.0, 10.0, 20.0, 30.0, 40.0)
    pruner = PercentilePruner(25.0)
    assert [decided(pruner, others, {0: value}) for value in (10.0, 10.1)] == [False, True]
    assert [decided(pruner, others, {0: value}, MAXIMIZE) for value in (29.9, 30.0)] == [True, False]


def test_extreme_percentiles() -> None:
    others = at_step_0(1.0, 2.0, 3.0, 4.0, 5.0)
    assert [decided(PercentilePruner(0.0), others, {0: value}) for value in (1.0, 1.1)] == [False, True]
    assert [decided(PercentilePruner(100), others, {0: value}) for value in (5.0, 5.1)] == [False, True]


def test_the_best_value_so_far_counts_not_the_last() -> None:
    others: list[Reports] = [{0: 5.0, 1: 2.0}] * 5
    assert not decided(MedianPruner(), others, {0: 1.9, 1: 7.0})
    assert decided(MedianPruner(), others, {0: 2.1, 1: 7.0})


def test_startup_trials_are_complete_ones() -> None:
    study = study_with(MedianPruner(n_startup_trials=2), at_step_0(1.0))
    for state in (TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING):
        study.add_trial(create_trial(state=state, intermediate_values={0: 1.0}))
    assert decisions(study, {0: 9.0}) == [False]
    study.add_trial(create_trial(value=1.0))  # counts although it reported nothing
    assert decisions(study, {0: 9.0}) == [True]


def test_values_of_trials_that_are_not_complete_do_not_count() -> None:
    study = study_with(MedianPruner(n_startup_trials=1), at_step_0(1.0))
    for state in (TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING):
        study.add_trial(create_trial(state=state, intermediate_values={0: 100.0}))
    assert decisions(study, {0: 2.0}) == [True]


def test_no_startup_trials_still_needs_one_to_compare_with() -> None:
    assert not decided(MedianPruner(n_startup_trials=0), [], {0: 9.0})
    assert decided(MedianPruner(n_startup_trials=0), at_step_0(1.0), {0: 9.0})


def test_warmup() -> None:
    others: list[Reports] = [dict.fromkeys(range(5), 1.0)] * 5
    candidate = dict.fromkeys(range(5), 2.0)
    stops = decisions(study_with(MedianPruner(n_warmup_steps=3), others), candidate)
    assert stops == [False, False, False, True, True]


def test_interval() -> None:
    others: list[Reports] = [dict.fromkeys(range(9), 1.0)] * 5
    candidate = dict.fromkeys(range(9), 2.0)
    stops = decisions(study_with(MedianPruner(n_warmup_steps=1, interval_steps=3), others), candidate)
    assert [step for step, stop in enumerate(stops) if stop] == [1, 4, 7]


def test_interval_judges_the_first_report_after_a_gap() -> None:
    others: list[Reports] = [dict.fromkeys(range(20), 1.0)] * 5
    candidate = dict.fromkeys((0, 1, 5, 6, 13, 14, 16), 2.0)
    stops = decisions(study_with(MedianPruner(interval_steps=4), others), candidate)
    assert [step for step, stop in zip(candidate, stops, strict=True) if stop] == [0, 5, 13, 16]


def test_a_step_that_nobody_reported_stops_nothing() -> None:
    assert not decided(MedianPruner(), at_step_0(1.0, 1.0, 1.0, 1.0, 1.0), {1: 9.0})


def test_min_trials_counts_reports_of_nan() -> None:
    others: list[Reports] = [*at_step_0(1.0, 1.0, NAN), {1: 1.0}, {1: 1.0}]
    assert decided(MedianPruner(n_min_trials=3), others, {0: 9.0})
    assert not decided(MedianPruner(n_min_trials=4), others, {0: 9.0})


def test_nan() -> None:
    others = at_step_0(1.0, 2.0, 3.0, NAN, NAN)
    assert decided(MedianPruner(), others, {0: 2.1}), "NaN of others is left out: the median is 2"
    assert not decided(MedianPruner(), others, {0: 2.0})
    assert decided(MedianPruner(), others, {0: NAN}), "a trial with NaN alone stops"
    assert not decided(MedianPruner(), at_step_0(NAN, NAN, NAN, NAN, NAN), {0: 9.0}), "there is no median"
    assert decided(MedianPruner(), [{7: 1.0}] * 5, {0: NAN}), "even where there is nothing to compare with"
    assert not decided(MedianPruner(), [{0: 1.0, 1: 1.0}] * 5, {0: 0.5, 1: NAN}), "the best so far is a number"


def test_diverged_trials_do_not_hide_the_median() -> None:
    others = at_step_0(1.0, 2.0, 3.0, INF, INF)
    assert decided(MedianPruner(), others, {0: 3.5})
    assert not decided(MedianPruner(), others, {0: 2.5})
    assert decided(MedianPruner(), others, {0: INF})
    assert not decided(MedianPruner(), others, {0: -INF})


def test_the_reason_is_a_sentence() -> None:
    study = study_with(PercentilePruner(25.0), at_step_0(1.0, 2.0, 3.0, 4.0, 5.0))
    assert judge(study.pruner, study.view(), Curve(9, {0: 9.5})).reason == (
        "The best value so far, 9.5, is worse than 2, which the best 25% of complete trials reached at step 0."
    )
    assert judge(study.pruner, study.view(), Curve(9, {3: NAN})).reason == (
        "Every intermediate value up to step 3 is NaN."
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PercentilePruner(101), "PercentilePruner needs 0 <= percentile <= 100, but got 101"),
        (lambda: PercentilePruner(NAN), "needs 0 <= percentile <= 100, but got nan"),
        (lambda: PercentilePruner(5, -1), "PercentilePruner needs n_startup_trials >= 0, but got n_startup_trials=-1"),
        (lambda: MedianPruner(n_warmup_steps=-2), "MedianPruner needs n_warmup_steps >= 0, but got n_warmup_steps=-2"),
        (lambda: MedianPruner(interval_steps=0), "MedianPruner needs interval_steps >= 1"),
        (lambda: MedianPruner(n_min_trials=0), "MedianPruner needs n_min_trials >= 1"),
    ],
)
def test_arguments_out_of_range(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()
