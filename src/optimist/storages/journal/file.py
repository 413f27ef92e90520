"""A journal in a file, which processes of one machine share, or of several through a network file system."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from optimist.exceptions import StorageInternalError
from optimist.storages.journal.beats import BeatFile
from optimist.storages.journal.durability import Durability, fdatasync
from optimist.storages.journal.line import HEADER_LENGTH, VOID
from optimist.storages.journal.lock import FileLock, WriterLock
from optimist.storages.journal.log import Line, Log, Tail

READ_BYTES: Final = 8 * 2**20
_GAP_BYTES: Final = 64 * 2**10
_NO_FILE: Final = (-1, -1)
_CLOSE_PATIENCE_S: Final = 5.0


class FileLog(Log):
    """Lines of a file.

    Beside it stand ``PATH.lock``, ``PATH.sync`` (what is on the disk), ``PATH.index`` and ``PATH.beats``; they may be deleted while
    nobody uses the journal.

    Args:
        path: The file; made if missing.
        lock: What keeps writers apart; None for ``flock``.

    Attributes:
        path: Absolute.
        lock: Likewise.
        durability: Says when the file is on the disk.

    Raises:
        StorageInternalError: The file cannot be opened.
    """

    is_stream: ClassVar[bool] = True

    def __init__(self, path: str | os.PathLike[str], lock: WriterLock | None = None) -> None:
        self.path = os.path.abspath(path)
        self.name = f"The journal {self.path}"
        self.lock = FileLock(f"{self.path}.lock") if lock is None else lock
        self.durability = Durability(self.path, f"{self.path}.sync")
        self._beats = BeatFile(f"{self.path}.beats")
        self._fd = -1
        self._file = _NO_FILE  # (device, inode) of what was read
        self._offset = 0
        self._size = 0
        self._known = (-1, 0)  # (inode, offset) up to which anything was ever read or appended
        self._head = b""
        self._why_read_only = ""
        with self._explained("cannot be opened"):
            self._open(may_make=True)

    # Reading

    def read(self) -> Tail:
        with self._explained("cannot be read"):
            if self._follow():
                return Tail((), is_new=True)
            if self._size <= self._offset:
                return Tail(())
            data = os.pread(self._fd, READ_BYTES, self._offset)
            while b"\n" not in data and len(data) >= READ_BYTES:  # one very long line
                more = os.pread(self._fd, len(data), self._offset + len(data))
                if not more:
                    break
                data += more
        lines: list[Line] = []
        ref = self._offset
        whole, newline, _ = data.rpartition(b"\n")
        if newline:
            for line in whole.split(b"\n"):
                lines.append((ref, line))
                ref += len(line) + 1
        self._offset = ref
        self._known = (self._file[1], ref)
        return Tail(lines)

    def fetch(self, refs: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        lines: list[bytes] = []
        with self._explained("cannot be read"):
            for start, stop in _stretches(refs, sizes):
                first, end = refs[start], refs[stop - 1] + sizes[stop - 1]
                data = self._pread(first, end - first)
                lines.extend(data[refs[i] - first : refs[i] - first + sizes[i]] for i in range(start, stop))
        return lines

    def _pread(self, offset: int, size: int) -> bytes:
        self._open_again()
        data = os.pread(self._fd, size, offset)
        while len(data) < size:  # a call reads two gigabytes at most
            more = os.pread(self._fd, size - len(data), offset + len(data))
            if not more:
                raise OSError(errno.EIO, "it has become shorter")
            data += more
        return data

    def rewind(self) -> None:
        self._offset = 0

    # Writing

    def begin_writing(self) -> bool:
        with self._explained("cannot be written"):
            self._open_again()
            if self._why_read_only:
                raise StorageInternalError(
                    f"{self.name} cannot be written: {self._why_read_only}. It can only be read. Give this account "
                    "the right to write to the file and its directory, or copy the file to where it has that right."
                )
            return self.lock.acquire(self._progress)

    def end_writing(self) -> None:
        self.lock.release()

    def _progress(self) -> object:
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(self.path)
            return status.st_ino, status.st_size
        return None

    def mend_tail(self) -> bool:
        if self._size <= self._offset:
            return False
        self._write(b"\n")
        return True

    def append(self, line: bytes) -> int | None:
        end = self._write(line + b"\n")
        start = end - len(line) - 1
        # Nobody has written between that which was read and this line, and the file is still the one that all use.
        if start != self._offset or not self.lock.is_held():
            return None
        self._offset = self._size = end
        self._known = (self._file[1], end)
        return start

    def append_lines(self, lines: Sequence[bytes]) -> None:
        """Append lines wherever the end is by now, and wait for the disk."""
        try:
            self.begin_writing()
            while (tail := self.read()).lines or tail.is_new:
                pass
            self.mend_tail()
            self._known = (self._file[1], self._write(b"".join(line + b"\n" for line in lines)))
        finally:
            self.end_writing()
        self.make_durable()

    def _write(self, data: bytes) -> int:
        """Append bytes; return where they end. If not all of them find room, those that did are made void."""
        n_written = 0
        try:
            while n_written < len(data):
                n_written += os.write(self._fd, data[n_written:])
        except OSError as error:
            self._make_void(n_written)
            raise self._refusal(error) from error
        return os.lseek(self._fd, 0, os.SEEK_CUR)

    def _make_void(self, n_written: int) -> None:
        """Spoil the first byte of what was written last, lest it become whole when somebody ends the line."""
        if not n_written:
            return
        with contextlib.suppress(OSError):
            start = os.lseek(self._fd, 0, os.SEEK_CUR) - n_written
            fd = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)  # one that does not write at the end only
            try:
                if _identity(fd) == self._file:
                    os.pwrite(fd, VOID, start)
            finally:
                os.close(fd)

    def _refusal(self, error: OSError) -> StorageInternalError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why = "the disk is full" if error.errno == errno.ENOSPC else "the quota is used up"
            return StorageInternalError(
                f"{self.name}: {why}. Nothing of the failed commit was kept, and all that was written before is safe. "
                "Free some space and go on."
            )
        return StorageInternalError(
            f"{self.name} cannot be written ({error.strerror}). Nothing of the failed commit was kept, and all that "
            "was written before is safe."
        )

    def make_durable(self) -> None:
        with self._explained("cannot be written to the disk"):
            self.durability.wait_for(*self._known)

    def rewrite(self, lines: Sequence[bytes], keep_as: str | None = None) -> str | None:
        kept = "" if keep_as is None else f"{self.path}{keep_as}"
        with self._explained("cannot be rewritten"), self.lock.kept():
            new_path = f"{self.path}.rewriting"
            fd = os.open(new_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
            try:
                try:
                    os.fchmod(fd, os.fstat(self._fd).st_mode & 0o777)
                    with os.fdopen(os.dup(fd), "wb") as file:
                        file.writelines(line + b"\n" for line in lines)
                    os.fsync(fd)
                except OSError as error:
                    os.unlink(new_path)
                    raise self._refusal(error) from error
            finally:
                os.close(fd)
            if kept:
                _keep(self.path, kept)
            if not self.lock.is_held():
                os.unlink(new_path)
                return None
            os.replace(new_path, self.path)
            sync_directory(self.path)
        return kept

    # The index

    def load_index(self) -> bytes:
        try:
            with open(f"{self.path}.index", "rb") as file:
                return file.read()
        except OSError:
            return b""

    def save_index(self, data: bytes) -> None:
        next_path = f"{self.path}.index.next"
        with contextlib.suppress(OSError):  # of several who write at once the last counts, or none
            with open(next_path, "wb") as file:
                file.write(data)
            os.replace(next_path, f"{self.path}.index")

    @property
    def position(self) -> int:
        return self._offset

    def resume(self, position: int) -> None:
        if position <= self._size:
            self._offset = position
            self._known = (self._file[1], position)

    # Beats

    def beat(self, slots: Sequence[int]) -> None:
        with self._explained("cannot be written"):
            self._beats.beat(slots)

    def beats(self, slots: Sequence[int]) -> list[int]:
        with self._explained("cannot be read"):
            return self._beats.beats(slots)

    # Opening and closing

    def _open(self, may_make: bool) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        self._why_read_only = ""
        try:
            self._fd = os.open(self.path, flags)
        except FileNotFoundError:
            if not may_make:
                raise
            self._fd = os.open(self.path, flags | os.O_CREAT, 0o666)
            sync_directory(self.path)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            self._why_read_only = error.strerror or "no access"

    def _open_again(self) -> None:
        if self._fd < 0:
            self._open(may_make=False)
            if os.pread(self._fd, HEADER_LENGTH, 0) != self._head:
                self._file = _NO_FILE  # another file, that may have got the inode of the one that we have read

    def _follow(self) -> bool:
        """Have the file open that stands at the path; say whether it is another one than was read."""
        self._open_again()
        status = os.stat(self.path)
        file = (status.st_dev, status.st_ino)
        self._size = status.st_size
        if file == self._file and _identity(self._fd) == file and self._size >= self._offset:
            return False
        if _identity(self._fd) != file:
            self._close_file()
            self._open(may_make=False)
            self._size = os.fstat(self._fd).st_size
        self._file = _identity(self._fd)
        self._offset = 0
        return True

    def _explained(self, what: str) -> _Explained:
        return _Explained(self.name, what)

    def before_fork(self) -> None:
        self.durability.mutex.acquire()
        self._close_file()
        self.lock.close()
        self.durability.close()

    def after_fork(self) -> None:
        self.durability.mutex.release()

    def close(self) -> None:
        self._close_file()
        self.lock.close()
        if self.durability.mutex.acquire(timeout=_CLOSE_PATIENCE_S):
            self.durability.close()
            self.durability.mutex.release()

    def _close_file(self) -> None:
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                self._head = os.pread(self._fd, HEADER_LENGTH, 0)
            os.close(self._fd)
            self._fd = -1


class _Explained:
    """Turns errors of the system within the block into ours."""

    __slots__ = ("_name", "_what")

    def __init__(self, name: str, what: str) -> None:
        self._name = name
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, FileNotFoundError):
            raise StorageInternalError(
                f"{self._name} {self._what}: there is no such file or directory {error.filename or ''}. If it was "
                "deleted, open the storage again to begin a new one."
            ) from error
        if isinstance(error, OSError):
            raise StorageInternalError(f"{self._name} {self._what} ({error.strerror}).") from error


def sync_directory(path: str) -> None:
    """Make the name of a file safe from a failure of power."""
    fd = os.open(os.path.dirname(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # some network file systems know no such thing
            os.fsync(fd)
    finally:
        os.close(fd)


def _keep(path: str, kept: str) -> None:
    try:
        os.link(path, kept)
    except OSError:  # a file system without hard links
        shutil.copy2(path, kept)
        fd = os.open(kept, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fdatasync(fd)
        finally:
            os.close(fd)


def _identity(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _stretches(refs: Sequence[int], sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ranges of lines that lie so close together that one call reads them all."""
    start = 0
    for i in range(1, len(refs) + 1):
        if i == len(refs) or refs[i] - (refs[i - 1] + sizes[i - 1]) > _GAP_BYTES:
            if i > start:
                yield start, i
            start = i
