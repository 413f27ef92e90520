"""How trials begin and end: what is between a study and its ledger."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final, Protocol

from optimist.exceptions import UpdateFinishedTrialError
from optimist.history.attributes import (
    CONFIDENCE_KEY,
    DEFAULTS_KEY,
    FIXED_PARAMS_KEY,
    RECOMMENDS_KEY,
    RESUMED_KEY,
    SURPLUS_KEY,
)
from optimist.history.draft import Draft
from optimist.history.parameter_constraint import ParameterConstraint
from optimist.history.view import View
from optimist.logging import get_logger
from optimist.samplers.base import BaseSampler
from optimist.states import TrialState
from optimist.storages.base import Terms
from optimist.study.constrained_trial import ConstrainedTrial
from optimist.study.escort import Escort
from optimist.study.live_trial import Trial
from optimist.study.lost_trials import LostTrials
from optimist.study.number_order import NumberOrder, StudyAsOf
from optimist.study.outcome import Outcome
from optimist.study.promotions import Promotions
from optimist.study.suggesting_trial import Owner

_logger = get_logger(__name__)

_MAX_DEAD_ENDS: Final = 20  # so many trials in a row without an allowed value, and there seems to be none


class Conducted(Owner, Protocol):
    """What is needed of a study."""

    is_stopping: bool
    keep_checkpoints: bool
    escort: Escort
    lost_trials: LostTrials
    promotions: Promotions
    constraint: ParameterConstraint | None


def propose(seen: Owner, draft: Draft, *, writes_through: bool) -> Trial:
    """Let the sampler propose for a trial that has begun; one that writes through commits each parameter at once.

    Args:
        seen: The study, as the trial may know it.
        draft: The trial.
        writes_through: Whether each parameter is committed before the suggestion returns.
    """
    kind = Trial if seen.constraint is None else ConstrainedTrial
    try:
        return kind(seen, draft.trial_id, draft=draft, writes_through=writes_through)
    except BaseException:
        seen.ledger.finish(draft, TrialState.FAIL, None)
        raise


def end_trial(
    study: Conducted,
    draft: Draft,
    outcome: Outcome,
    recommended: dict[str, Any],
    then: Terms | None = None,
    *,
    confidence: dict[str, float],
    ran_here: bool = False,
) -> Draft | None:
    """End a trial.

    Args:
        study: Its study.
        draft: The trial.
        outcome: How it ends.
        recommended: Values that it was recommended, by parameter.
        confidence: How sure these are, where that was said.
        then: Begin the next trial on these terms with the same commit, if the store can; None: do not.
        ran_here: Whether it ran in this process alone.

    Returns:
        The next trial; None if none was begun.
    """
    ledger, sampler = study.ledger, study.sampler
    if recommended:
        known = ledger.history.system_attrs.get(DEFAULTS_KEY, {})
        if any(name not in known or known[name] != value for name, value in recommended.items()):
            ledger.set_study_attr(DEFAULTS_KEY, {**known, **recommended}, is_system=True)
    if confidence:
        noted = ledger.history.system_attrs.get(CONFIDENCE_KEY, {})
        if any(noted.get(name) != sure for name, sure in confidence.items()):
            ledger.set_study_attr(CONFIDENCE_KEY, {**noted, **confidence}, is_system=True)
    try:
        if type(sampler).after_trial is not BaseSampler.after_trial:
            frozen = ledger.history.trial(draft.number)
            sampler.after_trial(study, frozen, outcome.state, outcome.values)
    finally:
        begun = ledger.finish(draft, outcome.state, outcome.values, None if study.is_stopping else then)
    if outcome.state == TrialState.COMPLETE and not study.keep_checkpoints:
        study.checkpoints.discard(draft, ran_here=ran_here)
    return begun


def hand_back(study: Conducted, draft: Draft) -> bool:
    """Queue a trial again that runs in this process, or in its name, and will not be finished.

    That is nobody's failure, so it is queued again however often it was before.

    Returns:
        Whether it was ended: False if it is not running (any more).
    """
    with suppress(UpdateFinishedTrialError):
        study.ledger.lend(draft)  # what it has said so far goes into the retry
    is_ended = study.lost_trials.give_up(draft.number, always_retry=True)
    study.ledger.open(draft.number)  # its lease is nobody's any more
    return is_ended


def is_exhaustible(sampler: BaseSampler) -> bool:
    """Whether a sampler can run out of proposals."""
    return type(sampler).has_more is not BaseSampler.has_more


class Conductor:
    """Begins and ends the trials of one loop.

    Args:
        study: The study.
        lag: Of the deterministic mode; 0 without.
    """

    def __init__(self, study: Conducted, lag: int = 0) -> None:
        self._study = study
        self._order = NumberOrder(study, lag, study.lost_trials.reclaim_if_due) if lag else None
        self._is_exhaustible = is_exhaustible(study.sampler)
        self._is_shared = study.ledger.is_shared
        self._next: Draft | None = None  # begun with the end of the last trial
        self._n_dead_ends = 0  # in a row

    def begin(self, terms: Terms) -> Trial | None:
        """Start a trial; None if there turns out to be nothing left to try.

        Workers that look at the same moment may start more trials than are left; the latest then fail unrun.

        Raises:
            BudgetSpentError: The study has had all the trials that ``terms`` allow.
        """
        study = self._study
        if self._is_shared:
            study.lost_trials.reclaim_if_due()
        begun, self._next = self._next, None
        draft = begun or study.promotions.begin(terms) or study.ledger.begin(terms)
        study.escort.begun(draft.number)
        seen = study if self._order is None else self._wait_for_order(self._order, draft)
        if self._is_exhaustible and draft.system_attrs.keys().isdisjoint((FIXED_PARAMS_KEY, RESUMED_KEY)):
            history = seen.history if isinstance(seen, StudyAsOf) else seen.ledger.history
            earlier = View(history, exclude=draft.number, before=draft.number, parameter_constraint=study.constraint)
            if not study.sampler.has_more(earlier):
                _logger.info("Trial %d is not run: others took what was left to try meanwhile.", draft.number)
                study.ledger.set_trial_attr(draft, SURPLUS_KEY, True, is_system=True)
                study.ledger.finish(draft, TrialState.FAIL, None)
                study.escort.dropped(draft.number)
                return None
        return propose(seen, draft, writes_through=False)

    def _wait_for_order(self, order: NumberOrder, draft: Draft) -> StudyAsOf:
        try:
            return order.study_for(draft.number)
        except BaseException:
            self._study.ledger.finish(draft, TrialState.FAIL, None)
            raise

    def end(self, trial: Trial, outcome: Outcome, then: Terms | None = None) -> bool:
        """End a trial, and perhaps begin the one that ``begin`` returns next, on the terms ``then``.

        Returns:
            Whether it was begun.
        """
        seen, recommended, confidence = trial.study, trial.recommended, trial.confidence
        if isinstance(seen, StudyAsOf) and not seen.knows(recommended, confidence):
            note = {"default": recommended, "confidence": confidence}
            self._study.ledger.set_trial_attr(trial.draft, RECOMMENDS_KEY, note, is_system=True)
        self._next = end_trial(
            self._study, trial.draft, outcome, recommended, then, confidence=confidence, ran_here=True
        )
        return self._next is not None

    def forgives(self, *, is_dead_end: bool) -> bool:
        """Whether the loop goes on after a trial that failed so: at a dead end, unless many come one after the other.

        To be asked after each trial.
        """
        self._n_dead_ends = self._n_dead_ends + 1 if is_dead_end else 0
        return is_dead_end and self._n_dead_ends < _MAX_DEAD_ENDS

    def may_overlap(self) -> bool:
        """Whether the next trial may begin with the commit that ends the last one."""
        study = self._study
        return (
            self._is_shared
            and study.escort.may_overlap
            and not self._is_exhaustible
            and not study.promotions.are_possible
        )

    def close(self) -> None:
        """After a loop that broke: queue again what it began and did not run."""
        draft, self._next = self._next, None
        if draft is not None:
            with suppress(Exception):  # it was an error that broke the loop; else the trial's lease runs out
                hand_back(self._study, draft)

    def wants_more(self) -> bool:
        """Whether there is anything left to try: the sampler has proposals, or trials wait, or deserve a promotion."""
        if not self._is_exhaustible:
            return True
        self._study.ledger.sync()
        view = View(self._study.ledger.history, parameter_constraint=self._study.constraint)
        return (
            view.count(TrialState.WAITING) > 0 or self._study.sampler.has_more(view) or self._study.promotions.are_due()
        )

    def waits_for_others(self) -> bool:
        """Whether trials of other worker loops are running that may yet be lost, and would have to be run again."""
        ledger = self._study.ledger
        if not ledger.is_shared:
            return False
        ledger.sync()
        self._study.lost_trials.reclaim_if_due()
        foreign = {draft.number for draft in ledger.foreign_drafts()}
        return not foreign.isdisjoint(ledger.storage.leased(ledger.record.study_id))
