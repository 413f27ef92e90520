"""The contract of stores as JSON messages: one request for each method, and what changes look like on their way.

A request is an array that begins with its name; an answer is ``+`` and the result, or ``-`` and the error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from optimist.distributions import BaseDistribution, json_to_distribution
from optimist.exceptions import (
    BudgetSpentError,
    DuplicatedStudyError,
    InvalidSpaceError,
    InvalidSpaceTypeError,
    StorageInternalError,
    StudyNotFoundError,
    TrialNotFinishedError,
    TrialNotFoundError,
    UpdateFinishedTrialError,
)
from optimist.history.draft import Change, StudyChange, TrialChange
from optimist.states import TrialState
from optimist.storages.base import StudyRecord, Summary
from optimist.storages.decoder import Decoder
from optimist.storages.documents import attr_from_json, attr_to_json, decode, encode, storable_attrs
from optimist.storages.entry import to_entry
from optimist.storages.known import KnownDistributions, storable_distribution

# Changes


class SentTrial(msgspec.Struct, array_like=True, tag="trial"):
    """A change of a trial; its document refers to the distributions of the message by their places."""

    number: int
    trial_id: int
    state: int | None
    started_us: int | None
    completed_us: int | None
    document: str
    void: str | None = None


class SentStudy(msgspec.Struct, array_like=True, tag="study"):
    """A change of a study: attributes as JSON."""

    user_attrs: dict[str, str]
    system_attrs: dict[str, str]


class Sent(msgspec.Struct, array_like=True):
    """Changes in their order, and the distributions that they refer to: (parameter, JSON)."""

    space: list[tuple[str, str]]
    changes: list[SentTrial | SentStudy]


def to_sent(changes: Iterable[Change]) -> Sent:
    """Bring changes into the form that travels.

    Raises:
        TypeError: JSON cannot hold an attribute or a distribution.
        ValueError: Something is too large, or has no good name.
    """
    ids: dict[tuple[str, BaseDistribution], int] = {}
    sent: list[SentTrial | SentStudy] = []
    for change in changes:
        if isinstance(change, StudyChange):
            sent.append(sent_study(change))
            continue
        entry = to_entry(change)
        entry.document.space = [ids.setdefault(item, len(ids)) for item in entry.space]
        state = None if entry.state is None else int(entry.state)
        sent.append(
            SentTrial(
                entry.number,
                change.trial_id,
                state,
                entry.started_us,
                entry.completed_us,
                encode(entry.document),
                entry.void,
            )
        )
    return Sent([(name, storable_distribution(name, distribution)) for name, distribution in ids], sent)


def from_sent(sent: Sent) -> list[Change]:
    """Read what ``to_sent`` wrote."""
    known = KnownDistributions()
    known.items.extend((name, _distribution(text)) for name, text in sent.space)
    decoder = Decoder(known)
    changes: list[Change] = []
    for item in sent.changes:
        if isinstance(item, SentStudy):
            changes.append(study_change(item))
        else:
            state = None if item.state is None else TrialState(item.state)
            change = TrialChange(
                item.number, item.trial_id, state, None, item.started_us, item.completed_us, void=item.void
            )
            changes.append(decoder.complete(change, decode(item.document)))
    return changes


def trial_changes(sent: Sent) -> list[TrialChange]:
    """Read a message that speaks of trials alone."""
    return [change for change in from_sent(sent) if isinstance(change, TrialChange)]


@lru_cache(maxsize=4096)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def sent_study(change: StudyChange) -> SentStudy:
    """Bring a change of a study into the form that travels; errors as in ``to_sent``."""
    return SentStudy(_attrs_to_json(change.user_attrs), _attrs_to_json(change.system_attrs))


def study_change(sent: SentStudy) -> StudyChange:
    """Read what ``sent_study`` wrote."""
    return StudyChange(_attrs_from_json(sent.user_attrs), _attrs_from_json(sent.system_attrs))


def _attrs_to_json(attrs: dict[str, Any]) -> dict[str, str]:
    return {key: attr_to_json(value) for key, value in storable_attrs(attrs).items()}


def _attrs_from_json(texts: dict[str, str]) -> dict[str, Any]:
    return {key: attr_from_json(text) for key, text in texts.items()}


# Requests


class CreateStudy(msgspec.Struct, array_like=True, tag=True):
    """``Storage.create_study``; the others below likewise."""

    name: str | None
    directions: list[int]


class LoadStudy(msgspec.Struct, array_like=True, tag=True):
    """Find a study by name."""

    name: str


class ListStudies(msgspec.Struct, array_like=True, tag=True):
    """List all studies."""


class DeleteStudy(msgspec.Struct, array_like=True, tag=True):
    """Remove a study."""

    study_id: int


class Describe(msgspec.Struct, array_like=True, tag=True):
    """Summarise a study."""

    study_id: int


class WriteStudy(msgspec.Struct, array_like=True, tag=True):
    """Set attributes of a study."""

    study_id: int
    change: SentStudy


class AddTrials(msgspec.Struct, array_like=True, tag=True):
    """Add whole trials."""

    study_id: int
    trials: Sent


class BeginTrial(msgspec.Struct, array_like=True, tag=True):
    """Start the oldest waiting trial, or a new one."""

    study_id: int
    cursor: int
    lease_s: float | None
    total_trials: int | None


class Claim(msgspec.Struct, array_like=True, tag=True):
    """Start one certain trial."""

    study_id: int
    number: int


class Promote(msgspec.Struct, array_like=True, tag=True):
    """Begin a trial that goes on from a pruned one."""

    study_id: int
    number: int
    trial: Sent
    cursor: int
    lease_s: float | None


class Write(msgspec.Struct, array_like=True, tag=True):
    """Change one trial."""

    study_id: int
    change: Sent
    cursor: int


class Void(msgspec.Struct, array_like=True, tag=True):
    """Void a finished trial."""

    study_id: int
    number: int
    reason: str


class ReadChanges(msgspec.Struct, array_like=True, tag=True):
    """Read what was committed since the cursor."""

    study_id: int
    cursor: int


class FindTrial(msgspec.Struct, array_like=True, tag=True):
    """Find a trial by its id."""

    trial_id: int


class Heartbeat(msgspec.Struct, array_like=True, tag=True):
    """Say that workers live."""

    study_id: int
    numbers: list[int]


class Leased(msgspec.Struct, array_like=True, tag=True):
    """List the trials that have a lease."""

    study_id: int


class Expired(msgspec.Struct, array_like=True, tag=True):
    """List those of these trials whose lease is over."""

    study_id: int
    numbers: list[int]


class Reclaim(msgspec.Struct, array_like=True, tag=True):
    """End a trial whose worker is lost: its end, and its retry if there is to be one."""

    study_id: int
    changes: Sent
    is_lost: bool


Request = (
    CreateStudy
    | LoadStudy
    | ListStudies
    | DeleteStudy
    | Describe
    | WriteStudy
    | AddTrials
    | BeginTrial
    | Claim
    | Promote
    | Write
    | Void
    | ReadChanges
    | FindTrial
    | Heartbeat
    | Leased
    | Expired
    | Reclaim
)

# Answers


class SentDelta(msgspec.Struct, array_like=True):
    """News, and where they end; of a trial that was begun, its number as well."""

    changes: Sent
    cursor: int
    number: int = -1


class SentSummary(msgspec.Struct):
    """A summary."""

    record: StudyRecord
    counts: dict[int, int]
    best: Sent | None
    first_start_us: int | None
    attrs: SentStudy


def to_sent_summary(summary: Summary) -> SentSummary:
    """Bring a summary into the form that travels."""
    return SentSummary(
        summary.record,
        {int(state): count for state, count in summary.counts.items()},
        None if summary.best is None else to_sent([summary.best]),
        summary.first_start_us,
        sent_study(summary.attrs),
    )


def from_sent_summary(sent: SentSummary) -> Summary:
    """Read what ``to_sent_summary`` wrote."""
    return Summary(
        sent.record,
        {TrialState(state): count for state, count in sent.counts.items()},
        None if sent.best is None else trial_changes(sent.best)[0],
        sent.first_start_us,
        study_change(sent.attrs),
    )


class SentError(msgspec.Struct):
    """An error: the name of its class, and what it says."""

    name: str
    text: str


ERRORS: dict[str, type[Exception]] = {
    error.__name__: error
    for error in (
        BudgetSpentError,
        DuplicatedStudyError,
        InvalidSpaceTypeError,
        InvalidSpaceError,
        StudyNotFoundError,
        TrialNotFinishedError,
        TrialNotFoundError,
        UpdateFinishedTrialError,
        TypeError,
        ValueError,
    )
}
"""What the contract lets a store raise; anything else arrives as ``StorageInternalError``."""


def to_error(sent: SentError) -> Exception:
    """Make the error again that was sent."""
    known = ERRORS.get(sent.name)
    return StorageInternalError(f"{sent.name}: {sent.text}") if known is None else known(sent.text)


def sent_error(error: Exception) -> SentError:
    """Bring an error into the form that travels."""
    for name, kind in ERRORS.items():
        if isinstance(error, kind):
            return SentError(name, str(error))
    return SentError(type(error).__name__, str(error))


def as_numbers(states: Sequence[int]) -> list[int]:
    """Plain integers in place of enumerations."""
    return [int(state) for state in states]
