from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from optimist.exceptions import StorageInternalError
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection
from optimist.storages.sql import database as database_module
from optimist.storages.sql.dialects.sqlite import SQLite
from optimist.storages.sql.session import Session
from optimist.storages.sql.storage import SQLStorage

MINIMIZE = StudyDirection.MINIMIZE


def ask(storage: SQLStorage, statement: str) -> Any:
    """The single value that a statement returns."""
    return storage._database.read(lambda session: session.connection.exec_driver_sql(statement).scalar())


def url_in(directory: Path) -> str:
    return f"sqlite:///{directory}/study.db"


def test_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(StorageInternalError, match=r"directory .*/nowhere does not exist\. Create it first") as caught:
        SQLStorage(url_in(tmp_path / "nowhere"))
    assert caught.value.__cause__ is not None


def test_directory_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "study.db").mkdir()
    with pytest.raises(StorageInternalError, match="It is a directory"):
        SQLStorage(url_in(tmp_path))


def test_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("This is a letter, not a database. " * 100)
    with pytest.raises(StorageInternalError, match="not an SQLite database"):
        SQLStorage(url_in(tmp_path))
    assert (tmp_path / "study.db").read_text().startswith("This is a letter")


def test_read_only_file_can_be_read(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    storage.begin_trial(study_id, 0)
    read_only = SQLStorage(f"sqlite:///file:{tmp_path}/study.db?mode=ro&uri=true")
    assert len(read_only.changes_since(study_id, 0).changes) == 1
    with pytest.raises(StorageInternalError, match="It is read-only"):
        read_only.begin_trial(study_id, 0)
    with pytest.raises(StorageInternalError, match="cannot be opened; it may not exist"):
        SQLStorage(f"sqlite:///file:{tmp_path}/other.db?mode=ro&uri=true")


def test_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    number = storage.begin_trial(study_id, 0).number
    n_pages = int(ask(storage, "PRAGMA page_count"))
    ask(storage, f"PRAGMA max_page_count = {n_pages + 2}")
    with pytest.raises(StorageInternalError, match=r"disk is full.*all before it is safe"):
        storage.write(study_id, TrialChange(number, user_attrs={"large": "x" * 100_000}))
    storage.write(study_id, TrialChange(number, user_attrs={"small": "x"}))
    assert ask(storage, "PRAGMA integrity_check") == "ok"


def test_lock_that_is_held_for_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SQLite, "patience_s", 0.05)
    storage = SQLStorage(url_in(tmp_path))
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    other = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageInternalError, match="held its lock"):
        storage.begin_trial(study_id, 0)
    assert storage.changes_since(study_id, 0).changes == ()  # readers are not held up
    other.execute("ROLLBACK")
    other.close()
    assert storage.begin_trial(study_id, 0).number == 0


def test_busy_writers_take_turns(tmp_path: Path) -> None:
    """Two handles commit as fast as they can; with SQLite's own way of waiting, one of them does nearly nothing."""
    storages = [SQLStorage(url_in(tmp_path)) for _ in range(2)]
    study_id = storages[0].create_study("study", [MINIMIZE]).study_id
    n_commits = [0, 0]
    end = time.monotonic() + 0.7

    def work(i: int) -> None:
        while time.monotonic() < end:
            storages[i].begin_trial(study_id, 0)
            n_commits[i] += 1

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(n_commits) >= 0.05 * sum(n_commits), n_commits


def test_switch_to_the_log_waits_for_its_turn(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "study.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")

    def release() -> None:
        time.sleep(0.2)
        other.execute("COMMIT")
        other.close()

    thread = threading.Thread(target=release)
    thread.start()
    assert SQLStorage(url_in(tmp_path)).list_studies() == []
    thread.join()


def test_tables_that_are_gone(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))
    with sqlite3.connect(tmp_path / "study.db") as other:
        other.execute("DROP TABLE optimist_studies")
    other.close()
    with pytest.raises(StorageInternalError, match="Tables are missing"):
        storage.list_studies()


def test_damaged_file(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    for _ in range(20):
        number = storage.begin_trial(study_id, 0).number
        storage.write(study_id, TrialChange(number, user_attrs={"a": "x" * 3000}))
    storage.close()
    content = bytearray((tmp_path / "study.db").read_bytes())
    content[4096:] = b"\x99" * (len(content) - 4096)
    (tmp_path / "study.db").write_bytes(content)
    with pytest.raises(StorageInternalError, match=r"damaged|SQLite says"):
        SQLStorage(url_in(tmp_path)).changes_since(study_id, 0)


def test_interrupted_transaction_is_taken_back(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))

    def break_off(session: Session, _: bool) -> None:
        session.connection.exec_driver_sql("DELETE FROM optimist_alembic_version")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        storage._database.write(break_off)
    assert ask(storage, "SELECT count(*) FROM optimist_alembic_version") == 1
    storage.create_study("study", [MINIMIZE])


def test_errors_chain_their_cause_and_hide_the_password() -> None:
    storage = SQLStorage("sqlite://")
    storage._database.url = storage.url.set(username="u", password="secret", host="h")
    with pytest.raises(StorageInternalError) as caught:
        ask(storage, "SELECT nonsense")
    assert "no such column" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_fork_that_python_does_not_know_of_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = SQLStorage(url_in(tmp_path))
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    engine, session = storage.engine, storage._database._session
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert storage.begin_trial(study_id, 0).number == 0
    assert storage.engine is not engine
    assert storage._database._session is not session
    assert session is not None
    assert not session.connection.closed  # closing it would disturb the parent
    assert session in database_module._inherited  # as may be those of storages that are collected at this moment
    database_module._inherited.remove(session)
    session.connection.close()


def test_database_in_memory_survives_a_fork() -> None:
    storage = SQLStorage("sqlite://")
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    storage._database.close_for_fork()
    assert storage.begin_trial(study_id, 0).number == 0


def test_fork_waits_for_transactions_and_closes_connections(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    begun: list[int] = []
    thread = threading.Thread(target=lambda: begun.append(storage.begin_trial(study_id, 0).number))
    database_module._before_fork()
    try:
        assert storage._database._session is None
        thread.start()
        thread.join(0.05)
        assert begun == []  # nobody opens a connection that the child would inherit
    finally:
        database_module._after_fork()
    thread.join()
    assert begun == [0]


def test_what_is_locked_is_tried_again_and_nothing_else(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))
    problems = ["database is locked", "database table is locked", "disk I/O error", "never seen"]

    def work(_session: Session, _is_retry: bool) -> None:
        raise sqlite3.OperationalError(problems.pop(0))

    with pytest.raises(StorageInternalError, match="disk I/O"):
        storage._database.write(work)
    assert problems == ["never seen"]


def test_closed_database_opens_again(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))
    for _ in range(2):
        storage.close()
        storage.close()
        storage.create_study(None, [MINIMIZE])
    assert len(storage.list_studies()) == 2
