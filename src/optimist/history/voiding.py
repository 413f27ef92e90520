"""Voided trials leave the rows of a history: not by a change of rows, for views rely on them, but by a new history."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from optimist.history.attributes import VOID_KEY
from optimist.history.batch import Space
from optimist.history.collector import collector_paused
from optimist.history.draft import Change, SpaceParams, TrialChange
from optimist.history.history import History, change_of
from optimist.states import TrialState


def take_in(history: History, changes: Iterable[Change]) -> History:
    """Take in changes read from a store.

    Returns:
        The history to go on with: the same, or another one if rows of it were voided.
    """
    with history.lock:
        voids = history.apply(changes)
        return without(history, voids) if voids else history


def without(history: History, reasons: Mapping[int, str]) -> History:
    """A history in which some of the finished trials are set aside; the old one, and views of it, stay as they are.

    Both share the lock and the drafts of open trials, which live on in the new one. What is new about it is all that
    finished trials determine: rows, layouts, trackers.

    Args:
        history: The old one.
        reasons: Why, by number of a finished trial.

    Cost: O(all finished trials).
    """
    with history.lock:
        other = _rows_of(history, reasons)
        for draft in history.drafts.values():
            draft.layout = other.tree.layout_of(draft.layout.distributions)
            other.drafts[draft.number] = draft
            other.counts[draft.state] += 1
        for number, trial in history.voided.items():
            other.voided[number] = trial
        for number, reason in reasons.items():
            other.add_voided(history.trial(number), reason)
        other.n_trials = history.n_trials
        return other


def with_voided(history: History) -> History:
    """A copy of a history in which voided trials are rows again, to show all trials in one table."""
    with history.lock:
        other = _rows_of(history, {})
        other.apply(_as_row(change_of(trial)) for trial in history.voided.values())
        for draft in history.drafts.values():
            other.tree.layout_of(draft.layout.distributions)  # makes columns for parameters that only this trial has
            other.drafts[draft.number] = draft
        other.n_trials = history.n_trials
        return other


def _rows_of(history: History, reasons: Mapping[int, str]) -> History:
    """A history of the finished trials alone, in the same order, but for those with a reason."""
    other = History(history.directions, history.lock)
    other.user_attrs, other.system_attrs = history.user_attrs, history.system_attrs
    with collector_paused():
        other.apply(_changes(history, reasons))
    return other


def _changes(history: History, reasons: Mapping[int, str]) -> Iterator[TrialChange]:
    spaces: dict[int, tuple[list[array[Any]], Space]] = {}
    values = [column.data for column in history.values]
    for row in range(history.n):
        number = history.number.data[row]
        if number in reasons:
            continue
        index = history.layout.data[row]
        if index not in spaces:
            layout = history.tree.layouts[index]
            columns = [column.data for column in layout.columns]
            spaces[index] = columns, tuple((edge.name, edge.distribution) for edge in layout.path())
        columns, space = spaces[index]
        user_attrs, system_attrs = history.row_attrs.get(row, ({}, {}))
        start, stop = history.curve_range(row)
        yield TrialChange(
            number,
            history.trial_id.data[row],
            TrialState(history.state.data[row]),
            tuple([column[row] for column in values]),
            history.started_us.data[row],
            history.completed_us.data[row],
            SpaceParams(space, [column[row] for column in columns]),
            dict(zip(history.curve_steps.data[start:stop], history.curve_values.data[start:stop], strict=True)),
            user_attrs,
            system_attrs,
        )


def _as_row(change: TrialChange) -> TrialChange:
    change.system_attrs = change.system_attrs if change.void is None else {**change.system_attrs, VOID_KEY: change.void}
    change.void = None
    return change
