"""PostgreSQL, through psycopg 3."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from optimist.states import TrialState
from optimist.storages.sql.dialects import postgresql_statements as at_once
from optimist.storages.sql.dialects.base import AtOnce, Dialect, first_line
from optimist.storages.sql.session import Session

_SCHEMA_LOCK: Final = 0x0971_9157  # any number, the same for all of us

# SQLSTATE codes, as in the manual's appendix A; a class is its first two characters.
_TRANSIENT_CLASSES: Final = ("08",)  # connection exceptions
_TRANSIENT: Final = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock
        "53300",  # too many connections
        "55P03",  # lock not available
        "57P01", "57P02", "57P03", "57P05",  # the server stops, crashed, starts, or dropped an idle session
    }
)  # fmt: skip
_REFUSAL_TEXTS: Final = (
    "authentication failed",
    "does not exist",
    "no pg_hba.conf entry",
    "no password supplied",
    "resolve host",
    "translate host name",
    "permission denied for database",
)


class PostgreSQL(Dialect):
    """PostgreSQL."""

    works_at_once = True

    def __init__(self) -> None:
        import psycopg

        self._idle = psycopg.pq.TransactionStatus.IDLE
        self.driver_errors = (psycopg.Error,)

    def engine_options(self, url: URL) -> dict[str, Any]:
        return {
            "poolclass": NullPool,
            "isolation_level": "AUTOCOMMIT",
            "connect_args": {"connect_timeout": 10, "application_name": "optimist"},
        }

    def lock_schema(self, connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})

    def begin(self, driver_connection: Any) -> None:
        driver_connection.execute("BEGIN")

    def commit(self, driver_connection: Any) -> None:
        driver_connection.execute("COMMIT")

    def rollback(self, driver_connection: Any) -> None:
        if driver_connection.info.transaction_status != self._idle:
            driver_connection.execute("ROLLBACK")

    def begin_at_once(self, session: Session, params: Mapping[str, Any]) -> AtOnce | None:
        row = session.first(at_once.BEGIN, params)
        return None if row is None else AtOnce(row.seq, row.number)

    def finish_at_once(self, session: Session, state: TrialState, params: Mapping[str, Any]) -> AtOnce | None:
        row = session.first(at_once.FINISH[state], params)
        return None if row is None else AtOnce(row.seq)

    def finish_and_begin_at_once(self, session: Session, state: TrialState, params: Mapping[str, Any]) -> AtOnce | None:
        row = session.first(at_once.FINISH_AND_BEGIN[state], params)
        return None if row is None else AtOnce(row.seq, row.number)

    def is_transient(self, error: BaseException) -> bool:
        cause = _cause(error)
        state = getattr(cause, "sqlstate", None)
        if state is not None:
            return state in _TRANSIENT or state.startswith(_TRANSIENT_CLASSES)
        # Without a code: the connection broke, or could not be made.
        return type(cause).__name__ in ("OperationalError", "ConnectionTimeout", "InterfaceError")

    def is_refusal(self, error: BaseException) -> bool:
        cause = _cause(error)
        return getattr(cause, "sqlstate", None) is None and any(part in str(cause) for part in _REFUSAL_TEXTS)

    def create_database(self, url: URL) -> bool:
        assert url.database is not None
        name = url.database.replace('"', '""')
        engine = create_engine(url.set(database="postgres"), **self.engine_options(url))
        try:
            with engine.connect() as connection:
                known = connection.execute(
                    text("SELECT 1 FROM pg_database WHERE datname = :named"), {"named": url.database}
                ).scalar()
                if known is None:
                    with contextlib.suppress(
                        DBAPIError
                    ):  # somebody else was faster; else opening it says what is wrong
                        connection.exec_driver_sql(f'CREATE DATABASE "{name}"'.replace("%", "%%"))
                return known is None
        finally:
            engine.dispose()

    def explain(self, url: URL, error: BaseException) -> str:
        cause = _cause(error)
        state, message = getattr(cause, "sqlstate", None), first_line(cause)
        if state is None and f'database "{url.database}" does not exist' in str(cause):
            return (
                f"The server has no database {url.database!r}. Make it with create_study(..., create_database=True), "
                f"with `optimist create-study`, or in SQL: CREATE DATABASE {url.database};"
            )
        if self.is_refusal(error):
            return f"The server refuses the login. Check host, user, password and rights. It says: {message}"
        if state is None and self.is_transient(error):
            return f"No server answers there, or it has gone away. Check whether it is running. ({message})"
        if state == "53100":
            return (
                f"The server's disk is full. Nothing of the failed commit was kept; all before it is safe. ({message})"
            )
        if state == "25006":
            return f"The server only lets us read. It says: {message}"
        if state == "42P01":
            return "Tables are missing: the database was replaced or emptied while it was in use."
        return f"The server says: {message}"


def _cause(error: BaseException) -> BaseException:
    """What the driver said, if SQLAlchemy passed it on."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
