"""History: the memory of a study in one process.

Finished trials are rows of columns, see ``finished_trials``. Trials that wait or run are drafts. Whatever algorithms ask
again and again (the best rows, order statistics per step, the space that all trials share) is a tracker that catches up
with the rows finished since it was asked last.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Container, Hashable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from optimist.exceptions import InvalidSpaceError
from optimist.history.attributes import MISFIT_PREFIX, VOID_KEY
from optimist.history.batch import Batch, WholeTrial
from optimist.history.collector import collector_paused
from optimist.history.draft import Change, Draft, StudyChange, TrialChange
from optimist.history.finished_trials import FinishedTrials
from optimist.history.layout import LayoutTree, internal_value
from optimist.history.metrics import metrics_of_rows, with_metrics
from optimist.history.records import FrozenTrial, from_datetime
from optimist.history.snapshots import freeze_draft, freeze_rows
from optimist.states import StudyDirection, TrialState

_RUNNING = TrialState.RUNNING


class Tracker(Protocol):
    """A statistic over the finished rows that is brought up to date when it is asked for."""

    def advance(self, history: History, n: int) -> None:
        """Take in the rows up to ``n`` that were not seen yet."""


TrackerT = TypeVar("TrackerT", bound=Tracker)


class History(FinishedTrials):
    """What has been tried in one study.

    Attributes:
        lock: Held around every change and every question that reads more than one column.
        n_trials: Number of trials of any state; the next new trial gets this number.
        drafts: Waiting and running trials by number.
        counts: Number of trials by state, without those that are voided.
        tree: The layouts of all trials and the columns of their parameters.
        voided: Finished trials that are set aside, by number: they are no rows, and count for nothing.
        user_attrs, system_attrs: Of the study; replaced, never changed.
    """

    def __init__(self, directions: Sequence[StudyDirection], lock: threading.RLock | None = None) -> None:
        super().__init__(directions)
        self.lock = threading.RLock() if lock is None else lock
        self.n_trials = 0
        self.drafts: dict[int, Draft] = {}
        self.counts = [0] * len(TrialState)
        self.tree = LayoutTree()
        self.voided: dict[int, FrozenTrial] = {}
        self.user_attrs: dict[str, Any] = {}
        self.system_attrs: dict[str, Any] = {}
        self._trackers: dict[Hashable, Tracker] = {}
        self._frozen: list[FrozenTrial | None] = []
        self._n_frozen = 0

    def __getstate__(self) -> dict[str, Any]:
        dropped = ("lock", "_trackers", "_frozen", "_n_frozen")  # what is made anew when it is asked for
        return {key: value for key, value in self.__dict__.items() if key not in dropped}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.RLock()
        self._trackers, self._frozen, self._n_frozen = {}, [], 0

    # The life of a trial

    def begin(self, number: int, trial_id: int, state: TrialState, started_us: int) -> Draft:
        """Open a waiting or running trial."""
        draft = Draft(number, trial_id, state, started_us, self.tree.root)
        self.drafts[number] = draft
        self.counts[state] += 1
        if number >= self.n_trials:
            self.n_trials = number + 1
        return draft

    def start(self, draft: Draft, started_us: int) -> None:
        """Turn a waiting trial into a running one."""
        self.counts[draft.state] -= 1
        self.counts[_RUNNING] += 1
        draft.state = _RUNNING
        draft.started_us = started_us

    def finish(self, draft: Draft, state: TrialState, values: Sequence[float] | None, completed_us: int) -> int:
        """Freeze a draft into the next row of the columns; return the row."""
        layout = draft.layout
        if layout.tree is not self.tree:  # a suggestion was under way when the trial moved to this history
            layout = self.tree.layout_of(layout.distributions)
        row = self.append(draft, layout, state, values, completed_us)
        del self.drafts[draft.number]
        self.counts[draft.state] -= 1
        self.counts[state] += 1
        draft.state = state  # whoever still holds the draft sees that it is closed
        return row

    # What stores say

    def apply(self, changes: Iterable[Change]) -> dict[int, str]:
        """Take in changes read from a store; what is known already changes nothing.

        Returns:
            The rows that were voided: the reasons, by number of the trial. Rows never change, so it takes another
            history to set them aside; ``take_in`` makes it.
        """
        voids: dict[int, str] = {}
        with self.lock:
            batch = Batch(self.tree)
            for change in changes:
                if isinstance(change, StudyChange):
                    self.user_attrs = {**self.user_attrs, **change.user_attrs}
                    self.system_attrs = {**self.system_attrs, **change.system_attrs}
                elif change.void is not None:
                    self._take_in_whole(batch.take())
                    if not self._set_aside(change, change.void):
                        voids.setdefault(change.number, change.void)
                elif self.row_of(change.number) >= 0 or change.number in self.voided:
                    continue  # finished trials are never edited
                elif change.number in self.drafts or not batch.add(change):
                    self._take_in_whole(batch.take())
                    self._apply_trial(change)
            self._take_in_whole(batch.take())
        return voids

    def _set_aside(self, change: TrialChange, reason: str) -> bool:
        """Take in that a trial was voided; False if it has become a row."""
        number = change.number
        if number in self.voided:
            return True
        if number in self.drafts:
            self._apply_trial(change)
        if self.row_of(number) >= 0:
            return False
        alone = History(self.directions)
        alone._apply_trial(change)
        self.add_voided(alone.trial(number), reason)
        return True

    def add_voided(self, trial: FrozenTrial, reason: str) -> None:
        """Keep a finished trial that is no row."""
        trial.system_attrs[VOID_KEY] = reason
        self.voided[trial.number] = trial
        self.n_trials = max(self.n_trials, trial.number + 1)

    def _take_in_whole(self, trials: Sequence[WholeTrial]) -> None:
        """Take in many trials at once: what ``finish`` does for one."""
        if trials:
            self.extend(trials)
            for trial in trials:
                self.counts[trial.state] += 1
            self.n_trials = max(self.n_trials, 1 + max(trial.change.number for trial in trials))

    def _apply_trial(self, change: TrialChange) -> None:
        number = change.number
        draft = self.drafts.get(number)
        if draft is None:
            if self.row_of(number) >= 0:
                return  # finished trials are never edited
            state = change.state
            open_state = TrialState.WAITING if state == TrialState.WAITING else _RUNNING
            started_us = -1 if change.started_us is None else change.started_us
            draft = self.begin(number, change.trial_id, open_state, started_us)
        elif change.started_us is not None and change.started_us >= 0:
            draft.started_us = change.started_us
        if draft.state == TrialState.WAITING and change.state == _RUNNING:
            self.start(draft, draft.started_us)
        for name, distribution, internal in change.params:
            if draft.layout.find(name) is None:
                try:
                    edge = self.tree.extend(draft.layout, name, distribution)
                except InvalidSpaceError:
                    # Two workers disagreed at the same moment: the later one's value is kept, but not as a parameter.
                    draft.system_attrs[MISFIT_PREFIX + name] = distribution.to_external_repr(internal)
                    continue
                draft.layout = edge.target
                draft.values.append(internal)
        draft.reports.update(change.reports)
        if change.metrics:
            draft.metrics = with_metrics(draft.metrics, change.metrics)
        draft.user_attrs.update(change.user_attrs)
        draft.system_attrs.update(change.system_attrs)
        if change.state is not None and change.state.is_finished():
            completed_us = -1 if change.completed_us is None else change.completed_us
            self.finish(draft, change.state, change.values, completed_us)

    # Questions

    def count(self, state: TrialState) -> int:
        """Number of trials in a state, voided ones included; ``counts`` leaves them out."""
        return self.counts[state] + sum(trial.state == state for trial in self.voided.values())

    @property
    def has_metrics(self) -> bool:
        """Whether any trial reported metrics by name."""
        with self.lock:
            trials = self.voided.values()
            return bool(self.row_metrics or any(t.intermediate_metrics for t in trials)) or any(
                draft.metrics for draft in self.drafts.values()
            )

    def tracker(self, key: Hashable, make: type[TrackerT], *args: Any) -> TrackerT:
        """The tracker of this key, made by ``make(*args)`` when it is asked for first; the caller holds the lock."""
        tracker = self._trackers.get(key)
        if tracker is None:
            tracker = self._trackers[key] = make(*args)
        assert isinstance(tracker, make)
        return tracker

    def trial(self, number: int) -> FrozenTrial:
        """A snapshot of one trial, made anew.

        Raises:
            KeyError: There is no trial of this number.
        """
        with self.lock:
            draft = self.drafts.get(number)
            if draft is not None:
                return freeze_draft(draft)
            row = self.row_of(number)
            if row < 0:
                return copy.deepcopy(self.voided[number])
            return freeze_rows(self, row, row + 1)[0]

    def trials(self, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """Snapshots of the trials in order of their numbers.

        Those of finished trials are made once and shared between calls: do not change them.
        """
        with self.lock:
            if self._n_frozen < self.n:
                self._frozen.extend([None] * (self.n_trials - len(self._frozen)))
                with collector_paused():
                    for trial in freeze_rows(self, self._n_frozen, self.n):
                        self._frozen[trial.number] = trial
                self._n_frozen = self.n
            if not self.drafts and not self.voided:
                found = list(self._frozen)
            else:
                found = [*self._frozen, *[None] * (self.n_trials - len(self._frozen))]
                for number, trial in self.voided.items():
                    found[number] = trial
                for number, draft in self.drafts.items():
                    found[number] = freeze_draft(draft)
        return [t for t in found if t is not None and (states is None or t.state in states)]


def change_of(trial: FrozenTrial) -> TrialChange:
    """Say everything about a trial as one change."""
    system_attrs = dict(trial.system_attrs)
    void = system_attrs.pop(VOID_KEY, None)
    return TrialChange(
        number=trial.number,
        trial_id=trial._trial_id,
        state=trial.state,
        values=None if trial.values is None else tuple(trial.values),
        started_us=from_datetime(trial.datetime_start),
        completed_us=from_datetime(trial.datetime_complete),
        params=[
            (name, trial.distributions[name], internal_value(trial.distributions[name], value))
            for name, value in trial.params.items()
        ],
        reports=dict(trial.intermediate_values),
        user_attrs=dict(trial.user_attrs),
        system_attrs=system_attrs,
        void=void if trial.state.is_finished() else None,
        metrics=metrics_of_rows(trial.intermediate_metrics),
    )
