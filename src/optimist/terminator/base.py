"""The contracts of terminators: what is left to gain, how exact values are, and the decision."""

from __future__ import annotations

from abc import ABC, abstractmethod

from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection, TrialState


class BaseTerminator(ABC):
    """Decides whether a study should end."""

    @abstractmethod
    def should_terminate(self, study: StudyLike) -> bool:
        """True if it should."""


class BaseImprovementEvaluator(ABC):
    """Estimates how much better than the best trial the objective could yet become."""

    @abstractmethod
    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Estimate what is left to gain.

        Args:
            trials: Of a study with one objective, by number. Only complete ones count.
            study_direction: Which values are better.

        Returns:
            Objective units, unless the evaluator says otherwise; it is compared with what the error evaluator returns.
        """


class BaseErrorEvaluator(ABC):
    """Says what gain is too small to matter, say for it drowns in the objective's noise."""

    @abstractmethod
    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Estimate the error.

        Args:
            trials: As for the improvement evaluator.
            study_direction: Which values are better.

        Returns:
            In the units of the improvement evaluator.
        """


def complete_losses(trials: list[FrozenTrial], direction: StudyDirection) -> tuple[list[FrozenTrial], list[float]]:
    """Pick the trials that count: complete ones that were not set aside.

    Returns:
        Those, in the same order, and their values, turned so that less is better.
    """
    sign = -1.0 if direction == StudyDirection.MAXIMIZE else 1.0
    counted: list[FrozenTrial] = []
    losses: list[float] = []
    for trial in trials:
        if trial.state == TrialState.COMPLETE and trial.void_reason is None:
            assert trial.value is not None
            counted.append(trial)
            losses.append(sign * trial.value)
    return counted, losses
