"""Let other processes use a storage that lives in this one."""

from __future__ import annotations

import hmac
import pickle
import secrets
import socket
import threading
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import msgspec

from optimist.execution.addresses import Address, is_loopback
from optimist.execution.channel import Channel
from optimist.logging import get_logger
from optimist.states import StudyDirection
from optimist.storages import wire
from optimist.storages.base import Storage, Terms
from optimist.storages.foreign import ForeignStorage
from optimist.storages.memory import MemoryStore

_logger = get_logger(__name__)

_GREETING_BYTES: Final = 256

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(wire.Request)


def works_elsewhere(storage: Storage) -> bool:
    """Whether a pickled handle of a storage works on the same studies in another process.

    What we do not know by its kind is served: it works everywhere, and costs a message.
    """
    if isinstance(storage, (MemoryStore, ForeignStorage)):
        return False
    try:
        pickle.dumps(storage)
    except Exception:  # noqa: BLE001  whatever it is that keeps it from being pickled
        return False
    return True


def works_everywhere(storage: Storage) -> bool:
    """Whether a pickled handle of a storage works on other machines too: it lives on a server, and not on this machine's."""
    if not isinstance(storage.location, str) or not works_elsewhere(storage):
        return False
    host = urlsplit(storage.location).hostname
    return host is not None and not is_loopback(host)


class StorageServer:
    """Serves a storage to those who know the token; a context manager.

    Args:
        storage: Any storage; each connection calls it in a thread of its own.
        address: Where to listen; without one, only processes of this machine come in.

    Attributes:
        port: Where it listens.
        token: What a client has to say first; made up anew for each server.
    """

    def __init__(self, storage: Storage, address: Address | None = None) -> None:
        self._storage = storage
        self.token = secrets.token_urlsafe(32)
        address = address or Address()
        self._host = address.host
        interface = address.host if address.interface is None else address.interface
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._listener = socket.create_server((interface, address.port), family=family, backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._channels: set[Channel] = set()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        self._acceptor = threading.Thread(target=self._accept, name="optimist-server", daemon=True)

    @property
    def url(self) -> str:
        """What ``open_storage`` takes; it holds the token, so do not show it."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"optimist://:{self.token}@{host}:{self.port}"

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._is_closed = True
            channels, threads = list(self._channels), list(self._threads)
        _wake(self._listener)
        self._acceptor.join()
        self._listener.close()
        for channel in channels:
            channel.close()
        for thread in threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._is_closed:
                    connection.close()
                    return
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a machine may vanish without a word
                channel = Channel(connection)
                thread = threading.Thread(
                    target=self._talk, args=(channel,), name="optimist-server-connection", daemon=True
                )
                self._channels.add(channel)
                self._threads.add(thread)
            thread.start()

    def _talk(self, channel: Channel) -> None:
        try:
            greeting = channel.receive(_GREETING_BYTES)
            if greeting is None or not hmac.compare_digest(greeting, self.token.encode()):
                _logger.warning("Somebody without the token tried to use the storage of this process.")
                return
            while (frame := channel.receive()) is not None:
                channel.send(answer(self._storage, frame))
        except (OSError, ValueError):
            pass  # the client is gone, or is none of ours
        finally:
            channel.close()
            with self._lock:
                self._channels.discard(channel)
                self._threads.discard(threading.current_thread())


def _wake(listener: socket.socket) -> None:
    """Have ``accept`` return: closing a socket does not interrupt a thread that waits for it."""
    try:
        socket.create_connection(listener.getsockname()[:2], timeout=1).close()  # 0.0.0.0 stands for this machine
    except OSError:
        listener.close()


def answer(storage: Storage, frame: bytes) -> bytes:
    """Answer one request; every error becomes an answer as well."""
    try:
        return b"+" + _encoder.encode(_call(storage, _decoder.decode(frame)))
    except Exception as error:  # noqa: BLE001  the client raises it again
        return b"-" + _encoder.encode(wire.sent_error(error))


def _call(storage: Storage, request: wire.Request) -> Any:
    match request:
        case wire.BeginTrial(study_id, cursor, lease_s, total_trials):
            begun = storage.begin_trial(study_id, cursor, Terms(lease_s, total_trials))
            return wire.SentDelta(wire.to_sent(begun.delta.changes), begun.delta.cursor, begun.number)
        case wire.Promote(study_id, number, trial, cursor, lease_s):
            return _promote(storage, study_id, number, trial, cursor, lease_s)
        case wire.Write(study_id, change, cursor):
            return storage.write(study_id, wire.trial_changes(change)[0], cursor)
        case wire.Void(study_id, number, reason):
            return storage.void(study_id, number, reason)
        case wire.ReadChanges(study_id, cursor):
            delta = storage.changes_since(study_id, cursor)
            return wire.SentDelta(wire.to_sent(delta.changes), delta.cursor)
        case wire.Heartbeat(study_id, numbers):
            return storage.heartbeat(study_id, numbers)
        case wire.Leased(study_id):
            return storage.leased(study_id)
        case wire.Expired(study_id, numbers):
            return storage.expired(study_id, numbers)
        case wire.Reclaim(study_id, changes, is_lost):
            return storage.reclaim(study_id, *wire.trial_changes(changes), is_lost=is_lost)
        case wire.Claim(study_id, number):
            return storage.claim(study_id, number)
        case wire.AddTrials(study_id, trials):
            return storage.add_trials(study_id, wire.trial_changes(trials))
        case wire.FindTrial(trial_id):
            return storage.find_trial(trial_id)
        case _:
            return _call_about_study(storage, request)


def _promote(
    storage: Storage, study_id: int, number: int, trial: wire.Sent, cursor: int, lease_s: float | None
) -> wire.SentDelta | None:
    begun = storage.promote(study_id, number, wire.trial_changes(trial)[0], cursor, Terms(lease_s))
    if begun is None:
        return None
    return wire.SentDelta(wire.to_sent(begun.delta.changes), begun.delta.cursor, begun.number)


def _call_about_study(storage: Storage, request: wire.Request) -> Any:
    match request:
        case wire.CreateStudy(name, directions):
            return storage.create_study(name, [StudyDirection(direction) for direction in directions])
        case wire.LoadStudy(name):
            return storage.load_study(name)
        case wire.DeleteStudy(study_id):
            return storage.delete_study(study_id)
        case wire.Describe(study_id):
            return wire.to_sent_summary(storage.summary(study_id))
        case wire.WriteStudy(study_id, change):
            return storage.write_study(study_id, wire.study_change(change))
        case _:
            return storage.list_studies()
