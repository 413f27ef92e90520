"""A storage that lives in another process, which serves it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from optimist.exceptions import StorageInternalError
from optimist.execution.channel import Channel
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection
from optimist.storages import wire
from optimist.storages.base import ANY_TERMS, Begun, Delta, Storage, StudyRecord, Summary, Terms, check_name
from optimist.storages.documents import storable_attrs
from optimist.storages.entry import to_entry
from optimist.storages.known import storable_distribution

T = TypeVar("T")

_CONNECT_TIMEOUT_S: Final = 30.0

_encoder = msgspec.json.Encoder()
_error_decoder = msgspec.json.Decoder(wire.SentError)


class RemoteStorage(Storage):
    """Use a storage that a ``StorageServer`` serves.

    Args:
        host: Where the server listens.
        port: Likewise.
        token: What the server wants to hear first.

    Raises:
        StorageInternalError: Nobody is there; raised by the methods, for the connection is made when it is needed.
    """

    def __init__(self, host: str, port: int, token: str) -> None:
        self._place = (host, port)
        self._token = token
        self._open()

    def _open(self) -> None:
        self._channel: Channel | None = None
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return RemoteStorage, (*self._place, self._token)

    def __repr__(self) -> str:
        return f"RemoteStorage({self._place[0]}:{self._place[1]})"

    def close(self) -> None:
        with self._lock:
            if self._channel is not None:
                self._channel.close()
                self._channel = None

    def __del__(self) -> None:
        if self._channel is not None and self._pid == os.getpid():
            self._channel.close()

    def check(self, change: TrialChange) -> None:
        to_entry(change)
        for name, distribution, _ in change.params:
            storable_distribution(name, distribution)

    # Studies

    def create_study(self, name: str | None, directions: Sequence[StudyDirection]) -> StudyRecord:
        if name is not None:
            check_name("A study's name", name)
        return self._ask(wire.CreateStudy(name, wire.as_numbers(directions)), StudyRecord)

    def load_study(self, name: str) -> StudyRecord:
        return self._ask(wire.LoadStudy(name), StudyRecord)

    def list_studies(self) -> list[StudyRecord]:
        return self._ask(wire.ListStudies(), list[StudyRecord])

    def delete_study(self, study_id: int) -> None:
        self._ask(wire.DeleteStudy(study_id), None)

    def summary(self, study_id: int) -> Summary:
        return wire.from_sent_summary(self._ask(wire.Describe(study_id), wire.SentSummary))

    def write_study(self, study_id: int, change: StudyChange) -> None:
        storable_attrs(change.user_attrs)
        storable_attrs(change.system_attrs)
        self._ask(wire.WriteStudy(study_id, wire.sent_study(change)), None)

    # Trials

    def add_trials(self, study_id: int, trials: Sequence[TrialChange]) -> list[int]:
        for trial in trials:
            self.check(trial)
        return self._ask(wire.AddTrials(study_id, wire.to_sent(trials)), list[int])

    def begin_trial(self, study_id: int, cursor: int, terms: Terms = ANY_TERMS) -> Begun:
        request = wire.BeginTrial(study_id, cursor, terms.lease_s, terms.total_trials)
        begun = self._ask(request, wire.SentDelta)
        return Begun(begun.number, Delta(wire.from_sent(begun.changes), begun.cursor))

    def claim(self, study_id: int, number: int) -> bool:
        return self._ask(wire.Claim(study_id, number), bool)

    def promote(
        self, study_id: int, number: int, trial: TrialChange, cursor: int, terms: Terms = ANY_TERMS
    ) -> Begun | None:
        request = wire.Promote(study_id, number, wire.to_sent([trial]), cursor, terms.lease_s)
        begun: wire.SentDelta | None = self._ask(request, wire.SentDelta | None)  # type: ignore[arg-type]  # a union
        return None if begun is None else Begun(begun.number, Delta(wire.from_sent(begun.changes), begun.cursor))

    def write(self, study_id: int, change: TrialChange, cursor: int = 0) -> int:
        return self._ask(wire.Write(study_id, wire.to_sent([change]), cursor), int)

    def void(self, study_id: int, number: int, reason: str) -> bool:
        check_name("The reason of a void", reason)
        return self._ask(wire.Void(study_id, number, reason), bool)

    def changes_since(self, study_id: int, cursor: int) -> Delta:
        delta = self._ask(wire.ReadChanges(study_id, cursor), wire.SentDelta)
        return Delta(wire.from_sent(delta.changes), delta.cursor)

    def find_trial(self, trial_id: int) -> tuple[int, int]:
        return self._ask(wire.FindTrial(trial_id), tuple[int, int])

    # Leases

    def heartbeat(self, study_id: int, numbers: Sequence[int]) -> None:
        if numbers:
            self._ask(wire.Heartbeat(study_id, list(numbers)), None)

    def leased(self, study_id: int) -> list[int]:
        return self._ask(wire.Leased(study_id), list[int])

    def expired(self, study_id: int, numbers: Sequence[int]) -> list[int]:
        return self._ask(wire.Expired(study_id, list(numbers)), list[int]) if numbers else []

    def reclaim(
        self, study_id: int, end: TrialChange, retry: TrialChange | None = None, *, is_lost: bool = False
    ) -> bool:
        changes = wire.to_sent([end] if retry is None else [end, retry])
        return self._ask(wire.Reclaim(study_id, changes, is_lost), bool)

    # Within

    def _ask(self, request: wire.Request, kind: type[T] | None) -> T:
        frame = _encoder.encode(request)
        with self._lock if self._pid == os.getpid() else _fresh_lock(self):
            try:
                channel = self._connected()
                channel.send(frame)
                answer = channel.receive()
            except OSError as error:
                raise self._gone() from error
            if answer is None:
                raise self._gone()
        if answer[:1] == b"-":
            raise wire.to_error(_error_decoder.decode(answer[1:]))
        return msgspec.json.decode(answer[1:], type=kind)

    def _connected(self) -> Channel:
        if self._channel is None:
            connection = socket.create_connection(self._place, timeout=_CONNECT_TIMEOUT_S)
            connection.settimeout(None)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._channel = Channel(connection)
            self._channel.send(self._token.encode())
        return self._channel

    def _gone(self) -> StorageInternalError:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        return StorageInternalError(
            f"The process that serves the storage at {self._place[0]}:{self._place[1]} is gone."
        )


def _fresh_lock(storage: RemoteStorage) -> threading.Lock:
    """After a fork: a connection of this process alone, and a lock that no other thread can hold."""
    storage._open()  # noqa: SLF001  of the class above
    return storage._lock  # noqa: SLF001


def open_remote(url: str) -> RemoteStorage:
    """Open ``optimist://:TOKEN@HOST:PORT``.

    Raises:
        ValueError: The URL does not say all three.
    """
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None or not parts.password:
        raise ValueError("The URL of a served storage is optimist://:TOKEN@HOST:PORT, as its server gives it.")
    return RemoteStorage(parts.hostname, parts.port, parts.password)
