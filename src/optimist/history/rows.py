"""Rows of a history on their way into another one."""

from __future__ import annotations

from optimist.history.batch import Space
from optimist.history.columns import Column
from optimist.history.draft import SpaceParams, TrialChange
from optimist.history.history import History
from optimist.states import TrialState


class RowReader:
    """Reads finished trials as changes; those with the same parameters share one object that says which these are.

    Args:
        history: Where the rows are; its lock is held while they are read.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self._spaces: dict[int, tuple[Space, tuple[Column, ...]]] = {}  # by layout

    def change(self, row: int) -> TrialChange:
        """Everything about the trial of a row; attributes are shared with it."""
        history = self.history
        index = history.layout.data[row]
        known = self._spaces.get(index)
        if known is None:
            layout = history.tree.layouts[index]
            space = tuple((edge.name, edge.distribution) for edge in layout.path())
            known = self._spaces[index] = space, layout.columns
        space, columns = known
        user_attrs, system_attrs = history.row_attrs.get(row, ({}, {}))
        start, stop = history.curve_range(row)
        ranges = history.row_metrics.get(row)
        return TrialChange(
            history.number.data[row],
            history.trial_id.data[row],
            TrialState(history.state.data[row]),
            tuple([column.data[row] for column in history.values]),
            history.started_us.data[row],
            history.completed_us.data[row],
            SpaceParams(space, [column.data[row] for column in columns]),
            dict(zip(history.curve_steps.data[start:stop], history.curve_values.data[start:stop], strict=True)),
            user_attrs,
            system_attrs,
            metrics={} if ranges is None else _metrics(history, ranges),
        )


def _metrics(history: History, ranges: dict[str, tuple[int, int]]) -> dict[str, dict[int, float]]:
    steps, values = history.curve_steps.data, history.curve_values.data
    first, *others = ranges
    found: dict[str, dict[int, float]] = {first: {}}
    for name in others:
        start, stop = ranges[name]
        found[name] = dict(zip(steps[start:stop], values[start:stop], strict=True))
    return found
