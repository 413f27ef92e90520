"""Which number of a trial a figure shows: the objective's value, or what the caller computes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from optimist.exceptions import warn_user
from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection, TrialState
from optimist.study.study import Study
from optimist.visualization.data.trials import BoolArray, FloatArray, Trials, read_trials

Target = Callable[[FrozenTrial], float]

DEFAULT_NAME: Final = "Objective Value"


@dataclass(frozen=True)
class Objective:
    """The number that a figure shows for each trial.

    Attributes:
        name: What an axis calls it.
        values: (n,) by row of the trials; NaN where a trial has none.
        is_minimized: Whether less is better. A target of the caller's counts as minimised, for colours alone.
        has_best: Whether better and worse are meaningful: False for a target of the caller's.
    """

    name: str
    values: FloatArray
    is_minimized: bool
    has_best: bool

    @property
    def is_finite(self) -> BoolArray:
        """(n,) which trials have a finite number."""
        mask: BoolArray = np.isfinite(self.values)
        return mask

    @property
    def losses(self) -> FloatArray:
        """(n,) turned so that less is better."""
        return self.values if self.is_minimized else -self.values


def as_studies(study: Study | Sequence[Study]) -> list[Study]:
    """One study or several, as a list.

    Raises:
        TypeError: Something else.
    """
    studies: list[Any] = [study] if isinstance(study, Study) or not isinstance(study, Iterable) else list(study)
    for each in studies:
        if not isinstance(each, Study):
            raise TypeError(f"A plot takes a study, but got {each!r}. Make one with create_study() or load_study().")
    return studies


def check_target(study: Study | Sequence[Study], target: Target | None, target_name: str) -> None:
    """Check the pair of arguments that nearly every plot takes.

    Raises:
        ValueError: A study has several objectives, and there is no target.
    """
    studies = as_studies(study)
    if target is None and any(len(each.directions) > 1 for each in studies):
        raise ValueError(
            "The study has several objectives, and this plot shows one number per trial. "
            "Say which with target, such as target=lambda trial: trial.values[0], target_name='loss'."
        )
    if target is not None and target_name == DEFAULT_NAME:
        warn_user(
            f"target is given, but the plot will call it {DEFAULT_NAME!r}. Say with target_name what it shows; "
            "that silences this warning."
        )


def objective_of(study: Study, trials: Trials, target: Target | None, target_name: str) -> Objective:
    """The values to show for complete trials, and for pruned ones where the objective is the study's own.

    Args:
        study: Whose trials.
        trials: Its columns.
        target: Takes a complete trial; None: the objective's value.
        target_name: The caller's name; a metric name of the study stands in for the default.

    Raises:
        ValueError: The target returned what is no number.
    """
    if target is None:
        if target_name == DEFAULT_NAME and trials.metric_names is not None:
            target_name = trials.metric_names[0]
        is_minimized = trials.directions[0] != StudyDirection.MAXIMIZE
        return Objective(target_name, trials.values[:, 0], is_minimized, has_best=True)
    values = np.full(trials.n, np.nan)
    # A loop over trials, because the caller's function takes one.
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        row = trials.row_of(trial.number)
        if row >= 0:
            values[row] = _number(target(trial), trial.number)
    return Objective(target_name, values, is_minimized=True, has_best=False)


def read_objective(study: Study, target: Target | None, target_name: str) -> tuple[Trials, Objective]:
    """The columns of a study and the number to show, arguments checked."""
    check_target(study, target, target_name)
    trials = read_trials(study)
    return trials, objective_of(study, trials, target, target_name)


def shown_rows(trials: Trials, objective: Objective) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The rows of the complete trials with a finite number, ascending."""
    rows: np.ndarray[tuple[int], np.dtype[np.intp]] = np.flatnonzero(trials.is_complete & objective.is_finite)
    return rows


def _number(value: object, number: int) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"target must return a number, but for trial {number} it returned {value!r}.") from None
