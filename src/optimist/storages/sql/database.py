"""The connection to one database: opened when needed, shared by the threads of a process, never by two processes."""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import SQLAlchemyError

from optimist.exceptions import StorageInternalError
from optimist.logging import get_logger
from optimist.storages.sql.session import Session
from optimist.storages.sql.urls import dialect_of, is_in_memory, masked

_logger = get_logger(__name__)

T = TypeVar("T")

_QUIET_FOR_S: Final = 2.0
_COMPLAINTS_EVERY_S: Final = 30.0


class Database:
    """One connection and the transactions on it.

    One connection is all that a file wants: SQLite lets one writer in at a time, and waits among connections by
    sleeping; threads that queue for a lock of ours are woken at once. A server that is away is tried again, with
    growing pauses: it may be restarting.

    Args:
        url: As ``parse_url`` returns it.
        engine_kwargs: Further arguments for ``sqlalchemy.create_engine``.

    Attributes:
        url: Where it lives.
        dialect: What is particular to its kind.
    """

    def __init__(self, url: URL, engine_kwargs: Mapping[str, Any] | None = None) -> None:
        self.url = url
        self.dialect = dialect_of(url)
        self.guard = threading.RLock()
        self._engine_kwargs = dict(engine_kwargs or {})
        self._engine: Engine | None = None
        self._session: Session | None = None
        self._has_answered = False
        self._pid = os.getpid()
        self._errors: tuple[type[Exception], ...] = (SQLAlchemyError, *self.dialect.driver_errors)
        _open_databases.add(self)

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine; after a fork another one."""
        with self.guard:
            self._notice_fork()
            if self._engine is None:
                options = {**self.dialect.engine_options(self.url), **self._engine_kwargs}
                self._engine = create_engine(self.url, **options)
                event.listen(self._engine, "connect", self._on_connect)
            return self._engine

    # Work, tried again where that may help

    def read(self, work: Callable[[Session], T]) -> T:
        """Do what only reads; each statement sees one consistent state.

        Raises:
            StorageInternalError: The database fails, for good or for longer than our patience.
        """

        def attempt(_: bool) -> T:
            session = self._connected()
            result = work(session)
            self.dialect.end_reading(session.driver)
            return result

        return self._insist(attempt)

    def write(self, work: Callable[[Session, bool], T], at_once: Callable[[Session], T | None] = lambda _: None) -> T:
        """Do what writes, in a transaction: committed at its end, taken back if the work raises.

        Args:
            work: Is told whether an earlier attempt may have been committed although we did not hear of it.
            at_once: Tried before, without a transaction around it: does the same if it can, and commits it; else
                changes nothing and returns None.

        Raises:
            StorageInternalError: The database fails, for good or for longer than our patience.
        """

        def attempt(is_retry: bool) -> T:
            session = self._connected()
            done = None if is_retry else at_once(session)
            if done is not None:
                return done
            self.dialect.begin(session.driver)
            result = work(session, is_retry)
            self.dialect.commit(session.driver)
            return result

        return self._insist(attempt)

    def _insist(self, attempt: Callable[[bool], T]) -> T:
        try:
            return self._try(attempt, is_retry=False)
        except self._errors as error:
            if not self._may_try_again(error):
                raise self._explained(error) from error
        pause_s, longest_pause_s = self.dialect.pauses_s
        start = time.monotonic()
        deadline = start + (self.dialect.patience_s if self._has_answered else self.dialect.opening_patience_s)
        complain_at = start + _QUIET_FOR_S
        while True:
            time.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, longest_pause_s)
            try:
                return self._try(attempt, is_retry=self.dialect.is_remote)  # a file's answers are not lost
            except self._errors as error:
                now = time.monotonic()
                if now > deadline or not self._may_try_again(error):
                    raise self._explained(error) from error
                if now > complain_at:
                    _logger.warning("%s We go on trying for %.0f s.", self._explained(error), deadline - now)
                    complain_at = now + _COMPLAINTS_EVERY_S

    def _try(self, attempt: Callable[[bool], T], *, is_retry: bool) -> T:
        with self.guard:
            try:
                return attempt(is_retry)
            except BaseException as error:
                self._take_back(error)
                raise

    def _take_back(self, error: BaseException) -> None:
        """After a failure: end what was begun, or drop the connection if it is of no more use."""
        session = self._session
        if session is None:
            return
        if session.connection.invalidated or (self.dialect.is_remote and self._breaks(error)):
            self._drop(is_broken=True)
            return
        try:
            self.dialect.rollback(session.driver)
        except self._errors:
            self._drop(is_broken=True)

    def _breaks(self, error: BaseException) -> bool:
        """Whether a connection is lost, or was interrupted in the middle of an answer, as by Ctrl-C."""
        if isinstance(error, self._errors):
            return self.dialect.is_transient(error)
        return not isinstance(error, Exception)

    def _may_try_again(self, error: Exception) -> bool:
        return self.dialect.is_transient(error) and not self.dialect.is_refusal(error)

    def close(self) -> None:
        """Give back the connection; the next use opens another."""
        with self.guard:
            self._notice_fork()
            self._drop()

    def close_for_fork(self) -> None:
        """Close the connection, unless the database is in memory and would end with it."""
        if not is_in_memory(self.url):
            self.close()

    def _connected(self) -> Session:
        self._notice_fork()
        if self._session is None:
            self._session = Session(self.engine.connect())
            self._has_answered = True
        return self._session

    def _drop(self, *, is_broken: bool = False) -> None:
        """Forget the connection; the next use opens another."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(*self._errors):
                if is_broken and not session.connection.invalidated:
                    session.connection.invalidate()  # no farewell
                session.connection.close()

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            if self._session is not None and not is_in_memory(self.url):
                _inherited.append(self._session)
                self._engine = self._session = None

    def _on_connect(self, driver_connection: object, _record: object) -> None:
        self.dialect.on_connect(driver_connection)

    def _explained(self, error: Exception) -> StorageInternalError:
        return StorageInternalError(f"{masked(self.url)}: {self.dialect.explain(self.url, error)}")


# A connection must not cross a fork: SQLite's locks belong to the process that took them, and even closing the copy in
# the child disturbs the parent. So we close before the fork. Where something forks behind Python's back, the child
# keeps the copy untouched for as long as it lives.

_open_databases: Final[weakref.WeakSet[Database]] = weakref.WeakSet()
_inherited: Final[list[Session]] = []
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
