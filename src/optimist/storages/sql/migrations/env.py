"""What Alembic runs for an upgrade; the connection, already in a transaction, comes from upgrade.py."""

from __future__ import annotations

from alembic import context

from optimist.storages.sql.schema import metadata, version

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=version.name
)
context.run_migrations()
