"""A worker may be killed at every point where it writes: what it was told is kept, and at most one step more."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from optimist.history.draft import TrialChange
from optimist.testing.storages.reader import read
from tests.unit.storages.journal.stories import COMPLETE, facts, facts_after_each_step, open_file

REPOSITORY = Path(__file__).parents[4]


def run_worker(*arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])}
    subprocess.run([sys.executable, *arguments], check=True, env=environment, timeout=120)


@pytest.mark.slow
def test_killed_at_every_write(tmp_path: Path) -> None:
    expected = facts_after_each_step(tmp_path / "whole")
    lives = tmp_path / "lives"
    lives.mkdir()
    run_worker(str(Path(__file__).with_name("step_worker.py")), str(lives))
    directories = list(lives.iterdir())
    assert len(directories) > 90
    n_with_more = 0
    for directory in directories:
        n_told = (directory / "told").read_text().count("\n")
        start = time.monotonic()
        storage = open_file(directory)
        found = facts(storage)
        if found != expected[n_told]:
            n_with_more += 1
            assert found == expected[n_told + 1]
        if storage.list_studies():
            number = storage.begin_trial(0, 0).number
            storage.write(0, TrialChange(number, state=COMPLETE, values=(9.0,)))
            assert time.monotonic() - start < 2.0  # nobody waits for the dead
            storage.compact()
            fresh = open_file(directory)
            assert facts(fresh) == facts(storage)
            assert read(fresh, 0).trials[number].values == (9.0,)
            fresh.close()
        storage.close()
    assert n_with_more < len(directories) / 2
