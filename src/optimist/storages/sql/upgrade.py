"""Bringing an older database up to date. Alembic is loaded here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import URL

from optimist.exceptions import StorageInternalError
from optimist.storages.sql.database import Database
from optimist.storages.sql.schema import REVISIONS, find_version, refuse_newer
from optimist.storages.sql.session import Session
from optimist.storages.sql.urls import masked, parse_url
from optimist.storages.sql.views import create_views, drop_views

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade_schema(url: str | URL, engine_kwargs: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """Bring the schema of a database up to date, in one transaction where the database can; data stays as it is.

    Args:
        url: Of the database.
        engine_kwargs: Further arguments for ``sqlalchemy.create_engine``.

    Returns:
        The revision before and after.

    Raises:
        StorageInternalError: The database holds no studies of ours, or was made by a newer release.
    """
    database = Database(parse_url(url), engine_kwargs)
    try:
        before = database.read(lambda session: find_version(session.connection))
        if before is None:
            raise StorageInternalError(
                f"{masked(database.url)} holds no studies of Optimist; there is nothing to upgrade."
            )
        refuse_newer(database, before)
        if before != REVISIONS[-1]:
            migrate(database)
        return before, REVISIONS[-1]
    finally:
        database.close()


def migrate(database: Database, revision: str = "head") -> None:
    """Run the migrations that are missing up to a revision."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))

    def run(session: Session, _: bool) -> None:
        connection = session.connection
        database.dialect.lock_schema(connection)
        try:
            config.attributes["connection"] = connection
            drop_views(connection)  # they hold no data, and may stand in the way of a change
            command.upgrade(config, revision)
            create_views(connection)
        finally:
            database.dialect.unlock_schema(connection)

    database.write(run)
