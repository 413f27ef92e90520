"""What a record of the journal says, as JSON.

    {"op":"create","id":"...","study":0,"name":"digits","directions":[2]}
    {"op":"begin","id":"...","study":0,"trials":[{"number":7,"state":0,"started_us":1764000000000000,"lease_s":60.0,"slot":0}]}
    {"op":"write","id":"...","study":0,"space":[[0,"x","{...}"]],"trials":[{"number":7,"state":1,
        "completed_us":1764000001000000,"doc":{"space":[0],"params":[0.25],"values":[1.5]}}]}
    {"op":"promote","id":"...","study":0,"of":7,"trials":[{"number":9,"state":0,"started_us":1764000002000000,
        "doc":{"space":[0],"params":[0.25],"system_attrs":{"optimist:resumed_from":[7]}}}]}
    {"op":"void","id":"...","study":0,"trials":[{"number":7,"void":"wrong data set"}]}

A record is one commit: it counts as a whole or not at all. ``id`` is its own, so that a writer whose answer was lost
recognises it. ``space`` brings the distributions that are new in the study, ``doc`` is a trial's document as in
``documents.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from optimist.exceptions import StorageInternalError
from optimist.storages.documents import Document, decode, encode

CREATE: Final = "create"
"""A study comes to be; in a compacted journal together with all its distributions."""
ATTRS: Final = "attrs"
"""Attributes of the study are set."""
DELETE: Final = "delete"
"""A study ends."""
BEGIN: Final = "begin"
"""A trial starts to run: a new one, or one that waited."""
ADD: Final = "add"
"""Whole trials come to the study."""
WRITE: Final = "write"
"""Something is said of a trial."""
RECLAIM: Final = "reclaim"
"""The trial named first ends because its lease is over; one that waits may follow."""
VOID: Final = "void"
"""A finished trial counts no more."""
PROMOTE: Final = "promote"
"""A trial starts to run that goes on from a pruned one."""
FENCE: Final = "fence"
"""Nothing, but that a new epoch begins."""

NO_ATTRS: Final = msgspec.Raw(b"")
"""Stands for system attributes of which nothing is said."""

NewDistribution = tuple[int, str, str]
"""(id, parameter, distribution as JSON)."""


class TrialEntry(msgspec.Struct, omit_defaults=True):
    """What a record says of one trial, but for what only the state needs; what it does not speak of is left out.

    Attributes:
        number: The trial.
        state: Its new state.
        started_us, completed_us: Microseconds since 1970 (UTC).
        lease_s: Length of the lease under which it begins, in seconds.
        slot: Where its heartbeats go.
        whole: Whether this says all that was ever said of the trial, which it ends.
        doc: All else.
    """

    number: int
    state: int | None = None
    started_us: int | None = None
    completed_us: int | None = None
    lease_s: float | None = None
    slot: int | None = None
    whole: bool = False
    doc: Document | None = None


class Record(msgspec.Struct, omit_defaults=True):
    """A commit, read in full.

    Attributes:
        op: What it does.
        id: Its own.
        study: The study.
        name, directions: Of a study that comes to be.
        n_trials, n_reclaimed: What a compacted journal remembers of a study beyond its trials; places that trials in
            it give back themselves are not counted.
        n_studies: How many studies there have been, in a compacted journal.
        space: Distributions that are new.
        attrs: Attributes of the study.
        trials: What it says of trials.
    """

    op: str
    id: str = ""
    study: int = -1
    name: str = ""
    directions: list[int] = []
    n_trials: int = 0
    n_reclaimed: int = 0
    n_studies: int = 0
    space: list[NewDistribution] = []
    attrs: Document | None = None
    trials: list[TrialEntry] = []


class GlanceDocument(msgspec.Struct):
    """Of a document, what counts and the best trial follow from."""

    values: list[float | str] | None = None
    system_attrs: msgspec.Raw = NO_ATTRS


class GlanceEntry(msgspec.Struct):
    """Of a trial's entry, what the state follows from; fields as in ``TrialEntry``.

    Attributes:
        void: Why the trial, which is finished, is void.
        gives_back: Whether the trial, which is added, takes no place in the budget.
        promoted: Whether another trial went on from this one, which is pruned.
    """

    number: int
    state: int | None = None
    started_us: int | None = None
    lease_s: float | None = None
    slot: int | None = None
    whole: bool = False
    void: str | None = None
    gives_back: bool = False
    promoted: bool = False
    doc: GlanceDocument | None = None


class Glance(msgspec.Struct):
    """A commit, read as far as the state follows from it; fields as in ``Record``.

    Attributes:
        of: The trial from which the one that starts to run goes on.
    """

    op: str
    id: str = ""
    study: int = -1
    name: str = ""
    directions: list[int] = []
    n_trials: int = 0
    n_reclaimed: int = 0
    n_studies: int = 0
    space: list[NewDistribution] = []
    attrs: Document | None = None
    trials: list[GlanceEntry] = []
    of: int = -1


class _RawEntry(msgspec.Struct):
    """As ``TrialEntry``, with a document that holds numbers that JSON does not have."""

    number: int
    state: int | None = None
    started_us: int | None = None
    completed_us: int | None = None
    lease_s: float | None = None
    slot: int | None = None
    whole: bool = False
    doc: msgspec.Raw = NO_ATTRS


class _RawTrials(msgspec.Struct):
    op: str
    id: str = ""
    study: int = -1
    space: list[NewDistribution] = []
    trials: list[_RawEntry] = []


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)
_list_decoder = msgspec.json.Decoder(list[Record])
_raw_decoder = msgspec.json.Decoder(_RawTrials)
_glance_decoder = msgspec.json.Decoder(Glance)
_glances_decoder = msgspec.json.Decoder(list[Glance])


def encode_record(fields: dict[str, Any]) -> bytes:
    """Write a record; documents are given as ``msgspec.Raw``."""
    return _encoder.encode(fields)


def storable_document(document: Document) -> msgspec.Raw:
    """A document in the form in which ``encode_record`` takes it."""
    return msgspec.Raw(encode(document).encode())


def decode_glances(payloads: Sequence[bytes]) -> list[Glance]:
    """Read records as far as the state follows from them.

    Raises:
        StorageInternalError: One of them is of a kind that this release does not know.
    """
    try:
        return _glances_decoder.decode(b"[%b]" % b",".join(payloads))
    except msgspec.MsgspecError:
        return [_decode_glance(payload) for payload in payloads]


def _decode_glance(payload: bytes) -> Glance:
    try:
        return _glance_decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise _unknown(payload, error) from error


def decode_records(payloads: Sequence[bytes]) -> list[Record]:
    """Read records in full; errors as in ``decode_glances``."""
    try:
        return _list_decoder.decode(b"[%b]" % b",".join(payloads))
    except msgspec.MsgspecError:
        return [_decode_record(payload) for payload in payloads]


def _decode_record(payload: bytes) -> Record:
    try:
        return _decoder.decode(payload)
    except msgspec.MsgspecError:
        pass
    try:
        raw = _raw_decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise _unknown(payload, error) from error
    trials = [
        TrialEntry(
            entry.number,
            entry.state,
            entry.started_us,
            entry.completed_us,
            entry.lease_s,
            entry.slot,
            entry.whole,
            decode(bytes(entry.doc).decode()) if bytes(entry.doc) else None,
        )
        for entry in raw.trials
    ]
    return Record(raw.op, raw.id, raw.study, space=raw.space, trials=trials)


def _unknown(payload: bytes, error: Exception) -> StorageInternalError:
    return StorageInternalError(
        f"The journal holds a record that this version of Optimist cannot read ({error}): {payload[:80]!r}... "
        "If a newer version wrote it, use that one."
    )
