"""SQLite: one file, one writer at a time, write-ahead log, every commit on the disk before it returns."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

from sqlalchemy.engine import URL, Connection
from sqlalchemy.pool import NullPool

from optimist.storages.sql.dialects.base import Dialect

PATIENCE_S: Final = 60.0
"""How long we wait for other processes that hold the lock of a database file."""


class SQLite(Dialect):
    """SQLite."""

    driver_errors = (sqlite3.Error,)
    is_remote: ClassVar[bool] = False

    def __init__(self) -> None:
        self.answers_updates = sqlite3.sqlite_version_info >= (3, 35)

    def engine_options(self, url: URL) -> dict[str, Any]:
        return {
            # The connection is kept by Database, which guards it; there is no use for a second one.
            "poolclass": NullPool,
            "isolation_level": "AUTOCOMMIT",
            "connect_args": {"timeout": PATIENCE_S, "check_same_thread": False},
        }

    def on_connect(self, driver_connection: sqlite3.Connection) -> None:
        driver_connection.execute("PRAGMA synchronous = FULL")

    def prepare_database(self, connection: Connection) -> None:
        # The switch needs the file for itself and does not wait for it of its own accord.
        driver_connection: Any = connection.connection.driver_connection
        insist(lambda: driver_connection.execute("PRAGMA journal_mode = WAL").fetchall())

    def begin(self, driver_connection: sqlite3.Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes later could find that it read too early.
        # SQLite itself waits longer and longer between its attempts, so that of four busy processes one does all the
        # work and another none; we ask again every few milliseconds.
        driver_connection.execute("PRAGMA busy_timeout = 0")
        try:
            insist(lambda: driver_connection.execute("BEGIN IMMEDIATE"))
        finally:
            driver_connection.execute(f"PRAGMA busy_timeout = {PATIENCE_S * 1000:.0f}")

    def commit(self, driver_connection: sqlite3.Connection) -> None:
        driver_connection.execute("COMMIT")

    def rollback(self, driver_connection: sqlite3.Connection) -> None:
        if driver_connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                driver_connection.execute("ROLLBACK")

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
        for symptom, remedy in _REMEDIES.items():
            if symptom in text:
                return remedy
        return f"SQLite says: {text}."


_REMEDIES: Final = {
    "readonly": "It is read-only. Check the permissions of the file and of its directory.",
    "not a database": "It is not an SQLite database. Name another file.",
    "malformed": "It is damaged. `sqlite3 FILE .recover` saves what can be read.",
    "locked": f"Another process held its lock for more than {PATIENCE_S:.0f} seconds.",
    "disk is full": "The disk is full. Nothing of the failed commit was kept; all before it is safe.",
    "no such table": "Tables are missing: the file was replaced or emptied while it was in use.",
}


def insist(attempt: Callable[[], object]) -> None:
    """Do what needs a lock, as soon as others give it back.

    Raises:
        sqlite3.OperationalError: They hold it for too long, or something else is wrong.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            attempt()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.001, 0.006))
        else:
            return
