"""Successive halving by promotion: every trial stops at a small budget, and the best ones are gone on with."""

from __future__ import annotations

import math
import operator
from collections.abc import Container, Mapping
from typing import Any

from optimist.history.attributes import RUNG_KEY
from optimist.history.standings import Standings
from optimist.history.view import View
from optimist.pruners.base import GO_ON, Curve, PromotingPruner, Promotion, Verdict
from optimist.pruners.checkpoints import check_at_least
from optimist.pruners.rungs import rung_key


class PromotionPruner(PromotingPruner):
    """Stop each trial at its budget, and go on with the best ``1 / reduction_factor`` of those that came as far.

    A budget is a number of steps: of 9, a trial reports steps 0 to 8. Budgets are ``min_resource``, ``reduction_factor``
    times as much, and so on up to ``max_resource``; a trial that is new has the first one. When it has used it, it is
    pruned. Before a study begins a new trial, it looks whether a pruned one deserves more: whether it is now, with all
    that came later, among the best at its budget. If so, a *promotion* begins: a trial with the same parameters and the next
    budget, which finds the checkpoint of the first one in ``trial.resume_from``, and begins anew without one. So a trial that
    others were ahead of at first gets its chance as soon as it deserves it, where :class:`SuccessiveHalvingPruner` has
    stopped it for good. A trial is promoted once, however many workers there are; promotions do not count in
    ``total_trials``, but are runs as others, and count in ``n_trials``.

    Objectives either report each step and ask ``should_prune``; or run ``trial.budget`` steps, say epochs, and return the
    value: then the trial is pruned with this value, unless it has ``max_resource``.

    It has its price: each promotion loads a checkpoint, or trains from the beginning without one. It suits objectives that
    keep checkpoints, whose order at small budgets says something, and studies of many more trials than workers.

    Args:
        max_resource: The budget of a trial that is never pruned: so many steps.
        min_resource: The budget of new trials.
        reduction_factor: One in so many trials is promoted, to a budget so many times as large.

    Raises:
        TypeError: A resource is no integer.
        ValueError: An argument is outside its range.

    Source: Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning, algorithm 2, arXiv:1810.05934.
    """

    def __init__(self, max_resource: int, *, min_resource: int = 1, reduction_factor: int = 3) -> None:
        max_resource, min_resource = _integer("max_resource", max_resource), _integer("min_resource", min_resource)
        check_at_least(self, "min_resource", min_resource, 1)
        check_at_least(self, "reduction_factor", _integer("reduction_factor", reduction_factor), 2)
        check_at_least(self, "max_resource", max_resource, min_resource)
        budgets = []
        budget = min_resource
        while budget < max_resource:
            budgets.append(budget)
            budget *= reduction_factor
        self._budgets = (*budgets, max_resource)
        self._reduction_factor = reduction_factor

    @property
    def budgets(self) -> tuple[int, ...]:
        """The budget of each rung, in steps, ascending."""
        return self._budgets

    def budget(self, system_attrs: Mapping[str, Any]) -> int:
        return self._budgets[self._rung(system_attrs)]

    def _rung(self, system_attrs: Mapping[str, Any]) -> int:
        return min(int(system_attrs.get(RUNG_KEY, 0)), len(self._budgets) - 1)

    def decide(self, view: View, trial: Curve) -> Verdict:
        n_steps = trial.last_step + 1
        budget = self.budget(trial.system_attrs)
        if n_steps < budget:
            return GO_ON
        value = trial.reports[trial.last_step]
        if math.isnan(value):
            return Verdict(True, f"The value at step {trial.last_step} is NaN.")
        record = self._record(trial.system_attrs, n_steps, value)
        if n_steps >= self._budgets[-1]:
            return Verdict(False, record=record)
        return Verdict(True, f"Its budget of {budget} steps is used; it goes on if it is among the best.", record)

    def record_end(self, system_attrs: Mapping[str, Any], last_step: int, value: float) -> dict[str, Any] | None:
        n_steps = self.budget(system_attrs) if last_step < 0 else last_step + 1
        if n_steps >= self._budgets[-1] or n_steps < self.budget(system_attrs):
            return None
        return self._record(system_attrs, n_steps, value)

    def _record(self, system_attrs: Mapping[str, Any], n_steps: int, value: float) -> dict[str, Any]:
        """What a trial notes that has run so far: its value at each rung up to there, if it is new to it."""
        rungs = range(self._rung(system_attrs), len(self._budgets))
        keys = [rung_key(rung) for rung in rungs if self._budgets[rung] <= n_steps]
        return {key: value for key in keys if key not in system_attrs}

    def promotion(self, view: View, not_these: Container[int]) -> Promotion | None:
        keys = tuple(map(rung_key, range(len(self._budgets))))
        with view.lock:
            standings = view.tracker((Standings, keys), Standings, keys)
            for rung in reversed(range(len(self._budgets) - 1)):
                number = standings.best_left(rung, self._reduction_factor, not_these)
                if number is not None:
                    return Promotion(number, rung + 1, self._budgets[rung + 1])
        return None


def _integer(argument: str, value: int) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"PromotionPruner needs an integer as {argument}, but got {value!r}.") from None
