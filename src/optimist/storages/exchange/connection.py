"""A connection to Optuna's database, and errors that say what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, inspect, select
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from optimist.exceptions import StorageInternalError
from optimist.storages.exchange import tables
from optimist.storages.sql.urls import dialect_of, masked

_PATIENCE_S: Final = 60
_SQLITE: Final = "sqlite"


class OptunaDatabase:
    """Optuna's database at a URL.

    Args:
        url: As ``parse_url`` returns it.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self._is_file = url.get_backend_name() == _SQLITE
        options: dict[str, Any] = {"poolclass": NullPool}
        if self._is_file:
            options["connect_args"] = {"timeout": _PATIENCE_S, "isolation_level": None}
        else:
            options["isolation_level"] = "REPEATABLE READ"
        self._engine: Engine = create_engine(url, **options)

    def __str__(self) -> str:
        return masked(self.url)

    @property
    def path(self) -> Path | None:
        """The file of an SQLite database; None for a server, or if the URL says it in a way of its own."""
        is_plain = self._is_file and self.url.database and "uri" not in self.url.query
        return Path(str(self.url.database)) if is_plain else None

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        """A transaction: all that is read in it belongs to one moment; what is written is committed as a whole.

        Raises:
            StorageInternalError: The database fails.
        """
        dialect = dialect_of(self.url)
        errors: tuple[type[Exception], ...] = (SQLAlchemyError, *dialect.driver_errors)
        try:
            with self._engine.begin() as connection:
                if self._is_file:  # its driver begins transactions late, and leaves some statements outside
                    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
                yield connection
        except errors as error:
            raise StorageInternalError(f"{self}: {dialect.explain(self.url, error)}") from error

    def check(self, connection: Connection) -> None:
        """Refuse a database that is not Optuna's, or that an older release has made.

        Raises:
            StorageInternalError: It is.
        """
        if not is_optunas(connection):
            raise StorageInternalError(
                f"{self} holds no studies of Optuna. Name the database or the journal file that Optuna has written."
            )
        found = find_revision(connection)
        if found != tables.REVISION:
            raise StorageInternalError(
                f"{self} has tables of another release of Optuna (revision {found}; known is {tables.REVISION}, which "
                f"Optuna 3.2 to 5 have). With Optuna installed, bring it up to date: optuna storage upgrade --storage "
                f"{self}"
            )

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()


def is_optunas(connection: Connection) -> bool:
    """Whether a database has Optuna's tables."""
    names = {tables.studies.name, tables.trials.name, tables.version_info.name}
    return names <= set(inspect(connection).get_table_names())


def find_revision(connection: Connection) -> str | None:
    """The revision that Alembic has noted in a database, whoever uses it; None if it has noted none."""
    if tables.alembic_version.name not in inspect(connection).get_table_names():
        return None
    found: str | None = connection.execute(select(tables.alembic_version.c.version_num)).scalar()
    return found
