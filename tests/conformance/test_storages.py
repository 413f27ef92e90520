"""Every storage keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from optimist.storages.base import Storage
from optimist.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optimist.storages.journal.storage import JournalStore
from optimist.storages.memory import InMemoryStorage
from optimist.storages.sql.storage import SQLStorage
from optimist.testing import StorageSuite
from tools.servers import Redis


class TestInMemoryStorage(StorageSuite):
    is_shared: ClassVar[bool] = False
    keeps_objects: ClassVar[bool] = True

    def make_storage(self, directory: Path) -> Storage:
        return InMemoryStorage()


class TestSQLite(StorageSuite):
    def store_url(self, directory: Path) -> str:
        return f"sqlite:///{directory}/study.db"


class TestSQLiteInMemory(StorageSuite):
    is_shared: ClassVar[bool] = False

    def make_storage(self, directory: Path) -> Storage:
        return SQLStorage("sqlite:///:memory:")


class TestDatabaseThatDoesNotAnswerUpdates(StorageSuite):
    """MySQL and MariaDB, and SQLite before 3.35, have no UPDATE ... RETURNING."""

    is_shared: ClassVar[bool] = False

    def make_storage(self, directory: Path) -> Storage:
        storage = SQLStorage("sqlite://")
        storage.engine.dialect.update_returning = False
        return storage


class TestJournal(StorageSuite):
    def store_url(self, directory: Path) -> str:
        return f"journal://{directory}/study.journal"


class TestJournalInRedis(StorageSuite):
    @pytest.fixture(autouse=True)
    def use_empty_server(self, redis_server: Redis) -> None:
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
