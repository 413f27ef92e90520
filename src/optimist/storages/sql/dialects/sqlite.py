"""SQLite: one file, one writer at a time, write-ahead log, every commit on the disk before it returns."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, ClassVar, Final

from sqlalchemy.engine import URL, Connection
from sqlalchemy.pool import NullPool

from optimist.storages.sql.dialects.base import Dialect


class SQLite(Dialect):
    """SQLite."""

    driver_errors = (sqlite3.Error,)
    is_remote: ClassVar[bool] = False
    # SQLite itself waits longer and longer between its attempts, so that of four busy processes one does all the work
    # and another none; we ask again every few milliseconds.
    pauses_s: ClassVar[tuple[float, float]] = (0.004, 0.012)
    patience_s = opening_patience_s = 60.0

    def __init__(self) -> None:
        self.answers_updates = sqlite3.sqlite_version_info >= (3, 35)

    def engine_options(self, url: URL) -> dict[str, Any]:
        return {
            # The connection is kept by Database, which guards it; there is no use for a second one.
            "poolclass": NullPool,
            "isolation_level": "AUTOCOMMIT",
            "connect_args": {"timeout": 0, "check_same_thread": False},
        }

    def on_connect(self, driver_connection: sqlite3.Connection) -> None:
        driver_connection.execute("PRAGMA synchronous = FULL")

    def prepare_database(self, connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")

    def begin(self, driver_connection: sqlite3.Connection) -> None:
        # IMMEDIATE: a transaction that reads first and writes later could find that it read too early.
        driver_connection.execute("BEGIN IMMEDIATE")

    def commit(self, driver_connection: sqlite3.Connection) -> None:
        driver_connection.execute("COMMIT")

    def rollback(self, driver_connection: sqlite3.Connection) -> None:
        if driver_connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                driver_connection.execute("ROLLBACK")

    def is_transient(self, error: BaseException) -> bool:
        return "locked" in str(error)

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
    "locked": "Another process held its lock for too long.",
    "disk is full": "The disk is full. Nothing of the failed commit was kept; all before it is safe.",
    "no such table": "Tables are missing: the file was replaced or emptied while it was in use.",
}
