"""What a user names as the home of a journal: a file, a Redis server, or something that keeps a list of dictionaries."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from optimist.storages.journal.file import FileLog
from optimist.storages.journal.foreign import ForeignLog
from optimist.storages.journal.lock_files import BaseJournalFileLock, BorrowedLock
from optimist.storages.journal.log import Log
from optimist.storages.journal.redis_log import RedisLog, masked


class BaseJournalBackend(ABC):
    """A home for journals: derive from it to keep them somewhere else.

    What is appended must be safe before ``append_logs`` returns, and be read by all others, in one order for all,
    from then on.
    """

    @abstractmethod
    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """Read on.

        Args:
            log_number_from: How many logs to leave out at the beginning.
        """

    @abstractmethod
    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append logs, all or none of them."""

    def open_log(self) -> Log:
        """The home as a log of ours."""
        return ForeignLog(self)

    @property
    def location(self) -> Path | str | None:
        """What names the home to all who share it; see ``Storage.location``."""
        return None


class BaseJournalSnapshot(ABC):
    """A home that also keeps bytes beside a journal. Our journals need none; others may keep what they like there."""

    @abstractmethod
    def save_snapshot(self, snapshot: bytes) -> None:
        """Keep these bytes, in the place of the last ones."""

    @abstractmethod
    def load_snapshot(self) -> bytes | None:
        """The bytes that were kept; None if there are none."""


class JournalFileBackend(BaseJournalBackend):
    """A file.

    Args:
        file_path: The file; made if missing.
        lock_obj: What keeps writers apart; None for ``flock``, which dies with its holder.
    """

    def __init__(self, file_path: str | os.PathLike[str], lock_obj: BaseJournalFileLock | None = None) -> None:
        self._path = os.path.abspath(file_path)
        self._lock = lock_obj
        FileLog(self._path).close()  # an error points to the line that names the file

    @property
    def location(self) -> Path | str | None:
        return Path(self._path)

    def __repr__(self) -> str:
        lock = "" if self._lock is None else f", {self._lock!r}"
        return f"{type(self).__name__}({self._path!r}{lock})"

    def open_log(self) -> FileLog:
        return FileLog(self._path, None if self._lock is None else BorrowedLock(self._lock))

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        log = self.open_log()
        n = 0
        try:
            while (tail := log.read()).lines or tail.is_new:
                for _, line in tail.lines:
                    try:
                        entry = msgspec.json.decode(line)
                    except msgspec.DecodeError:
                        continue  # torn, or a record of ours
                    if n >= log_number_from:
                        yield entry
                    n += 1
        finally:
            log.close()

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        log = self.open_log()
        try:
            log.append_lines([msgspec.json.encode(entry) for entry in logs])
        finally:
            log.close()


class JournalRedisBackend(BaseJournalBackend, BaseJournalSnapshot):
    """A Redis server.

    Its ``appendfsync`` says what survives a failure of power: ``always`` is what a file does.

    Args:
        url: Such as ``redis://host:6379/0``.
        use_cluster: Whether the server is a cluster.
        prefix: What the names of all keys begin with; journals with different prefixes know nothing of each other.
    """

    def __init__(self, url: str, use_cluster: bool = False, prefix: str = "") -> None:
        self._url, self._use_cluster, self._prefix = url, use_cluster, prefix
        self._log = self.open_log()

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self._url, "use_cluster": self._use_cluster, "prefix": self._prefix}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    @property
    def location(self) -> Path | str | None:
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}#{self._prefix}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({masked(self._url)!r})"

    def open_log(self) -> RedisLog:
        return RedisLog(self._url, self._use_cluster, self._prefix)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        for line in self._log.client.lrange(f"{self._log.key}:logs", log_number_from, -1):
            yield msgspec.json.decode(line)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self._log.client.rpush(f"{self._log.key}:logs", *[msgspec.json.encode(entry) for entry in logs])

    def save_snapshot(self, snapshot: bytes) -> None:
        self._log.client.set(f"{self._log.key}:snapshot", snapshot)

    def load_snapshot(self) -> bytes | None:
        kept: bytes | None = self._log.client.get(f"{self._log.key}:snapshot")
        return kept
