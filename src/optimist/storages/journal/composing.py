"""What the records of a commit about trials hold.

What a study and a distribution are stands in two records each: where one is damaged, no other record becomes
meaningless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from optimist.distributions import BaseDistribution
from optimist.history.attributes import LEASE_LOST_KEY, RESUMED_KEY
from optimist.states import TrialState
from optimist.storages.documents import Document, merge
from optimist.storages.entry import Entry
from optimist.storages.journal.records import ADD, WRITE, NewDistribution, storable_document
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


def trials_fields(
    op: str, study: StudyState, entries: Sequence[Entry], earlier: Sequence[Document] | None = None
) -> dict[str, Any]:
    """What a record about trials holds.

    Args:
        op: What it does.
        study: The study.
        entries: What it says.
        earlier: All that was said before of the trial that the only entry ends, so that this record can say it all;
            None to leave that to the records before.
    """
    fields = study_fields(op, study)
    told = study.n_told_distributions
    space: dict[int, NewDistribution] = {}
    trials = []
    new: dict[int, tuple[str, BaseDistribution]] = {}
    for entry, own in zip(entries, _identify(study, entries), strict=True):
        entry.document.space = own
        document = merge([*earlier, entry.document]) if earlier else entry.document
        trials.append(_entry_fields(entry, document))
        if op == ADD and entry.is_end:
            trials[-1] |= _setting_aside(entry)
        elif op != WRITE and RESUMED_KEY in entry.document.system_attrs:
            trials[-1]["gives_back"] = True
        new |= {i: item for i, item in zip(own, entry.space, strict=True) if i >= len(told)}
        for i in document.space:
            if i not in space and (i >= len(told) or told[i] < _N_TELLINGS) and i not in study.lost:
                name, distribution = new[i] if i in new else study.known.items[i]
                text = storable_distribution(name, distribution)
                space[i] = (i, name, text)
                study.offered[name, text] = distribution
    if space:
        fields["space"] = sorted(space.values())
    if earlier is not None:
        trials[0] |= {"whole": True, "started_us": study.open[entries[0].number].started_us}
    fields["trials"] = trials
    return fields


def _identify(study: StudyState, entries: Sequence[Entry]) -> list[list[int]]:
    """The ids of each entry's distributions; those that are new get the next ones."""
    ids = study.known.ids
    try:
        return [[ids[item] for item in entry.space] for entry in entries]
    except KeyError:
        new = study.known.number(item for entry in entries for item in entry.space)
        added: dict[tuple[str, BaseDistribution], int] = {(name, distribution): i for i, name, distribution in new}
        return [[ids[item] if item in ids else added[item] for item in entry.space] for entry in entries]


def _setting_aside(entry: Entry) -> dict[str, Any]:
    """Why a trial that is added counts for nothing, or in no budget."""
    if entry.void is not None:
        return {"void": entry.void, "gives_back": True}
    attrs = entry.document.system_attrs
    is_lost = entry.state == TrialState.FAIL and LEASE_LOST_KEY in attrs
    return {"gives_back": True} if is_lost or RESUMED_KEY in attrs else {}


def _entry_fields(entry: Entry, document: Document) -> dict[str, Any]:
    fields: dict[str, Any] = {"number": entry.number}
    if entry.state is not None:
        fields["state"] = int(entry.state)
    if entry.started_us is not None:
        fields["started_us"] = entry.started_us
    if entry.completed_us is not None:
        fields["completed_us"] = entry.completed_us
    if (
        document.params
        or document.values is not None
        or document.reports
        or document.user_attrs
        or document.system_attrs
    ):
        fields["doc"] = storable_document(document)
    return fields
