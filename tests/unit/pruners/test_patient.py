"""PatientPruner: when a trial counts as stuck, and whom it asks then."""

from __future__ import annotations

import math

import pytest

from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.pruners import (
    BasePruner,
    ColumnPruner,
    Curve,
    MedianPruner,
    NopPruner,
    PatientPruner,
    ThresholdPruner,
    Verdict,
    judge,
)
from optimist.states import StudyDirection
from optimist.testing.pruners import Reports, decisions, mirrored, study_with


def stops(pruner: BasePruner, values: Reports | list[float], others: list[Reports] | None = None) -> list[bool]:
    reports = dict(enumerate(values)) if isinstance(values, list) else values
    return decisions(study_with(pruner, others or []), reports)


def test_patience_counts_values_after_the_best() -> None:
    assert stops(PatientPruner(None, 0), [2.0, 1.0, 3.0, 4.0]) == [False, False, True, True]
    assert stops(PatientPruner(None, 1), [2.0, 1.0, 3.0, 4.0, 0.5]) == [False, False, False, True, False]
    assert stops(PatientPruner(None, 2), [1.0, 3.0, 3.0, 3.0]) == [False, False, False, True]


def test_as_good_as_before_is_not_stuck() -> None:
    assert stops(PatientPruner(None, 0), [1.0, 1.0, 1.0]) == [False, False, False]


def test_min_delta() -> None:
    assert stops(PatientPruner(None, 0, min_delta=0.5), [1.0, 1.5, 1.6]) == [False, False, True]


def test_maximize() -> None:
    study = study_with(PatientPruner(None, 1), [], StudyDirection.MAXIMIZE)
    assert decisions(study, mirrored({0: 2.0, 1: 1.0, 2: 3.0, 3: 4.0})) == [False, False, False, True]


def test_values_count_in_order_of_steps_whatever_their_distance() -> None:
    assert stops(PatientPruner(None, 1), {900: 4.0, 5: 1.0, 30: 3.0}) == [False, False, True]


def test_nan_does_not_count() -> None:
    nan = math.nan
    assert stops(PatientPruner(None, 0), [nan, nan]) == [False, False]
    assert stops(PatientPruner(None, 0), [1.0, nan]) == [False, False]
    assert stops(PatientPruner(None, 1), [1.0, nan, 2.0]) == [False, False, True]


def test_wrapped_pruner_is_asked_about_stuck_trials_only() -> None:
    others: list[Reports] = [dict.fromkeys(range(4), 1.0)] * 5
    assert stops(PatientPruner(MedianPruner(), 0), [5.0, 4.0, 4.5, 3.0], others) == [False, False, True, False]
    assert stops(PatientPruner(MedianPruner(), 0), [0.4, 0.5, 0.6], others) == [False, False, False]
    assert stops(PatientPruner(NopPruner(), 0), [1.0, 2.0, 3.0]) == [False, False, False]


class AskedPruner(BasePruner):
    """A pruner that knows of no columns, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, dict[int, float]]] = []

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        self.asked.append((study.study_name, trial.number, dict(trial.intermediate_values)))
        return True


def test_foreign_pruners_get_the_study_and_the_trial() -> None:
    inner = AskedPruner()
    study = study_with(PatientPruner(PatientPruner(inner, 0), 0), [])
    assert decisions(study, {0: 1.0, 1: 0.5, 2: 2.0}) == [False, False, True]
    assert inner.asked == [(study.study_name, 0, {0: 1.0, 1: 0.5, 2: 2.0})]
    assert study.pruner.prune(study, study.get_trials()[0])
    assert len(inner.asked) == 2


def test_foreign_pruners_need_a_study() -> None:
    view = study_with(NopPruner(), []).view()
    with pytest.raises(TypeError, match="AskedPruner reads no columns"):
        judge(PatientPruner(AskedPruner(), 0), view, Curve(0, {0: 1.0, 1: 2.0}))


class NotingPruner(ColumnPruner):
    def __init__(self, stop: bool) -> None:
        self.stop = stop

    def decide(self, view: View, trial: Curve) -> Verdict:
        return Verdict(self.stop, "It is late." if self.stop else "", {"noted": trial.last_step})


def test_record_and_reason_of_the_wrapped_pruner_are_passed_on() -> None:
    for stop in (True, False):
        study = study_with(PatientPruner(NotingPruner(stop), 0), [])
        assert decisions(study, {0: 1.0, 1: 2.0}) == [False, stop]
        assert study.get_trials()[0].system_attrs == {"noted": 1}
        verdict = judge(study.pruner, study.view(), Curve(0, {0: 1.0, 1: 2.0}))
        ours = "The best value since step 1 is 2; before, it was 1. It is late."
        assert verdict == Verdict(stop, ours if stop else "", {"noted": 1})


def test_prune_keeps_the_record_too() -> None:
    study = study_with(NotingPruner(True), [])
    trial = study.ask()
    trial.report(1.0, 4)
    assert study.pruner.prune(study, study.get_trials()[0])
    assert study.get_trials()[0].system_attrs == {"noted": 4}


@pytest.mark.parametrize(
    ("wrapped", "patience", "min_delta", "error", "message"),
    [
        (None, -1, 0.0, ValueError, "PatientPruner needs patience >= 0, but got patience=-1"),
        (None, 1, -0.1, ValueError, "PatientPruner needs min_delta >= 0, but got min_delta=-0.1"),
        (None, 1, math.nan, ValueError, "min_delta=nan"),
        (ThresholdPruner, 1, 0.0, TypeError, "PatientPruner wraps a pruner, such as MedianPruner"),
    ],
)
def test_arguments_out_of_range(
    wrapped: BasePruner | None, patience: int, min_delta: float, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        PatientPruner(wrapped, patience, min_delta)
