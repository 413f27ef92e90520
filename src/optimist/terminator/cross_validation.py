"""How far the mean of a cross-validation may be from what it estimates."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from typing import Any, Final

from optimist.history.protocols import TrialLike
from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection
from optimist.terminator.base import BaseErrorEvaluator, complete_losses

_SCORES_KEY: Final = "terminator:cv_scores"  # as Optuna names it: studies that were copied keep their scores


def report_cross_validation_scores(trial: TrialLike, scores: Iterable[float]) -> None:
    """Tell the scores of the folds, in the objective; :class:`CrossValidationErrorEvaluator` reads them.

    A trial without a study, such as a ``FixedTrial``, has nobody to tell it.

    Args:
        trial: The trial.
        scores: One for each fold; a list or an array.

    Raises:
        ValueError: There are less than two.
    """
    numbers = [float(score) for score in scores]
    if len(numbers) < 2:
        raise ValueError(f"Cross-validation has two folds at least, but got the scores {numbers}.")
    study: Any = getattr(trial, "study", None)
    if study is not None:
        study.set_trial_system_attr(trial.number, _SCORES_KEY, numbers)


class CrossValidationErrorEvaluator(BaseErrorEvaluator):
    """The standard error of the best trial's value, which is the mean over k folds.

    The variance s² of its scores is scaled by 1/k + 1/(k - 1): folds share their training data, so that the plain s²/k is
    too small.

    Sources: Nadeau and Bengio 2003, doi:10.1023/A:1024068626366; Makarova et al. 2022, Automatic termination for
    hyperparameter optimization, AutoML-Conf.
    """

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the standard error, in objective units.

        Raises:
            ValueError: No trial is complete, or the best one has no scores.
        """
        counted, losses = complete_losses(trials, study_direction)
        if not counted:
            raise ValueError("The error of a cross-validation needs a best trial, but none is complete.")
        best = counted[losses.index(min(losses))]
        scores = best.system_attrs.get(_SCORES_KEY)
        if scores is None:
            raise ValueError(
                f"Trial {best.number}, the best one, has no cross-validation scores. Call "
                "report_cross_validation_scores(trial, scores) in the objective, or choose another error_evaluator."
            )
        k = len(scores)
        return math.sqrt(statistics.pvariance(scores) * (1.0 / k + 1.0 / (k - 1)))
