"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from optimist.storages.sql.schema import Name

revision = "0001"
down_revision = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Name = Name(512)
_Long = sa.Text().with_variant(sa.Text(2**32 - 1), "mysql", "mariadb")
_MYSQL: dict[str, Any] = {f"{kind}_charset": "utf8mb4" for kind in ("mysql", "mariadb")}
_MYSQL |= {f"{kind}_engine": "InnoDB" for kind in ("mysql", "mariadb")}


def upgrade() -> None:
    """Make all tables, indices and views."""
    op.create_table(
        "optimist_studies",
        sa.Column("study_id", _Id, primary_key=True, autoincrement=True),
        sa.Column("name", _Name, nullable=False, unique=True),
        sa.Column("directions", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("first_start_us", sa.BigInteger),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("n_trials", sa.BigInteger, nullable=False),
        sa.Column("n_waiting", sa.BigInteger, nullable=False),
        sa.Column("n_complete", sa.BigInteger, nullable=False),
        sa.Column("n_pruned", sa.BigInteger, nullable=False),
        sa.Column("n_failed", sa.BigInteger, nullable=False),
        sa.Column("best_number", sa.BigInteger),
        sa.Column("best_value", sa.Double),
        sa.Column("n_reclaimed", sa.BigInteger, nullable=False),
        sa.Column("op", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
        **_MYSQL,
    )
    op.create_table(
        "optimist_study_attrs",
        sa.Column("study_id", _Id, primary_key=True, autoincrement=False),
        sa.Column("is_system", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("name", _Name, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("value", _Long, nullable=False),
        **_MYSQL,
    )
    op.create_table(
        "optimist_distributions",
        sa.Column("study_id", _Id, primary_key=True, autoincrement=False),
        sa.Column("distribution_id", _Id, primary_key=True, autoincrement=False),
        sa.Column("name", _Name, nullable=False),
        sa.Column("distribution", _Long, nullable=False),
        **_MYSQL,
    )
    op.create_table(
        "optimist_trials",
        sa.Column("trial_id", _Id, primary_key=True, autoincrement=False),
        sa.Column("study_id", _Id, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("is_feasible", sa.SmallInteger, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("started_us", sa.BigInteger),
        sa.Column("completed_us", sa.BigInteger),
        sa.Column("document", _Long),
        sa.Column("op", sa.BigInteger, nullable=False),
        sa.Column("lease_ms", sa.BigInteger),
        sa.Column("lease_us", sa.BigInteger),
        sa.Column("void", sa.Text),
        sa.Column("is_promoted", sa.SmallInteger),
        **_MYSQL,
    )
    op.create_index("optimist_ix_seq", "optimist_trials", ["study_id", "seq"])
    op.create_index(
        "optimist_ix_open", "optimist_trials", ["study_id", "state", "number"], sqlite_where=sa.text("state IN (0, 4)")
    )
    op.create_table(
        "optimist_changes",
        sa.Column("study_id", _Id, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("document", _Long, nullable=False),
        sa.Column("op", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
        **_MYSQL,
    )
    op.create_index("optimist_ix_change_number", "optimist_changes", ["study_id", "number"])
