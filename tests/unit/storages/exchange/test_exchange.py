"""Studies go to Optuna's stores and come back: what is refused, and what is left behind when a copy breaks off."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.exceptions import DuplicatedStudyError, StorageInternalError, StudyNotFoundError
from optimist.storages import CopiedStudy, InMemoryStorage, export_to_optuna, import_from_optuna
from optimist.storages.exchange import database
from optimist.storages.exchange.opening import open_source
from optimist.storages.memory import MemoryStore
from optimist.trial import TrialState, create_trial


def make_study(storage: Any, name: str = "s", n_trials: int = 3) -> optimist.Study:
    study = optimist.create_study(storage=storage, study_name=name)
    study.add_trials(
        create_trial(
            value=float(i), params={"x": i}, distributions={"x": optimist.distributions.IntDistribution(0, 99)}
        )
        for i in range(n_trials)
    )
    return study


@pytest.fixture
def optunas(tmp_path: Path) -> str:
    """A database of Optuna's with the studies "a" and "b"."""
    storage = InMemoryStorage()
    make_study(storage, "a", 7)
    make_study(storage, "b", 2)
    url = f"sqlite:///{tmp_path}/optuna.db"
    export_to_optuna(url, storage)
    return url


def values_of(storage: Any, name: str) -> list[float | None]:
    return [trial.value for trial in optimist.load_study(study_name=name, storage=storage).trials]


def execute(url: str, statement: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute(statement)
        connection.commit()


# Batches


@pytest.mark.parametrize("rows", [1, 10, 10**6])
def test_batches_are_as_large_as_rows_allow(optunas: str, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(database, "_FIRST_BATCH", 2)
    monkeypatch.setattr(database, "_MOST_ROWS", rows)
    source = open_source(optunas)
    batches = [(study.name, [t.number for t in trials]) for study, trials in source.batches(source.studies())]
    source.close()
    assert [number for name, numbers in batches for number in numbers if name == "a"] == list(range(7))
    sizes = [len(numbers) for name, numbers in batches if name == "a"]
    assert sizes == {1: [2, 1, 1, 1, 1, 1], 10: [2, 5], 10**6: [2, 5]}[rows]


def test_progress(optunas: str) -> None:
    told: list[tuple[str, int, int]] = []
    import_from_optuna(optunas, InMemoryStorage(), progress=lambda *step: told.append(step))
    assert told == [("a", 7, 7), ("b", 2, 2)]


def test_trials_of_several_studies_in_turn(tmp_path: Path) -> None:
    """Ids of trials are common to all studies, so that those of one have gaps."""
    ours = InMemoryStorage()
    url = f"sqlite:///{tmp_path}/optuna.db"
    for name in "ab":
        export_to_optuna(url, make_study(ours, name, 4)._storage, study_names=[name])
    tables = ("trial_params", "trial_values", "trials")
    for table in tables:  # 1 2 3 4 and 5 6 7 8 become 1 3 5 7 and 2 4 6 8
        execute(url, f"UPDATE {table} SET trial_id = -trial_id")
        execute(
            url, f"UPDATE {table} SET trial_id = CASE WHEN -trial_id <= 4 THEN -2*trial_id-1 ELSE -2*trial_id-8 END"
        )
    back = InMemoryStorage()
    import_from_optuna(url, back)
    for name in "ab":
        assert (
            optimist.load_study(study_name=name, storage=back)
            .trials_dataframe(("number", "value", "params"))
            .equals(optimist.load_study(study_name=name, storage=ours).trials_dataframe(("number", "value", "params")))
        )


# The same database for both


def test_both_share_a_database(optunas: str) -> None:
    with pytest.raises(StorageInternalError, match=r"holds studies of Optuna.*optimist import sqlite.* --to"):
        optimist.create_study(storage=optunas)
    assert import_from_optuna(optunas, optunas) == [CopiedStudy("a", 7), CopiedStudy("b", 2)]
    assert values_of(optunas, "b") == [0.0, 1.0]
    make_study(optunas, "c")
    assert export_to_optuna(optunas, optunas, study_names=["c"]) == [CopiedStudy("c", 3)]
    back = InMemoryStorage()
    assert [study.name for study in import_from_optuna(optunas, back)] == ["a", "b", "c"]


# Names


def test_names(optunas: str, tmp_path: Path) -> None:
    target = str(tmp_path / "ours.db")
    with pytest.raises(StudyNotFoundError, match=r"no study named 'z' to import. The source has: 'a', 'b'"):
        import_from_optuna(optunas, target, study_names=["a", "z"])
    assert not Path(target).exists()
    assert import_from_optuna(optunas, target, study_names=["b"]) == [CopiedStudy("b", 2)]
    with pytest.raises(DuplicatedStudyError, match=r"'b' already, with 2 trials \(2 would be imported\)"):
        import_from_optuna(optunas, target)
    assert import_from_optuna(optunas, target, skip_if_exists=True) == [CopiedStudy("a", 7)]
    with pytest.raises(DuplicatedStudyError, match=r"'a' already, with 7 .* and 1 more"):
        import_from_optuna(optunas, target)
    with pytest.raises(DuplicatedStudyError, match=r"'b' already\. Nothing was exported"):
        export_to_optuna(optunas, target)
    with pytest.raises(StudyNotFoundError):
        export_to_optuna(optunas, target, study_names=["z"])


# Copies that break off


def test_broken_import_leaves_nothing(optunas: str) -> None:
    class Full(MemoryStore):
        def add_trials(self, study_id: int, trials: Any) -> list[int]:
            if len(trials) == 2:
                raise KeyboardInterrupt
            return super().add_trials(study_id, trials)

    target = Full()
    with pytest.raises(KeyboardInterrupt):
        import_from_optuna(optunas, target)
    assert target.list_studies() == []


def test_broken_export_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, url = InMemoryStorage(), f"sqlite:///{tmp_path}/optuna.db"
    make_study(storage, "a")
    export_to_optuna(url, storage)
    make_study(storage, "b")
    execute(url, "DROP TABLE trial_intermediate_values")
    optimist.load_study(study_name="b", storage=storage).add_trial(
        create_trial(value=1.0, intermediate_values={0: 1.0})
    )
    with pytest.raises(StorageInternalError, match=r"optuna\.db: Tables are missing"):
        export_to_optuna(url, storage, study_names=["b"])
    with closing(sqlite3.connect(tmp_path / "optuna.db")) as connection:
        assert connection.execute("SELECT study_name FROM studies").fetchall() == [("a",)]
        assert connection.execute("SELECT count(*) FROM trials").fetchone() == (3,)


# What is not Optuna's


def test_export_spares_the_database_of_another_program(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    execute(url, "CREATE TABLE alembic_version (version_num TEXT)")
    execute(url, "INSERT INTO alembic_version VALUES ('abc')")
    with pytest.raises(StorageInternalError, match=r"another program.*\(revision abc\)"):
        export_to_optuna(url, make_study(InMemoryStorage())._storage)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("alembic_version",)]


def test_tables_that_were_begun_are_completed(optunas: str) -> None:
    """MySQL commits each table when it is made, so that an interrupted export leaves some."""
    for table in ("trial_values", "version_info"):
        execute(optunas, f"DROP TABLE {table}")
    execute(optunas, "DELETE FROM alembic_version")
    storage = InMemoryStorage()
    make_study(storage, "new")
    export_to_optuna(optunas, storage)
    assert import_from_optuna(optunas, InMemoryStorage(), study_names=["new"]) == [CopiedStudy("new", 3)]


def test_what_is_not_optunas_is_refused(tmp_path: Path, optunas: str) -> None:
    for name in ("nothing.db", "journal://nothing.log"):
        with pytest.raises(FileNotFoundError, match="There is no file nothing"):
            import_from_optuna(name, InMemoryStorage())
    with pytest.raises(StorageInternalError, match="There is no file"):
        import_from_optuna(f"sqlite:///{tmp_path}/nothing.db", InMemoryStorage())
    assert not (tmp_path / "nothing.db").exists()
    with pytest.raises(ValueError, match="No storage is known that opens ftp://"):
        import_from_optuna("ftp://host/file", InMemoryStorage())
    ours = str(tmp_path / "ours.db")
    make_study(ours)
    with pytest.raises(StorageInternalError, match="holds no studies of Optuna"):
        import_from_optuna(ours, InMemoryStorage())
    journal = f"journal://{tmp_path}/ours.journal"
    make_study(journal)
    with pytest.raises(StorageInternalError, match=r"line 1: this is not a line of Optuna's.*copy_study"):
        import_from_optuna(journal, InMemoryStorage())
    execute(optunas, "UPDATE alembic_version SET version_num = 'v2.6.0.a'")
    for work in (import_from_optuna, export_to_optuna):
        with pytest.raises(StorageInternalError, match=r"revision v2.6.0.a; known is .*optuna storage upgrade"):
            work(optunas, InMemoryStorage())


def test_gaps_in_numbers_are_closed(optunas: str, caplog: pytest.LogCaptureFixture) -> None:
    for table in ("trial_params", "trial_values", "trials"):
        execute(optunas, f"DELETE FROM {table} WHERE trial_id = 2")
    target = InMemoryStorage()
    logger = optimist.logging.get_logger("optimist")
    logger.addHandler(caplog.handler)
    try:
        import_from_optuna(optunas, target)
    finally:
        logger.removeHandler(caplog.handler)
    assert "'a': the numbers of its trials had gaps" in caplog.text
    assert values_of(target, "a") == [0.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_study_without_direction(optunas: str) -> None:
    execute(optunas, "UPDATE study_directions SET direction = 'NOT_SET' WHERE study_id = 1")
    execute(optunas, "DELETE FROM study_directions WHERE study_id = 2")
    target = InMemoryStorage()
    import_from_optuna(optunas, target)
    for name in "ab":
        study = optimist.load_study(study_name=name, storage=target)
        assert study.direction == optimist.study.StudyDirection.MINIMIZE


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("UniformDistribution", {"low": 0.0, "high": 9.0}),
        ("IntUniformDistribution", {"low": 0, "high": 9, "step": 1}),
    ],
)
def test_distributions_of_early_releases(optunas: str, name: str, attributes: dict[str, Any]) -> None:
    text = json.dumps({"name": name, "attributes": attributes})
    execute(optunas, f"UPDATE trial_params SET distribution_json = '{text}'")
    target = InMemoryStorage()
    import_from_optuna(optunas, target, study_names=["b"])
    trial = optimist.load_study(study_name="b", storage=target).trials[1]
    assert trial.params == {"x": 1}
    assert type(trial.distributions["x"]).__name__ == name.replace("Uniform", "").replace("Distribution", "") + (
        "Distribution" if name.startswith("Int") else "FloatDistribution"
    )


# Journals

CREATE = '{"op_code":0,"worker_id":"w","study_name":"s","directions":[1]}\n'
BEGIN = '{"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-01-01T00:00:00+00:00"}\n'


def end(trial: int, value: float) -> str:
    at = '"datetime_complete":"2026-01-01T00:00:01"'  # without a zone, as early releases wrote it
    return f'{{"op_code":6,"worker_id":"w","trial_id":{trial},"state":1,"values":[{value}],{at}}}\n'


def test_journal_in_any_order_of_ends(tmp_path: Path) -> None:
    path = tmp_path / "optuna.log"
    path.write_text(CREATE + 4 * BEGIN + end(2, 2.5) + end(0, 0.5) + end(1, 1e300) + '{"op_code":6,"tri')
    target = InMemoryStorage()
    assert import_from_optuna(path, target) == [CopiedStudy("s", 4)]
    study = optimist.load_study(study_name="s", storage=target)
    assert [trial.value for trial in study.trials] == [0.5, 1e300, 2.5, None]
    assert study.trials[3].state == TrialState.RUNNING
    complete = study.trials[0].datetime_complete
    assert complete is not None
    assert (complete.year, complete.month, complete.second) == (2026, 1, 1)


def test_large_journal_comes_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "optuna.log"
    path.write_text(CREATE + "".join(BEGIN + end(i, i) for i in range(1100)))
    source = open_source(path)
    assert [len(trials) for _, trials in source.batches(source.studies())] == [500, 500, 100]
    assert [len(trials) for _, trials in open_source(path).batches([])] == []


def test_damaged_journal(tmp_path: Path) -> None:
    path = tmp_path / "optuna.log"
    path.write_text(f'{CREATE}\n{BEGIN}{{"op_code":6,"tri{BEGIN}')
    with pytest.raises(StorageInternalError, match=r"optuna.log, line 4: .* take the line out"):
        import_from_optuna(path, InMemoryStorage())
    path.write_text(CREATE + '{"op_code":17}\n')
    with pytest.raises(StorageInternalError, match="line 2: this is not a line of Optuna's journal"):
        import_from_optuna(path, InMemoryStorage())
