"""FinishedTrials: rows of growable columns, in the order in which the trials finished.

They are only ever appended, so that what was read once stays true, and a trial costs the same however many there are.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from optimist.history.base_trial import read_constraints
from optimist.history.batch import WholeTrial
from optimist.history.columns import FLOAT, INT, INT8, INT32, Column
from optimist.history.draft import Draft, TrialChange
from optimist.history.layout import Layout
from optimist.history.metrics import Metrics
from optimist.states import StudyDirection, TrialState

_COMPLETE = TrialState.COMPLETE
_NAN = float("nan")


class FinishedTrials:
    """The finished trials of a study.

    Whoever reads more than one column holds the lock of the :class:`History` that these trials belong to.

    Attributes:
        directions: One per objective.
        signs: One per objective: +1 to minimise, -1 to maximise; ``value * sign`` is a loss.
        n: Number of finished trials, the length of the columns.
        number, trial_id, state, layout, values: Columns; ``layout`` is the index of one in the history's tree, ``values``
            has a column for each objective, NaN where a trial has none.
        started_us, completed_us: Columns of microseconds since 1970 (UTC); -1 where it is not known.
        curve_steps, curve_values: Columns of all reports, those of a trial together; see ``curve_range``.
        constraints: A column for each; NaN where it was not reported.
        row_metrics: Of trials that report by name, by row: the metrics' names, the first one first, and where
            in the columns of curves each has its steps and values. The first one's are those of ``curve_range``.
        row_attrs: User and system attributes, by row, of trials that have any.
        constraint_since: The first row that reported each constraint, in this order.
    """

    def __init__(self, directions: Sequence[StudyDirection]) -> None:
        self.directions = tuple(directions)
        self.signs = tuple(-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in self.directions)
        self.n = 0
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
        self._capacity = 0
        self._row_of = Column(INT, fill=-1)
        self._sign = self.signs[0]
        self._best_row = -1
        self._best_loss = float("inf")

    # Appending

    def append(
        self, draft: Draft, layout: Layout, state: TrialState, values: Sequence[float] | None, completed_us: int
    ) -> int:
        """Append one trial; return its row."""
        row = self.n
        if row == self._capacity:
            self._grow()
        self.number.data[row] = draft.number
        self.trial_id.data[row] = draft.trial_id
        self.state.data[row] = state
        self.layout.data[row] = layout.index
        self.started_us.data[row] = draft.started_us
        self.completed_us.data[row] = completed_us
        if values is None:
            for column in self.values:
                column.data[row] = _NAN
        else:
            for column, value in zip(self.values, values, strict=True):
                column.data[row] = value
        self._note(row, layout, draft.values, draft, state, values)
        self.n = row + 1
        return row

    def extend(self, trials: Sequence[WholeTrial]) -> None:
        """Append many trials at once."""
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
            self._note(row, trial.layout, trial.params, trial.change, trial.state, trial.change.values)
        self.n = stop

    def _note(
        self,
        row: int,
        layout: Layout,
        params: Sequence[Any],
        said: Draft | TrialChange,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Note all that a row has beside its fixed columns: parameters, reports, attributes, whether it is the best so far."""
        for column, value in zip(layout.columns, params, strict=True):
            if row >= len(column.data):
                column.reserve(row + 1)
            column.data[row] = value
        if said.reports:
            self._append_curve(row, said.reports)
        if said.metrics:
            self._append_metrics(row, said.metrics)
        is_feasible = True
        if said.system_attrs or said.user_attrs:
            self.row_attrs[row] = (said.user_attrs, said.system_attrs)
            is_feasible = self._append_constraints(row, said.system_attrs)
        self._row_of.set(said.number, row)
        if state == _COMPLETE and is_feasible and values is not None:
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
        """Note the constraints of a trial; return whether it is feasible."""
        constraints = read_constraints(system_attrs)
        for key, value in constraints.items():
            column = self.constraints.get(key)
            if column is None:
                column = self.constraints[key] = Column(FLOAT, fill=_NAN)
                self.constraint_since[key] = row
            column.set(row, value)
        return all(value <= 0 for value in constraints.values())

    # Questions

    def row_of(self, number: int) -> int:
        """The row of a finished trial; -1 if it is not finished or not known."""
        return self._row_of.data[number] if 0 <= number < len(self._row_of.data) else -1

    def curve_range(self, row: int) -> tuple[int, int]:
        """Where the reports of a finished trial start and stop in ``curve_steps`` and ``curve_values``."""
        if row >= len(self.curve_stop.data):
            return 0, 0  # no trial since has reported anything
        return self.curve_start.data[row], self.curve_stop.data[row]

    def has_constraints(self, n: int) -> bool:
        """Whether any of the first ``n`` rows reported a constraint."""
        return next(iter(self.constraint_since.values()), n) < n

    @property
    def best_row(self) -> int:
        """The best feasible complete trial of a study with one objective, the first among equals; -1 if none."""
        return self._best_row
