"""The former way to tell of constraints: a function of the finished trial, given to the sampler."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from optimist.exceptions import warn_user
from optimist.history.base_trial import CONSTRAINT_PREFIX, checked_constraint
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.states import TrialState


def warn_of_constraints_func(sampler: str) -> None:
    """Warn whoever made a sampler with ``constraints_func``."""
    warn_user(
        f"{sampler}(constraints_func=...) is deprecated since Optuna 5.0.0; call trial.set_constraint(key, value) in the "
        "objective instead.",
        FutureWarning,
    )


def note_constraints(
    study: StudyLike, trial: FrozenTrial, state: TrialState, function: Callable[[FrozenTrial], Sequence[float]]
) -> None:
    """Keep the constraints of a trial that ends complete or pruned, under the keys "0", "1", and so on."""
    if state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return
    for i, value in enumerate(function(trial)):
        study.set_trial_system_attr(trial.number, f"{CONSTRAINT_PREFIX}{i}", checked_constraint(str(i), value))
