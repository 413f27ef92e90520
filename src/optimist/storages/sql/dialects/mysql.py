"""MySQL and MariaDB, through PyMySQL or whichever driver the URL names."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import TextClause, create_engine, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from optimist.exceptions import StorageInternalError
from optimist.states import TrialState
from optimist.storages.sql.dialects import mariadb_statements as at_once
from optimist.storages.sql.dialects.base import AtOnce, Dialect, first_line
from optimist.storages.sql.session import Session

_SCHEMA_LOCK_S: Final = 120

# Numbers of errors, as in the manual's list.
_TRANSIENT: Final = frozenset(
    {
        1040,  # too many connections
        1053,  # the server shuts down
        1158, 1159, 1160, 1161,  # packets are lost
        1205,  # waited too long for a lock
        1213,  # deadlock
        1927,  # connection was killed
        2002, 2003, 2006, 2013, 2055,  # the server cannot be reached, or has gone away
        4031,  # dropped for idleness
    }
)  # fmt: skip
_REFUSALS: Final = frozenset({1044, 1045, 1049, 1698})  # no such user, wrong password, no such database
_NO_SUCH_DATABASE: Final = 1049
_CLIENT_FLAGS: Final = 2  # CLIENT_FOUND_ROWS: an UPDATE counts what it finds
_LARGEST: Final = 1.7976931348623157e308
_LARGEST_BUT_ONE: Final = math.nextafter(_LARGEST, 0.0)


class MySQL(Dialect):
    """MySQL and MariaDB.

    The driver begins a transaction with each first statement, so that no statement is spent on it; what only reads is
    ended by ``end_reading``.
    """

    answers_updates = False
    works_at_once = True

    def __init__(self) -> None:
        import pymysql

        self.driver_errors = (pymysql.MySQLError, OSError)
        with contextlib.suppress(ImportError):
            import MySQLdb  # mysqlclient, if the URL names it

            self.driver_errors = (*self.driver_errors, MySQLdb.MySQLError)

    def engine_options(self, url: URL) -> dict[str, Any]:
        return {
            "poolclass": NullPool,
            "isolation_level": "READ COMMITTED",
            "connect_args": {"charset": "utf8mb4", "connect_timeout": 10, "client_flag": _CLIENT_FLAGS},
        }

    def lock_schema(self, connection: Connection) -> None:
        # A statement that makes a table commits by itself here: only a lock by name outlasts it.
        got = connection.execute(text("SELECT GET_LOCK('optimist_schema', :patience)"), {"patience": _SCHEMA_LOCK_S})
        if got.scalar() != 1:
            raise StorageInternalError("Another process has been making the tables of this database for minutes.")

    def unlock_schema(self, connection: Connection) -> None:
        _driver(connection).commit()  # before others look
        connection.execute(text("SELECT RELEASE_LOCK('optimist_schema')"))

    def begin(self, driver_connection: Any) -> None:
        """Nothing: the first statement begins it."""

    def commit(self, driver_connection: Any) -> None:
        driver_connection.commit()

    def rollback(self, driver_connection: Any) -> None:
        driver_connection.rollback()

    def end_reading(self, driver_connection: Any) -> None:
        driver_connection.commit()

    def column_value(self, value: float) -> float | None:
        if value != value:
            return None
        # A column of doubles holds no infinities: the largest number stands for them, and the one before it for itself.
        limit = _LARGEST if math.isinf(value) else _LARGEST_BUT_ONE
        return min(max(value, -limit), limit)

    def begin_at_once(self, session: Session, params: Mapping[str, Any]) -> AtOnce | None:
        return _answer(session, at_once.BEGIN, params)

    def finish_at_once(self, session: Session, state: TrialState, params: Mapping[str, Any]) -> AtOnce | None:
        return _answer(session, at_once.FINISH[state], params)

    def finish_and_begin_at_once(self, session: Session, state: TrialState, params: Mapping[str, Any]) -> AtOnce | None:
        return _answer(session, at_once.FINISH_AND_BEGIN[state], params)

    def is_transient(self, error: BaseException) -> bool:
        number = _number(error)
        if isinstance(error, OSError):
            return True
        return number in _TRANSIENT or (number == 0 and type(error).__name__ == "InterfaceError")  # it is closed

    def is_refusal(self, error: BaseException) -> bool:
        return _number(error) in _REFUSALS

    def create_database(self, url: URL) -> bool:
        assert url.database is not None
        name = url.database.replace("`", "``")
        engine = create_engine(url._replace(database=None), **self.engine_options(url))
        with engine.connect() as connection:
            made = connection.exec_driver_sql(
                f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4".replace("%", "%%")
            ).rowcount
        engine.dispose()
        return bool(made)

    def explain(self, url: URL, error: BaseException) -> str:
        number, message = _number(error), _message(error)
        if number == _NO_SUCH_DATABASE:
            return (
                f"The server has no database {url.database!r}. Make it with create_study(..., create_database=True), "
                f"with `optimist create-study`, or in SQL: CREATE DATABASE {url.database};"
            )
        if number in _REFUSALS:
            return f"The server refuses the login. Check user, password and rights. It says: {message}"
        if number in (2002, 2003):
            return f"No server answers there. Check host and port, and whether it is running. ({message})"
        if number in (1021, 1114):
            return (
                f"The server's disk is full. Nothing of the failed commit was kept; all before it is safe. ({message})"
            )
        if number == 1153:
            return "That is too much for one commit: raise max_allowed_packet of the server, or store less in it."
        if number in (1290, 1792, 1836):
            return f"The server only lets us read. It says: {message}"
        if number == 1146:
            return "Tables are missing: the database was replaced or emptied while it was in use."
        return f"The server says: {message}"


def _answer(session: Session, block: TextClause, params: Mapping[str, Any]) -> AtOnce | None:
    if not _is_mariadb(session):
        return None
    answer = session.first(block, params)
    if answer is None:
        session.driver.rollback()
        return None
    return AtOnce(answer[0], answer[1] - 1)


def _is_mariadb(session: Session) -> bool:
    return bool(getattr(session.connection.dialect, "is_mariadb", False))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _cause(error: BaseException) -> BaseException:
    """What the driver said, if SQLAlchemy passed it on."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _message(error: BaseException) -> str:
    cause = _cause(error)
    return str(cause.args[-1]) if len(cause.args) == 2 else first_line(cause)


def _number(error: BaseException) -> int:
    cause = _cause(error)
    number = cause.args[0] if cause.args else -1
    return number if isinstance(number, int) else -1
