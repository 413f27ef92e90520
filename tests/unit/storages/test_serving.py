"""A served storage: who may come in, what its errors look like, and its end."""

from __future__ import annotations

import os
import pickle
import socket

import pytest

from optimist.exceptions import (
    StorageInternalError,
    StudyNotFoundError,
    TrialNotFinishedError,
    TrialNotFoundError,
)
from optimist.execution.addresses import Address
from optimist.execution.channel import Channel
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.face import StorageFace
from optimist.storages.foreign import ForeignStorage
from optimist.storages.memory import MemoryStore
from optimist.storages.open import open_storage
from optimist.storages.remote import RemoteStorage
from optimist.storages.serving import StorageServer, answer, works_elsewhere, works_everywhere
from optimist.storages.sql.storage import SQLStorage
from optimist.storages.wire import SentError, to_error
from optimist.testing.storages.reader import read


def test_which_storages_work_elsewhere(tmp_path: object) -> None:
    assert works_elsewhere(SQLStorage(f"sqlite:///{tmp_path}/s.db"))
    assert not works_elsewhere(SQLStorage("sqlite://"))
    assert not works_elsewhere(MemoryStore())
    assert not works_elsewhere(ForeignStorage(StorageFace(MemoryStore())))


def test_nobody_comes_in_without_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    with StorageServer(MemoryStore()) as server:
        for greeting in (b"guess", b"", b"x" * 1000):
            channel = Channel(socket.create_connection(("127.0.0.1", server.port)))
            channel.send(greeting)
            try:
                channel.send(b'["ListStudies"]')
                assert channel.receive() is None
            except OSError:
                pass
            channel.close()
        storage = RemoteStorage("127.0.0.1", server.port, "guess")
        with pytest.raises(StorageInternalError, match="is gone"):
            storage.list_studies()
        storage.close()
    assert "without the token" in capsys.readouterr().err


def test_the_token_is_not_shown() -> None:
    with StorageServer(MemoryStore()) as server:
        storage = open_storage(server.url)
        assert server.token not in repr(storage)
        assert pickle.loads(pickle.dumps(storage)).list_studies() == []
        storage.close()


@pytest.mark.parametrize("url", ["optimist://", "optimist://127.0.0.1:80", "optimist://:token@127.0.0.1"])
def test_urls_that_say_too_little(url: str) -> None:
    with pytest.raises(ValueError, match="TOKEN"):
        open_storage(url)


def test_the_end_of_the_server_is_noticed() -> None:
    with StorageServer(MemoryStore()) as server:
        storage = open_storage(server.url)
        storage.create_study("a", [StudyDirection.MINIMIZE])
    with pytest.raises(StorageInternalError, match="is gone"):
        storage.list_studies()
    with pytest.raises(StorageInternalError, match="is gone"):
        storage.list_studies()


def test_errors_keep_their_kind_and_text() -> None:
    with StorageServer(MemoryStore()) as server:
        storage = open_storage(server.url)
        with pytest.raises(StudyNotFoundError, match="There is no study named 'b' in this storage"):
            storage.load_study("b")
        storage.close()
    assert answer(MemoryStore(), b"no JSON")[:1] == b"-"
    assert str(to_error(SentError("OSError", "The disk is full."))) == "OSError: The disk is full."


def test_a_void_travels() -> None:
    store = MemoryStore()
    with StorageServer(store) as server:
        storage = open_storage(server.url)
        study_id = storage.create_study("a", [StudyDirection.MINIMIZE]).study_id
        complete = TrialState.COMPLETE
        storage.add_trials(study_id, [TrialChange(state=complete, values=(float(i),)) for i in range(3)])
        storage.add_trials(study_id, [TrialChange(state=complete, values=(-1.0,), void="came so")])
        cursor = storage.changes_since(study_id, 0).cursor
        assert storage.void(study_id, 0, "wrong data: 名前 🦜")
        assert not storage.void(study_id, 0, "again")
        (change,) = storage.changes_since(study_id, cursor).changes
        assert isinstance(change, TrialChange)
        assert (change.number, change.void) == (0, "wrong data: 名前 🦜")
        seen = read(storage, study_id).trials
        assert [seen[i].void for i in range(4)] == [change.void, None, None, "came so"]
        assert str(read(storage, study_id)) == str(read(store, study_id))
        best = storage.summary(study_id).best
        assert best is not None
        assert (best.number, best.void) == (1, None)
        number = storage.begin_trial(study_id, 0).number
        with pytest.raises(TrialNotFinishedError, match=r"Trial 4 is RUNNING; only a finished trial can be voided\."):
            storage.void(study_id, number, "r")
        with pytest.raises(TrialNotFoundError):
            storage.void(study_id, 9, "r")
        with pytest.raises(ValueError, match="512"):
            storage.void(study_id, 1, "x" * 513)
        storage.close()


def test_a_fork_makes_a_connection_of_its_own() -> None:
    with StorageServer(MemoryStore()) as server:
        storage = open_storage(server.url)
        storage.create_study("a", [StudyDirection.MINIMIZE])
        pid = os.fork()
        if pid == 0:
            os._exit(len(storage.list_studies()))
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 1
        assert len(storage.list_studies()) == 1
        storage.close()


def test_which_storages_work_everywhere(tmp_path: object) -> None:
    class OnServer(RemoteStorage):
        location = None  # type: ignore[assignment]

        def __reduce__(self) -> tuple[object, ...]:
            return RemoteStorage, ("h", 1, "t")

    def at(location: object) -> bool:
        storage = OnServer("h", 1, "t")
        OnServer.location = location  # type: ignore[assignment]
        return works_everywhere(storage)

    assert at("mysql://db.cluster:3306/example")
    assert at("redis://10.0.0.5/0")
    assert not at("mysql://localhost/example")
    assert not at("postgresql://127.0.0.1:5432/example")
    assert not at(None)
    assert not works_everywhere(SQLStorage(f"sqlite:///{tmp_path}/s.db"))
    assert not works_everywhere(MemoryStore())


@pytest.mark.parametrize(
    ("address", "host"), [(Address("localhost", interface=""), "localhost"), (Address("::1"), "[::1]")]
)
def test_other_addresses(address: Address, host: str) -> None:
    if address.host == "::1" and not socket.has_dualstack_ipv6():
        return  # a machine without IPv6 has nothing to listen at
    with StorageServer(MemoryStore(), address) as server:
        assert f"@{host}:{server.port}" in server.url
        storage = open_storage(server.url)
        assert storage.list_studies() == []
        storage.close()
