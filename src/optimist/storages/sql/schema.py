"""The tables, and how a database is opened: made if it is empty, understood if it is ours, refused if it is not.

All names begin with ``optimist_``, so that a database can be shared with others. A study's row is what its writers
queue for: each transaction that changes anything of a study updates that row first, and so takes the next number of
the study's change sequence. A number is thus seen only when all smaller ones are, on every database.
"""

from __future__ import annotations

from typing import Any, Final

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
    inspect,
    literal_column,
    select,
)
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles

from optimist.exceptions import StorageInternalError
from optimist.states import TrialState
from optimist.storages.base import MAX_NAME_LENGTH
from optimist.storages.sql.database import Database
from optimist.storages.sql.urls import masked
from optimist.storages.sql.views import create_views, drop_views

REVISIONS: Final = ("0001",)
"""The revisions of the schema, oldest first; each but the first has a migration."""

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only if the type is INTEGER
_Long = Text().with_variant(Text(2**32 - 1), "mysql", "mariadb")  # MySQL's plain TEXT ends at 64 kB
_MYSQL: Final[dict[str, Any]] = {
    f"{kind}_{option}": value
    for kind in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("engine", "InnoDB"))
}


class Name(String):
    """A column in which names differ that differ in a single byte."""

    cache_ok = True


@compiles(Name, "mysql")
@compiles(Name, "mariadb")
def _exact_collation(name: Name, compiler: Any, **_: Any) -> str:
    """MySQL's usual collations see neither case nor accents nor trailing blanks."""
    collation = "utf8mb4_nopad_bin" if compiler.dialect.is_mariadb else "utf8mb4_0900_bin"
    return f"VARCHAR({name.length}) CHARACTER SET utf8mb4 COLLATE {collation}"


_Name = Name(MAX_NAME_LENGTH)
_RUNNING: Final[ColumnElement[int]] = literal_column(str(int(TrialState.RUNNING)))
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
    Column("best_number", BigInteger),  # the best trial of a study with one objective; NULL if there is none
    Column("best_value", Double),
    Column(
        "n_reclaimed", BigInteger, nullable=False
    ),  # that gave their place in the budget back, also by a void, or took none
    Column("op", BigInteger, nullable=False),  # which call made it
    sqlite_autoincrement=True,
    **_MYSQL,
)

study_attrs = Table(
    "optimist_study_attrs",
    metadata,
    Column("study_id", _Id, primary_key=True, autoincrement=False),
    Column("is_system", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", _Name, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("value", _Long, nullable=False),  # JSON
    **_MYSQL,
)

distributions = Table(
    "optimist_distributions",
    metadata,
    Column("study_id", _Id, primary_key=True, autoincrement=False),
    Column("distribution_id", _Id, primary_key=True, autoincrement=False),  # dense from 0 in each study
    Column("name", _Name, nullable=False),  # of the parameter
    Column("distribution", _Long, nullable=False),  # JSON, as distribution_to_json writes it
    **_MYSQL,
)

trials = Table(
    "optimist_trials",
    metadata,
    Column("trial_id", _Id, primary_key=True, autoincrement=False),  # as trial_id_of makes it
    Column("study_id", _Id, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),  # of the last change that this row tells of
    Column("state", SmallInteger, nullable=False),
    Column("is_feasible", SmallInteger, nullable=False),  # 0 if it is voided as well: it can never be the best
    Column("value", Double),  # the first objective; NULL for NaN
    Column("started_us", BigInteger),
    Column("completed_us", BigInteger),
    Column("document", _Long),  # JSON, see documents.py; NULL while nothing is known
    Column("op", BigInteger, nullable=False),  # which call wrote the row last
    Column("lease_ms", BigInteger),  # how long a lease is; NULL without one
    Column("lease_us", BigInteger),  # when it is over, by the server's clock; in a file, moved by each heartbeat
    Column("void", Text),  # why it counts no more; NULL if it does
    Column("is_promoted", SmallInteger),  # 1 if a promotion goes on from it; else NULL
    **_MYSQL,
)
is_open: Final = trials.c.state.in_([_RUNNING, _WAITING])
"""Also part of every question after open trials: only if it stands there does SQLite use the index."""

Index("optimist_ix_seq", trials.c.study_id, trials.c.seq)
# Partial where that costs nothing: naming PostgreSQL here as well would load its dialect, 20 ms, in every process.
Index(
    "optimist_ix_open",
    trials.c.study_id,
    trials.c.state,
    trials.c.number,
    sqlite_where=is_open,
)

# What was said of running trials since their row was written; folded into the row's document when they finish.
changes = Table(
    "optimist_changes",
    metadata,
    Column("study_id", _Id, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("document", _Long, nullable=False),
    Column("op", BigInteger, nullable=False),  # which call wrote it
    sqlite_with_rowid=False,
    **_MYSQL,
)
Index("optimist_ix_change_number", changes.c.study_id, changes.c.number)

version = Table(
    "optimist_alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="optimist_alembic_version_pkc"),  # as Alembic makes it
)

_OPTUNA_TABLES: Final = {"studies", "trials", "version_info"}


def open_schema(database: Database, *, may_create: bool = True, beside_optuna: bool = False) -> None:
    """Make the schema if there is none, and refuse one that we do not speak.

    Args:
        database: Where.
        may_create: Whether to make it.
        beside_optuna: Whether to make it also where there are studies of Optuna's alone, which most often says that
            somebody expects to find them here.

    Raises:
        StorageInternalError: The schema is older or newer than this release, the database is Optuna's, or it is empty
            and ``may_create`` is false.
    """
    found = database.read(lambda session: find_version(session.connection))
    if found is None:
        if not may_create:
            raise StorageInternalError(
                f"{masked(database.url)} holds no studies of Optimist, and skip_table_creation=True keeps us from "
                "making the tables. Let one process open it without."
            )
        database.read(lambda session: database.dialect.prepare_database(session.connection))
        found = database.write(lambda session, _: _create_unless_done(database, session.connection, beside_optuna))
    refuse_newer(database, found)
    if found != REVISIONS[-1]:
        raise StorageInternalError(
            f"{masked(database.url)} was made by an older release (schema {found}, now {REVISIONS[-1]}). Bring it up to "
            f"date with: optimist storage upgrade --storage {masked(database.url)}"
        )


def _create_unless_done(database: Database, connection: Connection, beside_optuna: bool) -> str:
    """Make the schema, unless another process has been faster; return the revision that is there now."""
    database.dialect.lock_schema(connection)
    try:
        found = find_version(connection)
        if found is None:
            if not beside_optuna:
                _refuse_optuna(database, connection)
            create_schema(connection)
            found = REVISIONS[-1]
        return found
    finally:
        database.dialect.unlock_schema(connection)


def create_schema(connection: Connection) -> None:
    """Make all tables and views of the newest revision."""
    metadata.create_all(connection)  # those that are missing: MySQL keeps what it made when it was interrupted
    drop_views(connection)
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
    tables = set(inspect(connection).get_table_names())
    if tables >= _OPTUNA_TABLES and studies.name not in tables:
        raise StorageInternalError(
            f"{masked(database.url)} holds studies of Optuna and none of Optimist. Copy them with: optimist import "
            f"{masked(database.url)} --to STORAGE (the same URL if both shall live there; none of Optuna's tables is changed)"
        )
