"""SQLStorage: studies in a relational database."""

from __future__ import annotations

from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from optimist.exceptions import StorageInternalError
from optimist.storages.sql.leases import LeasesPart
from optimist.storages.sql.studies import StudiesPart
from optimist.storages.sql.trials import TrialsPart
from optimist.storages.sql.urls import dialect_of, masked, parse_url


class SQLStorage(StudiesPart, TrialsPart, LeasesPart):
    """Keep studies in a database.

    Args:
        url: Such as ``sqlite:///study.db`` or ``mysql://user@host/database``.
        engine_kwargs: Further arguments for ``sqlalchemy.create_engine``.
        skip_table_creation: Never make the tables; another process has or will.
        beside_optuna: Make the tables also where there are studies of Optuna's alone; else that is an error.

    Attributes:
        url: As SQLAlchemy reads it; a file's name is absolute.
        engine_kwargs: As they were given.

    Raises:
        ValueError: The URL is of a kind that we do not know.
        MissingDependencyError: The database's driver is not installed.
        StorageInternalError: The database cannot be opened, or is not ours.
    """


def create_database(url: str | URL) -> bool:
    """Make the database that a URL names, if its server has none of this name; files make themselves.

    Returns:
        Whether it was made.

    Raises:
        StorageInternalError: The server cannot be reached, or does not let us.
    """
    parsed = parse_url(url)
    dialect = dialect_of(parsed)
    errors: tuple[type[Exception], ...] = (SQLAlchemyError, *dialect.driver_errors)
    try:
        return dialect.create_database(parsed)
    except errors as error:
        raise StorageInternalError(f"{masked(parsed)}: {dialect.explain(parsed, error)}") from error
