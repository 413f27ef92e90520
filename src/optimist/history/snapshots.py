"""From the columns of a history to snapshots of its trials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from optimist.distributions import BaseDistribution
from optimist.history.columns import Column
from optimist.history.draft import Draft
from optimist.history.layout import LayoutTree
from optimist.history.metrics import rows_of_metrics
from optimist.history.records import FrozenTrial, to_datetime
from optimist.states import TrialState

_STATES = tuple(TrialState)  # by their numbers
_NO_ATTRS: tuple[dict[str, Any], dict[str, Any]] = ({}, {})


class Rows(Protocol):
    """The finished trials of a history, in columns; see ``History``."""

    number: Column
    trial_id: Column
    state: Column
    layout: Column
    started_us: Column
    completed_us: Column
    values: tuple[Column, ...]
    curve_steps: Column
    curve_values: Column
    row_metrics: dict[int, dict[str, tuple[int, int]]]
    row_attrs: dict[int, tuple[dict[str, Any], dict[str, Any]]]
    tree: LayoutTree

    def curve_range(self, row: int) -> tuple[int, int]:
        """Where the reports of a trial start and stop in the columns of curves."""


def freeze_draft(draft: Draft) -> FrozenTrial:
    """A snapshot of an open trial."""
    return FrozenTrial(
        draft.number,
        draft.state,
        None,
        to_datetime(draft.started_us),
        None,
        draft.layout.params(draft.values),
        draft.layout.distributions,
        dict(draft.user_attrs),
        dict(draft.system_attrs),
        dict(draft.reports),
        draft.trial_id,
        intermediate_metrics=rows_of_metrics(draft.reports, draft.metrics),
    )


def freeze_rows(rows: Rows, start: int, stop: int) -> list[FrozenTrial]:
    """Snapshots of the finished trials from row ``start`` up to ``stop``.

    Whole columns are turned into Python values at once, and trials of one layout together.
    """
    values = list(zip(*(column.data[start:stop].tolist() for column in rows.values), strict=True))
    layouts = rows.layout.data[start:stop].tolist()
    params, distributions = _params(rows.tree, layouts, start)
    records = zip(
        rows.number.data[start:stop].tolist(),
        rows.trial_id.data[start:stop].tolist(),
        rows.state.data[start:stop].tolist(),
        rows.started_us.data[start:stop].tolist(),
        rows.completed_us.data[start:stop].tolist(),
        strict=True,
    )
    trials = []
    for i, (number, trial_id, state, started_us, completed_us) in enumerate(records):
        user_attrs, system_attrs = rows.row_attrs.get(start + i, _NO_ATTRS)
        first, last = rows.curve_range(start + i)
        trials.append(
            FrozenTrial(
                number,
                _STATES[state],
                None,
                to_datetime(started_us),
                to_datetime(completed_us),
                params[i],
                dict(distributions[layouts[i]]),
                dict(user_attrs),
                dict(system_attrs),
                dict(zip(rows.curve_steps.data[first:last], rows.curve_values.data[first:last], strict=True)),
                trial_id,
                values=None if values[i][0] != values[i][0] else values[i],
                intermediate_metrics=_metrics(rows, start + i) if start + i in rows.row_metrics else None,
            )
        )
    return trials


def _metrics(rows: Rows, row: int) -> dict[int, dict[str, float]]:
    """The named metrics of a trial, by step and name."""
    found: dict[int, dict[str, float]] = {}
    for name, (first, last) in rows.row_metrics[row].items():
        for step, value in zip(rows.curve_steps.data[first:last], rows.curve_values.data[first:last], strict=True):
            found.setdefault(step, {})[name] = value
    return found


def _params(
    tree: LayoutTree, layouts: Sequence[int], start: int
) -> tuple[list[dict[str, Any]], dict[int, dict[str, BaseDistribution]]]:
    """External values by name for each row, and distributions by name for each layout."""
    params: list[dict[str, Any]] = [{}] * len(layouts)
    distributions: dict[int, dict[str, BaseDistribution]] = {}
    places: dict[int, list[int]] = {}
    for i, layout in enumerate(layouts):
        places.setdefault(layout, []).append(i)
    for layout, where in places.items():
        path = tree.layouts[layout].path()
        distributions[layout] = {edge.name: edge.distribution for edge in path}
        if not path:
            for i in where:
                params[i] = {}
            continue
        columns: list[Iterable[Any]] = []
        for edge in path:
            data = tree.columns[edge.name].data
            column = [data[start + i] for i in where]
            columns.append(column if edge.choices is None else [edge.choices[value] for value in column])
        names = [edge.name for edge in path]
        for i, row in zip(where, zip(*columns, strict=True), strict=True):
            params[i] = dict(zip(names, row, strict=True))
    return params, distributions
