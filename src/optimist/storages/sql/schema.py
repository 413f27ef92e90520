"""The tables, and how a database is opened: made if it is empty, understood if it is ours, refused if it is not.

All names begin with ``optimist_``, so that a database can be shared with others. A study's row is what its writers
queue for: each transaction that changes anything of a study updates that row first, and so takes the next number of
the study's change sequence. A number is thus seen only when all smaller ones are, on every database.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Double,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.engine import Connection

from optimist.exceptions import StorageInternalError
from optimist.states import TrialState
from optimist.storages.base import MAX_NAME_LENGTH
from optimist.storages.sql.database import Database
from optimist.storages.sql.urls import masked
from optimist.storages.sql.views import create_views

REVISIONS: Final = ("0001",)
"""The revisions of the schema, oldest first; each but the first has a migration."""

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only if the type is INTEGER
_Name = String(MAX_NAME_LENGTH)
_COMPLETE: Final[ColumnElement[int]] = literal_column(str(int(TrialState.COMPLETE)))
_WAITING: Final[ColumnElement[int]] = literal_column(str(int(TrialState.WAITING)))

studies = Table(
    "optimist_studies",
    metadata,
    Column("study_id", _Id, primary_key=True, autoincrement=True),
    Column("name", _Name, nullable=False, unique=True),
    Column("directions", Text, nullable=False),  # such as "minimize,maximize"
    Column("created_us", BigInteger, nullable=False),
    Column("first_start_us", BigInteger),
    Column("seq", BigInteger, nullable=False),  # of the last change
    Column("n_trials", BigInteger, nullable=False),  # also the next trial's number
    Column("n_waiting", BigInteger, nullable=False),
    Column("n_complete", BigInteger, nullable=False),
    Column("n_pruned", BigInteger, nullable=False),
    Column("n_failed", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

study_attrs = Table(
    "optimist_study_attrs",
    metadata,
    Column("study_id", _Id, primary_key=True, autoincrement=False),
    Column("is_system", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", _Name, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("value", Text, nullable=False),  # JSON
)

distributions = Table(
    "optimist_distributions",
    metadata,
    Column("study_id", _Id, primary_key=True, autoincrement=False),
    Column("distribution_id", _Id, primary_key=True, autoincrement=False),  # dense from 0 in each study
    Column("name", _Name, nullable=False),  # of the parameter
    Column("distribution", Text, nullable=False),  # JSON, as distribution_to_json writes it
)

trials = Table(
    "optimist_trials",
    metadata,
    Column("trial_id", _Id, primary_key=True, autoincrement=True),
    Column("study_id", _Id, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),  # of the last change that this row tells of
    Column("state", SmallInteger, nullable=False),
    Column("is_feasible", SmallInteger, nullable=False),
    Column("value", Double),  # the first objective, for the index; NULL for NaN
    Column("started_us", BigInteger),
    Column("completed_us", BigInteger),
    Column("document", Text),  # JSON, see documents.py; NULL while nothing is known
    UniqueConstraint("study_id", "number", name="optimist_uq_number"),
    sqlite_autoincrement=True,
)
Index("optimist_ix_seq", trials.c.study_id, trials.c.seq)
# Partial where that costs nothing: naming PostgreSQL here as well would load its dialect, 20 ms, in every process.
Index(
    "optimist_ix_best",
    trials.c.study_id,
    trials.c.state,
    trials.c.is_feasible,
    trials.c.value,
    trials.c.seq,
    sqlite_where=trials.c.state == _COMPLETE,
)
Index(
    "optimist_ix_queue",
    trials.c.study_id,
    trials.c.state,
    trials.c.number,
    sqlite_where=trials.c.state == _WAITING,
)

# What was said of running trials since their row was written; folded into the row's document when they finish.
changes = Table(
    "optimist_changes",
    metadata,
    Column("study_id", _Id, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("optimist_ix_change_number", changes.c.study_id, changes.c.number)

version = Table(
    "optimist_alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="optimist_alembic_version_pkc"),  # as Alembic makes it
)

_OPTUNA_TABLES: Final = {"studies", "trials", "version_info"}


def open_schema(database: Database) -> None:
    """Make the schema if there is none, and refuse one that we do not speak.

    Raises:
        StorageInternalError: The schema is older or newer than this release, or the database is Optuna's.
    """
    with database.reading() as connection:
        found = find_version(connection)
        if found is None:
            _refuse_optuna(database, connection)
            database.dialect.prepare_database(connection)
    if found is None:
        with database.writing() as connection:
            found = find_version(connection)  # another process may have been faster
            if found is None:
                create_schema(connection)
                found = REVISIONS[-1]
    refuse_newer(database, found)
    if found != REVISIONS[-1]:
        raise StorageInternalError(
            f"{masked(database.url)} was made by an older release (schema {found}, now {REVISIONS[-1]}). Bring it up to "
            f"date with: optimist storage upgrade --storage {masked(database.url)}"
        )


def create_schema(connection: Connection) -> None:
    """Make all tables and views of the newest revision."""
    metadata.create_all(connection, checkfirst=False)
    create_views(connection)
    connection.execute(version.insert().values(version_num=REVISIONS[-1]))


def find_version(connection: Connection) -> str | None:
    """The revision of the schema in a database; None if there is none of ours."""
    if not connection.dialect.has_table(connection, version.name):
        return None
    return connection.execute(select(version.c.version_num)).scalar_one_or_none()


def refuse_newer(database: Database, found: str) -> None:
    """Refuse a schema that is not known.

    Raises:
        StorageInternalError: It is not known, so a newer release has made it.
    """
    if found not in REVISIONS:
        raise StorageInternalError(
            f"{masked(database.url)} was made by a newer release (schema {found}; this one knows {REVISIONS[-1]} and "
            "older). Update with: pip install --upgrade optimist"
        )


def _refuse_optuna(database: Database, connection: Connection) -> None:
    if set(inspect(connection).get_table_names()) >= _OPTUNA_TABLES:
        raise StorageInternalError(
            f"{masked(database.url)} holds studies of Optuna and none of Optimist. `optimist import` will convert them; "
            "until then, name another file or database."
        )
