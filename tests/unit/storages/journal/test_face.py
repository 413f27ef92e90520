from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist import storages
from optimist.storages import JournalStorage, journal
from optimist.storages.journal.storage import JournalStore


@pytest.fixture
def storage(tmp_path: Path) -> JournalStorage:
    return JournalStorage(journal.JournalFileBackend(str(tmp_path / "study.journal")))


def test_study_in_a_journal(storage: JournalStorage, tmp_path: Path) -> None:
    study = optimist.create_study(study_name="study", storage=storage)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    assert study._storage is storage
    assert isinstance(storage.store, JournalStore)
    assert storage.get_all_trials(study._study_id) == study.trials
    by_url = optimist.load_study(study_name="study", storage=f"journal://{tmp_path}/study.journal")
    assert by_url.trials == study.trials
    travelled = pickle.loads(pickle.dumps(study))
    travelled.ask()
    assert storage.get_n_trials(study._study_id) == 4


def test_snapshots_are_ignored(storage: JournalStorage) -> None:
    study_id = storage.create_new_study([optimist.study.StudyDirection.MINIMIZE])
    with pytest.warns(UserWarning, match="ignores its snapshot"):
        storage.restore_replay_result(b"")
    assert [study._study_id for study in storage.get_all_studies()] == [study_id]


FORMER: dict[str, Callable[[str], Any]] = {
    "JournalFileStorage": storages.JournalFileStorage,
    "JournalFileSymlinkLock": storages.JournalFileSymlinkLock,
    "JournalFileOpenLock": lambda path: storages.JournalFileOpenLock(path, grace_period=10),
}


@pytest.mark.parametrize("name", FORMER)
def test_former_names_warn_and_work(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / "study.journal")
    with pytest.warns(FutureWarning, match=rf"optimist\.storages\.{name} is deprecated"):
        made = FORMER[name](path)
    backend = made if name == "JournalFileStorage" else journal.JournalFileBackend(path, made)
    study = optimist.create_study(storage=JournalStorage(backend))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert len(study.trials) == 2


def test_former_base_warns() -> None:
    class Mine(storages.BaseJournalLogStorage):
        def __init__(self) -> None:
            super().__init__()
            self.logs: list[dict[str, Any]] = []

        def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
            return self.logs[log_number_from:]

        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            self.logs.extend(logs)

    with pytest.warns(FutureWarning, match="BaseJournalBackend"):
        mine = Mine()
    study = optimist.create_study(storage=JournalStorage(mine))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert len(mine.logs) > 2


def test_former_name_of_redis_warns_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal.JournalRedisBackend, "open_log", lambda _: None)
    with pytest.warns(FutureWarning, match="JournalRedisBackend"):
        made = storages.JournalRedisStorage("redis://localhost", prefix="mine")
    assert isinstance(made, journal.JournalRedisBackend)
