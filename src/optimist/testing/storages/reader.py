"""A reader that folds changes into trials in the plainest way, to compare stores with what they should hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from optimist.distributions import BaseDistribution
from optimist.history.draft import Change, StudyChange, TrialChange
from optimist.history.metrics import Metrics, with_metrics
from optimist.states import TrialState
from optimist.storages.base import ANY_TERMS, Storage, Terms


@dataclass
class Seen:
    """A trial as far as a reader has seen it."""

    number: int
    trial_id: int = -1
    state: TrialState = TrialState.RUNNING
    values: tuple[float, ...] | None = None
    started_us: int = -1
    completed_us: int = -1
    params: dict[str, tuple[BaseDistribution, Any]] = field(default_factory=dict)
    reports: dict[int, float] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    void: str | None = None
    metrics: Metrics = field(default_factory=dict)

    def take(self, change: TrialChange) -> None:
        """Take in a change; a finished trial is never edited."""
        if self.void is None:
            self.void = change.void
        if self.state.is_finished():
            return
        for name, distribution, value in change.params:
            self.params.setdefault(name, (distribution, value))
        self.reports.update(change.reports)
        self.metrics = with_metrics(self.metrics, change.metrics)
        self.user_attrs.update(change.user_attrs)
        self.system_attrs.update(change.system_attrs)
        if change.trial_id >= 0:
            self.trial_id = change.trial_id
        if change.started_us is not None and change.started_us >= 0:
            self.started_us = change.started_us
        if change.state is not None and change.state.is_finished():
            self.values = change.values
            self.completed_us = -1 if change.completed_us is None else change.completed_us
        if change.state is not None and change.state != TrialState.WAITING:
            self.state = change.state

    def __str__(self) -> str:
        """Everything, exactly: floats to the last bit, NaN like NaN, True unlike 1."""
        facts = (
            self.number,
            self.trial_id,
            self.state.name,
            self.values,
            self.started_us,
            self.completed_us,
            list(self.params.items()),
            sorted(self.reports.items()),
            sorted(self.user_attrs.items()),
            sorted(self.system_attrs.items()),
            self.void,
            [(name, sorted(values.items())) for name, values in self.metrics.items()],
        )
        return repr(facts)


class Reader:
    """Follows a study from a cursor of its own.

    Attributes:
        trials: What was seen, by number.
        user_attrs, system_attrs: Of the study.
    """

    def __init__(self, storage: Storage, study_id: int) -> None:
        self._storage = storage
        self._study_id = study_id
        self.cursor = 0
        self.trials: dict[int, Seen] = {}
        self.user_attrs: dict[str, Any] = {}
        self.system_attrs: dict[str, Any] = {}

    def catch_up(self) -> Reader:
        """Read what changed since the last time; return this reader."""
        delta = self._storage.changes_since(self._study_id, self.cursor)
        self.take(delta.changes)
        self.cursor = delta.cursor
        return self

    def begin(self) -> int:
        """Begin a trial; return its number."""
        begun = self._storage.begin_trial(self._study_id, self.cursor)
        self.take(begun.delta.changes)
        self.cursor = begun.delta.cursor
        return begun.number

    def write(self, change: TrialChange) -> None:
        """Change a trial."""
        self.cursor = self._storage.write(self._study_id, change, self.cursor)
        self.take([change])

    def finish_and_begin(self, change: TrialChange, terms: Terms = ANY_TERMS) -> int | None:
        """Finish a trial; return the number of the one that was begun with it, if one was."""
        self.cursor, begun = self._storage.finish_and_begin(self._study_id, change, self.cursor, terms)
        self.take([change])
        if begun is None:
            return None
        self.take(begun.delta.changes)
        self.cursor = begun.delta.cursor
        return begun.number

    def take(self, changes: Iterable[Change]) -> None:
        """Take in changes."""
        for change in changes:
            if isinstance(change, StudyChange):
                self.user_attrs.update(change.user_attrs)
                self.system_attrs.update(change.system_attrs)
            elif change.number in self.trials:
                self.trials[change.number].take(change)
            else:
                state = TrialState.WAITING if change.state == TrialState.WAITING else TrialState.RUNNING
                seen = self.trials[change.number] = Seen(change.number, state=state)
                seen.take(change)

    def __str__(self) -> str:
        """Everything, exactly."""
        trials = [str(self.trials[number]) for number in sorted(self.trials)]
        return repr((trials, sorted(self.user_attrs.items()), sorted(self.system_attrs.items())))


def read(storage: Storage, study_id: int) -> Reader:
    """Read a whole study."""
    return Reader(storage, study_id).catch_up()
