"""Where databases differ: how a transaction begins, which numbers a column takes, how to tell a user what broke.

Everything else is written once, in SQLAlchemy Core. A further database is a further class here and its views.
"""

from __future__ import annotations

import contextlib
import math
import random
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import URL, Connection
from sqlalchemy.pool import NullPool

_PATIENCE_S: Final = 60.0
"""How long we wait for other processes that hold the lock of a database file."""


class Dialect(ABC):
    """The ways of one kind of database.

    Attributes:
        driver_errors: What its driver raises.
    """

    driver_errors: tuple[type[Exception], ...]

    @abstractmethod
    def engine_options(self, url: URL) -> dict[str, Any]:
        """Keyword arguments for ``sqlalchemy.create_engine``."""

    @abstractmethod
    def on_connect(self, driver_connection: Any) -> None:
        """Prepare a new connection of the driver."""

    @abstractmethod
    def prepare_database(self, connection: Connection) -> None:
        """Bring an empty database into the form we want, before the schema is made."""

    @abstractmethod
    def begin(self, connection: Connection) -> None:
        """Begin a transaction that writes."""

    @abstractmethod
    def commit(self, connection: Connection) -> None:
        """Commit it."""

    @abstractmethod
    def rollback(self, connection: Connection) -> None:
        """Take it back, if it is still open."""

    @abstractmethod
    def column_value(self, value: float) -> float | None:
        """What the column for values holds; NaN is NULL everywhere. The exact value is in the trial's document."""

    @abstractmethod
    def explain(self, url: URL, error: BaseException) -> str:
        """Say in a sentence or two what broke, and what to do about it."""


class SQLite(Dialect):
    """SQLite: one file, one writer at a time, write-ahead log, every commit on the disk before it returns."""

    driver_errors = (sqlite3.Error,)

    def engine_options(self, url: URL) -> dict[str, Any]:
        return {
            # The connection is kept by Database, which guards it; there is no use for a second one.
            "poolclass": NullPool,
            "isolation_level": "AUTOCOMMIT",
            "connect_args": {"timeout": _PATIENCE_S, "check_same_thread": False},
        }

    def on_connect(self, driver_connection: sqlite3.Connection) -> None:
        driver_connection.execute("PRAGMA synchronous = FULL")

    def prepare_database(self, connection: Connection) -> None:
        # The switch needs the file for itself and does not wait for it of its own accord.
        _insist(lambda: _driver(connection).execute("PRAGMA journal_mode = WAL").fetchall())

    def begin(self, connection: Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes later could find that it read too early.
        # SQLite itself waits longer and longer between its attempts, so that of four busy processes one does all the
        # work and another none; we ask again every few milliseconds.
        driver_connection = _driver(connection)
        driver_connection.execute("PRAGMA busy_timeout = 0")
        try:
            _insist(lambda: driver_connection.execute("BEGIN IMMEDIATE"))
        finally:
            driver_connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_S * 1000:.0f}")

    def commit(self, connection: Connection) -> None:
        _driver(connection).execute("COMMIT")

    def rollback(self, connection: Connection) -> None:
        driver_connection = _driver(connection)
        if driver_connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                driver_connection.execute("ROLLBACK")

    def column_value(self, value: float) -> float | None:
        return None if math.isnan(value) else value

    def explain(self, url: URL, error: BaseException) -> str:
        text = str(error)
        path = Path(url.database or "")
        if "unable to open database file" in text:
            if "uri" in url.query:
                return "It cannot be opened; it may not exist."
            if not path.parent.is_dir():
                return f"The directory {path.parent} does not exist. Create it first."
            if path.is_dir():
                return "It is a directory. Name a file."
            return "It cannot be opened. Check the permissions of the file and of its directory."
        for symptom, remedy in _SQLITE_REMEDIES.items():
            if symptom in text:
                return remedy
        return f"SQLite says: {text}."


_SQLITE_REMEDIES: Final = {
    "readonly": "It is read-only. Check the permissions of the file and of its directory.",
    "not a database": "It is not an SQLite database. Name another file.",
    "malformed": "It is damaged. `sqlite3 FILE .recover` saves what can be read.",
    "locked": f"Another process held its lock for more than {_PATIENCE_S:.0f} seconds.",
    "disk is full": "The disk is full. Nothing of the failed commit was kept; all before it is safe.",
    "no such table": "Tables are missing: the file was replaced or emptied while it was in use.",
}


def _insist(attempt: Callable[[], object]) -> None:
    """Do what needs a lock, as soon as others give it back.

    Raises:
        sqlite3.OperationalError: They hold it for too long, or something else is wrong.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            attempt()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.001, 0.006))
        else:
            return


def _driver(connection: Connection) -> sqlite3.Connection:
    driver_connection = connection.connection.driver_connection
    assert isinstance(driver_connection, sqlite3.Connection)
    return driver_connection


DIALECTS: Final[dict[str, Dialect]] = {"sqlite": SQLite()}
"""By the name that SQLAlchemy gives to the kind of database."""
