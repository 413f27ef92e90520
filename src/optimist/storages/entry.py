"""A change on its way into the database: checked before the transaction begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    replace_deprecated,
)
from optimist.history.base_trial import read_constraints
from optimist.history.draft import TrialChange
from optimist.states import TrialState
from optimist.storages.base import check_name
from optimist.storages.documents import Document, storable_attrs

_MODERN = frozenset({FloatDistribution, IntDistribution, CategoricalDistribution})


@dataclass(frozen=True, slots=True)
class Entry:
    """What a commit says of a trial, in the form that the database holds but for the ids of distributions.

    Attributes:
        number: The trial.
        state: Its new state, if the change speaks of it.
        space: (parameter, distribution) in order of suggestion.
        document: All else.
        started_us, completed_us: Microseconds since 1970 (UTC); None if unknown.
        void: Why the trial was voided; None if it was not.
    """

    number: int
    state: TrialState | None
    space: list[tuple[str, BaseDistribution]]
    document: Document
    started_us: int | None
    completed_us: int | None
    void: str | None = None

    @property
    def is_end(self) -> bool:
        """Whether it finishes the trial."""
        return self.state is not None and self.state.is_finished()

    @property
    def is_plain(self) -> bool:
        """Whether it speaks of neither state nor start."""
        return self.state is None and self.started_us is None


def to_entry(change: TrialChange) -> Entry:
    """Check a change.

    Raises:
        TypeError: An attribute cannot be written as JSON.
        ValueError: An attribute or an integer is too large, or an attribute's name is no good name.
    """
    if change.void is not None:
        check_name("The reason of a void", change.void)
    document = Document(
        values=None if change.values is None else list(change.values),
        steps=list(change.reports),
        reports=list(change.reports.values()),
        params=[value for _, _, value in change.params],
        user_attrs=storable_attrs(change.user_attrs),
        system_attrs=storable_attrs(change.system_attrs),
    )
    if change.metrics:
        for name in change.metrics:
            check_name("A metric's name", name)
        document.set_metrics(change.metrics)
    return Entry(
        change.number,
        change.state,
        [(name, d if type(d) in _MODERN else replace_deprecated(d)) for name, d, _ in change.params],
        document,
        _or_none(change.started_us),
        _or_none(change.completed_us),
        change.void,
    )


def is_feasible(system_attrs: dict[str, Any]) -> bool:
    """Whether a trial with these attributes violates no constraint."""
    return all(value <= 0 for value in read_constraints(system_attrs).values())


def _or_none(us: int | None) -> int | None:
    return None if us is None or us < 0 else us
