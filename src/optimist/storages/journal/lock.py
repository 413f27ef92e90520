"""The lock of a journal file: it dies with its holder, and can be taken from one that does not move.

``flock`` on a file beside the journal; the kernel lets go of it when its holder dies. A holder that lives but does not
move (stopped, or swapped out for long) would block everybody: whoever has waited long enough puts another lock file in
its place. Holders therefore look, once they have the lock and again once they have written, whether the file they
hold is still the one that stands there.
"""

from __future__ import annotations

import os
import random
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from optimist.exceptions import StorageInternalError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_FIRST_PAUSE_S: Final = 50e-6
_LAST_PAUSE_S: Final = 2e-3
_UNTOUCHABLE: Final = b"rewriting"
_UNTOUCHABLE_PATIENCE: Final = 12


class WriterLock(ABC):
    """Keeps writers of one journal apart. Used by one thread at a time."""

    @abstractmethod
    def acquire(self, progress: Callable[[], object]) -> bool:
        """Wait for the lock.

        Args:
            progress: Something that changes while other writers get on.

        Returns:
            Whether it was taken from a holder that does not move.
        """

    @abstractmethod
    def is_held(self) -> bool:
        """Whether nobody has taken the lock from us; False also if the lock cannot tell."""

    @abstractmethod
    def release(self) -> None:
        """Let others in."""

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Within the block nobody takes the lock from us, however long we do not move."""
        raise StorageInternalError(
            "A journal can only be rewritten under its own lock. Stop all workers, and open it without lock_obj."
        )

    def close(self) -> None:
        """Give back the open file."""


class FileLock(WriterLock):
    """``flock`` on a file of its own.

    Args:
        path: The file; made when it is needed.

    Attributes:
        patience_s: The lock is taken from a holder under which nothing moves for so long.
    """

    def __init__(self, path: str) -> None:
        if fcntl is None:
            raise StorageInternalError(
                "Journal files need the locks of Unix, which Windows does not have. Use sqlite:///FILE there."
            )
        self.path = path
        self.patience_s = 10.0
        self._fd = -1
        self._file: tuple[int, int] = (-1, -1)  # (device, inode)
        self._is_noted = False

    def acquire(self, progress: Callable[[], object]) -> bool:
        pause = _FIRST_PAUSE_S
        since, seen = time.monotonic(), None
        while True:
            if self._fd < 0:
                self._open()
            if try_flock(self._fd):
                if self.is_held():
                    if self._is_noted:  # by somebody who died
                        os.ftruncate(self._fd, 0)
                    return False
                self.close()  # it was taken from whoever held this file, and we waited at the old one
                continue
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, _LAST_PAUSE_S)
            now, file = progress(), self._file
            if now != seen or not self.is_held():
                since, seen = time.monotonic(), now
                if not self.is_held():
                    self.close()
            elif time.monotonic() - since >= self.patience_s and self._take(file, time.monotonic() - since):
                return True

    def is_held(self) -> bool:
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return False
        self._is_noted = status.st_size > 0
        return (status.st_dev, status.st_ino) == self._file

    def release(self) -> None:
        if self._fd >= 0:
            unlock(self._fd)

    @contextmanager
    def kept(self) -> Iterator[None]:
        note = b"%b by process %d on %b\n" % (_UNTOUCHABLE, os.getpid(), socket.gethostname().encode())
        os.pwrite(self._fd, note, 0)
        try:
            if not self.is_held():
                raise StorageInternalError(f"The lock {self.path} was taken away. Try again.")
            yield
        finally:
            os.ftruncate(self._fd, 0)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._file = _identity(self._fd)

    def _take(self, from_file: tuple[int, int], waited_s: float) -> bool:
        """Put a lock file of ours in place of one whose holder does not move; False if others were faster."""
        note = os.pread(self._fd, 200, 0)
        if note.startswith(_UNTOUCHABLE):
            # It will rename a file over the journal; what others had appended by then would be lost.
            if waited_s < _UNTOUCHABLE_PATIENCE * self.patience_s:
                return False
            raise StorageInternalError(
                f"The journal is locked, {note.decode(errors='replace').strip()}, which does not move. Let that "
                "process go on, or end it."
            )
        next_path = f"{self.path}.next"
        fd = os.open(next_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if not try_flock(fd) or not _stands_at(next_path, fd) or not _stands_at(self.path, self._fd):
            os.close(fd)
            return False
        os.replace(next_path, self.path)
        self.close()
        self._fd, self._file = fd, _identity(fd)
        return self.is_held()


def try_flock(fd: int) -> bool:
    """Lock a file if nobody else has; say whether that was so."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(fd: int) -> None:
    """Give back what ``try_flock`` took."""
    fcntl.flock(fd, fcntl.LOCK_UN)


def _identity(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _stands_at(path: str, fd: int) -> bool:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return False
    return (status.st_dev, status.st_ino) == _identity(fd)
