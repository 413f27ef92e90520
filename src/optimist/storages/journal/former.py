"""The names that journals had in ``optuna.storages`` before 4.0: each warns when it is used."""

from __future__ import annotations

import os
from typing import Any

from optimist.exceptions import warn_user
from optimist.storages.journal import backends, lock_files


class BaseJournalLogStorage(backends.BaseJournalBackend):
    """The former name of ``journal.BaseJournalBackend``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _warn("BaseJournalLogStorage", "BaseJournalBackend")
        super().__init__(*args, **kwargs)


class JournalFileStorage(backends.JournalFileBackend):
    """The former name of ``journal.JournalFileBackend``."""

    def __init__(
        self, file_path: str | os.PathLike[str], lock_obj: lock_files.BaseJournalFileLock | None = None
    ) -> None:
        _warn("JournalFileStorage", "JournalFileBackend")
        super().__init__(file_path, lock_obj)


class JournalRedisStorage(backends.JournalRedisBackend):
    """The former name of ``journal.JournalRedisBackend``."""

    def __init__(self, url: str, use_cluster: bool = False, prefix: str = "") -> None:
        _warn("JournalRedisStorage", "JournalRedisBackend")
        super().__init__(url, use_cluster, prefix)


class JournalFileSymlinkLock(lock_files.JournalFileSymlinkLock):
    """The former place of ``journal.JournalFileSymlinkLock``."""

    def __init__(self, filepath: str, grace_period: int | None = 30) -> None:
        _warn("JournalFileSymlinkLock", "JournalFileSymlinkLock")
        super().__init__(filepath, grace_period)


class JournalFileOpenLock(lock_files.JournalFileOpenLock):
    """The former place of ``journal.JournalFileOpenLock``."""

    def __init__(self, filepath: str, grace_period: int | None = 30) -> None:
        _warn("JournalFileOpenLock", "JournalFileOpenLock")
        super().__init__(filepath, grace_period)


def _warn(former: str, name: str) -> None:
    warn_user(
        f"optimist.storages.{former} is deprecated since Optuna 4.0.0; use optimist.storages.journal.{name}.",
        FutureWarning,
    )
