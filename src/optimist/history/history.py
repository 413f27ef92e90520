"""History: the memory of a study in one process, in columns.

Finished trials are rows of growable columns, in the order in which they finished; they are only ever appended. Trials
that wait or run are drafts. Whatever algorithms ask again and again (the best rows, order statistics per step, the
space that all trials share) is a tracker that catches up with the rows finished since it was asked last.
"""

from __future__ import annotations

import copy
import threading
from array import array
from collections.abc import Container, Hashable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from optimist.exceptions import InvalidSpaceError
from optimist.history.attributes import MISFIT_PREFIX, VOID_KEY
from optimist.history.base_trial import read_constraints
from optimist.history.batch import Batch, WholeTrial
from optimist.history.collector import collector_paused
from optimist.history.columns import FLOAT, INT, INT8, INT32, Column
from optimist.history.draft import Change, Draft, StudyChange, TrialChange
from optimist.history.layout import LayoutTree, internal_value
from optimist.history.metrics import Metrics, metrics_of_rows, with_metrics
from optimist.history.records import FrozenTrial, from_datetime
from optimist.history.snapshots import freeze_draft, freeze_rows
from optimist.states import StudyDirection, TrialState

_RUNNING, _COMPLETE = TrialState.RUNNING, TrialState.COMPLETE
_NAN = float("nan")


class Tracker(Protocol):
    """A statistic over the finished rows that is brought up to date when it is asked for."""

    def advance(self, history: History, n: int) -> None:
        """Take in the rows up to ``n`` that were not seen yet."""


TrackerT = TypeVar("TrackerT", bound=Tracker)


class History:
    """What has been tried in one study.

    Attributes:
        directions: One per objective.
        signs: One per objective: +1 to minimise, -1 to maximise; ``value * sign`` is a loss.
        lock: Held around every change and every question that reads more than one column.
        n: Number of finished trials, the length of the columns.
        n_trials: Number of trials of any state; the next new trial gets this number.
        drafts: Waiting and running trials by number.
        counts: Number of trials by state, without those that are voided.
        tree: The layouts of all trials and the columns of their parameters.
        row_metrics: Of finished trials that report by name, by row: the metrics' names, the first one first, and where
            in the columns of curves each has its steps and values. The first one's are those of ``curve_range``.
        constraint_since: The first row that reported each constraint, in this order.
        voided: Finished trials that are set aside, by number: they are no rows, and count for nothing.
        user_attrs, system_attrs: Of the study; replaced, never changed.
    """

    def __init__(self, directions: Sequence[StudyDirection], lock: threading.RLock | None = None) -> None:
        self.directions = tuple(directions)
        self.signs = tuple(-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in self.directions)
        self.lock = threading.RLock() if lock is None else lock
        self.n = 0
        self.n_trials = 0
        self.drafts: dict[int, Draft] = {}
        self.counts = [0] * len(TrialState)
        self.tree = LayoutTree()
        self.user_attrs: dict[str, Any] = {}
        self.system_attrs: dict[str, Any] = {}
        self.number = Column(INT)
        self.trial_id = Column(INT)
        self.state = Column(INT8)
        self.layout = Column(INT32)
        self.started_us = Column(INT)
        self.completed_us = Column(INT)
        self.values = tuple(Column(FLOAT) for _ in self.directions)
        self.constraints: dict[str, Column] = {}
        self.constraint_since: dict[str, int] = {}
        self.curve_start = Column(INT, fill=0)
        self.curve_stop = Column(INT, fill=0)
        self.curve_steps = Column(INT)
        self.curve_values = Column(FLOAT)
        self.curve_length = 0
        self.row_metrics: dict[int, dict[str, tuple[int, int]]] = {}
        self.row_attrs: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
        self.voided: dict[int, FrozenTrial] = {}
        self._capacity = 0
        self._row_of = Column(INT, fill=-1)
        self._sign = self.signs[0]
        self._best_row = -1
        self._best_loss = float("inf")
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
        row = self.n
        if row == self._capacity:
            self._grow()
        number = draft.number
        self.number.data[row] = number
        self.trial_id.data[row] = draft.trial_id
        self.state.data[row] = state
        layout = draft.layout
        if layout.tree is not self.tree:  # a suggestion was under way when the trial moved to this history
            layout = self.tree.layout_of(layout.distributions)
        self.layout.data[row] = layout.index
        self.started_us.data[row] = draft.started_us
        self.completed_us.data[row] = completed_us
        for column, value in zip(layout.columns, draft.values, strict=True):
            if row >= len(column.data):
                column.reserve(row + 1)
            column.data[row] = value
        if values is None:
            for column in self.values:
                column.data[row] = _NAN
        else:
            for column, value in zip(self.values, values, strict=True):
                column.data[row] = value
        if draft.reports:
            self._append_curve(row, draft.reports)
        if draft.metrics:
            self._append_metrics(row, draft.metrics)
        feasible = True
        if draft.system_attrs or draft.user_attrs:
            self.row_attrs[row] = (draft.user_attrs, draft.system_attrs)
            feasible = self._append_constraints(row, draft.system_attrs)
        self._row_of.set(number, row)
        self.n = row + 1
        del self.drafts[number]
        self.counts[draft.state] -= 1
        self.counts[state] += 1
        draft.state = state  # whoever still holds the draft sees that it is closed
        if state == _COMPLETE and feasible:
            self._note_best(row, values)
        return row

    def _note_best(self, row: int, values: Sequence[float] | None) -> None:
        if values is not None:
            loss = values[0] * self._sign
            if loss < self._best_loss or (self._best_row < 0 and loss == loss):
                self._best_loss = loss
                self._best_row = row

    def _grow(self) -> None:
        capacity = max(64, 2 * self._capacity)
        for column in (
            self.number,
            self.trial_id,
            self.state,
            self.layout,
            self.started_us,
            self.completed_us,
            *self.values,
        ):
            column.reserve(capacity)
        self._capacity = capacity

    def _append_curve(self, row: int, reports: dict[int, float]) -> None:
        start, stop = self._append_reports(reports)
        self.curve_start.set(row, start)
        self.curve_stop.set(row, stop)

    def _append_metrics(self, row: int, metrics: Metrics) -> None:
        first, *others = metrics
        ranges = {first: self.curve_range(row)}
        for name in others:
            ranges[name] = self._append_reports(metrics[name])
        self.row_metrics[row] = ranges

    def _append_reports(self, reports: dict[int, float]) -> tuple[int, int]:
        start = self.curve_length
        stop = start + len(reports)
        self.curve_steps.reserve(stop)
        self.curve_values.reserve(stop)
        steps = sorted(reports)
        self.curve_steps.data[start:stop] = array(INT, steps)
        self.curve_values.data[start:stop] = array(FLOAT, [reports[step] for step in steps])
        self.curve_length = stop
        return start, stop

    def _append_constraints(self, row: int, system_attrs: dict[str, Any]) -> bool:
        constraints = read_constraints(system_attrs)
        for key, value in constraints.items():
            column = self.constraints.get(key)
            if column is None:
                column = self.constraints[key] = Column(FLOAT, fill=_NAN)
                self.constraint_since[key] = row
            column.set(row, value)
        return all(value <= 0 for value in constraints.values())

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
                    self._append(batch.take())
                    if not self._set_aside(change, change.void):
                        voids.setdefault(change.number, change.void)
                elif self.row_of(change.number) >= 0 or change.number in self.voided:
                    continue  # finished trials are never edited
                elif change.number in self.drafts or not batch.add(change):
                    self._append(batch.take())
                    self._apply_trial(change)
            self._append(batch.take())
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

    def _append(self, trials: Sequence[WholeTrial]) -> None:
        """Append the rows of many trials at once: what ``finish`` does for one."""
        if not trials:
            return
        start, stop = self.n, self.n + len(trials)
        while stop > self._capacity:
            self._grow()
        changes = [trial.change for trial in trials]
        columns: list[tuple[Column, list[Any]]] = [
            (self.number, [c.number for c in changes]),
            (self.trial_id, [c.trial_id for c in changes]),
            (self.state, [trial.state for trial in trials]),
            (self.layout, [trial.layout.index for trial in trials]),
            (self.started_us, [-1 if c.started_us is None else c.started_us for c in changes]),
            (self.completed_us, [-1 if c.completed_us is None else c.completed_us for c in changes]),
        ]
        for i, column in enumerate(self.values):
            columns.append((column, [_NAN if c.values is None else c.values[i] for c in changes]))
        for column, data in columns:
            column.data[start:stop] = array(column.data.typecode, data)
        for row, trial in enumerate(trials, start):
            change = trial.change
            for column, value in zip(trial.layout.columns, trial.params, strict=True):
                if row >= len(column.data):
                    column.reserve(row + 1)
                column.data[row] = value
            if change.reports:
                self._append_curve(row, change.reports)
            if change.metrics:
                self._append_metrics(row, change.metrics)
            is_feasible = True
            if change.system_attrs or change.user_attrs:
                self.row_attrs[row] = (change.user_attrs, change.system_attrs)
                is_feasible = self._append_constraints(row, change.system_attrs)
            self._row_of.set(change.number, row)
            self.counts[trial.state] += 1
            if trial.state == _COMPLETE and is_feasible:
                self._note_best(row, change.values)
        self.n = stop
        self.n_trials = max(self.n_trials, 1 + max(change.number for change in changes))

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

    def row_of(self, number: int) -> int:
        """The row of a finished trial; -1 if it is not finished or not known."""
        return self._row_of.data[number] if 0 <= number < len(self._row_of.data) else -1

    def count(self, state: TrialState) -> int:
        """Number of trials in a state, voided ones included; ``counts`` leaves them out."""
        return self.counts[state] + sum(trial.state == state for trial in self.voided.values())

    def curve_range(self, row: int) -> tuple[int, int]:
        """Where the reports of a finished trial start and stop in ``curve_steps`` and ``curve_values``."""
        if row >= len(self.curve_stop.data):
            return 0, 0  # no trial since has reported anything
        return self.curve_start.data[row], self.curve_stop.data[row]

    def has_constraints(self, n: int) -> bool:
        """Whether any of the first ``n`` rows reported a constraint."""
        return next(iter(self.constraint_since.values()), n) < n

    @property
    def has_metrics(self) -> bool:
        """Whether any trial reported metrics by name."""
        with self.lock:
            trials = self.voided.values()
            return bool(self.row_metrics or any(t.intermediate_metrics for t in trials)) or any(
                draft.metrics for draft in self.drafts.values()
            )

    @property
    def best_row(self) -> int:
        """The best feasible complete trial of a study with one objective, the first among equals; -1 if none."""
        return self._best_row

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
