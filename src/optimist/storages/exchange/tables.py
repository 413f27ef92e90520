"""The tables of Optuna's database, as a database that Optuna 5 has made shows them.

Tests compare the two. Where a kind of database leaves room, tables that we make hold more than Optuna's own: MySQL's
times have microseconds, its names differ in a single byte, and its long texts do not end at 64 kB.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.mysql import DATETIME

from optimist.states import StudyDirection, TrialState
from optimist.storages.base import MAX_NAME_LENGTH
from optimist.storages.sql.schema import Name

REVISION: Final = "v3.2.0.a"
"""Of the schema, as Alembic knows it. Databases of Optuna 3.2 and all later releases have it."""

SCHEMA_VERSION: Final = 12
LIBRARY_VERSION: Final = "5.0.0"

FINITE: Final = "FINITE"
SPECIAL: Final = {"INF_POS": float("inf"), "INF_NEG": float("-inf"), "NAN": float("nan")}
"""The numbers for which the column is NULL, by what stands beside it."""

metadata = MetaData()

_MYSQL: Final[dict[str, Any]] = {
    f"{kind}_{option}": value
    for kind in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("engine", "InnoDB"))
}
_Name = String(MAX_NAME_LENGTH).with_variant(Name(MAX_NAME_LENGTH), "mysql", "mariadb")
_Long = Text().with_variant(Text(2**32 - 1), "mysql", "mariadb")
_Time = DateTime().with_variant(DATETIME(fsp=6), "mysql", "mariadb")
_Number = Float(precision=53)


def _table(name: str, *columns: Any) -> Table:
    return Table(name, metadata, *columns, **_MYSQL)


def _of(parent: str, *, nullable: bool) -> Column[int]:
    """The column that says to which study or trial a row belongs."""
    table = {"study_id": "studies", "trial_id": "trials"}[parent]
    return Column(parent, Integer, ForeignKey(f"{table}.{parent}"), nullable=nullable)


def _attributes(name: str, parent: str) -> Table:
    return _table(
        f"{name}s",
        Column(f"{name}_id", Integer, primary_key=True),
        _of(parent, nullable=True),
        Column("key", _Name),
        Column("value_json", _Long),
        UniqueConstraint(parent, "key"),
    )


studies = _table(
    "studies",
    Column("study_id", Integer, primary_key=True),
    Column("study_name", _Name, nullable=False, unique=True, index=True),
)
version_info = _table(
    "version_info",
    Column("version_info_id", Integer, CheckConstraint("version_info_id=1"), primary_key=True, autoincrement=False),
    Column("schema_version", Integer),
    Column("library_version", String(256)),
)
directions = _table(
    "study_directions",
    Column("study_direction_id", Integer, primary_key=True),
    Column("direction", Enum(*StudyDirection.__members__, name="studydirection"), nullable=False),
    _of("study_id", nullable=False),
    Column("objective", Integer, nullable=False),
    UniqueConstraint("study_id", "objective"),
)
study_user_attrs = _attributes("study_user_attribute", "study_id")
study_system_attrs = _attributes("study_system_attribute", "study_id")
trials = _table(
    "trials",
    Column("trial_id", Integer, primary_key=True),
    Column("number", Integer),
    Column("study_id", Integer, ForeignKey("studies.study_id"), index=True),
    Column("state", Enum(*TrialState.__members__, name="trialstate"), nullable=False),
    Column("datetime_start", _Time),  # UTC
    Column("datetime_complete", _Time),
)
trial_user_attrs = _attributes("trial_user_attribute", "trial_id")
trial_system_attrs = _attributes("trial_system_attribute", "trial_id")
params = _table(
    "trial_params",
    Column("param_id", Integer, primary_key=True),
    _of("trial_id", nullable=True),
    Column("param_name", _Name),
    Column("param_value", _Number),
    Column("distribution_json", _Long),
    UniqueConstraint("trial_id", "param_name"),
)
values = _table(
    "trial_values",
    Column("trial_value_id", Integer, primary_key=True),
    _of("trial_id", nullable=False),
    Column("objective", Integer, nullable=False),
    Column("value", _Number),
    Column("value_type", Enum(FINITE, "INF_POS", "INF_NEG", name="trialvaluetype"), nullable=False),
    UniqueConstraint("trial_id", "objective"),
)
reports = _table(
    "trial_intermediate_values",
    Column("trial_intermediate_value_id", Integer, primary_key=True),
    _of("trial_id", nullable=False),
    Column("step", Integer, nullable=False),
    Column("intermediate_value", _Number),
    Column("intermediate_value_type", Enum(FINITE, *SPECIAL, name="trialintermediatevaluetype"), nullable=False),
    UniqueConstraint("trial_id", "step"),
)
heartbeats = _table(
    "trial_heartbeats",
    Column("trial_heartbeat_id", Integer, primary_key=True),
    _of("trial_id", nullable=False),
    Column("heartbeat", _Time, nullable=False),
    UniqueConstraint("trial_id"),
)
alembic_version = _table(
    "alembic_version",
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
