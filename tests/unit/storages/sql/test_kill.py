"""A worker may be killed at any moment: what it was told is kept."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from optimist.states import TrialState
from optimist.storages.sql.storage import SQLStorage
from optimist.testing.storages.reader import read
from optimist.testing.storages.worker import study_of

pytestmark = pytest.mark.slow


def start(directory: Path, *command: str) -> tuple[subprocess.Popen[str], int]:
    """Start a worker of the conformance suite; it goes on when the pipe is closed."""
    gate, opener = os.pipe()
    name, *arguments = command
    worker = subprocess.Popen(
        [sys.executable, "-m", "optimist.testing.storages.worker", name, f"sqlite:///{directory}/study.db", *arguments],
        stdin=gate,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(gate)
    assert worker.stdout is not None
    assert worker.stdout.readline() == '"ready"\n'
    return worker, opener


def hear(worker: subprocess.Popen[str], n: int) -> list[int]:
    """What it says next."""
    assert worker.stdout is not None
    return [json.loads(worker.stdout.readline()) for _ in range(n)]


def kill(worker: subprocess.Popen[str]) -> list[int]:
    """Kill it; what it had said since it was heard last."""
    worker.send_signal(signal.SIGKILL)
    assert worker.stdout is not None
    with worker.stdout as said:
        lines = said.readlines()
    worker.wait()
    return [json.loads(line) for line in lines if line.endswith("\n")]


def test_told_trials_outlive_their_worker(tmp_path: Path) -> None:
    rng = random.Random(4)
    told: list[int] = []
    for i in range(6):
        workers = [start(tmp_path, "work", f"{i}-{j}", "100000") for j in range(2)]
        for _, opener in workers:
            os.close(opener)
        told += hear(workers[0][0], rng.randrange(1, 12))
        time.sleep(rng.uniform(0.0, 0.02))
        for worker, _ in workers:
            told += kill(worker)
        storage = SQLStorage(f"sqlite:///{tmp_path}/study.db")
        trials = read(storage, study_of(storage)).trials
        storage.close()
        assert sorted(trials) == list(range(len(trials)))
        for number in told:
            assert trials[number].state == TrialState.COMPLETE
            assert trials[number].values == (number / 8,)
            assert trials[number].reports == {0: 0.0, 1: 0.25, 2: 0.5}
        complete = [number for number, trial in trials.items() if trial.state == TrialState.COMPLETE]
        assert len(complete) - len(told) <= 2 * (i + 1)  # told, but killed before they could say so
        assert len(trials) - len(complete) <= 2 * (i + 1)  # in the middle of a trial
    assert len(told) > 20
    assert len(set(told)) == len(told)
    check_integrity(tmp_path)


def test_killed_while_it_makes_the_file(tmp_path: Path) -> None:
    rng = random.Random(5)
    for i in range(6):
        directory = tmp_path / str(i)
        directory.mkdir()
        worker, opener = start(directory, "open_store", "killed")
        os.close(opener)
        time.sleep(0.1 + rng.uniform(0.0, 0.15))
        kill(worker)
        storage = SQLStorage(f"sqlite:///{directory}/study.db")
        assert storage.begin_trial(study_of(storage), 0).number in (0, 1)
        storage.close()
        check_integrity(directory)


def check_integrity(directory: Path) -> None:
    with sqlite3.connect(directory / "study.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
