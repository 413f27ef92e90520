"""SIGTERM: what runs is handed back to the queue at once, with its checkpoint, and the process ends."""

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
from optimist.samplers import RandomSampler
from optimist.storages.callbacks import HISTORY_KEY
from tests.unit.study.conftest import MakeStudy, states

_SCRIPT = """
import pathlib, sys, time
import optimist

here = pathlib.Path(sys.argv[1])

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    first = 0 if trial.resume_from is None else int((trial.resume_from / "step").read_text())
    for step in range(first, 3):
        trial.report(float(step), step)
        trial.set_user_attr("steps", [*trial.user_attrs.get("steps", []), step])
        new = trial.checkpoint_dir / "new"
        new.write_text(str(step + 1))
        new.rename(trial.checkpoint_dir / "step")
        if step == 1 and not (here / "go").exists():
            (here / f"begun-{trial.number}").touch()
            time.sleep(100)
    return x

study = optimist.load_study(study_name="s", storage=str(here / "s.db"))
try:
    study.optimize(objective, total_trials=3, OPTIONS)
finally:
    (here / "cleaned").touch()
"""


def start(directory: Path, options: str, n_begun: int) -> subprocess.Popen[str]:
    """Run the script until so many trials have begun."""
    command = [sys.executable, "-c", _SCRIPT.replace("OPTIONS", options), str(directory)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(list(directory.glob("begun-*"))) < n_begun:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


@pytest.mark.slow
@pytest.mark.parametrize(("options", "n", "unwinds"), [("", 1, True), ("n_jobs=2", 2, False), ("workers=2", 2, True)])
def test_what_runs_is_handed_back_and_goes_on_from_its_checkpoint(
    options: str, n: int, unwinds: bool, tmp_path: Path
) -> None:
    study = optimist.create_study(study_name="s", storage=str(tmp_path / "s.db"), sampler=RandomSampler(seed=0))
    process = start(tmp_path, options, n)
    process.terminate()
    _, said = process.communicate(timeout=60)  # long before the trial would be over
    assert process.returncode == (128 + signal.SIGTERM if unwinds else -signal.SIGTERM), said
    assert (tmp_path / "cleaned").exists() == unwinds
    assert Counter(states(study)) == {"FAIL": n, "WAITING": n}
    for lost in study.trials[:n]:
        assert LEASE_LOST_KEY in lost.system_attrs
        assert lost.intermediate_values.keys() == {0, 1}

    (tmp_path / "go").touch()
    done = subprocess.run([*process.args], capture_output=True, text=True, timeout=60, check=False)  # type: ignore[misc]
    assert done.returncode == 0, done.stderr
    assert Counter(states(study)) == {"FAIL": n, "COMPLETE": 3}  # the budget is met exactly
    retries = [trial for trial in study.trials if HISTORY_KEY in trial.system_attrs]
    assert len(retries) == n
    for retry in retries:
        lost = study.trials[retry.system_attrs[HISTORY_KEY][0]]
        assert retry.params == lost.params
        assert retry.user_attrs["steps"] == [0, 1, 2]  # none was run twice
        assert list(retry.intermediate_values) == [2]


def test_it_comes_as_an_exit_and_after_the_end_of_a_trial(make_study: MakeStudy) -> None:
    study = make_study()

    def objective(trial: optimist.Trial) -> float:
        if trial.number == 1:
            signal.raise_signal(signal.SIGTERM)
        return 1.0

    with pytest.raises(SystemExit) as raised:
        study.optimize(objective, n_trials=5)
    assert raised.value.code == 128 + signal.SIGTERM
    assert states(study) == ["COMPLETE", "FAIL", "WAITING"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    with pytest.raises(SystemExit):
        study.optimize(lambda trial: 1.0, callbacks=[lambda *_: signal.raise_signal(signal.SIGTERM)])
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE"]


def test_a_trial_that_is_handed_back_is_queued_again_however_often(make_study: MakeStudy) -> None:
    study = make_study()

    def objective(trial: optimist.Trial) -> float:
        if trial.number < 6:
            signal.raise_signal(signal.SIGTERM)
        return trial.suggest_float("x", 0, 1)

    for _ in range(6):
        with pytest.raises(SystemExit):
            study.optimize(objective, total_trials=1)
    study.optimize(objective, total_trials=1)
    assert states(study) == ["FAIL"] * 6 + ["COMPLETE"]
    assert study.trials[6].system_attrs[HISTORY_KEY] == list(range(6))


def test_a_handler_of_the_application_stays(make_study: MakeStudy) -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        study = make_study()
        study.optimize(lambda trial: signal.raise_signal(signal.SIGTERM) or 1.0, n_trials=2)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert came == [signal.SIGTERM] * 2
    assert states(study) == ["COMPLETE"] * 2
