"""Promotions: pruned trials that are gone on with, when the study's pruner finds that they deserve it.

A promotion is a new trial with the parameters of the first one, a link to it, and a larger budget. It begins in the
commit that says so, in the store, which lets a trial be promoted once: two workers that find the same trial at the same
moment do not both go on with it.
"""

from __future__ import annotations

from typing import Any, Protocol

from optimist.history.attributes import RESUMED_KEY, RUNG_KEY
from optimist.history.draft import Draft, TrialChange
from optimist.history.history import change_of
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.logging import get_logger
from optimist.pruners.base import BasePruner, PromotingPruner, Promotion
from optimist.states import TrialState
from optimist.storages.base import Terms
from optimist.storages.callbacks import HISTORY_KEY
from optimist.study.ledger import Ledger
from optimist.study.outcome import Outcome

_logger = get_logger(__name__)


class Promoted(Protocol):
    """What is needed of a study."""

    ledger: Ledger
    pruner: BasePruner


class Promotions:
    """Begins the promotions of a study.

    Args:
        study: The study.
    """

    def __init__(self, study: Promoted) -> None:
        self._study = study
        self._refused: set[int] = set()  # by the store: others were faster

    @property
    def are_possible(self) -> bool:
        """Whether the study's pruner promotes trials at all."""
        return isinstance(self._study.pruner, PromotingPruner)

    def are_due(self) -> bool:
        """Whether a trial deserves a promotion."""
        return self._find() is not None

    def begin(self, terms: Terms) -> Draft | None:
        """Begin the promotion of the trial that deserves it most; None if none does."""
        while (found := self._find()) is not None:
            ledger = self._study.ledger
            first = ledger.history.trial(found.number)
            draft = ledger.promote(found.number, promotion_of(first, found), terms)
            if draft is not None:
                _logger.info(
                    "Trial %d goes on from trial %d, up to step %d.", draft.number, found.number, found.budget - 1
                )
                return draft
            self._refused.add(found.number)
        return None

    def _find(self) -> Promotion | None:
        study = self._study
        pruner, ledger = study.pruner, study.ledger
        if not isinstance(pruner, PromotingPruner) or len(ledger.record.directions) > 1:
            return None
        ledger.sync()
        return pruner.promotion(View(ledger.history), self._refused)


def promotion_of(first: FrozenTrial, promotion: Promotion) -> TrialChange:
    """The trial that goes on from another one: parameters, user attributes, and where it comes from."""
    known = change_of(first)
    line = [*first.system_attrs.get(RESUMED_KEY, ()), *first.system_attrs.get(HISTORY_KEY, ()), first.number]
    attrs: dict[str, Any] = {RESUMED_KEY: line, RUNG_KEY: promotion.rung}
    return TrialChange(params=known.params, user_attrs=known.user_attrs, system_attrs=attrs)


def at_rung(study: Promoted, draft: Draft, outcome: Outcome) -> Outcome:
    """How a trial ends that returned a value: where it has not run to the end by its budget, it is pruned with it.

    The value is kept as that of its rung; and as the report of its last step, if it reported nothing.
    """
    pruner, ledger = study.pruner, study.ledger
    if outcome.state != TrialState.COMPLETE or outcome.values is None or not isinstance(pruner, PromotingPruner):
        return outcome
    if len(outcome.values) > 1:
        return outcome
    (value,) = outcome.values
    record = pruner.record_end(draft.system_attrs, max(draft.reports, default=-1), value)
    if record is None:
        return outcome
    if not draft.reports:
        ledger.report(draft, pruner.budget(draft.system_attrs) - 1, value, at_once=False)
    for key, note in record.items():
        ledger.set_trial_attr(draft, key, note, is_system=True)
    return Outcome(TrialState.PRUNED, outcome.values)
