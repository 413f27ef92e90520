"""Asynchronous successive halving: trials compete at steps that are further and further apart."""

from __future__ import annotations

from typing import Any, Final

from optimist.history.view import View
from optimist.pruners.base import GO_ON, ColumnPruner, Curve, Verdict
from optimist.pruners.checkpoints import check_at_least
from optimist.pruners.resources import resource_or_auto, settle
from optimist.pruners.rungs import Ladder, check_bootstrap_count, climb

MIN_RESOURCE_KEY: Final = "successive_halving:min_resource"
"""On a trial: the ``min_resource`` that it found for the study."""


class SuccessiveHalvingPruner(ColumnPruner):
    """Let the best ``1 / reduction_factor`` of the trials that come to a rung go on to the next one.

    Rung ``i`` is at step ``min_resource * reduction_factor ** (min_early_stopping_rate + i)``. A trial competes with its
    value there against those that came to the rung before it; nobody waits for those that come later. A trial that is
    NaN at a rung is stopped.

    In a study with several objectives, whose trials report a metric for each by name, trials are ordered by Pareto fronts:
    first the front of all, then that of the rest, and so on. Of the front that does not go on as a whole, those go on
    that cover it best. Of more than 255 finished trials at a rung it looks at 255.

    Args:
        min_resource: Nothing is stopped before this step. "auto" takes a hundredth of the longest trial that is complete
            when the first other one reports, at least 1, for all later trials; until then nothing is stopped. Give a
            number if trials differ in length.
        reduction_factor: One in so many trials goes on; each rung is so many times further than the one before.
        min_early_stopping_rate: How many of the lowest rungs to leave out.
        bootstrap_count: Stop all trials at a rung until more than so many have come to it.

    Raises:
        ValueError: An argument is outside its range, or a positive ``bootstrap_count`` comes with ``min_resource="auto"``.

    Source: Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning, algorithm 2, arXiv:1810.05934. There a
        paused trial may be promoted later, see :class:`PromotionPruner`; here what is stopped stays stopped. Several
        objectives: Schmucker et al. 2021, Multi-objective asynchronous successive halving, arXiv:2106.12639.
    """

    judges_several = True

    def __init__(
        self,
        min_resource: str | int = "auto",
        reduction_factor: int = 4,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
    ) -> None:
        self._min_resource = resource_or_auto(self, "min_resource", min_resource)
        check_at_least(self, "reduction_factor", reduction_factor, 2)
        check_at_least(self, "min_early_stopping_rate", min_early_stopping_rate, 0)
        check_bootstrap_count(self, bootstrap_count, "min_resource", self._min_resource)
        self._reduction_factor = reduction_factor
        self._min_early_stopping_rate = min_early_stopping_rate
        self._bootstrap_count = bootstrap_count

    def decide(self, view: View, trial: Curve) -> Verdict:
        if not trial.reports:
            return GO_ON
        min_resource = self._min_resource
        note: dict[str, Any] = {}
        if min_resource is None:
            min_resource, note = settle(view, trial, MIN_RESOURCE_KEY, _hundredth)
            if min_resource is None:
                return GO_ON
        ladder = Ladder(min_resource, self._reduction_factor, self._min_early_stopping_rate, self._bootstrap_count)
        verdict = climb(view, trial, ladder)
        return Verdict(verdict.stop, verdict.reason, {**note, **verdict.record})


def _hundredth(last_step: int) -> int:
    return max(last_step // 100, 1)
