"""From what a user writes as ``storage=`` to the storage."""

from __future__ import annotations

import os
import re
from typing import Final

from optimist.storages.base import Storage
from optimist.storages.memory import InMemoryStorage

STORAGE_VARIABLE: Final = "OPTIMIST_STORAGE"
"""Environment variable that names the storage when none is given."""

_SCHEME = re.compile(r"^[a-zA-Z][\w+.-]*://")


def open_storage(storage: str | os.PathLike[str] | Storage | None) -> Storage:
    """Open a storage.

    Args:
        storage: A URL such as ``sqlite:///study.db``; a file name, which becomes an SQLite database; a storage, which
            is used as it is; None for what ``OPTIMIST_STORAGE`` names, or memory if it is not set.

    Raises:
        ValueError: Nothing is known that could open the URL.
        MissingDependencyError: The database's driver is not installed.
    """
    if isinstance(storage, Storage):
        return storage
    if storage is None:
        storage = os.environ.get(STORAGE_VARIABLE) or None
        if storage is None:
            return InMemoryStorage()
    if not isinstance(storage, (str, os.PathLike)):
        raise TypeError(f"storage must be a URL, a file name or a storage, but got {storage!r}.")
    # SQLAlchemy takes longer to load than a study in memory takes to run.
    from optimist.storages.sql.storage import SQLStorage
    from optimist.storages.sql.urls import file_url

    url = os.fspath(storage)
    return SQLStorage(url if _SCHEME.match(url) else file_url(url))


def upgrade_storage_at(url: str) -> bool:
    """Bring the tables of a database up to this release; say whether there was anything to do.

    Args:
        url: A URL or a file name, as ``open_storage`` takes them.

    Raises:
        StorageInternalError: The database holds no studies of ours, or was made by a newer release.
    """
    from optimist.storages.sql.upgrade import upgrade_schema
    from optimist.storages.sql.urls import file_url

    before, after = upgrade_schema(url if _SCHEME.match(url) else file_url(url))
    return before != after
