"""Hyperband: successive halving in several brackets, for it is not known how early a trial shows what it is worth."""

from __future__ import annotations

import math
from binascii import crc32
from dataclasses import dataclass
from typing import Any, Final

from optimist.history.view import View
from optimist.pruners.base import GO_ON, ColumnPruner, Curve, Verdict
from optimist.pruners.checkpoints import check_at_least
from optimist.pruners.resources import resource_or_auto, settle
from optimist.pruners.rungs import Ladder, check_bootstrap_count, climb

MAX_RESOURCE_KEY: Final = "hyperband:max_resource"
"""On a trial: the ``max_resource`` that it found for the study."""


class HyperbandPruner(ColumnPruner):
    """Share the trials out to brackets of successive halving, the first of which stops trials soonest.

    There are ``floor(log(max_resource / min_resource) / log(reduction_factor)) + 1`` brackets; 4 to 6 are usual. Bracket
    ``i`` is a successive halving with ``min_early_stopping_rate=i``, among its own trials. Which bracket a trial belongs
    to follows from the study's name and the trial's number: name the study to get the same brackets again.
    Several objectives are judged as by :class:`SuccessiveHalvingPruner`.

    Args:
        min_resource: Nothing is stopped before this step.
        max_resource: For how many steps a trial runs that is never stopped. "auto" takes the number of steps of the
            longest trial that is complete when another one is judged first, for all later trials; until then nothing is
            stopped. Give a number if trials differ in length. Where it is below ``min_resource``, nothing is stopped.
        reduction_factor: One in so many trials goes on; each rung is so many times further than the one before.
        bootstrap_count: Stop all trials at a rung until more than so many of the bracket have come to it.

    Raises:
        ValueError: An argument is outside its range, or a positive ``bootstrap_count`` comes with
            ``max_resource="auto"``.

    Source: Li et al. 2018, Hyperband, algorithm 1, https://jmlr.org/papers/v18/16-558.html. There brackets run one
        after another; here they all run all the time, each with its share of the trials.
    """

    judges_several = True

    def __init__(
        self,
        min_resource: int = 1,
        max_resource: str | int = "auto",
        reduction_factor: int = 3,
        bootstrap_count: int = 0,
    ) -> None:
        check_at_least(self, "min_resource", min_resource, 1)
        check_at_least(self, "reduction_factor", reduction_factor, 2)
        self._max_resource = resource_or_auto(self, "max_resource", max_resource)
        check_bootstrap_count(self, bootstrap_count, "max_resource", self._max_resource)
        self._min_resource = min_resource
        self._reduction_factor = reduction_factor
        self._bootstrap_count = bootstrap_count

    def decide(self, view: View, trial: Curve) -> Verdict:
        max_resource = self._max_resource
        note: dict[str, Any] = {}
        if max_resource is None:
            max_resource, note = settle(view, trial, MAX_RESOURCE_KEY, _n_steps)
            if max_resource is None:
                return GO_ON
        shares = bracket_shares(self._min_resource, max_resource, self._reduction_factor)
        if not shares:
            return Verdict(False, record=note)
        brackets = Brackets(trial.study_name, shares)
        ladder = Ladder(self._min_resource, self._reduction_factor, brackets(trial.number), self._bootstrap_count)
        verdict = climb(view, trial, ladder, brackets)
        return Verdict(verdict.stop, verdict.reason, {**note, **verdict.record})


def _n_steps(last_step: int) -> int:
    return last_step + 1


@dataclass(frozen=True, slots=True)
class Brackets:
    """Which bracket each trial of a study belongs to.

    Attributes:
        study_name: The study.
        shares: How many in ``sum(shares)`` trials belong to each bracket.
    """

    study_name: str
    shares: tuple[int, ...]

    def __call__(self, number: int) -> int:
        """The bracket of a trial, the same as Optuna's: by a checksum, so that all processes agree."""
        place = crc32(f"{self.study_name}_{number}".encode()) % sum(self.shares)
        for bracket, share in enumerate(self.shares):
            if place < share:
                return bracket
            place -= share
        raise AssertionError("the place is below the sum of the shares")


def bracket_shares(min_resource: int, max_resource: int, reduction_factor: int) -> tuple[int, ...]:
    """The shares of the brackets: how many trials each of them starts with in the paper, algorithm 1, lines 1 and 4.

    Empty if ``max_resource`` is below ``min_resource``. The logarithm is rounded as in Optuna, so that the brackets are
    the same: ``log(243, 3)`` is just below 5, and makes 5 brackets where 6 would be right.
    """
    n_brackets = math.floor(math.log(max_resource / min_resource, reduction_factor)) + 1
    return tuple(math.ceil(n_brackets * reduction_factor**s / (s + 1)) for s in reversed(range(n_brackets)))
