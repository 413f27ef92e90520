"""From what a user writes to the source that it names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from optimist.storages.exchange.source import Source

_JOURNAL: Final = "journal://"
_SQLITE_HEAD: Final = b"SQLite format 3\0"


def open_source(url: str | os.PathLike[str]) -> Source:
    """Open what Optuna has written; it is not changed.

    Args:
        url: The URL of a database, such as ``sqlite:///old.db`` or ``mysql://user@host/database``; ``journal://`` and
            the name of a journal file; or the name of a file of either kind.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Nothing is known that could open the URL.
        StorageInternalError: It is not Optuna's, or cannot be read.
    """
    text = os.fspath(url)
    from optimist.storages.exchange.database import DatabaseSource  # loads SQLAlchemy
    from optimist.storages.sql.urls import file_url, parse_url

    if text.startswith(_JOURNAL) or "://" not in text:
        path = Path(text.removeprefix(_JOURNAL))
        if not path.is_file():
            raise FileNotFoundError(f"There is no file {path}.")
        if text.startswith(_JOURNAL) or not _is_sqlite(path):
            from optimist.storages.exchange.journal import JournalSource

            return JournalSource(path)
        return DatabaseSource(parse_url(file_url(text)))
    return DatabaseSource(parse_url(text))


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(len(_SQLITE_HEAD))
    return head in (_SQLITE_HEAD, b"")  # an empty file is an empty database
