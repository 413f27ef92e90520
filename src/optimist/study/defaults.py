"""The recommended values: which trial tries them, and where they are kept.

``suggest_*(..., default=value)`` recommends a value. The first trial of a study tries the recommended values, a later
one only if that failed. They are kept in a system attribute of the study, not in the distributions.
"""

from __future__ import annotations

from optimist.history.attributes import DEFAULTS_KEY
from optimist.history.history import History
from optimist.states import TrialState


class DefaultTrials:
    """Finds the finished trial that tried the defaults and did not fail."""

    def __init__(self) -> None:
        self._n_seen = 0
        self.number = -1

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            if self.number >= 0:
                break
            _, system_attrs = history.row_attrs.get(row, ({}, {}))
            if DEFAULTS_KEY in system_attrs and history.state.data[row] != TrialState.FAIL:
                self.number = int(history.number.data[row])
        self._n_seen = n


def default_trial_number(history: History) -> int:
    """The number of the finished trial that tried the defaults; -1 if there is none."""
    with history.lock:
        tracker = history.tracker(DefaultTrials, DefaultTrials)
        tracker.advance(history, history.n)
        return tracker.number


def tries_defaults(history: History, number: int) -> bool:
    """Whether a trial that starts now shall try the defaults."""
    if number == 0:
        return True
    if DEFAULTS_KEY not in history.system_attrs or default_trial_number(history) >= 0:
        return False
    others = (draft for draft in list(history.drafts.values()) if draft.number != number)
    return not any(
        draft.state == TrialState.RUNNING and (draft.number == 0 or DEFAULTS_KEY in draft.system_attrs)
        for draft in others
    )
