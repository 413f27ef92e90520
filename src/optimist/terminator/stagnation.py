"""How long the best value may stay the same."""

from __future__ import annotations

from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection
from optimist.terminator.base import BaseImprovementEvaluator, complete_losses


class BestValueStagnationEvaluator(BaseImprovementEvaluator):
    """Count how many more trials may pass without a better value; below 0 it has been too many.

    By itself it goes with ``StaticErrorEvaluator(0)``, which :class:`Terminator` chooses for it.

    Args:
        max_stagnation_trials: So many trials without a better value are borne.

    Raises:
        ValueError: It is negative.
    """

    def __init__(self, max_stagnation_trials: int = 30) -> None:
        if max_stagnation_trials < 0:
            raise ValueError(f"max_stagnation_trials must be at least 0, but is {max_stagnation_trials!r}.")
        self._max_stagnation_trials = max_stagnation_trials

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the number of trials that are left; not objective units.

        Raises:
            ValueError: No trial is complete.
        """
        _, losses = complete_losses(trials, study_direction)
        if not losses:
            raise ValueError("Stagnation needs a best value, but no trial is complete.")
        n_since_best = len(losses) - 1 - losses.index(min(losses))
        return self._max_stagnation_trials - n_since_best
