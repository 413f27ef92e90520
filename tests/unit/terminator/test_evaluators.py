"""The evaluators that need no model, the decision and the callback."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import optimist
from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection
from optimist.terminator import (
    BaseImprovementEvaluator,
    BestValueStagnationEvaluator,
    CrossValidationErrorEvaluator,
    MedianErrorEvaluator,
    StaticErrorEvaluator,
    Terminator,
    TerminatorCallback,
    report_cross_validation_scores,
)
from tests.unit.terminator.made_trials import trials_of

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


class Counting(BaseImprovementEvaluator):
    """Sees as much to gain as there are trials."""

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        return float(len(trials))


@pytest.mark.parametrize(
    ("values", "least", "largest"),
    [([3, 2, 1], 5, 3), ([1, 1, 1], 3, 3), ([3, 1, 2, 1, 5], 2, 5), ([1], 5, 5), ([1, 2, 3, 4, 5, 6, 7, 8], -2, 5)],
)
def test_trials_left_before_stagnation(values: list[float], least: float, largest: float) -> None:
    evaluator = BestValueStagnationEvaluator(5)
    assert evaluator.evaluate(trials_of(values), MINIMIZE) == least
    assert evaluator.evaluate(trials_of(values), MAXIMIZE) == largest


def test_only_complete_trials_that_count_are_seen() -> None:
    study = optimist.create_study()
    for state in ("FAIL", "PRUNED", "RUNNING", "WAITING"):
        study.add_trial(optimist.create_trial(state=optimist.trial.TrialState[state]))
    study.add_trials([optimist.create_trial(value=v) for v in (1.0, -7.0, 2.0)])
    study.void(5, "a typo")
    assert BestValueStagnationEvaluator(5).evaluate(study.trials, MINIMIZE) == 4


def test_error_of_a_cross_validation() -> None:
    study = optimist.create_study()
    scores = np.array([0.1, 0.5, 0.9, 0.2])
    trial = study.ask()
    report_cross_validation_scores(trial, scores)
    study.tell(trial, scores.mean())
    expected = math.sqrt(scores.var() * (1 / 4 + 1 / 3))
    assert CrossValidationErrorEvaluator().evaluate(study.trials, MINIMIZE) == pytest.approx(expected)
    study.tell(study.ask(), 0.0)  # better, and without scores
    with pytest.raises(ValueError, match="Trial 1, the best one, has no cross-validation scores"):
        CrossValidationErrorEvaluator().evaluate(study.trials, MINIMIZE)
    assert CrossValidationErrorEvaluator().evaluate(study.trials, MAXIMIZE) == pytest.approx(expected)


@pytest.mark.parametrize("scores", [[], [0.5]])
def test_one_fold_is_no_cross_validation(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="two folds"):
        report_cross_validation_scores(optimist.create_study().ask(), scores)


def test_scores_of_a_trial_without_a_study() -> None:
    report_cross_validation_scores(optimist.trial.FixedTrial({}), [0.1, 0.2])  # type: ignore[arg-type]


def test_scores_survive_in_a_database(tmp_path: Any) -> None:
    def objective(trial: optimist.Trial) -> float:
        report_cross_validation_scores(trial, [0.5, 1 / 3])
        return 1.0

    url = f"sqlite:///{tmp_path}/s.db"
    optimist.create_study(storage=url, study_name="s").optimize(objective, n_trials=1)
    again = optimist.load_study(storage=url, study_name="s")
    assert CrossValidationErrorEvaluator().evaluate(again.trials, MINIMIZE) > 0.0


def test_share_of_the_first_gains() -> None:
    evaluator = MedianErrorEvaluator(Counting(), warm_up_trials=2, n_initial_trials=3, threshold_ratio=0.5)
    trials = trials_of(range(8))
    for n in (0, 2, 4):
        assert -1e-300 < evaluator.evaluate(trials[:n], MINIMIZE) < 0.0
    assert evaluator.evaluate(trials[:5], MINIMIZE) == 0.5 * 2  # of 1, 2, 3
    assert evaluator.evaluate(trials, MINIMIZE) == 0.5 * 2


def test_share_of_an_even_number_is_the_upper_median() -> None:
    evaluator = MedianErrorEvaluator(Counting(), warm_up_trials=0, n_initial_trials=4, threshold_ratio=1.0)
    assert evaluator.evaluate(trials_of(range(4)), MINIMIZE) == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BestValueStagnationEvaluator(-1), "max_stagnation_trials"),
        (lambda: MedianErrorEvaluator(Counting(), warm_up_trials=-1), "warm_up_trials"),
        (lambda: MedianErrorEvaluator(Counting(), n_initial_trials=0), "n_initial_trials"),
        (lambda: MedianErrorEvaluator(Counting(), threshold_ratio=0.0), "threshold_ratio"),
        (lambda: MedianErrorEvaluator(Counting(), threshold_ratio=math.inf), "threshold_ratio"),
        (lambda: Terminator(min_n_trials=0), "min_n_trials"),
        (lambda: BestValueStagnationEvaluator().evaluate([], MINIMIZE), "no trial is complete"),
        (lambda: CrossValidationErrorEvaluator().evaluate([], MINIMIZE), "none is complete"),
    ],
)
def test_what_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def study_with(n: int) -> optimist.Study:
    study = optimist.create_study()
    study.add_trials([optimist.create_trial(value=float(i)) for i in range(n)])
    return study


@pytest.mark.parametrize(
    ("error", "min_n_trials", "stops"), [(29, 20, False), (30, 20, False), (31, 20, True), (31, 31, False)]
)
def test_stops_when_the_gain_is_below_the_error(error: float, min_n_trials: int, stops: bool) -> None:
    terminator = Terminator(Counting(), StaticErrorEvaluator(error), min_n_trials=min_n_trials)
    assert terminator.should_terminate(study_with(30)) is stops


@pytest.mark.parametrize(("max_stagnation_trials", "stops"), [(28, True), (29, False)])
def test_stagnation_needs_no_error_evaluator(max_stagnation_trials: int, stops: bool) -> None:
    terminator = Terminator(BestValueStagnationEvaluator(max_stagnation_trials))
    assert terminator.should_terminate(study_with(30)) is stops


def test_voided_trials_do_not_count_for_the_least_number() -> None:
    study = study_with(20)
    study.void(19, "a typo")
    assert not Terminator(BestValueStagnationEvaluator(0)).should_terminate(study)


def test_several_objectives_are_refused() -> None:
    study = optimist.create_study(directions=["minimize", "minimize"])
    study.add_trial(optimist.create_trial(values=[1.0, 2.0]))
    with pytest.raises(RuntimeError, match="several"):
        Terminator(BestValueStagnationEvaluator(0), min_n_trials=1).should_terminate(study)


def test_callback_ends_optimize() -> None:
    study = optimist.create_study()
    callback = TerminatorCallback(Terminator(BestValueStagnationEvaluator(3), min_n_trials=1))
    study.optimize(lambda trial: abs(trial.number - 5), n_trials=100, callbacks=[callback])
    assert len(study.trials) == 10
