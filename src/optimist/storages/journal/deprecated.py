"""The names under ``optimist.storages`` that Optuna 4 moved to ``optimist.storages.journal``."""

from __future__ import annotations

import os
from typing import Any

from optimist.exceptions import warn_user
from optimist.storages.journal import lock_files
from optimist.storages.journal.backends import BaseJournalBackend, JournalFileBackend, JournalRedisBackend
from optimist.storages.journal.lock_files import BaseJournalFileLock


def _warn_deprecated(name: str, replacement: str) -> None:
    warn_user(
        f"optimist.storages.{name} is deprecated since Optuna 4. Use optimist.storages.journal.{replacement} instead.",
        FutureWarning,
    )


class BaseJournalLogStorage(BaseJournalBackend):
    """Deprecated: use ``optimist.storages.journal.BaseJournalBackend``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _warn_deprecated("BaseJournalLogStorage", "BaseJournalBackend")
        super().__init__(*args, **kwargs)


class JournalFileStorage(JournalFileBackend):
    """Deprecated: use ``optimist.storages.journal.JournalFileBackend``."""

    def __init__(self, file_path: str | os.PathLike[str], lock_obj: BaseJournalFileLock | None = None) -> None:
        _warn_deprecated("JournalFileStorage", "JournalFileBackend")
        super().__init__(file_path, lock_obj)


class JournalRedisStorage(JournalRedisBackend):
    """Deprecated: use ``optimist.storages.journal.JournalRedisBackend``."""

    def __init__(self, url: str, use_cluster: bool = False, prefix: str = "") -> None:
        _warn_deprecated("JournalRedisStorage", "JournalRedisBackend")
        super().__init__(url, use_cluster, prefix)


class JournalFileSymlinkLock(lock_files.JournalFileSymlinkLock):
    """Deprecated: use ``optimist.storages.journal.JournalFileSymlinkLock``."""

    def __init__(self, filepath: str, grace_period: int | None = 30) -> None:
        _warn_deprecated("JournalFileSymlinkLock", "JournalFileSymlinkLock")
        super().__init__(filepath, grace_period)


class JournalFileOpenLock(lock_files.JournalFileOpenLock):
    """Deprecated: use ``optimist.storages.journal.JournalFileOpenLock``."""

    def __init__(self, filepath: str, grace_period: int | None = 30) -> None:
        _warn_deprecated("JournalFileOpenLock", "JournalFileOpenLock")
        super().__init__(filepath, grace_period)
