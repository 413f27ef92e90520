"""A gain that is small beside what could be gained at first."""

from __future__ import annotations

import math
import sys
from typing import Final

from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection
from optimist.terminator.base import BaseErrorEvaluator, BaseImprovementEvaluator, complete_losses

_NOT_YET: Final = -sys.float_info.min  # no gain is below it


class MedianErrorEvaluator(BaseErrorEvaluator):
    """A share of the median gain that the improvement evaluator saw in the first trials.

    That spares to know a scale. Trials are looked at once; an evaluator belongs to one study.

    Args:
        paired_improvement_evaluator: The one that the terminator has, too.
        warm_up_trials: So many trials at the beginning are left out; they are often random.
        n_initial_trials: The median is taken over so many trials after those.
        threshold_ratio: The share, above 0.

    Raises:
        ValueError: A number is out of its range.

    Source: Ishibashi et al. 2023, A stopping criterion for Bayesian optimization by the gap of expected minimum simple
    regrets, AISTATS.
    """

    def __init__(
        self,
        paired_improvement_evaluator: BaseImprovementEvaluator,
        warm_up_trials: int = 10,
        n_initial_trials: int = 20,
        threshold_ratio: float = 0.01,
    ) -> None:
        if warm_up_trials < 0:
            raise ValueError(f"warm_up_trials must be at least 0, but is {warm_up_trials!r}.")
        if n_initial_trials < 1:
            raise ValueError(f"n_initial_trials must be at least 1, but is {n_initial_trials!r}.")
        if not 0.0 < threshold_ratio < math.inf:
            raise ValueError(f"threshold_ratio must be above 0 and finite, but is {threshold_ratio!r}.")
        self._improvement = paired_improvement_evaluator
        self._n_warm_up, self._n_initial = warm_up_trials, n_initial_trials
        self._ratio = threshold_ratio
        self._threshold: float | None = None

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the threshold, in the units of the improvement evaluator; hardly below 0 until there is one."""
        if self._threshold is not None:
            return self._threshold
        counted, _ = complete_losses(trials, study_direction)
        if len(counted) < self._n_warm_up + self._n_initial:
            return _NOT_YET
        first = counted[self._n_warm_up : self._n_warm_up + self._n_initial]
        gains = [
            self._improvement.evaluate(trials=first[: n + 1], study_direction=study_direction)
            for n in range(len(first))
        ]
        self._threshold = self._ratio * sorted(gains)[len(gains) // 2]
        return self._threshold
