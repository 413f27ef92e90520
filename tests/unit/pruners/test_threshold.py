"""ThresholdPruner: limits that hold whatever others reached."""

from __future__ import annotations

import math
from typing import Any

import pytest

from optimist.pruners import Curve, ThresholdPruner
from optimist.states import StudyDirection
from optimist.testing.pruners import decisions, study_with


def stops(pruner: ThresholdPruner, *values: float) -> list[bool]:
    for_both = [
        decisions(study_with(pruner, [], direction), dict(enumerate(values)))
        for direction in (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE)
    ]
    assert for_both[0] == for_both[1]
    return for_both[0]


def test_limits_themselves_are_allowed() -> None:
    assert stops(ThresholdPruner(upper=1.0), 1.0, 1.1, -9.0) == [False, True, False]
    assert stops(ThresholdPruner(lower=0.0), 0.0, -0.1, 9.0) == [False, True, False]
    assert stops(ThresholdPruner(lower=0.0, upper=1.0), 0.5, 2.0, -2.0) == [False, True, True]
    assert stops(ThresholdPruner(lower=1, upper=1), 1.0, 1.5) == [False, True]


def test_nan_stops_and_infinity_is_a_value() -> None:
    assert stops(ThresholdPruner(lower=0.0), math.nan, math.inf, -math.inf) == [True, False, True]


def test_the_last_step_counts_not_the_last_report() -> None:
    study = study_with(ThresholdPruner(upper=1.0), [])
    assert decisions(study, {5: 0.5, 3: 9.0}) == [False, False]


def test_warmup_and_interval() -> None:
    pruner = ThresholdPruner(upper=1.0, n_warmup_steps=2, interval_steps=3)
    assert stops(pruner, *[2.0] * 8) == [False, False, True, False, False, True, False, False]


def test_the_reason_is_a_sentence() -> None:
    view = study_with(ThresholdPruner(upper=1), []).view()
    pruner = ThresholdPruner(lower=0, upper=1)
    reasons = [pruner.decide(view, Curve(0, {2: value})).reason for value in (1.5, -2.0, math.nan, 0.5)]
    assert reasons == [
        "The value at step 2, 1.5, is above the limit 1.",
        "The value at step 2, -2, is below the limit 0.",
        "The value at step 2 is NaN.",
        "",
    ]


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({}, TypeError, "ThresholdPruner needs a limit: lower, upper or both."),
        ({"lower": "low"}, TypeError, "needs a number or None as lower, but got 'low' .str."),
        ({"upper": [1]}, TypeError, "needs a number or None as upper"),
        ({"lower": 2, "upper": 1}, ValueError, "needs lower <= upper, but got lower=2 and upper=1"),
        ({"lower": math.nan}, ValueError, "lower=nan"),
        ({"upper": 1, "n_warmup_steps": -1}, ValueError, "needs n_warmup_steps >= 0"),
        ({"upper": 1, "interval_steps": 0}, ValueError, "needs interval_steps >= 1"),
    ],
)
def test_arguments_out_of_range(kwargs: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ThresholdPruner(**kwargs)
