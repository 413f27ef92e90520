"""Stop a study when what is left to gain is less than what can be told apart."""

from __future__ import annotations

from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.logging import get_logger
from optimist.states import TrialState
from optimist.terminator.base import BaseErrorEvaluator, BaseImprovementEvaluator, BaseTerminator
from optimist.terminator.cross_validation import CrossValidationErrorEvaluator
from optimist.terminator.regret_bound import RegretBoundEvaluator
from optimist.terminator.stagnation import BestValueStagnationEvaluator
from optimist.terminator.static_error import StaticErrorEvaluator

_logger = get_logger(__name__)


class Terminator(BaseTerminator):
    """Stop when the gain that the improvement evaluator still sees is below the error.

    Args:
        improvement_evaluator: Estimates the gain; :class:`RegretBoundEvaluator` by default.
        error_evaluator: Says what gain does not matter. By default ``StaticErrorEvaluator(0)`` for a
            :class:`BestValueStagnationEvaluator`, else :class:`CrossValidationErrorEvaluator`, which needs the objective to
            call :func:`report_cross_validation_scores`.
        min_n_trials: Nothing is stopped before so many trials are complete.

    Raises:
        ValueError: ``min_n_trials`` is below 1.

    Source: Makarova et al. 2022, Automatic termination for hyperparameter optimization, AutoML-Conf.
    """

    def __init__(
        self,
        improvement_evaluator: BaseImprovementEvaluator | None = None,
        error_evaluator: BaseErrorEvaluator | None = None,
        min_n_trials: int = 20,
    ) -> None:
        if min_n_trials < 1:
            raise ValueError(f"min_n_trials must be at least 1, but is {min_n_trials!r}.")
        self._improvement = RegretBoundEvaluator() if improvement_evaluator is None else improvement_evaluator
        self._error = _default_error(self._improvement) if error_evaluator is None else error_evaluator
        self._min_n_trials = min_n_trials

    def should_terminate(self, study: StudyLike) -> bool:
        """True if the study should end.

        Raises:
            RuntimeError: The study has several objectives.
        """
        trials = [
            trial
            for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if trial.void_reason is None
        ]
        if len(trials) < self._min_n_trials:
            return False
        gain = self._improvement.evaluate(trials=trials, study_direction=study.direction)
        error = self._error.evaluate(trials=trials, study_direction=study.direction)
        return bool(gain < error)


def _default_error(improvement: BaseImprovementEvaluator) -> BaseErrorEvaluator:
    if isinstance(improvement, BestValueStagnationEvaluator):
        return StaticErrorEvaluator(0.0)
    return CrossValidationErrorEvaluator()


class TerminatorCallback:
    """Let a terminator end ``optimize``: ``study.optimize(objective, callbacks=[TerminatorCallback()])``.

    Args:
        terminator: Decides after each trial; ``Terminator()`` by default.
    """

    def __init__(self, terminator: BaseTerminator | None = None) -> None:
        self._terminator = Terminator() if terminator is None else terminator

    def __call__(self, study: StudyLike, trial: FrozenTrial) -> None:
        if self._terminator.should_terminate(study):
            _logger.info("Trial %d: too little is left to gain, the study stops.", trial.number)
            study.stop()
