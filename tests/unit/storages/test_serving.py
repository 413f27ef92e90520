"""A served storage: who may come in, what its errors look like, and its end."""

from __future__ import annotations

import os
import pickle
import socket

import pytest

from optimist.exceptions import StorageInternalError, StudyNotFoundError
from optimist.execution.channel import Channel
from optimist.states import StudyDirection
from optimist.storages.face import StorageFace
from optimist.storages.foreign import ForeignStorage
from optimist.storages.memory import MemoryStore
from optimist.storages.open import open_storage
from optimist.storages.remote import RemoteStorage
from optimist.storages.serving import StorageServer, answer, works_elsewhere
from optimist.storages.sql.storage import SQLStorage
from optimist.storages.wire import SentError, to_error


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
