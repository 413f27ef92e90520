"""Trials in worker processes: budgets, what ends the loop, limits, and workers that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Self

import pytest

import optimist
from optimist.exceptions import WorkerError
from optimist.history.attributes import FAIL_REASON_KEY, LEASE_LOST_KEY
from optimist.samplers import GridSampler, RandomSampler
from optimist.states import TrialState
from optimist.storages.face import StorageFace
from optimist.storages.foreign import ForeignStorage
from optimist.storages.memory import MemoryStore
from optimist.study import crew_loop
from optimist.study.limits import Limits
from tests.unit.study.conftest import MakeStudy, Stateful, is_first, states, suggest_all

pytestmark = pytest.mark.slow  # each starts interpreters


def own_outcomes(study: optimist.Study) -> int:
    """How many trials ended with an outcome of their own: those of lost workers were run again."""
    return sum(t.state.is_finished() and LEASE_LOST_KEY not in t.system_attrs for t in study.get_trials(deepcopy=False))


def wait_for(mark: Path) -> None:
    """Sleep until a file is there."""
    deadline = time.monotonic() + 60
    while not mark.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_n_trials_is_met_exactly(study: optimist.Study) -> None:
    study.optimize(suggest_all, n_trials=13, workers=3)
    assert states(study) == ["COMPLETE"] * 13
    assert [trial.number for trial in study.trials] == list(range(13))
    study.optimize(suggest_all, n_trials=1, workers=3)
    study.optimize(suggest_all, n_trials=0, workers=3)
    assert states(study) == ["COMPLETE"] * 14
    assert len({trial.params["x"] for trial in study.trials}) == 14  # equal seeds do not collide


def test_workers_are_other_processes_and_share_the_work(study: optimist.Study, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def objective(trial: optimist.Trial) -> float:
        (marks / str(os.getpid())).touch()
        deadline = time.monotonic() + 60
        while len(list(marks.iterdir())) < 2:  # neither goes on without the other
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return float(os.getpid())

    study.optimize(objective, n_trials=6, workers=2)
    pids = {trial.value for trial in study.trials}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_total_trials(study: optimist.Study) -> None:
    study.optimize(suggest_all, n_trials=2)
    study.optimize(suggest_all, total_trials=7, workers=2)
    assert states(study) == ["COMPLETE"] * 7


def test_the_queue_is_shared(study: optimist.Study) -> None:
    for x in (0.25, 0.5, 0.75):
        study.enqueue_trial({"x": x})
    study.optimize(suggest_all, n_trials=4, workers=2)
    assert [trial.params["x"] for trial in study.trials[:3]] == [0.25, 0.5, 0.75]
    assert states(study) == ["COMPLETE"] * 4


def test_a_grid_ends_by_itself(make_study: MakeStudy) -> None:
    study = make_study(sampler=GridSampler({"x": [1, 2, 3], "y": [1, 2]}))
    study.optimize(lambda trial: trial.suggest_int("x", 1, 3) + trial.suggest_int("y", 1, 2), workers=2)
    complete = study.get_trials(states=[TrialState.COMPLETE])
    assert len({tuple(trial.params.values()) for trial in complete}) == len(complete) == 6


def test_pruning(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        trial.report(1.0, 0)
        trial.set_user_attr("pid", os.getpid())
        if trial.number % 2:
            raise optimist.TrialPruned
        return 1.0

    study.optimize(objective, n_trials=4, workers=2)
    assert Counter(states(study)) == {"COMPLETE": 2, "PRUNED": 2}
    assert all(trial.intermediate_values == {0: 1.0} and trial.user_attrs for trial in study.trials)


@pytest.mark.parametrize("kind", ["journal", "rdb", "sqlite in memory", "foreign"])
def test_other_storages(kind: str, tmp_path: Path) -> None:
    storage: Any = {
        "journal": lambda: f"journal://{tmp_path}/s.journal",
        "rdb": lambda: optimist.storages.RDBStorage(f"sqlite:///{tmp_path}/s.db", heartbeat_interval=60),
        "sqlite in memory": lambda: "sqlite://",
        "foreign": lambda: ForeignStorage(StorageFace(MemoryStore())),
    }[kind]()
    study = optimist.create_study(storage=storage)

    def objective(trial: optimist.Trial) -> float:
        if is_first(tmp_path / "died"):
            os.kill(os.getpid(), signal.SIGKILL)
        return suggest_all(trial)

    study.optimize(objective, n_trials=4, workers=2)
    assert Counter(states(study)) == {"COMPLETE": 4, "FAIL": 1}
    assert own_outcomes(study) == 4


def test_several_objectives_and_infinite_values(make_study: MakeStudy) -> None:
    study = make_study(directions=["minimize", "maximize"])
    study.optimize(lambda trial: (float("inf"), 1 / 3), n_trials=2, workers=1)
    assert [trial.values for trial in study.trials] == [[float("inf"), 1 / 3]] * 2


def test_samplers_of_others_do_not_draw_the_same_in_each_worker(tmp_path: Path) -> None:
    study = optimist.create_study(sampler=Stateful())
    marks = tmp_path / "marks"
    marks.mkdir()

    def objective(trial: optimist.Trial) -> float:
        (marks / str(os.getpid())).touch()
        deadline = time.monotonic() + 60
        while len(list(marks.iterdir())) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=4, workers=2)
    assert len({trial.value for trial in study.trials}) == 4


# What ends the loop


def test_timeout(study: optimist.Study) -> None:
    study.optimize(suggest_all, timeout=0, workers=2)
    assert states(study) == []

    def objective(trial: optimist.Trial) -> float:
        time.sleep(0.01)
        return 1.0

    study.optimize(objective, timeout=2, workers=2)
    assert set(states(study)) <= {"COMPLETE"}


def test_target(study: optimist.Study) -> None:
    study.optimize(lambda trial: -float(trial.number), workers=2, target=-4)
    assert study.best_value <= -4
    assert set(states(study)) == {"COMPLETE"}


def test_stop_in_the_objective(study: optimist.Study, tmp_path: Path) -> None:
    stopped = tmp_path / "stopped"

    def objective(trial: optimist.Trial) -> float:
        if trial.number == 3:
            study.stop()  # the study that the worker knows
            assert trial.study is study
            stopped.touch()
        elif trial.number > 3:
            wait_for(stopped)  # what runs beside it ends; nothing begins after it
        return 1.0

    study.optimize(objective, workers=2)
    assert 4 <= len(study.trials) <= 3 + 3  # one may have been granted before the word came
    assert set(states(study)) == {"COMPLETE"}


def test_callbacks_run_here(study: optimist.Study) -> None:
    seen: list[tuple[int, str]] = []

    def note(caller: optimist.Study, trial: Any) -> None:
        assert caller is study
        assert threading.current_thread() is threading.main_thread()
        seen.append((trial.number, trial.state.name))
        if trial.number >= 5:
            caller.stop()

    study.optimize(suggest_all, workers=2, callbacks=[note])
    assert sorted(seen) == list(enumerate(states(study)))
    assert 6 <= len(seen) <= 7


def test_a_callback_that_fails_ends_the_loop(study: optimist.Study) -> None:
    def fail(study: optimist.Study, trial: Any) -> None:
        raise ZeroDivisionError("no more")

    with pytest.raises(ZeroDivisionError, match="no more"):
        study.optimize(suggest_all, workers=2, callbacks=[fail])
    assert 1 <= len(study.trials) <= 3
    assert set(states(study)) == {"COMPLETE"}


def test_what_is_caught_fails_the_trial_alone(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        raise OSError("nowhere")

    study.optimize(objective, n_trials=3, workers=2, catch=OSError)
    assert states(study) == ["FAIL"] * 3


def test_what_is_not_caught_is_raised_here_with_its_traceback(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        raise KeyError("nowhere")

    with pytest.raises(WorkerError, match="KeyError: 'nowhere'") as raised:
        study.optimize(objective, n_trials=30, workers=2, catch=OSError)
    assert "in objective" in str(raised.value)
    assert 1 <= len(study.trials) <= 2
    assert set(states(study)) == {"FAIL"}


def test_optimize_inside_a_callback(study: optimist.Study) -> None:
    def nest(study: optimist.Study, trial: Any) -> None:
        study.optimize(suggest_all, n_trials=1, workers=1)

    with pytest.raises(RuntimeError, match="inside"):
        study.optimize(suggest_all, n_trials=1, workers=1, callbacks=[nest])


def test_the_progress_bar_is_drawn_here(study: optimist.Study, capsys: pytest.CaptureFixture[str]) -> None:
    study.optimize(suggest_all, n_trials=2, workers=1, show_progress_bar=True)
    assert "2/2" in capsys.readouterr().out


# What cannot be


def test_arguments_that_make_no_sense(study: optimist.Study) -> None:
    with pytest.raises(ValueError, match="workers"):
        study.optimize(suggest_all, n_trials=1, workers=0)
    with pytest.raises(ValueError, match="n_jobs"):
        study.optimize(suggest_all, n_trials=1, workers=2, n_jobs=2)
    with pytest.raises(ValueError, match="trial_timeout"):
        study.optimize(suggest_all, n_trials=1, trial_timeout=0)
    with pytest.raises(ValueError, match="2GB"):
        study.optimize(suggest_all, n_trials=1, trial_memory="much")
    assert study.trials == []


def test_an_objective_that_cannot_travel(study: optimist.Study) -> None:
    lock = threading.Lock()
    with pytest.raises(TypeError, match="cannot be sent to worker processes"):
        study.optimize(lambda trial: float(lock.locked()), n_trials=1, workers=1)
    assert study.trials == []


def test_a_served_study_takes_only_what_can_travel() -> None:
    study = optimist.create_study(storage=optimist.storages.InMemoryStorage())

    def objective(trial: optimist.Trial) -> float:
        trial.set_user_attr("x", {1, 2})
        return 1.0

    with pytest.raises(WorkerError, match="The attribute 'x' cannot be stored"):
        study.optimize(objective, n_trials=1, workers=1)

    with pytest.warns(UserWarning, match="a storage can keep None, bool, int"):
        study.optimize(lambda trial: float(bool(trial.suggest_categorical("kind", [object()]))), n_trials=1)  # type: ignore[list-item]
    with pytest.raises(WorkerError, match="JSON cannot hold all of its choices"):
        study.optimize(suggest_all, n_trials=1, workers=1)


def test_limits_in_words() -> None:
    assert not Limits.of(None, None)
    assert Limits.of(2.5, "2GB") == Limits(2.5, 2 * 10**9)
    assert Limits.of(None, 1024) == Limits(None, 1024)


# Limits and deaths


def test_a_trial_over_its_time_fails_and_the_study_goes_on(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        if trial.number == 1:
            time.sleep(600)
        return 1.0

    seen: list[int] = []
    study.optimize(objective, n_trials=4, trial_timeout=2, callbacks=[lambda study, trial: seen.append(trial.number)])
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert study.trials[1].system_attrs[FAIL_REASON_KEY] == "time limit of 2 s"
    assert study.trials[1].datetime_complete is not None
    assert sorted(seen) == [0, 1, 2, 3]


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells the memory of a process; run it there"
)
def test_a_trial_over_its_memory_fails_and_the_study_goes_on(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        kept = []
        if trial.number == 1:
            for _ in range(100):
                kept.append(b"x" * 10**7)
                time.sleep(0.02)
            time.sleep(600)
        return float(len(kept))

    study.optimize(objective, n_trials=4, workers=2, trial_memory="400MB")
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    reason = study.trials[1].system_attrs[FAIL_REASON_KEY]
    assert reason.startswith("memory limit of 400 MB (it held ")


def test_a_worker_that_dies_loses_nothing(study: optimist.Study, tmp_path: Path) -> None:
    mark = tmp_path / "died"

    def objective(trial: optimist.Trial) -> float:
        value = trial.suggest_float("x", 0, 1)
        if trial.number >= 2 and is_first(mark):
            trial.report(0.5, 0)
            os.kill(os.getpid(), signal.SIGKILL)
        return value

    study.optimize(objective, n_trials=6, workers=2)
    lost = [trial for trial in study.trials if LEASE_LOST_KEY in trial.system_attrs]
    assert [trial.state.name for trial in lost] == ["FAIL"]
    assert own_outcomes(study) == 6
    assert Counter(states(study)) == {"COMPLETE": 6, "FAIL": 1}
    (retry,) = [trial for trial in study.trials if trial.system_attrs.get("failed_trial") == lost[0].number]
    assert retry.params == lost[0].params or not lost[0].params  # what it had saved before it died


def test_an_objective_that_ends_its_process_is_given_up(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        if trial.suggest_int("n", 0, 10**9) == 7:
            os._exit(0)
        return 1.0

    study.enqueue_trial({"n": 7})
    study.optimize(objective, n_trials=3, workers=1)
    assert own_outcomes(study) == 3
    counts = study.count_trials()
    assert counts[TrialState.COMPLETE] == 3
    assert 1 <= counts[TrialState.FAIL] <= 4  # tried again three times; a retry keeps what the trial had saved
    assert counts[TrialState.RUNNING] == counts[TrialState.WAITING] == 0


def test_workers_that_die_again_and_again_end_the_loop(study: optimist.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_loop, "_MAX_DEATHS_IN_A_ROW", 2)

    def objective(trial: optimist.Trial) -> float:
        os.kill(os.getpid(), signal.SIGSEGV)
        return 1.0

    with pytest.raises(WorkerError, match=r"died one after the other.*SIGSEGV"):
        study.optimize(objective, n_trials=3, workers=1)
    assert study.count_trials()[TrialState.RUNNING] == 0


# Ctrl-C and the death of the parent, seen from outside

_SCRIPT = """
import sys, time, pathlib
import optimist

def objective(trial):
    pathlib.Path(sys.argv[2], f"begun-{trial.number}").touch()
    seconds = float(sys.argv[3])
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)
    return 1.0

study = optimist.load_study(study_name="s", storage=sys.argv[1])
study.optimize(objective, n_trials=50, workers=2)
"""


class Script:
    """A script with two workers, started in a process group of its own, as a shell would."""

    def __init__(self, directory: Path, seconds: float) -> None:
        self.marks = directory / "marks"
        self.marks.mkdir()
        self.study = optimist.create_study(
            study_name="s", storage=str(directory / "s.db"), sampler=RandomSampler(seed=0)
        )
        command = [sys.executable, "-c", _SCRIPT, str(directory / "s.db"), str(self.marks), str(seconds)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, process_group=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def wait_for_trials(self, n: int) -> None:
        deadline = time.monotonic() + 120
        while len(list(self.marks.iterdir())) < n:
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def end(self) -> str:
        _, said = self.process.communicate(timeout=120)
        return said


def test_ctrl_c_lets_running_trials_finish(tmp_path: Path) -> None:
    with Script(tmp_path, seconds=1.0) as script:
        script.wait_for_trials(2)
        script.process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in script.end()
        assert set(states(script.study)) == {"COMPLETE"}
        assert 2 <= len(script.study.trials) <= 4


def test_the_second_ctrl_c_hands_running_trials_back(tmp_path: Path) -> None:
    with Script(tmp_path, seconds=600) as script:
        script.wait_for_trials(2)
        script.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        script.process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in script.end()
        assert Counter(states(script.study)) == {"FAIL": 2, "WAITING": 2}


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    with Script(tmp_path, seconds=600) as script:
        script.wait_for_trials(2)
        workers = [
            int(pid)
            for pid in Path(f"/proc/{script.process.pid}/task/{script.process.pid}/children").read_text().split()
        ]
        assert len(workers) == 2
        script.process.kill()
        script.end()
        deadline = time.monotonic() + 60
        while any(
            Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in workers
        ):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert states(script.study) == ["RUNNING"] * 2  # until their leases are over
