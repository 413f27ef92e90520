from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import optimist
from optimist.exceptions import StorageInternalError
from optimist.states import StudyDirection
from optimist.storages import RDBStorage
from optimist.storages.leases import LeaseSettings
from optimist.storages.sql.schema import REVISIONS


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/study.db"


def test_arguments_are_kept(url: str) -> None:
    def callback(study: Any, trial: Any) -> None: ...

    storage = RDBStorage(
        url,
        {"connect_args": {"timeout": 7}},
        heartbeat_interval=60,
        grace_period=90,
        heartbeat_stale_trial_callback=callback,
    )
    assert storage.url == url
    assert storage.engine_kwargs == {"connect_args": {"timeout": 7}}
    assert (storage.get_heartbeat_interval(), storage.grace_period, storage.lease_s) == (60, 90, 90)
    assert storage.get_heartbeat_stale_trial_callback() is storage.failed_trial_callback is callback
    with pytest.warns(FutureWarning, match="get_heartbeat_stale_trial_callback"):
        assert storage.get_failed_trial_callback() is callback
    storage.store.close()


def test_grace_is_twice_the_interval() -> None:
    assert RDBStorage("sqlite://", heartbeat_interval=60).lease_s == 120
    assert RDBStorage("sqlite://").lease_s is None
    assert RDBStorage("sqlite://", grace_period=60).lease_s is None


def test_worker_loops_hold_to_the_heartbeat(url: str) -> None:
    storage = RDBStorage(url, heartbeat_interval=3, heartbeat_stale_trial_callback=print)
    study = optimist.create_study(storage=storage)
    leased: list[list[int]] = []

    def objective(trial: optimist.Trial) -> float:
        leased.append(storage.store.leased(study._study_id))
        return 0.0

    study.optimize(objective, n_trials=2)
    assert leased == [[0], [1]]
    for own in (storage, pickle.loads(pickle.dumps(storage)), pickle.loads(pickle.dumps(study))._storage):
        assert own.store.leases == LeaseSettings(3, 6, print)
        own.store.close()
    plain = RDBStorage(url)
    assert plain.store.leases.length_s == LeaseSettings().length_s
    plain.store.close()


def test_impossible_arguments(url: str) -> None:
    for arguments in ({"heartbeat_interval": 0}, {"grace_period": -1}):
        with pytest.raises(ValueError, match="must be a positive number of seconds"):
            RDBStorage(url, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not both"):
        RDBStorage(url, heartbeat_stale_trial_callback=print, failed_trial_callback=print)
    with pytest.warns(FutureWarning, match="heartbeat_stale_trial_callback"):
        storage = RDBStorage("sqlite://", failed_trial_callback=print)
    assert storage.heartbeat_stale_trial_callback is print


def test_versions(url: str) -> None:
    for storage in (RDBStorage(url), RDBStorage("sqlite://")):
        assert storage.get_current_version() == storage.get_head_version() == REVISIONS[-1]
        assert storage.get_all_versions()[0] == REVISIONS[-1]
        storage.upgrade()
        storage.store.close()


def test_database_of_an_older_release_is_upgraded(url: str) -> None:
    RDBStorage(url).store.close()
    unchecked = RDBStorage(url, skip_compatibility_check=True)
    with unchecked.engine.connect() as connection:
        connection.execute(text("UPDATE optimist_alembic_version SET version_num = 'newer'"))
        connection.commit()
    unchecked.store.close()
    again = RDBStorage(url, skip_compatibility_check=True)
    assert again.get_current_version() == "newer"
    with pytest.raises(StorageInternalError, match="newer release"):
        again.upgrade()
    with pytest.raises(StorageInternalError, match="newer release"):
        again.get_all_studies()
    with pytest.raises(StorageInternalError, match="newer release"):
        RDBStorage(url)


def test_database_without_tables_is_left_alone(url: str, tmp_path: Path) -> None:
    with pytest.raises(StorageInternalError):
        RDBStorage(url, skip_table_creation=True)
    with pytest.raises(StorageInternalError, match="no studies"):
        RDBStorage(url, skip_compatibility_check=True).get_current_version()
    RDBStorage(url).store.close()
    storage = RDBStorage(url, skip_table_creation=True)
    assert storage.get_all_studies() == []
    storage.store.close()


def test_sessions_see_the_tables(url: str) -> None:
    storage = RDBStorage(url)
    storage.remove_session()
    storage.create_new_study([StudyDirection.MINIMIZE], "study")
    with storage.scoped_session() as session:
        assert session.execute(text("SELECT name FROM optimist_studies")).scalar_one() == "study"
    storage.remove_session()
    storage.store.close()


def test_storage_travels(url: str) -> None:
    storage = RDBStorage(url, {"connect_args": {"timeout": 7}}, heartbeat_interval=3)
    study = optimist.create_study(storage=storage)
    _ = storage.scoped_session
    again = pickle.loads(pickle.dumps(study))._storage
    assert (again.url, again.engine_kwargs, again.lease_s) == (url, storage.engine_kwargs, 6)
    assert again.get_study_name_from_id(study._study_id) == study.study_name
    again.store.close()
    storage.store.close()
