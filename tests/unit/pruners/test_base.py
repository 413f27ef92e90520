"""The contract itself, and when pruners look at a trial."""

from __future__ import annotations

import math

import pytest

import optimist
from optimist.pruners import Curve, CurvePruner, MedianPruner
from optimist.pruners.base import best_of
from optimist.pruners.checkpoints import is_checkpoint
from optimist.testing.pruners import study_with


def test_curve_pruner_is_the_default() -> None:
    assert type(optimist.create_study().pruner) is CurvePruner


def test_last_step_of_a_curve() -> None:
    assert Curve(0, {}).last_step == -1
    assert Curve(0, {3: 1.0, 9: 1.0, 5: 1.0}).last_step == 9


def test_best_leaves_nan_out() -> None:
    assert Curve(0, {0: math.nan, 1: 2.0, 2: 1.0}).best(maximize=False) == 1.0
    assert Curve(0, {0: math.nan, 1: 2.0, 2: 1.0}).best(maximize=True) == 2.0
    assert math.isnan(best_of([], maximize=True))
    assert math.isnan(best_of([math.nan], maximize=False))


@pytest.mark.parametrize(
    ("steps", "n_warmup_steps", "interval_steps", "expected"),
    [
        ([], 0, 1, False),
        ([0], 0, 1, True),
        ([0], 1, 1, False),
        ([1], 1, 1, True),
        ([0, 1], 0, 2, False),  # 0 was in the interval 0-1 already
        ([0, 2], 0, 2, True),
        ([0, 3], 0, 2, True),
        ([2, 3], 0, 2, False),
        ([3, 2], 0, 2, False),  # in any order
        ([5, 0, 9], 5, 5, False),  # the intervals begin with the warm-up's end: 5-9, 10-14
        ([5, 0, 10], 5, 5, True),
    ],
)
def test_checkpoints(steps: list[int], n_warmup_steps: int, interval_steps: int, expected: bool) -> None:
    assert is_checkpoint(Curve(0, dict.fromkeys(steps, 1.0)), n_warmup_steps, interval_steps) is expected


def test_should_prune_is_for_one_objective() -> None:
    study = optimist.create_study(directions=["minimize", "minimize"], pruner=MedianPruner())
    with pytest.raises(NotImplementedError):
        study.ask().should_prune()


def test_a_pruner_may_be_replaced_between_trials() -> None:
    study = study_with(optimist.pruners.NopPruner(), [{0: 1.0}] * 5)
    trial = study.ask()
    trial.report(9.0, 0)
    assert not trial.should_prune()
    study.pruner = MedianPruner()
    assert trial.should_prune()
