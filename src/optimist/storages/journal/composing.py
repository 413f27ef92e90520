"""What the records of a commit about trials hold.

What a study and a distribution are stands in two records each: where one is damaged, no other record becomes
meaningless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from optimist.distributions import BaseDistribution
from optimist.storages.entry import Entry
from optimist.storages.journal.records import NewDistribution, storable_document
from optimist.storages.journal.state import StudyState
from optimist.storages.known import storable_distribution

_N_TELLINGS: Final = 2


def numbered(entries: Iterable[Entry], first: int) -> list[Entry]:
    """Give numbers to trials that are new."""
    return [replace(entry, number=number) for number, entry in enumerate(entries, first)]


def study_fields(op: str, study: StudyState) -> dict[str, Any]:
    """How a record about a study begins."""
    fields: dict[str, Any] = {"op": op, "study": study.record.study_id}
    if study.n_told < _N_TELLINGS:
        fields["name"] = study.record.name
        fields["directions"] = [int(direction) for direction in study.record.directions]
    return fields


def trials_fields(op: str, study: StudyState, entries: Sequence[Entry]) -> dict[str, Any]:
    """What a record about trials holds."""
    fields = study_fields(op, study)
    ids = study.known.ids
    added: dict[tuple[str, BaseDistribution], int] = {}
    if any(item not in ids for entry in entries for item in entry.space):
        new = study.known.number(item for entry in entries for item in entry.space)
        added = {(name, distribution): i for i, name, distribution in new}
    space: dict[int, NewDistribution] = {}
    trials = []
    for entry in entries:
        own = [ids[item] if item in ids else added[item] for item in entry.space]
        for i, (name, distribution) in zip(own, entry.space, strict=True):
            if i >= len(study.n_told_distributions) or study.n_told_distributions[i] < _N_TELLINGS:
                space[i] = (i, name, storable_distribution(name, distribution))
        entry.document.space = own
        trials.append(_entry_fields(entry))
    if space:
        fields["space"] = sorted(space.values())
    fields["trials"] = trials
    return fields


def _entry_fields(entry: Entry) -> dict[str, Any]:
    fields: dict[str, Any] = {"number": entry.number}
    if entry.state is not None:
        fields["state"] = int(entry.state)
    if entry.started_us is not None:
        fields["started_us"] = entry.started_us
    if entry.completed_us is not None:
        fields["completed_us"] = entry.completed_us
    document = entry.document
    if document.params or document.values or document.reports or document.user_attrs or document.system_attrs:
        fields["doc"] = storable_document(document)
    return fields
