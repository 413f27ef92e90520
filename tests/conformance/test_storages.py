"""Every storage keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from optimist.storages.base import Storage
from optimist.storages.face import StorageFace
from optimist.storages.foreign import ForeignStorage
from optimist.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optimist.storages.journal.storage import JournalStore
from optimist.storages.memory import MemoryStore
from optimist.storages.serving import StorageServer
from optimist.storages.sql.dialects.sqlite import SQLite
from optimist.storages.sql.storage import SQLStorage, create_database
from optimist.testing import StorageSuite
from tests.servers import url_for
from tools.servers import Server


class TestInMemoryStorage(StorageSuite):
    is_shared: ClassVar[bool] = False
    keeps_objects: ClassVar[bool] = True

    def make_storage(self, directory: Path) -> Storage:
        return MemoryStore()


class TestSQLite(StorageSuite):
    def store_url(self, directory: Path) -> str:
        return f"sqlite:///{directory}/study.db"


class TestSQLiteInMemory(StorageSuite):
    is_shared: ClassVar[bool] = False

    def make_storage(self, directory: Path) -> Storage:
        return SQLStorage("sqlite:///:memory:")


class TestDatabaseThatDoesNotAnswerUpdates(StorageSuite):
    """SQLite before 3.35 has no UPDATE ... RETURNING."""

    is_shared: ClassVar[bool] = False

    def make_storage(self, directory: Path) -> Storage:
        storage = SQLStorage("sqlite://")
        storage._database.dialect = OldSQLite()
        return storage


class OldSQLite(SQLite):
    answers_updates = False


class OnServer(StorageSuite):
    """A database of its own for each test, on a server that all tests share."""

    server: Server

    def store_url(self, directory: Path) -> str:
        url = url_for(self.server, directory)
        create_database(url)
        return url


class TestMariaDB(OnServer):
    @pytest.fixture(autouse=True)
    def _server(self, mariadb: Server) -> None:
        self.server = mariadb


class TestPostgreSQL(OnServer):
    @pytest.fixture(autouse=True)
    def _server(self, postgresql: Server) -> None:
        self.server = postgresql


class TestServedMemory(StorageSuite):
    """Studies in the memory of one process, which others use through its server."""

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with StorageServer(MemoryStore()) as self.storage_server:
            yield

    def store_url(self, directory: Path) -> str:
        return self.storage_server.url


class TestThereAndBack(StorageSuite):
    """Optuna's methods over a store of ours, and a store of ours over these."""

    is_shared: ClassVar[bool] = False
    keeps_objects: ClassVar[bool] = True
    keeps_times: ClassVar[bool] = False
    has_leases: ClassVar[bool] = False

    def make_storage(self, directory: Path) -> Storage:
        return ForeignStorage(StorageFace(MemoryStore()))


class TestJournal(StorageSuite):
    def store_url(self, directory: Path) -> str:
        return f"journal://{directory}/study.journal"


class TestJournalInRedis(StorageSuite):
    @pytest.fixture(autouse=True)
    def use_empty_server(self, redis_server: Server) -> None:
        self.server = redis_server
        self.server.run("redis-cli", "-p", str(self.server.port), "flushall")

    def store_url(self, directory: Path) -> str:
        return self.server.url


class TestJournalUnderLockFiles(StorageSuite):
    """Where flock does not work, a name is the lock."""

    is_shared: ClassVar[bool] = False

    def make_storage(self, directory: Path) -> Storage:
        path = str(directory / "study.journal")
        return JournalStore(JournalFileBackend(path, JournalFileSymlinkLock(path)))


class TestJournalInForeignHome(StorageSuite):
    """A backend that can append and read, and keeps nobody out."""

    is_shared: ClassVar[bool] = False

    def make_storage(self, directory: Path) -> Storage:
        return JournalStore(ListBackend())


class ListBackend:
    """The plainest backend that there can be."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.logs.extend(logs)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        yield from self.logs[log_number_from:]


@pytest.mark.parametrize("suite", [TestInMemoryStorage, TestSQLiteInMemory])
def test_what_is_not_promised_is_left_out(suite: type[StorageSuite]) -> None:
    assert suite.test_fork_is_noticed is None
