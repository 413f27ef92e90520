"""The recommended values: which trial tries them, and where they are kept.

``suggest_*(..., default=value)`` recommends a value. The first trial of a study tries the recommended values, or the
first after the queue; if it fails, one more trial does. They are kept in a system attribute of the study, not in the
distributions.
"""

from __future__ import annotations

from typing import Final

from optimist.history.attributes import DEFAULTS_KEY, FIXED_PARAMS_KEY
from optimist.history.draft import Draft
from optimist.history.history import History
from optimist.states import TrialState

_MAX_ATTEMPTS: Final = 2


class DefaultTrials:
    """Finds the finished trial that tried the defaults and did not fail.

    Attributes:
        number: Its number; -1 if there is none.
        n_failed: How many trials tried the defaults and failed.
        is_unknown: Whether all trials failed before they asked for a parameter.
    """

    def __init__(self) -> None:
        self.number = -1
        self.n_failed = 0
        self.is_unknown = True
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        if self.number >= 0:
            return
        for row in range(self._n_seen, n):
            has_failed = history.state.data[row] == TrialState.FAIL
            if not has_failed or history.layout.data[row] != history.tree.root.index:
                self.is_unknown = False
            if DEFAULTS_KEY not in history.row_attrs.get(row, ({}, {}))[1]:
                continue
            if not has_failed:
                self.number = int(history.number.data[row])
                return
            self.n_failed += 1
        self._n_seen = max(self._n_seen, n)

    def are_due(self, history: History) -> bool:
        """Whether the defaults are still to be tried, as far as finished trials say."""
        if self.number >= 0 or self.n_failed >= _MAX_ATTEMPTS:
            return False
        return self.is_unknown or self.n_failed > 0 or DEFAULTS_KEY in history.system_attrs


def default_trial_number(history: History) -> int:
    """The number of the finished trial that tried the defaults; -1 if there is none."""
    return _default_trials(history).number


def defaults_are_due(history: History) -> bool:
    """Whether finished trials leave the defaults to be tried; False as well if nothing is recommended."""
    if history.best_row >= 0 and DEFAULTS_KEY not in history.system_attrs:
        return False
    return _default_trials(history).are_due(history)


def tries_defaults(history: History, number: int) -> bool:
    """Whether a trial that starts now shall try the defaults."""
    if number == 0:
        return True
    if not defaults_are_due(history):
        return False
    return not any(
        _may_try_defaults(draft, before=number) for draft in list(history.drafts.values()) if draft.number != number
    )


def _may_try_defaults(draft: Draft, before: int) -> bool:
    """Whether another open trial tries the defaults, or started earlier and may yet do so."""
    if draft.state != TrialState.RUNNING or FIXED_PARAMS_KEY in draft.system_attrs:
        return False
    return draft.number == 0 or DEFAULTS_KEY in draft.system_attrs or (draft.number < before and not draft.values)


def _default_trials(history: History) -> DefaultTrials:
    with history.lock:
        tracker = history.tracker(DefaultTrials, DefaultTrials)
        tracker.advance(history, history.n)
        return tracker
