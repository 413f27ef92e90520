"""From records to news: what several commits said of a trial, in one piece."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from optimist.history.collector import collector_paused
from optimist.history.draft import Change, StudyChange, TrialChange
from optimist.states import TrialState
from optimist.storages.decoder import Decoder
from optimist.storages.documents import Document, merge, read_attrs
from optimist.storages.journal.records import VOID, Record, TrialEntry
from optimist.storages.journal.state import StudyState
from optimist.storages.trial_ids import trial_id_of

_STATES = tuple(TrialState)  # by their numbers
_EMPTY = Document()


@dataclass(slots=True)
class Folded:
    """What a stretch of records says of one trial.

    Attributes:
        entry: What the last of them say of state, times and lease.
        documents: All else, in order.
        seq: Sequence number of the last of them.
    """

    entry: TrialEntry
    documents: list[Document]
    seq: int

    def add(self, entry: TrialEntry, seq: int) -> None:
        """Add what another record says."""
        known = self.entry
        if entry.state is not None and (entry.state != TrialState.WAITING or known.state is None):
            known.state = entry.state
        if entry.started_us is not None:
            known.started_us = entry.started_us
        if entry.completed_us is not None:
            known.completed_us = entry.completed_us
        if entry.lease_s is not None:
            known.lease_s, known.slot = entry.lease_s, entry.slot
        if entry.doc is not None:
            self.documents.append(entry.doc)
        self.seq = seq

    def document(self) -> Document:
        """All that the records say but for state, times and lease."""
        if len(self.documents) == 1:
            return self.documents[0]
        return merge(self.documents) if self.documents else _EMPTY


@dataclass(slots=True)
class News:
    """What a stretch of one study's records says.

    Attributes:
        attrs: Attributes of the study, one document for each time that any were set.
        finished: Trials that finished there, in that order.
        open: Others of which something was said, by number.
        voids: Trials that had finished before, and became void there, by number.
    """

    attrs: list[Document] = field(default_factory=list)
    finished: list[Folded] = field(default_factory=list)
    open: dict[int, Folded] = field(default_factory=dict)
    voids: dict[int, Folded] = field(default_factory=dict)


def fold(records: Iterable[tuple[int, Record]], only: int | None = None) -> News:
    """Bring together what records, given with their sequence numbers, say of each trial.

    A trial that became void has its place where it did; why, the state knows.

    Args:
        records: Of one study.
        only: The number of the one trial to look at; None for all.
    """
    news = News()
    done: dict[int, Folded] = {}
    for seq, record in records:
        if record.attrs is not None:
            news.attrs.append(record.attrs)
        entries = record.trials if only is None else [entry for entry in record.trials if entry.number == only]
        for entry in entries:
            number = entry.number
            if record.op == VOID:
                if number in done:
                    done[number].seq = seq
                elif number not in news.open:  # else its end is lost
                    news.voids.setdefault(number, Folded(entry, [], seq))
                continue
            if number in done:
                continue
            folded = news.open.get(number)
            if folded is None:
                folded = news.open[number] = Folded(entry, [] if entry.doc is None else [entry.doc], seq)
            else:
                folded.add(entry, seq)
            if entry.state is not None and _STATES[entry.state].is_finished():
                done[number] = news.open.pop(number)
                news.finished.append(done[number])
                news.voids.pop(number, None)  # then an earlier end is lost
    return news


def to_changes(news: News, study: StudyState) -> list[Change]:
    """Turn news of a study into changes."""
    decoder = Decoder(study.known)
    with collector_paused():
        changes: list[Change] = [_to_study_change(document) for document in news.attrs]
        voids = [folded for number, folded in news.voids.items() if number in study.voids]
        for folded in sorted((*news.finished, *news.open.values(), *voids), key=_place):
            entry, document = folded.entry, folded.document()
            if document.space and (study.lost or max(document.space) >= len(study.known.items)):
                document = _with_known(study, document)
            number = entry.number
            state = None if entry.state is None else _STATES[entry.state]
            trial_id = trial_id_of(study.record.study_id, number)
            change = TrialChange(number, trial_id, state, None, entry.started_us, entry.completed_us)
            if study.voids and number not in news.open:
                change.void = study.voids.get(number)
            changes.append(decoder.complete(change, document))
    return changes


def _place(folded: Folded) -> tuple[int, int]:
    return folded.seq, folded.entry.number


def _with_known(study: StudyState, document: Document) -> Document:
    """A document without the parameters of which nobody knows any more what they are called."""
    n = len(study.known.items)
    known = [
        (i, value) for i, value in zip(document.space, document.params, strict=True) if i < n and i not in study.lost
    ]
    return msgspec.structs.replace(document, space=[i for i, _ in known], params=[value for _, value in known])


def _to_study_change(document: Document) -> StudyChange:
    return StudyChange(read_attrs(document.user_attrs), read_attrs(document.system_attrs))
