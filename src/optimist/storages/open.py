"""From what a user writes as ``storage=`` to the storage."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from optimist.storages.base import Storage
from optimist.storages.base_storage import BaseStorage
from optimist.storages.face import StorageFace
from optimist.storages.memory import MemoryStore

if TYPE_CHECKING:
    from optimist.storages.journal.storage import JournalStore

STORAGE_VARIABLE: Final = "OPTIMIST_STORAGE"
"""Environment variable that names the storage when none is given."""

JOURNAL_SCHEME: Final = "journal"
REDIS_SCHEMES: Final = ("redis", "rediss")

_SCHEME = re.compile(r"^[a-zA-Z][\w+.-]*://")


StorageLike = str | os.PathLike[str] | Storage | BaseStorage
"""What a user may give as ``storage=``."""

_METHODS: Final = ("create_new_trial", "get_all_trials", "set_trial_state_values")
"""By these we know a storage that was written by Optuna's contract, whichever library it inherits that from."""


def open_storage(storage: StorageLike | None, *, create_database: bool = False, beside_optuna: bool = False) -> Storage:
    """Open a storage.

    Args:
        storage: A URL such as ``sqlite:///study.db``, ``journal://study.journal`` or ``redis://host/0``; a file name,
            which becomes an SQLite database; a storage of ours; any other with the methods of ``BaseStorage``, such as
            one of Optuna's; None for what ``OPTIMIST_STORAGE`` names, or memory if it is not set.
        create_database: Make the database on its server if there is none of that name; files make themselves.
        beside_optuna: Begin a storage also in a database that holds studies of Optuna's alone; else that is an error.

    Raises:
        ValueError: Nothing is known that could open the URL.
        MissingDependencyError: The database's driver is not installed.
    """
    if isinstance(storage, Storage):
        return storage
    if isinstance(storage, StorageFace):
        return storage.store
    if _is_foreign(storage):
        from optimist.storages.foreign import ForeignStorage

        return ForeignStorage(storage)
    if storage is None:
        storage = os.environ.get(STORAGE_VARIABLE) or None
        if storage is None:
            return MemoryStore()
    if not isinstance(storage, (str, os.PathLike)):
        raise TypeError(f"storage must be a URL, a file name or a storage, but got {storage!r}.")
    url = os.fspath(storage)
    if url.startswith("optimist://"):
        from optimist.storages.remote import open_remote

        return open_remote(url)
    scheme, _, rest = url.partition("://")
    if scheme in (JOURNAL_SCHEME, *REDIS_SCHEMES):
        return _open_journal(url, rest if scheme == JOURNAL_SCHEME else None)
    # SQLAlchemy takes longer to load than a study in memory takes to run.
    from optimist.storages.sql.storage import SQLStorage
    from optimist.storages.sql.storage import create_database as make_database
    from optimist.storages.sql.urls import file_url, parse_url

    parsed = parse_url(url if _SCHEME.match(url) else file_url(url))
    if create_database:
        make_database(parsed)
    return SQLStorage(parsed, beside_optuna=beside_optuna)


def _open_journal(url: str, path: str | None) -> JournalStore:
    from optimist.storages.journal.backends import JournalFileBackend, JournalRedisBackend
    from optimist.storages.journal.storage import JournalStore

    if path is None:
        return JournalStore(JournalRedisBackend(url))
    if not path:
        raise ValueError(
            f"The URL {url!r} names no file. Write journal://study.journal or journal:///tmp/study.journal."
        )
    return JournalStore(JournalFileBackend(path))


def open_journal(url: str) -> JournalStore:
    """Open a journal, to look after it.

    Args:
        url: Such as ``journal://study.journal`` or ``redis://host/0``.

    Raises:
        ValueError: The URL is not that of a journal.
    """
    storage = open_storage(url)
    from optimist.storages.journal.storage import JournalStore

    if isinstance(storage, JournalStore):
        return storage
    raise ValueError(
        f"Only journals are compacted and repaired, but {url!r} is none. Give journal://FILE or redis://HOST:PORT/DB."
    )


def open_face(storage: StorageLike | None, *, create_database: bool = False) -> tuple[BaseStorage, Storage]:
    """Open a storage, as ``open_storage`` does; return it as those see it who speak in ids, and as we do."""
    store = open_storage(storage, create_database=create_database)
    if isinstance(storage, StorageFace) or _is_foreign(storage):
        return storage, store
    return StorageFace(store), store


def _is_foreign(storage: Any) -> TypeGuard[BaseStorage]:
    if isinstance(storage, type):
        return False  # the class instead of a storage
    return isinstance(storage, BaseStorage) or all(callable(getattr(storage, name, None)) for name in _METHODS)


def upgrade_storage_at(url: str) -> bool:
    """Bring the tables of a database up to this release; say whether there was anything to do.

    A journal has none: every release reads what earlier ones wrote.

    Args:
        url: A URL or a file name, as ``open_storage`` takes them.

    Raises:
        StorageInternalError: The database holds no studies of ours, or was made by a newer release.
    """
    if url.partition("://")[0] in (JOURNAL_SCHEME, *REDIS_SCHEMES):
        open_journal(url).close()
        return False
    from optimist.storages.sql.upgrade import upgrade_schema
    from optimist.storages.sql.urls import file_url

    before, after = upgrade_schema(url if _SCHEME.match(url) else file_url(url))
    return before != after
