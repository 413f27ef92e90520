"""A gain that is too small to matter, named by the user."""

from __future__ import annotations

from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection
from optimist.terminator.base import BaseErrorEvaluator


class StaticErrorEvaluator(BaseErrorEvaluator):
    """Always the same error: stop when the estimated gain is below a number.

    Args:
        constant: The number, in the units of the improvement evaluator.
    """

    def __init__(self, constant: float) -> None:
        self._constant = constant

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        return self._constant
