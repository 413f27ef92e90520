"""The lock dies with its holder; a holder that does not move loses it, and its late record does not count."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optimist.exceptions import StorageInternalError
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection
from optimist.storages.journal import (
    BaseJournalFileLock,
    JournalFileBackend,
    JournalFileOpenLock,
    JournalFileSymlinkLock,
)
from optimist.storages.journal.file import FileLog
from optimist.storages.journal.lock import FileLock
from optimist.storages.journal.storage import JournalStore
from optimist.testing.storages.reader import read
from tests.unit.storages.journal.stories import COMPLETE, FAIL, facts, open_file

REPOSITORY = Path(__file__).parents[4]
MINIMIZE = StudyDirection.MINIMIZE


@pytest.fixture(autouse=True)
def be_quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "optimist")


def impatient(storage: JournalStore) -> JournalStore:
    assert isinstance(storage.journal.log, FileLog)
    assert isinstance(storage.journal.log.lock, FileLock)
    storage.journal.log.lock.patience_s = 0.3
    return storage


@contextmanager
def paused_worker(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker that has stopped while it holds the lock; at the end of the block it has been let go."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])}
    program = [sys.executable, str(Path(__file__).with_name("paused_worker.py")), str(directory)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "1\n"
        os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WNOWAIT)
        try:
            yield worker
        finally:
            worker.send_signal(signal.SIGCONT)
            worker.wait(20)


def new_store(directory: Path) -> JournalStore:
    storage = impatient(open_file(directory))
    storage.create_study("study", [MINIMIZE])
    storage.begin_trial(0, 0)
    return storage


def said(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def test_lock_is_taken_from_a_paused_holder(tmp_path: Path) -> None:
    storage = new_store(tmp_path)
    with paused_worker(tmp_path) as worker:
        start = time.monotonic()
        storage.write(0, TrialChange(0, state=COMPLETE, values=(1.0,)))
        assert 0.3 <= time.monotonic() - start < 2.0
        assert storage.begin_trial(0, 0).number == 2
        worker.send_signal(signal.SIGCONT)
        assert said(worker) == "told"  # its late record did not count, and it noticed
    fresh = open_file(tmp_path)
    assert facts(fresh) == facts(storage)
    assert read(fresh, 0).trials[1].values == (7.0,)
    (late,) = fresh.journal.damaged
    assert late.kind == "stale"
    assert fresh.journal.last.epoch == 1


def test_paused_holder_hears_that_its_trial_was_ended(tmp_path: Path) -> None:
    storage = new_store(tmp_path)
    with paused_worker(tmp_path) as worker:
        storage.write(0, TrialChange(1, state=FAIL))
        worker.send_signal(signal.SIGCONT)
        assert said(worker) == "UpdateFinishedTrialError"
    fresh = open_file(tmp_path)
    assert facts(fresh) == facts(storage)
    assert read(fresh, 0).trials[1].state == FAIL


def test_paused_holder_does_not_write_into_a_file_that_was_replaced(tmp_path: Path) -> None:
    storage = new_store(tmp_path)
    with paused_worker(tmp_path) as worker:
        storage.compact()
        worker.send_signal(signal.SIGCONT)
        assert said(worker) == "told"
    fresh = open_file(tmp_path)
    assert facts(fresh) == facts(storage)
    assert read(fresh, 0).trials[1].values == (7.0,)


def test_record_that_landed_before_the_lock_was_taken_counts(tmp_path: Path) -> None:
    storage = new_store(tmp_path)
    with paused_worker(tmp_path) as worker:
        worker.send_signal(signal.SIGCONT)
        assert said(worker) == "told"
        storage.write(0, TrialChange(0, state=COMPLETE, values=(1.0,)))
    assert read(open_file(tmp_path), 0).trials[1].values == (7.0,)
    assert open_file(tmp_path).journal.damaged == []


def test_nobody_takes_the_lock_from_whoever_rewrites(tmp_path: Path) -> None:
    holder = FileLock(str(tmp_path / "lock"))
    assert not holder.acquire(lambda: None)
    waiter = FileLock(str(tmp_path / "lock"))
    waiter.patience_s = 0.02
    with holder.kept():
        start = time.monotonic()
        with pytest.raises(StorageInternalError, match="rewriting by process"):
            waiter.acquire(lambda: None)
        assert time.monotonic() - start >= 0.2
        assert holder.is_held()
    assert waiter.acquire(lambda: None)
    assert not holder.is_held()
    holder.release()
    waiter.release()


def hold_and_die(path: str) -> None:
    lock = FileLock(path)
    lock.acquire(lambda: None)
    with lock.kept():
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_lock_of_the_dead_is_free_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    process = multiprocessing.get_context("spawn").Process(target=hold_and_die, args=(path,))
    process.start()
    process.join()
    lock = FileLock(path)
    start = time.monotonic()
    assert not lock.acquire(lambda: None)
    assert time.monotonic() - start < 0.1
    assert Path(path).read_bytes() == b""  # its note is gone
    lock.release()


def test_deleted_lock_file_does_no_harm(tmp_path: Path) -> None:
    one, other = open_file(tmp_path), open_file(tmp_path)
    one.create_study("study", [MINIMIZE])
    other.begin_trial(0, 0)
    (tmp_path / "study.journal.lock").unlink()
    assert [store.begin_trial(0, 0).number for store in (one, other, one)] == [1, 2, 3]
    assert facts(one) == facts(other) == facts(open_file(tmp_path))


# Locks that are names


@pytest.mark.parametrize("kind", [JournalFileSymlinkLock, JournalFileOpenLock])
def test_named_locks_keep_writers_apart(
    tmp_path: Path, kind: type[JournalFileSymlinkLock | JournalFileOpenLock]
) -> None:
    path = str(tmp_path / "study.journal")
    stores = [JournalStore(JournalFileBackend(path, kind(path))) for _ in range(3)]
    stores[0].create_study("study", [MINIMIZE])
    numbers: list[int] = []

    def work(store: JournalStore) -> None:
        for _ in range(10):
            number = store.begin_trial(0, 0).number
            store.write(0, TrialChange(number, state=COMPLETE, values=(1.0,)))
            numbers.append(number)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(30))
    assert facts(stores[0]) == facts(open_file(tmp_path))
    assert not list(tmp_path.glob("*.name-lock*"))
    with pytest.raises(StorageInternalError, match="lock_obj"):
        stores[0].compact()


@pytest.mark.parametrize("kind", [JournalFileSymlinkLock, JournalFileOpenLock])
def test_named_lock_that_was_left_behind_is_removed(
    tmp_path: Path, kind: type[JournalFileSymlinkLock | JournalFileOpenLock]
) -> None:
    path = str(tmp_path / "x")
    dead, heir = kind(path), kind(path, grace_period=1)
    assert dead.acquire()
    start = time.monotonic()
    assert heir.acquire()
    assert 0.9 < time.monotonic() - start < 3
    dead.release()  # must not release the heir's
    assert list(tmp_path.glob("*.name-lock"))
    heir.release()
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="grace_period"):
        kind(path, grace_period=0)
    assert isinstance(heir, BaseJournalFileLock)
    assert path in repr(heir)
