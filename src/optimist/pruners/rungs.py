"""Rungs: the steps at which trials compete, and the best of them go on; what successive halving and Hyperband share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optimist.history.notes import NotedValues
from optimist.history.view import View
from optimist.pruners.base import Curve, Verdict
from optimist.pruners.checkpoints import check_at_least
from optimist.states import StudyDirection

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
    value = trial.reports.get(step, math.nan)  # step -1, of a trial without reports, is below every rung
    rung = 0
    while rung_key(rung) in trial.system_attrs:
        rung += 1
    record: dict[str, Any] = {}
    while step >= ladder.step_of(rung):
        if math.isnan(value):
            return Verdict(True, f"The value at step {step} is NaN.")
        record[rung_key(rung)] = value
        n_better, n_others = _others(view, rung, bracket_of, bracket_of(trial.number), value)
        place = f"rung {rung}, step {ladder.step_of(rung)}"
        if n_others + 1 <= ladder.bootstrap_count:
            return Verdict(
                True, f"No trial passes {place}, before more than {ladder.bootstrap_count} have come.", record
            )
        n_promotable = max((n_others + 1) // ladder.reduction_factor, 1)
        if n_better >= n_promotable:
            return Verdict(
                True,
                f"Of the {n_others + 1} trials that came to {place}, {n_better} were better than its value {value:.6g}; "
                f"the best {n_promotable} go on.",
                record,
            )
        rung += 1
    return Verdict(False, record=record)


def rung_key(rung: int) -> str:
    """On a trial: the value with which it came to a rung. Optuna's name."""
    return f"completed_rung_{rung}"


def _others(view: View, rung: int, bracket_of: BracketOf, bracket: int, value: float) -> tuple[int, int]:
    """How many trials of a bracket came to a rung with a better value, and how many in all."""
    key = rung_key(rung)
    sign = -1.0 if view.directions[0] == StudyDirection.MAXIMIZE else 1.0
    with view.lock:
        finished = view.tracker((NotedValues, key, bracket_of), NotedValues, key, bracket_of)
        n_better, n = finished.count(view.n, bracket, value * sign)
    for other in view.open_trials:
        if key in other.system_attrs and bracket_of(other.number) == bracket:
            n += 1
            n_better += other.system_attrs[key] * sign < value * sign
    return n_better, n
