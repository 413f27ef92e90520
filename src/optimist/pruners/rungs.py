"""Rungs: the steps at which trials compete, and the best of them go on; what successive halving and Hyperband share.

Trials of one objective are ordered by their values. Those of several are ordered front by front, and on a front so that
the first ones cover it best (``pareto.best_first``), among no more than ``MAX_RIVALS`` of the trials at the rung, evenly
spread over the time in which they came: so a decision costs the same however many there are.
Source: Schmucker et al. 2021, Multi-objective asynchronous successive halving, arXiv:2106.12639.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from optimist.history.notes import NotedPoints, NotedValues
from optimist.history.view import View
from optimist.pruners.base import Curve, Verdict
from optimist.pruners.checkpoints import check_at_least
from optimist.states import StudyDirection

MAX_RIVALS: Final = 255
"""Against so many of the finished trials at a rung a trial of several objectives competes."""

BracketOf = Callable[[int], int]
"""The bracket of a trial, by its number. Hashable: equal ones know the same brackets."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Where the rungs are, and how many trials leave them.

    Attributes:
        min_resource: The lowest step on which a rung may be.
        reduction_factor: How many times further each rung is than the one before; one in so many trials goes on.
        n_skipped: How many of the lowest rungs are left out.
        bootstrap_count: From a rung with no more than so many trials none goes on.
    """

    min_resource: int
    reduction_factor: int
    n_skipped: int
    bootstrap_count: int

    def step_of(self, rung: int) -> int:
        """The step on which a rung is."""
        step: int = self.min_resource * self.reduction_factor ** (self.n_skipped + rung)
        return step


def check_bootstrap_count(pruner: object, bootstrap_count: int, argument: str, resource: int | None) -> None:
    """Raise ValueError if ``bootstrap_count`` is negative, or if it is positive and the resource is "auto" (None)."""
    check_at_least(pruner, "bootstrap_count", bootstrap_count, 0)
    if bootstrap_count > 0 and resource is None:
        raise ValueError(
            f"{type(pruner).__name__} needs a number as {argument} if bootstrap_count > 0, but got "
            f'bootstrap_count={bootstrap_count} and {argument}="auto".'
        )


def the_only_bracket(_number: int) -> int:
    """The bracket of all trials where there is one."""
    return 0


def climb(view: View, trial: Curve, ladder: Ladder, bracket_of: BracketOf = the_only_bracket) -> Verdict:
    """Take a trial to the highest rung that its last step allows; stop it at the first where it is not good enough.

    It competes with its own value at the last step, against the trials of its bracket that came to the rung before it,
    whatever became of them. The verdict's record says which rungs it came to, and with what.
    """
    step = trial.last_step
    values = trial.values_at(step)  # step -1, of a trial without reports, is below every rung
    rung = 0
    while rung_key(rung) in trial.system_attrs:
        rung += 1
    record: dict[str, Any] = {}
    while step >= ladder.step_of(rung):
        if any(map(math.isnan, values)):
            what = "The value" if len(values) == 1 else "A value"
            return Verdict(True, f"{what} at step {step} is NaN{'' if len(values) == 1 else ', or was not reported'}.")
        record[rung_key(rung)] = values[0] if len(values) == 1 else list(values)
        standing = _among_values if len(values) == 1 else _among_fronts
        n_better, n_others = standing(view, rung, bracket_of, bracket_of(trial.number), values, ladder.reduction_factor)
        place = f"rung {rung}, step {ladder.step_of(rung)}"
        if n_others + 1 <= ladder.bootstrap_count:
            return Verdict(
                True, f"No trial passes {place}, before more than {ladder.bootstrap_count} have come.", record
            )
        n_promotable = max((n_others + 1) // ladder.reduction_factor, 1)
        if n_better >= n_promotable:
            return Verdict(True, _reason(values, place, n_better, n_others + 1, n_promotable), record)
        rung += 1
    return Verdict(False, record=record)


def rung_key(rung: int) -> str:
    """On a trial: the value, or the list of values, with which it came to a rung. Optuna's name."""
    return f"completed_rung_{rung}"


def _reason(values: Sequence[float], place: str, n_better: int, n_all: int, n_promotable: int) -> str:
    if len(values) > 1:
        return f"Of {n_all} trials that came to {place}, the best {n_promotable} by Pareto fronts go on without it."
    return (
        f"Of the {n_all} trials that came to {place}, {n_better} were better than its value {values[0]:.6g}; "
        f"the best {n_promotable} go on."
    )


def _among_fronts(
    view: View, rung: int, bracket_of: BracketOf, bracket: int, values: Sequence[float], reduction_factor: int
) -> tuple[int, int]:
    """A trial's place, from 0, in the order of the trials of a bracket at a rung; and how many others there are.

    The place is right as far as the trial goes on; else it is the first one that does not. Of many trials, so many are
    looked at that a share of these is a share of all.
    """
    import numpy as np

    from optimist.numerics.pareto import best_first

    key, signs = rung_key(rung), np.array([-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in view.directions])
    with view.lock:
        points = view.tracker((NotedPoints, key, bracket_of), NotedPoints, key, bracket_of, view.n_objectives)
        others = points.sample(view.n, bracket, MAX_RIVALS)
    rivals = [
        other.system_attrs[key]
        for other in view.open_trials
        if isinstance(other.system_attrs.get(key), list) and bracket_of(other.number) == bracket
    ]
    losses = np.array([values, *rivals, *others], np.float64) * signs
    n_promotable = max(len(losses) // reduction_factor, 1)
    order = best_first(losses, n_promotable).tolist()
    return order.index(0) if 0 in order else n_promotable, len(losses) - 1


def _among_values(
    view: View, rung: int, bracket_of: BracketOf, bracket: int, values: Sequence[float], _reduction_factor: int
) -> tuple[int, int]:
    """How many trials of a bracket came to a rung with a better value, and how many in all."""
    key, value = rung_key(rung), values[0]
    sign = -1.0 if view.directions[0] == StudyDirection.MAXIMIZE else 1.0
    with view.lock:
        finished = view.tracker((NotedValues, key, bracket_of), NotedValues, key, bracket_of)
        n_better, n = finished.count(view.n, bracket, value * sign)
    for other in view.open_trials:
        if key in other.system_attrs and bracket_of(other.number) == bracket:
            n += 1
            n_better += other.system_attrs[key] * sign < value * sign
    return n_better, n
