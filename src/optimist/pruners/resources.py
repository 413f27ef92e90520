"""Resources: numbers of steps that are given, or that follow from the first complete trials and then hold for all."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from optimist.history.notes import NumberIfNoted
from optimist.history.trackers import minus_last_step
from optimist.history.view import View
from optimist.pruners.base import Curve
from optimist.pruners.checkpoints import check_at_least


def resource_or_auto(pruner: object, argument: str, value: str | int) -> int | None:
    """Check an argument that is a number of steps, at least 1, or "auto", which becomes None."""
    if value == "auto":
        return None
    try:
        resource = operator.index(value)  # type: ignore[arg-type]  # text and the like are what is to be found out
    except TypeError:
        raise ValueError(
            f'{type(pruner).__name__} needs an integer or "auto" as {argument}, but got {argument}={value!r}.'
        ) from None
    check_at_least(pruner, argument, resource, 1)
    return resource


def settle(view: View, trial: Curve, key: str, follows: Callable[[int], int]) -> tuple[int | None, dict[str, int]]:
    """Find a resource that is the same for all trials of a study, in whatever process they run.

    The first trial that is judged after a complete one has reported anything takes it from the longest complete trial,
    and notes it. Should several have done so at the same time, the one of the lowest number counts.

    Args:
        view: The study as the trial sees it.
        trial: The trial that is judged.
        key: Where the trials note it.
        follows: Gives it for the highest step of the longest trial.

    Returns:
        The resource, None as long as no complete trial has reported anything; and what the trial shall note.
    """
    noted = [(other.number, other.system_attrs) for other in view.open_trials if key in other.system_attrs]
    lead = view.leader(NumberIfNoted(key))
    if lead is not None:
        noted.append((int(lead.measure), view.row_attrs(lead.row)[1]))
    if key in trial.system_attrs:
        noted.append((trial.number, trial.system_attrs))
    if noted:
        return min(noted, key=_number)[1][key], {}
    longest = view.leader(minus_last_step)
    if longest is None:
        return None, {}
    resource = follows(int(-longest.measure))
    return resource, {key: resource}


def _number(noted: tuple[int, dict[str, Any]]) -> int:
    return noted[0]
