from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from optimist.exceptions import StorageInternalError
from optimist.states import StudyDirection
from optimist.storages.open import upgrade_storage_at
from optimist.storages.sql import schema, upgrade
from optimist.storages.sql.database import Database
from optimist.storages.sql.storage import SQLStorage
from optimist.storages.sql.urls import parse_url

MINIMIZE = StudyDirection.MINIMIZE


def url_in(directory: Path) -> str:
    return f"sqlite:///{directory}/study.db"


def execute(directory: Path, *statements: str) -> None:
    with sqlite3.connect(directory / "study.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def objects_of(database: Database) -> dict[str, str]:
    """The statement that makes each table, index and view, spaces and quotes aside."""
    question = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    rows = database.read(lambda session: session.connection.exec_driver_sql(question).all())
    return {name: re.sub(r"\s+|[\"']", "", sql).lower() for name, sql in rows}


def test_names_begin_with_ours(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))
    with storage.engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'").scalars()
        assert all(name.startswith("optimist_") for name in names)


def test_file_is_prepared(tmp_path: Path) -> None:
    storage = SQLStorage(url_in(tmp_path))
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("SELECT version_num FROM optimist_alembic_version").scalar() == "0001"


def test_migrations_lead_to_the_same_schema() -> None:
    direct, migrated = Database(parse_url("sqlite://")), Database(parse_url("sqlite://"))
    schema.open_schema(direct)
    upgrade.migrate(migrated)
    assert objects_of(migrated) == objects_of(direct)
    assert migrated.read(lambda session: schema.find_version(session.connection)) == schema.REVISIONS[-1]


def test_revisions_are_those_of_the_migrations() -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(upgrade.__file__).parent / "migrations"))
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(revisions)) == schema.REVISIONS


def test_opening_loads_no_alembic(tmp_path: Path) -> None:
    code = f"""
import sys
from optimist.storages.open import open_storage
open_storage({url_in(tmp_path)!r}).list_studies()
assert "alembic" not in sys.modules
assert "sqlalchemy.orm" not in sys.modules
assert "sqlalchemy.dialects.postgresql" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_newer_schema_is_refused(tmp_path: Path) -> None:
    SQLStorage(url_in(tmp_path)).close()
    execute(tmp_path, "UPDATE optimist_alembic_version SET version_num = '9999'")
    refused: Callable[[str], object]
    for refused in (SQLStorage, upgrade_storage_at):
        with pytest.raises(StorageInternalError, match=r"newer release \(schema 9999.*pip install --upgrade"):
            refused(url_in(tmp_path))


def test_older_schema_asks_for_an_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = SQLStorage(url_in(tmp_path))
    study_id = storage.create_study("kept", [MINIMIZE]).study_id
    storage.begin_trial(study_id, 0)
    storage.close()
    # The schema of the future is that of today with a table more.
    new = ("0001", "0002")
    monkeypatch.setattr(schema, "REVISIONS", new)
    monkeypatch.setattr(upgrade, "REVISIONS", new)

    def migrate(config: object, revision: str) -> None:
        assert revision == "head"
        connection = config.attributes["connection"]  # type: ignore[attr-defined]
        connection.exec_driver_sql("CREATE TABLE optimist_new (id INTEGER)")
        connection.exec_driver_sql("UPDATE optimist_alembic_version SET version_num = '0002'")

    monkeypatch.setattr("alembic.command.upgrade", migrate)
    with pytest.raises(StorageInternalError, match=r"older release.*optimist storage upgrade --storage sqlite:///"):
        SQLStorage(url_in(tmp_path))
    assert upgrade_storage_at(url_in(tmp_path))
    assert not upgrade_storage_at(str(tmp_path / "study.db"))
    storage = SQLStorage(url_in(tmp_path))
    assert [record.name for record in storage.list_studies()] == ["kept"]
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT number FROM optimist_view_trials").all() == [(0,)]


def test_failed_upgrade_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SQLStorage(url_in(tmp_path)).close()
    before = objects_of(Database(parse_url(url_in(tmp_path))))
    monkeypatch.setattr(upgrade, "REVISIONS", ("0001", "0002"))

    def break_off(config: object, revision: str) -> None:
        config.attributes["connection"].exec_driver_sql("DROP TABLE optimist_trials")  # type: ignore[attr-defined]
        raise RuntimeError("power cut")

    monkeypatch.setattr("alembic.command.upgrade", break_off)
    monkeypatch.setattr(schema, "REVISIONS", ("0001", "0002"))
    with pytest.raises(RuntimeError, match="power cut"):
        upgrade_storage_at(url_in(tmp_path))
    assert objects_of(Database(parse_url(url_in(tmp_path)))) == before


def test_upgrade_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageInternalError, match="nothing to upgrade"):
        upgrade_storage_at(url_in(tmp_path))


def test_file_with_optunas_studies_alone_is_refused(tmp_path: Path) -> None:
    names = ("studies", "trials", "version_info", "alembic_version", "trial_params")
    execute(tmp_path, *(f"CREATE TABLE {name} (id INTEGER)" for name in names))
    with pytest.raises(StorageInternalError, match=r"Optuna.*optimist import sqlite:.*--to STORAGE"):
        SQLStorage(url_in(tmp_path))
    with sqlite3.connect(tmp_path / "study.db") as connection:
        assert len(connection.execute("SELECT * FROM sqlite_master").fetchall()) == len(names)
    connection.close()


def test_file_is_shared_with_others_tables(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE studies (id INTEGER)", "CREATE TABLE alembic_version (id INTEGER)")
    SQLStorage(url_in(tmp_path)).create_study("mine", [MINIMIZE])
    execute(tmp_path, *(f"CREATE TABLE {name} (id INTEGER)" for name in ("trials", "version_info")))
    assert len(SQLStorage(url_in(tmp_path)).list_studies()) == 1


def test_interrupted_creation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(connection: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(schema, "create_views", break_off)
        with pytest.raises(KeyboardInterrupt):
            SQLStorage(url_in(tmp_path))
    assert SQLStorage(url_in(tmp_path)).list_studies() == []
