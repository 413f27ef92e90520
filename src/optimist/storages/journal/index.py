"""The state in a few bytes, kept beside the journal so that a fresh process need not read all records to know it.

An index follows from the journal and can be deleted at any time. It says up to where it goes and what the last record
there begins with; where that does not agree with the journal, it is passed over.
"""

from __future__ import annotations

from array import array
from typing import Any, Final
from zlib import crc32

import msgspec

from optimist.distributions import distribution_to_json
from optimist.history.draft import StudyChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import StudyRecord
from optimist.storages.documents import read_attrs, storable_attrs
from optimist.storages.journal.records import NewDistribution
from optimist.storages.journal.state import JournalState, OpenTrial, StudyState

_MAGIC: Final = b"J1 index 2\n"
_STATES: Final = tuple(TrialState)


class _OpenIndex(msgspec.Struct, array_like=True):
    """An open trial; fields as in ``OpenTrial``."""

    number: int
    state: int
    lease_s: float | None
    slot: int | None
    started_us: int | None
    rows: list[int]
    constraints: dict[str, float] | None
    has_document: bool


class _StudyIndex(msgspec.Struct, array_like=True):
    """A study; fields as in ``StudyState``, arrays as their bytes."""

    study_id: int
    name: str
    directions: list[int]
    numbers: dict[str, Any]
    counts: list[int]
    attrs: bytes
    space: list[NewDistribution]
    lost: list[int]
    n_told_distributions: list[int]
    open: list[_OpenIndex]
    voids: dict[int, str]
    reclaimed: list[int]
    best_loss: float
    best_rows: list[int]
    arrays: list[bytes]


class Index(msgspec.Struct, array_like=True):
    """A journal's state.

    Attributes:
        position: Up to where the log was read, as the log counts.
        last_ref: Where the log keeps the last record.
        last_header: What that record begins with.
        place: Its place, as ``Scanner`` keeps it.
        n_studies, n_records: As in ``JournalState``.
        studies: The studies.
    """

    position: int
    last_ref: int
    last_header: bytes
    place: bytes
    n_studies: int
    n_records: int
    studies: list[_StudyIndex]


_NUMBERS: Final = (
    "seq",
    "created_seq",
    "n_trials",
    "n_reclaimed",
    "attrs_seq",
    "first_start_us",
    "n_told",
    "is_best_known",
    "best_number",
)
_ARRAYS: Final = ("seqs", "refs", "sizes", "standing", "finished")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Index)


def write_index(state: JournalState, position: int, last_ref: int, last_header: bytes, place: bytes) -> bytes:
    """The bytes of an index."""
    studies = [_study_index(study) for study in state.studies.values()]
    body = _encoder.encode(Index(position, last_ref, last_header, place, state.n_studies, state.n_records, studies))
    return b"%b%08x" % (_MAGIC, crc32(body)) + body


def read_index(data: bytes) -> Index | None:
    """Read an index; None if it is none, or of another version."""
    start = len(_MAGIC) + 8
    if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : start] != b"%08x" % crc32(data[start:]):
        return None
    try:
        return _decoder.decode(data[start:])
    except msgspec.MsgspecError:
        return None


def to_state(index: Index) -> JournalState:
    """The state that an index holds."""
    state = JournalState()
    state.n_studies, state.n_records = index.n_studies, index.n_records
    for study in index.studies:
        state.studies[study.study_id] = _to_study(study)
        state.ids[study.name] = study.study_id
    return state


def _study_index(study: StudyState) -> _StudyIndex:
    attrs = {"user": storable_attrs(study.attrs.user_attrs), "system": storable_attrs(study.attrs.system_attrs)}
    return _StudyIndex(
        study_id=study.record.study_id,
        name=study.record.name,
        directions=[int(direction) for direction in study.record.directions],
        numbers={name: getattr(study, name) for name in _NUMBERS},
        counts=list(study.counts),
        attrs=msgspec.json.encode(attrs),
        space=[(i, name, distribution_to_json(kind)) for i, (name, kind) in enumerate(study.known.items)],
        lost=sorted(study.lost),
        n_told_distributions=study.n_told_distributions,
        open=[
            _OpenIndex(n, int(t.state), t.lease_s, t.slot, t.started_us, t.rows, t.constraints, t.has_document)
            for n, t in study.open.items()
        ],
        voids=study.voids,
        reclaimed=sorted(study.reclaimed),
        best_loss=study.best_loss,
        best_rows=study.best_rows,
        arrays=[getattr(study, name).tobytes() for name in _ARRAYS],
    )


def _to_study(index: _StudyIndex) -> StudyState:
    directions = tuple(StudyDirection(direction) for direction in index.directions)
    study = StudyState(StudyRecord(index.study_id, index.name, directions), 0)
    for name, value in index.numbers.items():
        setattr(study, name, value)
    study.counts = index.counts
    attrs = msgspec.json.decode(index.attrs)
    study.attrs = StudyChange(read_attrs(attrs["user"]), read_attrs(attrs["system"]))
    study.known.learn(index.space)
    study.lost = set(index.lost)
    study.n_told_distributions = index.n_told_distributions
    study.voids, study.reclaimed = index.voids, set(index.reclaimed)
    study.best_loss, study.best_rows = index.best_loss, index.best_rows
    for name, raw in zip(_ARRAYS, index.arrays, strict=True):
        column: array[int] = getattr(study, name)
        column.frombytes(raw)
    for entry in index.open:
        trial = OpenTrial(_STATES[entry.state])
        trial.lease_s, trial.slot, trial.started_us = entry.lease_s, entry.slot, entry.started_us
        trial.rows, trial.constraints, trial.has_document = entry.rows, entry.constraints, entry.has_document
        study.open[entry.number] = trial
    study.queue_waiting()
    return study
