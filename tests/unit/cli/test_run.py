"""optimist run: copies of a script, from outside."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import optimist
from optimist.history.attributes import LEASE_LOST_KEY

pytestmark = [
    pytest.mark.slow,  # each starts interpreters
    pytest.mark.skipif(sys.platform == "win32", reason="optimist run needs a Unix; run it there"),
]

_HEAD = """
import os, pathlib, sys, time
import optimist

here = pathlib.Path(__file__).parent
worker = os.environ["OPTIMIST_WORKER"]
study = optimist.create_study(load_if_exists=True)

def wait_for(name):
    deadline = time.monotonic() + 100
    while not (here / name).exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
"""


class Launched:
    """A run of the command in a directory of its own."""

    def __init__(self, directory: Path, body: str, *options: str) -> None:
        self.directory = directory
        self.storage = str(directory / "s.db")
        self.study = optimist.create_study(study_name="s", storage=self.storage)
        script = directory / "script.py"
        script.write_text(_HEAD + body)
        command = [sys.executable, "-m", "optimist", "run", "--storage", self.storage, "--study-name", "s", *options]
        self.process = subprocess.Popen(
            [*command, str(script), "--own", "x"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def end(self) -> str:
        try:
            said, _ = self.process.communicate(timeout=120)
        finally:
            self.process.kill()
        return said

    def wait_for(self, *names: str) -> None:
        deadline = time.monotonic() + 100
        while not all((self.directory / name).exists() for name in names):
            assert self.process.poll() is None, self.end()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def states(self) -> Counter[str]:
        return Counter(trial.state.name for trial in self.study.trials)


def test_copies_share_the_study(tmp_path: Path) -> None:
    body = """
def objective(trial):
    print("trial", trial.number, "on", os.environ["CUDA_VISIBLE_DEVICES"], *sys.argv[1:])
    (here / worker).touch()
    wait_for("0")
    wait_for("1")
    return trial.number

study.optimize(objective, total_trials=6)
"""
    run = Launched(tmp_path, body, "--workers", "2", "--devices", "4,5", "--log-dir", str(tmp_path / "logs"))
    said = run.end()
    assert run.process.returncode == 0, said
    assert run.states() == {"COMPLETE": 6}
    workers = set()
    for number in range(6):
        (line,) = [line for line in said.splitlines() if f"] trial {number} on" in line]
        worker = int(line.split("]")[0].removeprefix("[worker "))
        assert line == f"[worker {worker}] trial {number} on {4 + worker} --own x"
        workers.add(worker)
        log = (tmp_path / "logs" / "s" / f"trial-{number:06}.log").read_text().splitlines()
        assert log[0] == f"trial {number} on {4 + worker} --own x"
        assert "finished with value" in log[1]
        assert len(log) == 2
        assert log[0] in (tmp_path / "logs" / f"worker-{worker}.log").read_text()
    assert workers == {0, 1}
    assert said.splitlines()[-1] == "6 trials (6 complete); best value 0; 2 of 2 workers ended well."


def test_a_crashed_copy_starts_again_and_its_trial_as_well(tmp_path: Path) -> None:
    body = """
def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    if not (here / "crashed").exists():
        (here / "crashed").touch()
        print("about to crash")
        time.sleep(0.3)  # a report is committed at once if the last commit was not a moment ago
        trial.report(1.0, 0)
        os.abort()
    return x

study.optimize(objective, total_trials=3)
"""
    run = Launched(tmp_path, body, "--log-dir", str(tmp_path / "logs"))
    said = run.end()
    assert run.process.returncode == 0, said
    assert "[worker 0] (it was ended by SIGABRT; starting again)" in said
    assert run.states() == {"COMPLETE": 3, "FAIL": 1}
    lost, retry = run.study.trials[:2]
    assert LEASE_LOST_KEY in lost.system_attrs
    assert retry.params == lost.params
    assert "about to crash" in (tmp_path / "logs" / "s" / "trial-000000.log").read_text()


@pytest.mark.parametrize(("failing", "code"), [("01", 3), ("1", 1)])
def test_exit_codes(tmp_path: Path, failing: str, code: int) -> None:
    run = Launched(tmp_path, f"sys.exit(7 if worker in {failing!r} else 0)", "--workers", "2", "--restarts", "1")
    said = run.end()
    assert run.process.returncode == code
    assert said.count("(it ended with exit code 7; starting again)") == len(failing)
    assert said.count("(it ended with exit code 7)") == len(failing)
    assert said.splitlines()[-1] == f"0 trials; {2 - len(failing)} of 2 workers ended well."


_LONG = """
def objective(trial):
    (here / f"begun-{trial.number}").touch()
    wait_for("go")
    return 1.0

study.optimize(objective)
study.optimize(objective)  # ends at once as well
(here / f"left-{worker}").touch()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_running_trials_finish(tmp_path: Path, number: int) -> None:
    run = Launched(tmp_path, _LONG, "--workers", "2")
    run.wait_for("begun-0", "begun-1")
    run.process.send_signal(number)
    time.sleep(0.5)
    assert run.process.poll() is None
    (tmp_path / "go").touch()
    said = run.end()
    assert run.process.returncode == 128 + number, said
    assert run.states() == {"COMPLETE": 2}
    assert (tmp_path / "left-0").exists()
    assert (tmp_path / "left-1").exists()
    assert "Running trials are finished first." in said


@pytest.mark.parametrize("on_term", ["retry", "kill"])
def test_running_trials_are_handed_back(tmp_path: Path, on_term: str) -> None:
    run = Launched(tmp_path, _LONG, "--workers", "2", "--on-term", on_term)
    run.wait_for("begun-0", "begun-1")
    run.process.terminate()
    said = run.end()
    assert run.process.returncode == 128 + signal.SIGTERM, said
    assert run.states() == {"FAIL": 2, "WAITING": 2}


def test_the_second_signal_kills(tmp_path: Path) -> None:
    run = Launched(tmp_path, _LONG)
    run.wait_for("begun-0")
    run.process.terminate()
    time.sleep(0.5)
    run.process.terminate()
    said = run.end()
    assert run.process.returncode == 128 + signal.SIGTERM, said
    assert run.states() == {"FAIL": 1, "WAITING": 1}
    assert "Trial 0 of 's' was running; it is handed back to the queue." in said


def test_copies_end_with_the_launcher(tmp_path: Path) -> None:
    run = Launched(
        tmp_path, "(here / 'pid.new').write_text(str(os.getpid())); (here / 'pid.new').rename(here / 'pid')" + _LONG
    )
    run.wait_for("pid", "begun-0")
    pid = (tmp_path / "pid").read_text()
    run.process.kill()
    run.process.communicate()
    deadline = time.monotonic() + 60
    command = Path("/proc") / pid / "cmdline"
    while command.exists() and command.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_workers_of_a_launched_script(tmp_path: Path) -> None:
    run = Launched(tmp_path, _LONG.replace("optimize(objective)", "optimize(objective, workers=2)"))
    run.wait_for("begun-0", "begun-1")
    run.process.terminate()
    time.sleep(0.5)
    (tmp_path / "go").touch()
    said = run.end()
    assert run.process.returncode == 128 + signal.SIGTERM, said
    assert run.states() == {"COMPLETE": 2}
    assert (tmp_path / "left-0").exists()
    assert "2 trials (2 complete)" in said
