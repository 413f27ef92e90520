"""A look into the database of a storage, past the storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection

from optimist.storages.sql.storage import SQLStorage


@contextmanager
def inside(storage: SQLStorage) -> Iterator[Connection]:
    """The storage's own connection, while nobody else uses it."""
    with storage._database.guard:
        yield storage._database.read(lambda session: session.connection)
