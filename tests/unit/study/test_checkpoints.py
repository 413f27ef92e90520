"""Checkpoints: where they are, how long they stay, and that a killed worker's trial goes on from them."""

from __future__ import annotations

import gc
import json
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import optimist
from optimist.exceptions import UpdateFinishedTrialError
from optimist.samplers import RandomSampler
from optimist.states import TrialState
from optimist.storages.base import Terms
from optimist.storages.callbacks import FIRST_KEY, HISTORY_KEY
from optimist.storages.leases import LeaseSettings
from optimist.storages.memory import MemoryStore
from optimist.storages.sql.storage import SQLStorage
from optimist.storages.sql.urls import parse_url
from optimist.study import Study
from optimist.study.checkpoints import CHECKPOINTS_VARIABLE, predecessors
from optimist.study.conductor import Conductor
from optimist.trial import FixedTrial, Trial, create_trial
from tests.unit.study.conftest import MakeStudy


@pytest.fixture(autouse=True)
def _no_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CHECKPOINTS_VARIABLE, raising=False)


def retry_of(study: Study, *numbers: int) -> Trial:
    """Queue a retry of these trials, as the end of a lease does, and start it."""
    attrs = {FIRST_KEY: numbers[0], HISTORY_KEY: list(numbers)}
    study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=attrs))
    return study.ask()


def leave(trial: Trial, text: str) -> Path:
    """Write a checkpoint; return its folder."""
    folder = trial.checkpoint_dir
    (folder / "state").write_text(text)
    return folder


# Where


def test_folder_is_beside_the_file(tmp_path: Path) -> None:
    study = optimist.create_study(storage=str(tmp_path / "study.db"), study_name="Größe/../x")
    first, second = study.ask(), study.ask()
    folder = first.checkpoint_dir
    assert folder == first.checkpoint_dir
    assert folder.is_dir()
    assert folder.parent.parent == tmp_path / "study.db.checkpoints"
    assert folder.parent.name.startswith("Gr_e_x-")
    assert folder.name.startswith("trial-000000-")
    assert second.checkpoint_dir.parent == folder.parent
    assert not list(second.checkpoint_dir.iterdir())
    again = optimist.load_study(study_name="Größe/../x", storage=str(tmp_path / "study.db"))
    assert Trial(again, second._trial_id).checkpoint_dir == second.checkpoint_dir


def test_base_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_study: MakeStudy) -> None:
    monkeypatch.setenv(CHECKPOINTS_VARIABLE, str(tmp_path / "shared"))
    trial = make_study().ask()
    folder = leave(trial, "a")
    assert folder.parent.parent == tmp_path / "shared"
    trial.study.tell(trial, 1.0)  # type: ignore[attr-defined]
    assert not folder.exists()


def test_studies_on_servers_use_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store = SQLStorage("sqlite://")
    folders = set()
    for location in ("mysql://host/a", "mysql://host/b", None):
        monkeypatch.setattr(SQLStorage, "location", location)
        study = optimist.create_study(storage=store)
        folders.add(study.ask().checkpoint_dir.parent.parent)
    assert len(folders) == 3
    assert {folder.parent for folder in folders} == {tmp_path / "optimist" / "checkpoints"}


def test_location_of_a_server_holds_no_secret(tmp_path: Path) -> None:
    pytest.importorskip("pymysql")
    storage = SQLStorage(f"sqlite:///{tmp_path}/study.db")
    assert storage.location == tmp_path / "study.db"
    storage.url = parse_url("mysql+pymysql://user:secret@host:3306/db?charset=utf8mb4")
    assert storage.location == "mysql://host:3306/db"
    assert SQLStorage("sqlite://").location is None


def test_memory_keeps_them_in_a_temporary_folder() -> None:
    study = optimist.create_study(storage=MemoryStore())
    folder = leave(study.ask(), "a")
    other = optimist.load_study(study_name=study.study_name, storage=study.ledger.storage)
    assert retry_of(other, 0).resume_from == folder
    pickle.loads(pickle.dumps(study))
    del study, other
    gc.collect()
    assert not folder.exists()


def test_deleted_study_leaves_nothing_to_a_new_one_of_its_name(tmp_path: Path) -> None:
    url = str(tmp_path / "study.db")
    study = optimist.create_study(storage=url, study_name="s")
    old = leave(study.ask(), "old")
    optimist.delete_study(study_name="s", storage=url)
    study = optimist.create_study(storage=url, study_name="s")
    assert study.ask().checkpoint_dir.parent == old.parent
    assert retry_of(study, 0).resume_from is None


@pytest.mark.parametrize("name", ["..", "../../etc", "/etc/passwd", "a\\..\\b", ".", "", "x" * 500, "C:\\x", "名前"])
def test_no_name_leads_out_of_the_base(tmp_path: Path, name: str) -> None:
    (tmp_path / "s").mkdir()
    study = optimist.create_study(storage=str(tmp_path / "s" / "study.db"), study_name=name)
    folder = study.ask().checkpoint_dir
    assert folder.resolve().parent.parent == (tmp_path / "s" / "study.db.checkpoints").resolve()
    assert len(folder.parent.name) < 60


def test_names_that_read_alike_have_folders_of_their_own(tmp_path: Path) -> None:
    url = str(tmp_path / "study.db")
    parents = {
        optimist.create_study(storage=url, study_name=name).ask().checkpoint_dir.parent.name.lower()
        for name in ("a b", "a_b", "A b", "a/b")
    }
    assert len(parents) == 4


# What to go on from


def test_fresh_trial_starts_anew(study: Study) -> None:
    leave(study.ask(), "a")
    assert study.ask().resume_from is None


def test_retry_goes_on_from_the_newest_that_left_anything(study: Study) -> None:
    zero, one, two = (study.ask() for _ in range(3))
    left = leave(zero, "zero"), leave(one, "one")
    assert not list(two.checkpoint_dir.iterdir())
    assert retry_of(study, 0).resume_from == left[0]
    assert retry_of(study, 0, 1, 2).resume_from == left[1]
    assert retry_of(study, 2).resume_from is None


def test_what_others_wrote_into_the_attributes_is_not_trusted(study: Study) -> None:
    for attrs in ({HISTORY_KEY: ["../..", 99, -1, None, True]}, {FIRST_KEY: "x"}, {HISTORY_KEY: "12"}):
        study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=attrs))
        assert study.ask().resume_from is None
    assert predecessors({HISTORY_KEY: [1, 3]}) == [3, 1]
    assert predecessors({FIRST_KEY: 4}) == [4]


# How long they stay


def test_complete_trial_takes_its_chain_with_it(study: Study) -> None:
    other, lost = leave(study.ask(), "other"), leave(study.ask(), "lost")
    study.tell(1, state=TrialState.FAIL)
    assert lost.exists()
    retry = retry_of(study, 1)
    own = leave(retry, "own")
    study.tell(retry.number, 1.0)
    assert not own.exists()
    assert not lost.exists()
    assert other.exists()


@pytest.mark.parametrize("state", [TrialState.PRUNED, TrialState.FAIL])
def test_others_stay(study: Study, state: TrialState) -> None:
    trial = study.ask()
    folder = leave(trial, "a")
    study.tell(trial, state=state)
    assert (folder / "state").read_text() == "a"
    assert retry_of(study, 0).resume_from == folder


def test_all_stay_if_wanted(study: Study) -> None:
    study.keep_checkpoints = True
    folders = []
    study.optimize(lambda trial: folders.append(leave(trial, "a")) or 1.0, n_trials=2)
    assert [folder.exists() for folder in folders] == [True, True]
    study.keep_checkpoints = False
    study.optimize(lambda trial: folders.append(leave(trial, "a")) or 1.0, n_trials=1)
    assert [folder.exists() for folder in folders] == [True, True, False]


def test_finished_trial_gets_no_folder(study: Study) -> None:
    trial = study.ask()
    study.tell(trial, 1.0)
    with pytest.raises(UpdateFinishedTrialError):
        _ = trial.checkpoint_dir


def test_fixed_trial_has_a_temporary_folder() -> None:
    trial = FixedTrial({"x": 1})
    folder = trial.checkpoint_dir
    (folder / "state").write_text("a")
    assert trial.checkpoint_dir == folder
    assert trial.resume_from is None
    del trial
    assert not folder.exists()


# A worker is killed

WORKER = """
import json, sys, time
import optimist
from optimist.samplers import RandomSampler
from optimist.storages.leases import LeaseSettings
from optimist.storages.sql.storage import SQLStorage

url, pause_s = sys.argv[1], float(sys.argv[2])
store = SQLStorage(url)
store.leases = LeaseSettings(interval_s=0.2, length_s=1.0)
study = optimist.load_study(study_name="s", storage=store, sampler=RandomSampler(0))

def objective(trial):
    x, step = trial.suggest_float("x", 0, 1), 0
    if trial.resume_from is not None:
        x_before, step = json.loads((trial.resume_from / "state.json").read_text())
        assert x_before == x
    while step < 10:
        step += 1
        print(trial.number, step, flush=True)
        new = trial.checkpoint_dir / "new"
        new.write_text(json.dumps([x, step]))
        new.rename(trial.checkpoint_dir / "state.json")
        time.sleep(pause_s)
    return x

study.optimize(objective, total_trials=1)
"""


def start(url: str, pause_s: float) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WORKER, url, str(pause_s)], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_trial_of_a_killed_worker_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    study = optimist.create_study(storage=url, study_name="s", sampler=RandomSampler(0))
    first = start(url, 0.3)
    assert first.stdout is not None
    said = [first.stdout.readline() for _ in range(4)]
    state = next((tmp_path / "study.db.checkpoints").rglob("trial-000000-*")) / "state.json"
    while not state.exists() or json.loads(state.read_text())[1] < 4:
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    said += first.stdout.read().splitlines()
    first.stdout.close()
    last = json.loads(state.read_text())[1]
    second = start(url, 0.0)
    resumed, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert [line.split() for line in said] == [["0", str(step)] for step in range(1, 5)]
    assert [line.split() for line in resumed.splitlines()] == [["1", str(step)] for step in range(last + 1, 11)]
    lost, retry = study.trials
    assert (lost.state, retry.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert retry.params == lost.params
    assert not list(state.parent.parent.iterdir())  # both are gone


def test_trial_that_is_lost_just_when_the_budget_looks_spent_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SQLStorage(f"sqlite:///{tmp_path}/study.db")
    store.leases = LeaseSettings(interval_s=0.2, length_s=0.5)
    study = optimist.create_study(storage=store)
    store.begin_trial(study.ledger.record.study_id, 0, Terms(lease_s=0.5))  # by a worker that is not heard of again
    waits_for_others = Conductor.waits_for_others

    def others_after_the_loss(self: Conductor) -> bool:
        deadline = time.monotonic() + 30
        while not any(trial.state == TrialState.FAIL for trial in study.trials):
            assert time.monotonic() < deadline
            study.lost_trials.reclaim()  # as the thread does that looks after lost trials, at any moment
            time.sleep(0.05)
        return waits_for_others(self)

    monkeypatch.setattr(Conductor, "waits_for_others", others_after_the_loss)
    study.optimize(lambda trial: 1.0, total_trials=1)
    assert [trial.state.name for trial in study.trials] == ["FAIL", "COMPLETE"]


def test_no_checkpoint_outlives_the_parameters_that_it_belongs_to(tmp_path: Path) -> None:
    storage = str(tmp_path / "study.db")
    study = optimist.create_study(storage=storage, study_name="s", sampler=RandomSampler(seed=0))

    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        assert trial.checkpoint_dir.is_dir()
        assert optimist.load_study(study_name="s", storage=storage).trials[0].params == {"x": x}
        return x

    study.optimize(objective, n_trials=1)


@pytest.mark.slow
def test_worker_processes_of_a_study_in_memory_use_its_folder() -> None:
    study = optimist.create_study()
    study.keep_checkpoints = True
    study.optimize(lambda trial: float((trial.checkpoint_dir / "state").write_text("x")), n_trials=1, workers=1)
    assert [path.name for path in study.checkpoints.folder.rglob("state")] == ["state"]
