"""What a told value means: the one place that decides how a trial ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from optimist.history.draft import Draft
from optimist.history.metrics import objective_metrics, value_at
from optimist.states import TrialState

_NO_ATTRS: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ends.

    Attributes:
        state: COMPLETE, PRUNED or FAIL.
        values: One per objective; None if there are none.
        problem: Why values that were told could not be accepted; empty if they were.
    """

    state: TrialState
    values: Sequence[float] | None = None
    problem: str = ""


def outcome_of(
    draft: Draft,
    values: Any,
    state: TrialState | None,
    n_objectives: int,
    study_attrs: Mapping[str, Any] = _NO_ATTRS,
) -> Outcome:
    """Decide how a trial ends.

    Args:
        draft: The trial.
        values: A number, a sequence of numbers, or None, as the objective returned it or the user told it.
        state: The state that was told. None: COMPLETE if the values are acceptable, else FAIL.
        n_objectives: How many numbers are expected.
        study_attrs: System attributes of the study, which may name its objectives.

    Raises:
        ValueError: The state contradicts the values, or is not a final one.
    """
    if state is None:
        if type(values) is float and n_objectives == 1 and values == values:
            return Outcome(TrialState.COMPLETE, [values])
        accepted, problem = accept_values(values, n_objectives)
        return Outcome(TrialState.FAIL, None, problem) if accepted is None else Outcome(TrialState.COMPLETE, accepted)
    if state == TrialState.COMPLETE:
        if values is None:
            raise ValueError("A COMPLETE trial needs values: tell(trial, values), or another state.")
        accepted, problem = accept_values(values, n_objectives)
        if accepted is None:
            raise ValueError(problem)
        return Outcome(state, accepted)
    if state not in (TrialState.PRUNED, TrialState.FAIL):
        raise ValueError(f"A trial cannot be told to be {state!r}; it ends COMPLETE, PRUNED or FAIL.")
    if values is not None:
        raise ValueError(f"A {state.name} trial takes no values, but got {values!r}.")
    return Outcome(state, last_report(draft, n_objectives, study_attrs) if state == TrialState.PRUNED else None)


def accept_values(values: Any, n_objectives: int) -> tuple[list[float] | None, str]:
    """Turn what an objective returned into one float per objective; or say why that cannot be."""
    several: list[Any]
    if isinstance(values, Sequence) and not isinstance(values, (str, bytes)):
        several = list(values)
    else:
        several = [values]
    if len(several) != n_objectives:
        return None, f"The study has {n_objectives} objective(s), but {len(several)} value(s) came: {values!r}."
    accepted = []
    for value in several:
        if isinstance(value, (str, bytes)):
            return None, f"The value {value!r} is text, not a number."
        try:
            number = float(value)
        except Exception as error:  # noqa: BLE001  a tensor of two elements raises what its library likes
            return None, f"The value {value!r} is not a number: {error}"
        if math.isnan(number):
            return None, f"The value {value!r} is not acceptable: it says nothing about how good the trial is."
        accepted.append(number)
    return accepted, ""


def last_report(draft: Draft, n_objectives: int, study_attrs: Mapping[str, Any]) -> list[float] | None:
    """What was reported at the last step for each objective, as the values of a pruned trial; None if any is missing."""
    if not draft.reports:
        return None
    step = max(draft.reports)
    values: list[float] = [draft.reports[step]]
    if n_objectives > 1:
        names = objective_metrics(list(draft.metrics), n_objectives, study_attrs)
        if names is None:
            return None
        values = [value_at(name, step, draft.reports, draft.metrics) for name in names]
    return None if any(map(math.isnan, values)) else values
