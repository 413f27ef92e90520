"""The connection to one database: opened when needed, shared by the threads of a process, never by two processes."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from optimist.exceptions import StorageInternalError
from optimist.storages.sql.urls import dialect_of, is_in_memory, masked


class Database:
    """One connection and the transactions on it.

    One connection is all that a file wants: SQLite lets one writer in at a time, and waits among connections by
    sleeping; threads that queue for a lock of ours are woken at once.

    Args:
        url: As ``parse_url`` returns it.

    Attributes:
        url: Where it lives.
        dialect: What is particular to its kind.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.dialect = dialect_of(url)
        self.guard = threading.RLock()
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._pid = os.getpid()
        self._errors: tuple[type[Exception], ...] = (SQLAlchemyError, *self.dialect.driver_errors)
        _open_databases.add(self)

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine; after a fork another one."""
        with self.guard:
            self._notice_fork()
            if self._engine is None:
                self._engine = create_engine(self.url, **self.dialect.engine_options(self.url))
                event.listen(self._engine, "connect", self._on_connect)
            return self._engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for single statements, each of which sees one consistent state."""
        with self.guard:
            try:
                yield self._connected()
            except self._errors as error:
                raise self._explained(error) from error
            except BaseException:
                self._drop_broken()
                raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction, committed at the end of the block, taken back if the block raises."""
        with self.reading() as connection:
            try:
                self.dialect.begin(connection)
                yield connection
                self.dialect.commit(connection)
            except BaseException:
                if not connection.invalidated:
                    self.dialect.rollback(connection)
                raise

    def close(self) -> None:
        """Give back the connection; the next use opens another."""
        with self.guard:
            self._notice_fork()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def close_for_fork(self) -> None:
        """Close the connection, unless the database is in memory and would end with it."""
        if not is_in_memory(self.url):
            self.close()

    def _connected(self) -> Connection:
        self._notice_fork()
        if self._connection is None:
            self._connection = self.engine.connect()
        return self._connection

    def _drop_broken(self) -> None:
        """Forget a connection that was interrupted in the middle of a statement, as by Ctrl-C; it is of no more use."""
        if self._connection is not None and self._connection.invalidated:
            broken, self._connection = self._connection, None
            broken.close()

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            if self._connection is not None and not is_in_memory(self.url):
                _inherited.append(self._connection)
                self._engine = self._connection = None

    def _on_connect(self, driver_connection: object, _record: object) -> None:
        self.dialect.on_connect(driver_connection)

    def _explained(self, error: Exception) -> StorageInternalError:
        return StorageInternalError(f"{masked(self.url)}: {self.dialect.explain(self.url, error)}")


# A connection must not cross a fork: SQLite's locks belong to the process that took them, and even closing the copy in
# the child disturbs the parent. So we close before the fork. Where something forks behind Python's back, the child
# keeps the copy untouched for as long as it lives.

_open_databases: Final[weakref.WeakSet[Database]] = weakref.WeakSet()
_inherited: Final[list[Connection]] = []
_held: Final[list[Database]] = []


def _before_fork() -> None:
    for database in list(_open_databases):
        database.guard.acquire()  # no other thread is within a transaction
        _held.append(database)
        database.close_for_fork()


def _after_fork() -> None:
    while _held:
        _held.pop().guard.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
