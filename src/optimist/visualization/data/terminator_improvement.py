"""Terminator improvement: how much a terminator still saw to gain, trial by trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.states import TrialState
from optimist.study.study import Study
from optimist.terminator import (
    BaseErrorEvaluator,
    BaseImprovementEvaluator,
    BestValueStagnationEvaluator,
    CrossValidationErrorEvaluator,
    RegretBoundEvaluator,
    StaticErrorEvaluator,
)
from optimist.visualization.data.axes import Axis, value_axis
from optimist.visualization.data.points import Heading, explain_nothing
from optimist.visualization.data.trials import FloatArray, IntArray, read_trials

_N_MAX: Final = 100  # an evaluation may fit a model to all trials so far


@dataclass(frozen=True)
class TerminatorImprovement:
    """The figure.

    Attributes:
        heading: What stands above it.
        value: The axis of improvements, as far as they count for a decision.
        numbers: (k,) the complete trials after which it was judged; of more than 100 an even choice, with the last.
        improvements: (k,) what was left to gain, in the evaluator's unit.
        errors: (k,) below which gain the terminator stops; empty if that was not asked for.
        n_startup: How many of the first ones cannot stop a study yet.
        stop_number: The first trial after which the terminator would have stopped; -1 if none, or no error is known.
    """

    heading: Heading
    value: Axis
    numbers: IntArray
    improvements: FloatArray
    errors: FloatArray
    n_startup: int
    stop_number: int


def terminator_improvement(
    study: Study,
    plot_error: bool,
    improvement_evaluator: BaseImprovementEvaluator | None,
    error_evaluator: BaseErrorEvaluator | None,
    min_n_trials: int,
) -> TerminatorImprovement:
    """Ask the evaluators again what they would have said after each complete trial.

    Raises:
        ValueError: The study has several objectives, or the error evaluator misses something in the trials.
    """
    trials = read_trials(study)
    if len(trials.directions) > 1:
        raise ValueError("A terminator judges a single objective, but the study has several.")
    complete = [
        trial for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)) if trial.void_reason is None
    ]
    title, label = "Terminator Improvement", "Terminator Improvement"
    if not complete:
        empty = np.empty(0)
        heading = Heading(title, message=explain_nothing(trials))
        return TerminatorImprovement(
            heading, value_axis(label, empty, None), np.empty(0, np.int64), empty, empty, 0, -1
        )
    improvement = RegretBoundEvaluator() if improvement_evaluator is None else improvement_evaluator
    error = (error_evaluator or _default_error(improvement)) if plot_error else None
    lengths = np.unique(np.linspace(1, len(complete), min(len(complete), _N_MAX)).round().astype(int)).tolist()
    improvements = _ask(improvement, study, complete, lengths)
    errors = np.empty(0) if error is None else _ask(error, study, complete, lengths)
    n_startup = int(np.searchsorted(lengths, min_n_trials))
    numbers = np.array([complete[length - 1].number for length in lengths], np.int64)
    stop_number = -1
    if error is not None:
        stops = np.flatnonzero(improvements[n_startup:] < errors[n_startup:])
        stop_number = int(numbers[n_startup + stops[0]]) if len(stops) else -1
    counted = slice(n_startup if n_startup < len(lengths) else 0, None)
    shown = np.concatenate([improvements[counted], errors[counted]])
    subtitle = "what was left to gain"
    if stop_number >= 0:
        subtitle += f"; less than the error after trial {stop_number:,}"
    return TerminatorImprovement(
        Heading(title, subtitle), value_axis(label, shown, True), numbers, improvements, errors, n_startup, stop_number
    )


def _default_error(improvement: BaseImprovementEvaluator) -> BaseErrorEvaluator:
    """What `Terminator` takes by default."""
    is_count = isinstance(improvement, BestValueStagnationEvaluator)
    return StaticErrorEvaluator(0.0) if is_count else CrossValidationErrorEvaluator()


def _ask(
    evaluator: BaseImprovementEvaluator | BaseErrorEvaluator,
    study: Study,
    complete: list[FrozenTrial],
    lengths: list[int],
) -> FloatArray:
    found = [evaluator.evaluate(trials=complete[:length], study_direction=study.direction) for length in lengths]
    return np.array(found, float)
