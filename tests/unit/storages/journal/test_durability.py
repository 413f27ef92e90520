"""What is told is on the disk, and one fsync serves all who wait for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection
from optimist.storages.journal.durability import Durability
from optimist.storages.journal.file import FileLog
from optimist.storages.journal.storage import JournalStore
from tests.unit.storages.journal.stories import COMPLETE, WAITING, open_file

REPOSITORY = Path(__file__).parents[4]
MINIMIZE = StudyDirection.MINIMIZE


def n_syncs(storage: JournalStore) -> int:
    assert isinstance(storage.journal.log, FileLog)
    return storage.journal.log.durability.n_syncs


def test_what_must_be_safe_is_synced_and_nothing_else(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    steps = [
        (lambda: storage.create_study("study", [MINIMIZE]), 1),
        (lambda: storage.write_study(0, StudyChange({"a": 1})), 1),
        (lambda: storage.begin_trial(0, 0), 0),
        (lambda: storage.write(0, TrialChange(0, reports={0: 1.0})), 0),
        (lambda: storage.write(0, TrialChange(0, state=COMPLETE, values=(1.0,))), 1),
        (lambda: storage.add_trials(0, [TrialChange(state=WAITING)] * 3), 1),
        (lambda: storage.changes_since(0, 0), 0),
        (lambda: storage.delete_study(0), 1),
    ]
    for step, expected in steps:
        before = n_syncs(storage)
        step()
        assert n_syncs(storage) - before == expected


def test_sync_of_another_process_counts(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    inode = path.stat().st_ino
    one, other = (Durability(str(path), f"{path}.sync") for _ in range(2))
    one.wait_for(inode, 100)
    other.wait_for(inode, 100)
    other.wait_for(inode, 50)
    assert (one.n_syncs, other.n_syncs) == (1, 0)
    with path.open("ab") as file:
        file.write(b"y")
    other.wait_for(inode, 101)
    one.wait_for(inode, 101)
    assert (one.n_syncs, other.n_syncs) == (1, 1)


def test_mark_of_another_file_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"x" * 100, b"y" * 100):
        path.write_bytes(content)  # the same inode, as when a deleted file's is used again
        durability = Durability(str(path), f"{path}.sync")
        durability.wait_for(path.stat().st_ino, 100)
        assert durability.n_syncs == 1
        durability.close()


def test_file_that_was_replaced_needs_no_sync(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    durability = Durability(str(path), f"{path}.sync")
    durability.wait_for(12345, 100)
    assert durability.n_syncs == 0


WORKER = """
import sys, time, pathlib
from optimist.storages.journal import durability
from tests.unit.storages.journal.stories import open_file, COMPLETE, TrialChange
storage = open_file(pathlib.Path(sys.argv[1]))
fast = durability.fdatasync
durability.fdatasync = lambda fd: (fast(fd), time.sleep(0.004))  # a disk, where the test may run in memory
print("ready", flush=True)
sys.stdin.read()
cursor = 0
for _ in range(25):
    begun = storage.begin_trial(0, cursor)
    cursor = storage.write(0, TrialChange(begun.number, state=COMPLETE, values=(1.0,)), begun.delta.cursor)
print(storage.journal.log.durability.n_syncs)
"""


@pytest.mark.slow
def test_eight_writers_need_less_than_a_sync_a_trial(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])}
    gate, opener = os.pipe()
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path)],
            stdin=gate,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(8)
    ]
    os.close(gate)
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    os.close(opener)
    syncs = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert storage.summary(0).counts[COMPLETE] == 200
    assert sum(syncs) < 120
