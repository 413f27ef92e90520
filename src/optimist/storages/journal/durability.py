"""Making a file safe from a failure of power, for all who wait at once.

A file beside the journal says up to where the journal is on the disk. Whoever needs more waits for his turn, looks
again, and if it is still not enough makes the disk write everything that stands in the file by then: one fsync serves
all who have appended in the meantime, in whatever process.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from typing import Final
from zlib import crc32

from optimist.exceptions import StorageInternalError
from optimist.storages.journal.line import HEADER_LENGTH
from optimist.storages.journal.lock import try_flock, unlock

_MARK: Final = struct.Struct("<QQQI")  # inode, CRC-32 of the first record's header, how much is on the disk, CRC-32
_PAUSE_S: Final = 100e-6

fdatasync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class Durability:
    """Says when a file is on the disk.

    Args:
        path: The file.
        mark_path: The file that says how much of it is on the disk; made when it is needed.

    Attributes:
        mutex: Held while waiting for the disk.
        n_syncs: How often this process has made the disk write.
        patience_s: After so long, do not wait any more for others that are making the disk write.
    """

    def __init__(self, path: str, mark_path: str) -> None:
        self.path = path
        self.mutex = threading.Lock()
        self.n_syncs = 0
        self.patience_s = 2.0
        self._mark_path = mark_path
        self._mark_fd = -1
        self._fd = -1
        self._inode = -1
        self._head = 0

    def wait_for(self, inode: int, end: int) -> None:
        """Return once the first ``end`` bytes of the file are on the disk, or the file was replaced by another.

        Raises:
            StorageInternalError: The disk did not take them.
        """
        with self.mutex:
            if not self._follow(inode):
                return  # whoever put another file in its place made that one durable before
            deadline = time.monotonic() + self.patience_s
            while not self._is_marked(end):
                is_locked = self._mark_fd >= 0 and try_flock(self._mark_fd)
                try:
                    if is_locked or self._mark_fd < 0 or time.monotonic() > deadline:
                        if not self._is_marked(end):
                            self._sync()
                        return
                finally:
                    if is_locked:
                        unlock(self._mark_fd)
                time.sleep(_PAUSE_S)

    def close(self) -> None:
        """Give back the open files; the caller holds the mutex, or is alone."""
        for fd in (self._fd, self._mark_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._mark_fd = self._inode = -1

    def _follow(self, inode: int) -> bool:
        """Have the file of this inode open, if it still stands at its path."""
        if self._inode != inode:
            self.close()
            try:
                self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                self._mark_fd = os.open(self._mark_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except FileNotFoundError:
                return False
            except OSError:
                if self._fd < 0:
                    raise
            self._inode = os.fstat(self._fd).st_ino
            # An inode's number comes again, so that a new journal could be taken for one that was deleted.
            self._head = crc32(os.pread(self._fd, HEADER_LENGTH, 0))
        return self._inode == inode

    def _is_marked(self, end: int) -> bool:
        raw = os.pread(self._mark_fd, _MARK.size, 0) if self._mark_fd >= 0 else b""
        if len(raw) < _MARK.size:
            return False
        inode, head, marked, check = _MARK.unpack(raw)
        return (inode, head) == (self._inode, self._head) and marked >= end and check == crc32(raw[:-4])

    def _sync(self) -> None:
        size = os.fstat(self._fd).st_size
        try:
            fdatasync(self._fd)
        except OSError as error:
            raise StorageInternalError(
                f"{self.path}: the disk did not take what was written ({error.strerror}). It can be read as long as "
                "the machine runs; copy it to another disk."
            ) from error
        self.n_syncs += 1
        if self._mark_fd >= 0:
            raw = _MARK.pack(self._inode, self._head, size, 0)[:-4]
            os.pwrite(self._mark_fd, raw + struct.pack("<I", crc32(raw)), 0)
