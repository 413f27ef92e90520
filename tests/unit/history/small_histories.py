"""Histories of a few trials for the tests of this directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from optimist.distributions import BaseDistribution, FloatDistribution
from optimist.history.draft import TrialChange
from optimist.history.history import History
from optimist.states import StudyDirection, TrialState

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
RUNNING, WAITING = TrialState.RUNNING, TrialState.WAITING
COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
X = FloatDistribution(0.0, 1.0)


def history_of(*directions: StudyDirection) -> History:
    return History(directions or (MINIMIZE,))


def add(
    history: History,
    values: float | tuple[float, ...] | None = None,
    *,
    state: TrialState = COMPLETE,
    params: Mapping[str, tuple[BaseDistribution, Any]] | Iterable[str] = (),
    reports: Mapping[int, float] | None = None,
    constraints: Mapping[str, float] | None = None,
    user_attrs: Mapping[str, Any] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> int:
    """Add a trial of the next number and return it; parameters given by name alone are 0.5 in [0, 1].

    Notes are system attributes.
    """
    if not isinstance(params, Mapping):
        params = dict.fromkeys(params, (X, 0.5))
    number = history.n_trials
    change = TrialChange(
        number=number,
        trial_id=number + 100,
        state=state,
        values=(values,) if isinstance(values, (int, float)) else values,
        started_us=-1 if state == WAITING else 1_000_000 * (number + 1),
        completed_us=1_000_000 * (number + 2) if state.is_finished() else None,
        params=[(name, distribution, value) for name, (distribution, value) in params.items()],
        reports=dict(reports or {}),
        user_attrs=dict(user_attrs or {}),
        system_attrs={f"constraints:{key}": value for key, value in (constraints or {}).items()} | dict(notes or {}),
    )
    history.apply([change])
    return number
