"""A full disk, a file that may only be read, a file that is gone: a clear error, and nothing is corrupted."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optimist.exceptions import StorageInternalError, StudyNotFoundError
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection
from optimist.storages.journal import JournalFileBackend
from optimist.testing.storages.reader import read
from tests.unit.storages.journal.stories import COMPLETE, facts, open_file, story

MINIMIZE = StudyDirection.MINIMIZE


@contextmanager
def files_up_to(n_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes; what comes then is much like a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_file_that_cannot_grow(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    for step in story(storage):
        step()
    before = facts(storage)
    size = (tmp_path / "study.journal").stat().st_size
    for n_more in (0, 1, 50, 220):
        size = (tmp_path / "study.journal").stat().st_size
        with files_up_to(size + n_more), pytest.raises(StorageInternalError, match="Nothing of the failed commit"):
            storage.write_study(0, StudyChange({"large": "x" * 1000}))
        assert facts(storage) == facts(open_file(tmp_path)) == before
    with files_up_to(size + 10), pytest.raises(StorageInternalError, match="Nothing of the failed commit"):
        storage.compact()
    assert facts(storage) == facts(open_file(tmp_path)) == before
    assert not list(tmp_path.glob("*.rewriting"))
    storage.write(0, TrialChange(3, user_attrs={"goes": "on"}))
    assert storage.begin_trial(0, 0).number == 3
    storage.repair()
    assert facts(open_file(tmp_path)) == facts(storage)


def test_commit_that_lacks_only_its_newline_stays_refused(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    sizes = []
    for value in (0, 1):  # the second is the first that does not say again what the study is called
        storage.write_study(0, StudyChange({"a": value}))
        storage.write_study(0, StudyChange({"a": 1}))
        sizes.append((tmp_path / "study.journal").stat().st_size)
    length = (sizes[1] - sizes[0]) // 2
    with files_up_to(sizes[1] + length - 1), pytest.raises(StorageInternalError):
        storage.write_study(0, StudyChange({"a": 2}))
    storage.begin_trial(0, 0)  # ends the torn line
    for store in (storage, open_file(tmp_path)):
        assert read(store, 0).user_attrs == {"a": 1}


def can_mount() -> bool:
    """Whether a file system of our own can be mounted here."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as directory:
        if subprocess.run(["mount", "-t", "tmpfs", "none", directory], capture_output=True, check=False).returncode:
            return False
        subprocess.run(["umount", directory], check=True)
    return True


if can_mount():  # elsewhere the limit on the size of files stands for a full disk

    @contextmanager
    def mounted(directory: Path, options: str) -> Iterator[None]:
        directory.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(directory)], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(directory)], check=True)

    def test_full_disk(tmp_path: Path) -> None:
        with mounted(tmp_path / "disk", "size=64k"):
            storage = open_file(tmp_path / "disk")
            storage.create_study("study", [MINIMIZE])
            n_told = 0
            message = ""
            while not message:
                try:
                    number = storage.begin_trial(0, 0).number
                    storage.write(0, TrialChange(number, state=COMPLETE, values=(1.0,), user_attrs={"x": "x" * 500}))
                    n_told += 1
                except StorageInternalError as error:
                    message = str(error)
            assert "the disk is full" in message
            assert n_told > 10
            for store in (storage, open_file(tmp_path / "disk")):
                assert sum(trial.state == COMPLETE for trial in read(store, 0).trials.values()) == n_told
            storage.close()

    def test_disk_that_may_only_be_read(tmp_path: Path) -> None:
        with mounted(tmp_path / "disk", "size=1m"):
            storage = open_file(tmp_path / "disk")
            for step in story(storage):
                step()
            before = facts(storage)
            storage.close()
            subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
            for store in (storage, open_file(tmp_path / "disk")):
                with pytest.raises(StorageInternalError, match="cannot be written"):
                    store.begin_trial(0, 0)
                assert facts(store) == before
                store.close()


def test_file_that_may_only_be_read(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    for step in story(storage):
        step()
    before = facts(storage)
    storage.close()
    path = tmp_path / "study.journal"
    path.chmod(0o444)
    if os.geteuid() == 0:  # whom modes do not stop
        read_fd, write_fd = os.pipe()
        pid = os.fork()
        if pid == 0:
            for directory in (tmp_path, *tmp_path.parents):
                if directory.stat().st_uid == 0 and directory.stat().st_mode & 0o1 == 0:
                    directory.chmod(0o755)
            os.setresuid(65534, 65534, 65534)
            os.write(write_fd, refusal(tmp_path, before).encode())
            os._exit(0)
        os.close(write_fd)
        os.waitpid(pid, 0)
        message = os.read(read_fd, 10_000).decode()
        os.close(read_fd)
    else:
        message = refusal(tmp_path, before)
    assert "cannot be written: Permission denied" in message
    assert "It can only be read" in message


def refusal(directory: Path, before: list[str]) -> str:
    """Read and try to write; what the error says."""
    try:
        storage = open_file(directory)
        if facts(storage) != before:
            return "It reads something else."
        storage.begin_trial(0, 0)
    except StorageInternalError as error:
        return str(error)
    return "It was written."


def test_missing_directory_and_directory_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(StorageInternalError, match="cannot be opened: there is no such file or directory"):
        JournalFileBackend(tmp_path / "missing" / "study.journal")
    with pytest.raises(StorageInternalError, match=os.strerror(errno.EISDIR)):
        JournalFileBackend(tmp_path)


def test_deleted_journal_is_reported(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    path = tmp_path / "study.journal"
    path.unlink()
    with pytest.raises(StorageInternalError, match="If it was deleted, open the storage again"):
        storage.begin_trial(0, 0)
    open_file(tmp_path).create_study("another", [MINIMIZE])
    assert [record.name for record in storage.list_studies()] == ["another"]
    other = open_file(tmp_path)
    other.delete_study(0)
    with pytest.raises(StudyNotFoundError):
        storage.begin_trial(0, 0)


def test_journal_that_became_shorter_is_read_anew(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    for step in story(storage):
        step()
    path = tmp_path / "study.journal"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]))
    assert facts(storage) == facts(open_file(tmp_path))
