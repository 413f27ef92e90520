from __future__ import annotations

import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import optimist
from optimist.distributions import FloatDistribution
from optimist.history.draft import StudyChange, TrialChange
from optimist.history.history import History
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import Terms
from optimist.storages.sql.storage import SQLStorage
from optimist.storages.sql.transaction import StudyTransaction
from tests.sql import inside

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
X = FloatDistribution(0.0, 1.0)


@pytest.fixture
def storage() -> SQLStorage:
    return SQLStorage("sqlite://")


@contextmanager
def traced(storage: SQLStorage) -> Iterator[list[str]]:
    """Every statement that the database runs meanwhile, transactions included, with its parameters filled in."""
    statements: list[str] = []
    with inside(storage) as connection:
        driver_connection = connection.connection.driver_connection
        assert driver_connection is not None
    driver_connection.set_trace_callback(statements.append)
    try:
        yield statements
    finally:
        driver_connection.set_trace_callback(None)


def ten_floats(trial: optimist.Trial) -> float:
    return sum(trial.suggest_float(f"x{i}", -5, 5) ** 2 for i in range(10))


def test_trial_without_reports_costs_one_commit(tmp_path: Path) -> None:
    storage = SQLStorage(f"sqlite:///{tmp_path}/study.db")
    study = optimist.create_study(storage=storage, sampler=optimist.samplers.RandomSampler())
    study.optimize(ten_floats, n_trials=2)
    with traced(storage) as statements:
        study.optimize(ten_floats, n_trials=10)
    verbs = [statement.split()[0] for statement in statements]
    assert verbs.count("COMMIT") == verbs.count("BEGIN") == 11  # each trial but the first begins as another one ends
    assert verbs.count("UPDATE") == 4 * 10
    assert verbs.count("INSERT") == 10
    assert len(verbs) == 72, "\n".join(statements[-9:])


def test_report_costs_one_commit(storage: SQLStorage) -> None:
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    begun = storage.begin_trial(study_id, 0)
    with traced(storage) as statements:
        cursor = storage.write(study_id, TrialChange(begun.number, reports={0: 1.0}), begun.delta.cursor)
    assert [statement.split()[0] for statement in statements] == ["BEGIN", "UPDATE", "INSERT", "COMMIT"]
    with traced(storage) as statements:
        assert storage.changes_since(study_id, cursor).changes == ()
    assert len(statements) == 1


def test_news_cost_two_selects(storage: SQLStorage) -> None:
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    storage.add_trials(study_id, [TrialChange(state=TrialState.FAIL, params=[("x", X, 0.5)]) for _ in range(5)])
    storage.write_study(study_id, StudyChange({"a": 1}))
    with traced(storage) as statements:
        assert len(storage.changes_since(study_id, 0).changes) == 6
    assert [statement.split()[0] for statement in statements] == ["SELECT", "SELECT"]


def test_every_statement_uses_an_index(storage: SQLStorage) -> None:
    with traced(storage) as statements:
        study_id = storage.create_study("study", [MAXIMIZE]).study_id
        storage.add_trials(study_id, [TrialChange(state=TrialState.WAITING, user_attrs={"a": 1})])
        storage.begin_trial(study_id, 0)
        storage.write(study_id, TrialChange(0, params=[("x", X, 0.5)], reports={0: 1.0}))
        storage.write(study_id, TrialChange(0, state=TrialState.COMPLETE, values=(1.0,)))
        storage.begin_trial(study_id, 1)
        storage.write(study_id, TrialChange(1, state=TrialState.FAIL))
        storage.write_study(study_id, StudyChange({"a": 1}))
        storage.changes_since(study_id, 1)
        storage.summary(study_id)
        storage.load_study("study")
        storage.delete_study(study_id)
    with inside(storage) as connection:
        for statement in statements:
            if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
                plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
                assert not any(step.startswith("SCAN") for step in plan), (statement, plan)
                assert not any("TEMP B-TREE" in step for step in plan), (statement, plan)


def test_best_is_that_of_the_history(storage: SQLStorage) -> None:
    rng = random.Random(2)
    for direction in (MINIMIZE, MAXIMIZE):
        study_id = storage.create_study(direction.name, [direction]).study_id
        history, cursor = History([direction]), 0
        for _ in range(150):
            number = storage.begin_trial(study_id, 0).number
            attrs = {"constraints:c": rng.choice([-1.0, 0.0, 1.0])} if rng.random() < 0.5 else {}
            state = rng.choice([TrialState.COMPLETE, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL])
            values = None if state == TrialState.FAIL else (float(rng.randrange(100)),)
            storage.write(study_id, TrialChange(number, state=state, values=values, system_attrs=attrs))
            delta = storage.changes_since(study_id, cursor)
            history.apply(delta.changes)
            cursor = delta.cursor
            best = storage.summary(study_id).best
            assert (best.number if best else -1) == (
                history.number.data[history.best_row] if history.best_row >= 0 else -1
            )


def test_older_form_of_constraints_is_understood(storage: SQLStorage) -> None:
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    for value, constraints in ((1.0, [0.5]), (2.0, [-1.0, 0.0]), (3.0, [])):
        number = storage.begin_trial(study_id, 0).number
        attrs = {"constraints": constraints}
        storage.write(study_id, TrialChange(number, state=TrialState.COMPLETE, values=(value,), system_attrs=attrs))
    best = storage.summary(study_id).best
    assert best is not None
    assert best.number == 1


def test_distributions_of_other_handles_are_learned(tmp_path: Path) -> None:
    one, two = (SQLStorage(f"sqlite:///{tmp_path}/study.db") for _ in range(2))
    study_id = one.create_study("study", [MINIMIZE]).study_id
    for i in range(6):
        storage, other = (one, two)[:: 1 if i % 2 else -1]
        number = storage.begin_trial(study_id, 0).number
        params = [("x", X, 0.5), (f"y{i // 2}", X, 0.25), (f"z{i}", X, 0.125)]
        storage.write(study_id, TrialChange(number, state=TrialState.COMPLETE, values=(-i,), params=params))
        best = other.summary(study_id).best
        assert best is not None
        assert list(best.params) == params
    rows = one.changes_since(study_id, 0).changes
    assert [list(change.params)[2][0] for change in rows if isinstance(change, TrialChange)] == [
        f"z{i}" for i in range(6)
    ]
    with one.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM optimist_distributions").scalar() == 10


def test_queue_that_another_worker_empties_meanwhile(storage: SQLStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    begin_new = StudyTransaction.begin_new
    answers = [None]  # as if somebody had waited at that moment

    def begin_new_at_second(transaction: StudyTransaction, started_us: int, terms: Terms) -> TrialChange | None:
        return answers.pop() if answers else begin_new(transaction, started_us, terms)

    monkeypatch.setattr(StudyTransaction, "begin_new", begin_new_at_second)
    assert storage.begin_trial(study_id, 0).number == 0


def test_failed_write_leaves_no_distribution_behind(storage: SQLStorage) -> None:
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    with pytest.raises(KeyError):
        storage.write(study_id, TrialChange(7, params=[("x", X, 0.5)]))
    number = storage.begin_trial(study_id, 0).number
    storage.write(study_id, TrialChange(number, params=[("y", X, 0.5)]))
    storage.write(study_id, TrialChange(number, params=[("x", X, 0.25)]))
    (change, more, last) = storage.changes_since(study_id, 0).changes
    assert isinstance(change, TrialChange)
    assert isinstance(more, TrialChange)
    assert isinstance(last, TrialChange)
    assert [*more.params, *last.params] == [("y", X, 0.5), ("x", X, 0.25)]


def test_reports_leave_nothing_behind(storage: SQLStorage) -> None:
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    for _ in range(3):
        number = storage.begin_trial(study_id, 0).number
        for step in range(4):
            storage.write(study_id, TrialChange(number, reports={step: 1.0}))
        storage.write(study_id, TrialChange(number, state=TrialState.PRUNED))
    with inside(storage) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM optimist_changes").scalar() == 0


def test_deleted_study_leaves_nothing_behind(storage: SQLStorage) -> None:
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    storage.write_study(study_id, StudyChange({"a": 1}))
    number = storage.begin_trial(study_id, 0).number
    storage.write(study_id, TrialChange(number, params=[("x", X, 0.5)]))
    storage.delete_study(study_id)
    with inside(storage) as connection:
        for table in ("studies", "study_attrs", "distributions", "trials", "changes"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM optimist_{table}").scalar() == 0


def test_deprecated_distributions_are_kept_as_todays(storage: SQLStorage) -> None:
    with pytest.warns(FutureWarning):
        old = optimist.distributions.UniformDistribution(0.0, 1.0)
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    storage.add_trials(study_id, [TrialChange(state=TrialState.FAIL, params=[("x", old, 0.5)])])
    (change,) = storage.changes_since(study_id, 0).changes
    assert isinstance(change, TrialChange)
    assert list(change.params) == [("x", X, 0.5)]


def test_text_of_a_storage_shows_no_password(storage: SQLStorage) -> None:
    storage.url = storage.url.set(drivername="mysql", username="u", password="secret", host="h")
    assert "secret" not in repr(storage)
    assert "***" in repr(storage)


def test_storage_in_memory_does_not_travel(storage: SQLStorage) -> None:
    with pytest.raises(TypeError, match="lives in this process only"):
        pickle.dumps(storage)


def test_log_is_folded_into_the_file_at_the_end(tmp_path: Path) -> None:
    code = f"""
import optimist
optimist.logging.set_verbosity(optimist.logging.ERROR)
study = optimist.create_study(storage={str(tmp_path / "study.db")!r}, study_name="s")
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]


def test_finished_storage_gives_its_file_back(tmp_path: Path) -> None:
    storage = SQLStorage(f"sqlite:///{tmp_path}/study.db")
    storage.create_study("study", [MINIMIZE])
    del storage
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]
