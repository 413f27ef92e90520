"""Locks that are the existence of a name, for file systems without ``flock``, such as NFS without its lock daemon.

``JournalFileSymlinkLock`` works from NFSv2 on, ``JournalFileOpenLock`` from NFSv3 on. Unlike ``flock`` they outlive
their holder: a lock that has not changed hands for the grace period counts as left behind by a dead one, and is
removed. A holder that was only slow loses nothing by it, for a record that comes late does not count.
"""

from __future__ import annotations

import os
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from optimist.storages.journal.lock import WriterLock

_FIRST_PAUSE_S: Final = 1e-3
_LAST_PAUSE_S: Final = 50e-3


class BaseJournalFileLock(ABC):
    """Keeps writers of one journal file apart."""

    @abstractmethod
    def acquire(self) -> bool:
        """Wait for the lock; True once it is ours."""

    @abstractmethod
    def release(self) -> None:
        """Let others in."""


class _NameLock(BaseJournalFileLock):
    """A lock that is held by whoever has made a name.

    Args:
        filepath: The journal; the lock is ``FILEPATH.name-lock``.
        grace_period: Seconds after which a lock that does not change hands is removed; None: never.
    """

    def __init__(self, filepath: str, grace_period: int | None = 30) -> None:
        if grace_period is not None and grace_period <= 0:
            raise ValueError(f"grace_period is a number of seconds above 0, or None, but got {grace_period!r}.")
        self._path = f"{os.path.abspath(filepath)}.name-lock"
        self._grace_period = grace_period
        self._token = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path.removesuffix('.name-lock')!r}, {self._grace_period!r})"

    @abstractmethod
    def _make(self, token: str) -> None:
        """Make the name, with something that tells this lock from all others.

        Raises:
            FileExistsError: Somebody has made it.
        """

    @abstractmethod
    def _read(self, path: str) -> str:
        """What the lock at this path was made with; "" if there is none."""

    def acquire(self) -> bool:
        token = f"{os.getpid()}-{os.urandom(8).hex()}"
        pause = _FIRST_PAUSE_S
        seen, since = "", time.monotonic()
        while True:
            try:
                self._make(token)
            except FileExistsError:
                pass
            else:
                self._token = token
                return True
            now = self._read(self._path)
            if now != seen:
                seen, since = now, time.monotonic()
            elif self._grace_period is not None and time.monotonic() - since >= self._grace_period:
                self._remove(seen)
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, _LAST_PAUSE_S)

    def release(self) -> None:
        token, self._token = self._token, ""
        if token and self._read(self._path) == token:  # else it was removed for being held too long
            os.unlink(self._path)

    def _remove(self, token: str) -> None:
        """Remove a lock that was left behind, and no other."""
        aside = f"{self._path}-{os.getpid()}-{os.urandom(4).hex()}"
        try:
            os.rename(self._path, aside)
        except FileNotFoundError:
            return
        if self._read(aside) == token:
            os.unlink(aside)
        else:  # somebody else was faster, and this is the next holder's
            os.rename(aside, self._path)


class JournalFileSymlinkLock(_NameLock):
    """A lock that is a symbolic link; for any file system with links, NFSv2 included."""

    def _make(self, token: str) -> None:
        os.symlink(token, self._path)

    def _read(self, path: str) -> str:
        try:
            return os.readlink(path)
        except FileNotFoundError:
            return ""


class JournalFileOpenLock(_NameLock):
    """A lock that is a file which only one can make; for NFSv3 and later, and file systems without links."""

    def _make(self, token: str) -> None:
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            os.write(fd, token.encode())
        finally:
            os.close(fd)

    def _read(self, path: str) -> str:
        try:
            with open(path, encoding="ascii") as file:
                return file.read()
        except FileNotFoundError:
            return ""


class BorrowedLock(WriterLock):
    """A user's lock. It does not say whether it was taken away, so each record is looked for once it is written."""

    def __init__(self, lock: BaseJournalFileLock) -> None:
        self._lock = lock
        self._is_held = False

    def acquire(self, progress: Callable[[], object]) -> bool:
        self._is_held = self._lock.acquire()
        return False

    def is_held(self) -> bool:
        return False

    def release(self) -> None:
        if self._is_held:
            self._is_held = False
            self._lock.release()
