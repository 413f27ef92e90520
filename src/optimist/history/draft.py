"""Drafts: trials that are not finished yet, and the changes by which stores tell of trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, overload

from optimist.distributions import BaseDistribution
from optimist.history.attributes import LEASE_LOST_KEY, RESUMED_KEY
from optimist.history.layout import Layout
from optimist.history.metrics import Metrics
from optimist.states import TrialState

Param = tuple[str, BaseDistribution, Any]
"""(name, distribution, internal value) of a parameter."""

_NOTHING: Final[Mapping[str, Any]] = {}


def _no_metrics() -> Metrics:
    return _NOTHING


class Draft:
    """A waiting or running trial. It becomes a row of the history's columns when it finishes.

    Attributes:
        number: The trial's number in the study.
        trial_id: Its id in the store.
        state: WAITING or RUNNING; once it is finished and no draft any more, its final state.
        started_us: Start, microseconds since 1970 (UTC); -1 while waiting.
        layout: The parameters suggested so far.
        values: Their internal values, in the layout's order.
        reports: Intermediate value by step; where metrics have names, of the one named first.
        metrics: All named metrics; empty if the trial reports without names.
        user_attrs, system_attrs: By key.
        proposed: Internal values that the sampler has proposed and the objective may yet ask for; known in this
            process only, and replaced, never changed.
    """

    __slots__ = (
        "layout",
        "metrics",
        "number",
        "proposed",
        "reports",
        "started_us",
        "state",
        "system_attrs",
        "trial_id",
        "user_attrs",
        "values",
    )

    def __init__(self, number: int, trial_id: int, state: TrialState, started_us: int, layout: Layout) -> None:
        self.number = number
        self.trial_id = trial_id
        self.state = state
        self.started_us = started_us
        self.layout = layout
        self.values: list[Any] = []
        self.reports: dict[int, float] = {}
        self.metrics: Metrics = _NOTHING
        self.user_attrs: dict[str, Any] = {}
        self.system_attrs: dict[str, Any] = {}
        self.proposed: Mapping[str, Any] = _NOTHING


class SpaceParams(Sequence[Param]):
    """The parameters of a trial whose space many trials share, so that only the values are kept for each.

    Attributes:
        space: (name, distribution) in order of suggestion; one object for all that share it.
        values: Their internal values.
    """

    __slots__ = ("space", "values")

    def __init__(self, space: tuple[tuple[str, BaseDistribution], ...], values: list[Any]) -> None:
        self.space = space
        self.values = values

    def __len__(self) -> int:
        return len(self.space)

    @overload
    def __getitem__(self, i: int) -> Param: ...
    @overload
    def __getitem__(self, i: slice) -> list[Param]: ...
    def __getitem__(self, i: int | slice) -> Param | list[Param]:
        return list(self)[i] if isinstance(i, slice) else (*self.space[i], self.values[i])

    def __iter__(self) -> Iterator[Param]:
        for (name, distribution), value in zip(self.space, self.values, strict=True):
            yield name, distribution, value

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (list, SpaceParams)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


@dataclass(slots=True)
class TrialChange:
    """What one commit says about one trial; fields that it does not speak of are None or empty.

    Attributes:
        number: The trial.
        trial_id: Its id in the store; -1 before the store has given one.
        state: The new state.
        values: One per objective; for COMPLETE and PRUNED trials that have them.
        started_us, completed_us: Microseconds since 1970 (UTC).
        params: (name, distribution, internal value) in order of suggestion.
        reports: Intermediate value by step; where metrics have names, of the one named first.
        user_attrs, system_attrs: By key; a constraint is the system attribute ``constraints:KEY``.
        void: Why the trial, which is finished, was voided; None if it was not, or if the change does not speak of it.
        metrics: Named metrics, the trial's first one first.
    """

    number: int = -1
    trial_id: int = -1
    state: TrialState | None = None
    values: tuple[float, ...] | None = None
    started_us: int | None = None
    completed_us: int | None = None
    params: Sequence[Param] = field(default_factory=list)
    reports: dict[int, float] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    void: str | None = None
    metrics: Metrics = field(default_factory=_no_metrics)

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(
            self.state is not None
            or self.params
            or self.reports
            or self.user_attrs
            or self.system_attrs
            or self.completed_us is not None
            or self.void is not None
        )


def gives_place_back(change: TrialChange) -> bool:
    """Whether a trial, added with all that this change says, counts in no budget.

    It is voided, or was reclaimed, or it is a promotion.
    """
    attrs = change.system_attrs
    return (
        change.void is not None or RESUMED_KEY in attrs or (change.state == TrialState.FAIL and LEASE_LOST_KEY in attrs)
    )


def n_places_back(end: TrialChange, retry: TrialChange | None) -> int:
    """How many trials more count in no budget when one is reclaimed, and another one queued in its place.

    A promotion, which ``end`` repeats that it is, has counted in none before; its retry, a promotion as well, does not.
    """
    return (RESUMED_KEY not in end.system_attrs) + (retry is not None and gives_place_back(retry))


@dataclass(slots=True)
class StudyChange:
    """What one commit says about the study itself."""

    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)


Change = TrialChange | StudyChange
