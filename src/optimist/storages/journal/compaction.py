"""The same journal in fewer records: one for each trial, none for studies that are gone.

Each record keeps the sequence number of the last that it replaces, so that cursors stay what they were: a reader may
be told again what it knows, but nothing is left out.
"""

from __future__ import annotations

from typing import Any

from optimist.distributions import distribution_to_json
from optimist.storages.documents import Document, merge
from optimist.storages.journal import records
from optimist.storages.journal.folding import Folded, fold
from optimist.storages.journal.journal import Journal
from optimist.storages.journal.line import Place, frame
from optimist.storages.journal.records import encode_record, storable_document
from optimist.storages.journal.state import StudyState


def compacted_lines(journal: Journal) -> list[bytes]:
    """The lines of a journal that says the same, but for the order in which it came to be."""
    epoch, seq = journal.last
    fields: dict[int, dict[str, Any]] = {}
    for study in journal.state.studies.values():
        fields.update(_study_records(journal, study))
    fields[seq + 1] = {"op": records.FENCE, "n_studies": journal.state.n_studies}
    return [frame(Place(epoch, at), encode_record(fields[at])) for at in sorted(fields)]


def _study_records(journal: Journal, study: StudyState) -> dict[int, dict[str, Any]]:
    """What the records of a study hold, by sequence number."""
    study_id = study.record.study_id
    fields: dict[int, dict[str, Any]] = {
        study.created_seq: {
            "op": records.CREATE,
            "study": study_id,
            "name": study.record.name,
            "directions": [int(direction) for direction in study.record.directions],
            "n_trials": study.n_trials,
            "n_reclaimed": study.n_reclaimed,
            "space": [
                (i, name, distribution_to_json(distribution))
                for i, (name, distribution) in enumerate(study.known.items)
                if i not in study.lost
            ],
        }
    }
    news = fold(journal.records(study))
    finished = {trial.entry.number for trial in news.finished}
    told = finished | news.open.keys()
    fields[study.created_seq]["n_reclaimed"] -= len(study.reclaimed & told)
    if news.attrs:
        at = fields.setdefault(study.attrs_seq, {"op": records.ATTRS, "study": study_id})
        at["attrs"] = storable_document(merge(news.attrs))
    for trial in (*news.finished, *news.open.values()):
        at = fields.setdefault(trial.seq, {"op": records.ADD, "study": study_id})
        at.setdefault("trials", []).append(_entry_fields(trial, study, is_finished=trial.entry.number in finished))
    return fields


def _entry_fields(trial: Folded, study: StudyState, *, is_finished: bool) -> dict[str, Any]:
    """What a record says of a trial: all that was said of it before, and what the state knows."""
    entry = trial.entry
    given = {
        "number": entry.number,
        "state": entry.state,
        "started_us": entry.started_us,
        "completed_us": entry.completed_us,
        "lease_s": entry.lease_s,
        "slot": entry.slot,
    }
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if entry.number in study.reclaimed:
        fields["gives_back"] = True
    if entry.number in study.promoted:
        fields["promoted"] = True
    if is_finished and entry.number in study.voids:
        fields["void"] = study.voids[entry.number]
    document = trial.document()
    if document != Document():
        fields["doc"] = storable_document(document)
    return fields
