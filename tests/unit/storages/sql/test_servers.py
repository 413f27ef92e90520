"""What is particular to servers: they restart, lose answers, count statements and have databases to make."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.exceptions import DuplicatedStudyError, StorageInternalError
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import Terms
from optimist.storages.sql.dialects.base import Dialect
from optimist.storages.sql.dialects.mysql import MySQL
from optimist.storages.sql.dialects.postgresql import PostgreSQL
from optimist.storages.sql.session import Session
from optimist.storages.sql.storage import SQLStorage, create_database
from optimist.testing.storages.reader import read
from tests.servers import running, url_for
from tools.servers import MariaDB, Server
from tools.servers import PostgreSQL as PostgreSQLServer

pytestmark = pytest.mark.slow

MINIMIZE = StudyDirection.MINIMIZE
X = optimist.distributions.FloatDistribution(0.0, 1.0)


@pytest.fixture(params=["mariadb", "postgresql"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def url(server: Server, tmp_path: Path) -> str:
    url = url_for(server, tmp_path)
    create_database(url)
    return url


@pytest.fixture
def storage(url: str) -> Iterator[SQLStorage]:
    storage = SQLStorage(url)
    yield storage
    storage.close()


# Databases


def test_database_is_made_on_request(server: Server, tmp_path: Path) -> None:
    url = url_for(server, tmp_path)
    with pytest.raises(StorageInternalError, match=r"has no database 'test_.*create_database=True"):
        optimist.create_study(storage=url)
    study = optimist.create_study(storage=url, study_name="s", create_database=True)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    again = optimist.create_study(storage=url, study_name="s", create_database=True, load_if_exists=True)
    assert len(again.trials) == 2
    assert not create_database(url)


def test_wrong_login_is_refused_at_once(server: Server) -> None:
    _, _, address = server.url.partition("@")
    kind = server.url.partition("://")[0]
    start = time.monotonic()
    with pytest.raises(StorageInternalError, match="refuses the login") as caught:
        SQLStorage(f"{kind}://nobody:secret@{address}")
    assert "secret" not in str(caught.value)
    assert time.monotonic() - start < 10


def test_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr(MySQL, "opening_patience_s", 0.3)
    monkeypatch.setattr(PostgreSQL, "opening_patience_s", 0.3)
    kind = server.url.partition("://")[0]
    with pytest.raises(StorageInternalError, match="No server answers there"):
        SQLStorage(f"{kind}://someone@127.0.0.1:1/nothing")


# Answers that are lost


class Lost(Exception):
    """What happens to the answer of a commit."""


def lose_answers(storage: SQLStorage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every commit succeed and every first answer to one be lost, with the connection; what was lost."""
    dialect = storage._database.dialect
    lost: list[str] = []
    error = connection_error(dialect)

    def losing(name: str) -> None:
        method: Callable[..., Any] = getattr(dialect, name)

        def lose(first: Any, *arguments: Any) -> Any:
            result = method(first, *arguments)
            if result is None and name != "commit":
                return None  # nothing was committed
            driver = first.driver if isinstance(first, Session) else first
            if len(lost) % 2 == 0:
                lost.append(name)
                driver.close()
                raise error
            lost.append("")
            return result

        monkeypatch.setattr(dialect, name, lose, raising=True)

    for name in ("commit", "begin_at_once", "finish_at_once", "finish_and_begin_at_once"):
        losing(name)
    return lost


def connection_error(dialect: Dialect) -> Exception:
    if isinstance(dialect, MySQL):
        import pymysql

        return pymysql.OperationalError(2013, "Lost connection to MySQL server during query")
    import psycopg

    return psycopg.OperationalError("server closed the connection unexpectedly")


def test_nothing_is_done_twice(storage: SQLStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = lose_answers(storage, monkeypatch)
    study_id = storage.create_study("s", [MINIMIZE]).study_id
    with pytest.raises(DuplicatedStudyError):
        storage.create_study("s", [MINIMIZE])
    storage.write_study(study_id, StudyChange({"a": 1}))
    assert storage.add_trials(
        study_id, [TrialChange(state=TrialState.WAITING, user_attrs={"i": i}) for i in range(3)]
    ) == [
        0,
        1,
        2,
    ]
    assert [storage.begin_trial(study_id, 0).number for _ in range(5)] == [0, 1, 2, 3, 4]
    assert storage.begin_trial(study_id, 0, Terms(lease_s=0.0)).number == 5
    for number in range(5):
        storage.write(study_id, TrialChange(number, params=[("x", X, 0.5)], reports={0: 1.0}))
        if number % 2:
            storage.write(study_id, TrialChange(number, user_attrs={"n": number}))
        storage.write(study_id, TrialChange(number, state=TrialState.COMPLETE, values=(1.0,)))
    assert storage.reclaim(study_id, TrialChange(5, state=TrialState.FAIL), TrialChange(state=TrialState.WAITING))
    assert storage.claim(study_id, 6)
    plain = storage.begin_trial(study_id, 0).number
    storage.write(study_id, TrialChange(plain, state=TrialState.COMPLETE, values=(1.0,), params=[("x", X, 0.5)]))
    reader = read(storage, study_id)
    begun = reader.begin()
    for _ in range(4):
        end = TrialChange(begun, state=TrialState.COMPLETE, values=(1.0,), params=[("x", X, 0.5)])
        number = reader.finish_and_begin(end)
        assert number == begun + 1
        begun = number
    storage.write(study_id, TrialChange(begun, reports={0: 1.0}))
    number = reader.finish_and_begin(TrialChange(begun, state=TrialState.PRUNED))  # the long way
    assert number == begun + 1
    storage.write(study_id, TrialChange(number, state=TrialState.PRUNED))
    summary = storage.summary(study_id)
    assert summary.best is not None
    assert summary.best.number == 0
    assert summary.counts == {
        TrialState.RUNNING: 1,
        TrialState.COMPLETE: 10,
        TrialState.PRUNED: 2,
        TrialState.FAIL: 1,
        TrialState.WAITING: 0,
    }
    trials = read(storage, study_id).trials
    assert sorted(trials) == list(range(14))
    assert all(trials[i].reports == {0: 1.0} for i in range(5))
    storage.delete_study(study_id)
    assert storage.list_studies() == []
    assert {"commit", "begin_at_once", "finish_at_once", "finish_and_begin_at_once"} <= set(lost)


def test_study_that_others_make_at_the_same_moment(storage: SQLStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Session.first

    def overtaken(session: Session, statement: Any, params: Any) -> Any:
        found = first(session, statement, params)
        if found is None and "named" in params:
            monkeypatch.setattr(Session, "first", first)
            SQLStorage(storage.url).create_study(params["named"], [MINIMIZE])
        return found

    monkeypatch.setattr(Session, "first", overtaken)
    with pytest.raises(DuplicatedStudyError):
        storage.create_study("s", [MINIMIZE])
    assert [record.name for record in storage.list_studies()] == ["s"]


def test_dropped_connections_are_made_anew(storage: SQLStorage, server: Server) -> None:
    study_id = storage.create_study("s", [MINIMIZE]).study_id
    for i in range(6):
        drop_connections(storage, server)
        assert storage.begin_trial(study_id, 0).number == i
        drop_connections(storage, server)
        assert len(storage.changes_since(study_id, 0).changes) == 2 * i + 1 - i
        storage.write(study_id, TrialChange(i, state=TrialState.FAIL))


def drop_connections(storage: SQLStorage, server: Server) -> None:
    """End all connections to the test's database, from the server's side."""
    name = storage.url.database
    if isinstance(server, MariaDB):
        ids = server.query(f"SELECT id FROM information_schema.processlist WHERE db = '{name}'").split()[1:]
        for one in ids:
            server.query(f"KILL {one}")
    else:
        assert isinstance(server, PostgreSQLServer)
        server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'", "postgres")


@pytest.mark.parametrize("kind", [MariaDB, PostgreSQLServer])
def test_server_that_is_away_for_a_while(kind: type[Server], tmp_path: Path) -> None:
    """On a server of its own, for it is killed."""
    with running(kind) as server:
        study = optimist.create_study(storage=server.url, sampler=optimist.samplers.RandomSampler(seed=1))
        comes_back = threading.Timer(3.0, server.start)

        def stop(study: optimist.Study, trial: optimist.trial.FrozenTrial) -> None:
            if trial.number == 10:
                server.stop(signal.SIGKILL)
                comes_back.start()

        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=30, callbacks=[stop])
        comes_back.join()
        assert [trial.number for trial in study.trials] == list(range(30))
        assert all(trial.state == TrialState.COMPLETE for trial in study.trials)
        study.ledger.storage.close()


def test_a_server_may_be_away_for_minutes() -> None:
    assert min(MySQL.patience_s, PostgreSQL.patience_s) >= 120


# What it costs


def test_statements_of_a_plain_trial(storage: SQLStorage, server: Server) -> None:
    study = optimist.create_study(storage=storage, sampler=optimist.samplers.RandomSampler(seed=1))

    def objective(trial: optimist.Trial) -> float:
        return sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(10))

    study.optimize(objective, n_trials=2)
    before = counts(storage, server)
    study.optimize(objective, n_trials=20)
    after = counts(storage, server)
    n_commits, n_statements = ((after[i] - before[i]) / 20 for i in range(2))
    assert n_commits <= 2
    assert n_statements <= 5.2  # what it costs to ask is counted too


def counts(storage: SQLStorage, server: Server) -> tuple[int, int]:
    """How many commits and other statements the server has counted, on all its databases."""
    if isinstance(server, MariaDB):
        rows = dict(line.split("\t") for line in server.query("SHOW GLOBAL STATUS LIKE 'Com\\_%'").splitlines())
        verbs = (
            "select",
            "insert",
            "insert_select",
            "update",
            "update_multi",
            "delete",
            "begin",
            "rollback",
            "set_option",
        )
        return int(rows["Com_commit"]), sum(int(rows[f"Com_{verb}"]) for verb in verbs)
    assert isinstance(server, PostgreSQLServer)
    time.sleep(1.1)  # it publishes its counts once a second
    commits = server.query(f"SELECT xact_commit FROM pg_stat_database WHERE datname = '{storage.url.database}'")
    return int(commits), int(commits)  # each statement of ours is a transaction of its own


# To look at


def test_views_show_trials(storage: SQLStorage) -> None:
    study = optimist.create_study(storage=storage, study_name="s")
    study.set_user_attr("note", {"a": [1]})

    def objective(trial: optimist.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.suggest_categorical("kind", ["a", "b'\"\\"])
        trial.set_user_attr('quo"te', "it's")
        trial.report(float("inf"), 0)
        trial.report(0.5, 7)
        return x

    study.enqueue_trial({"x": 0.25, "kind": "b'\"\\"})
    study.optimize(objective, n_trials=1)
    running = study.ask()
    running.suggest_int("n", 5, 5)
    running.report({"loss": 2.5, "größe": float("nan")}, 3)
    running.report({"loss": 2.0, "accuracy": 0.5}, 4)

    def rows(query: str) -> list[tuple[Any, ...]]:
        found = storage._database.read(lambda session: session.connection.exec_driver_sql(query).all())
        return [tuple(row) for row in found]

    assert rows("SELECT study, number, state, value FROM optimist_view_trials ORDER BY number") == [
        ("s", 0, "COMPLETE", 0.25),
        ("s", 1, "RUNNING", None),
    ]
    params = rows("SELECT number, position, name, value FROM optimist_view_params ORDER BY number, position")
    assert params == [(0, 0, "x", "0.25"), (0, 1, "kind", "b'\"\\"), (1, 0, "n", "5")]
    assert rows("SELECT number, objective, value FROM optimist_view_values") == [(0, 0, 0.25)]
    steps = rows("SELECT step, value FROM optimist_view_intermediate_values WHERE number = 0 ORDER BY step")
    assert steps[1] == (7, 0.5)
    assert steps[0][1] > 1e308
    found = rows("SELECT number, step, name, value FROM optimist_view_intermediate_metrics ORDER BY step, name")
    nan = found.pop(0 if found[0][2] == "größe" else 1)
    assert nan[:3] == (1, 3, "größe")
    assert nan[3] is None or nan[3] != nan[3]
    assert found == [(1, 3, "loss", 2.5), (1, 4, "accuracy", 0.5), (1, 4, "loss", 2.0)]
    attrs = rows("SELECT number, is_system, name, value FROM optimist_view_attrs WHERE is_system = 0 ORDER BY name")
    assert (0, 0, 'quo"te', "it's") in attrs
    assert any(number is None and name == "note" for number, _, name, _ in attrs)
    started = rows("SELECT started FROM optimist_view_trials WHERE number = 0")[0][0]
    assert abs(started.timestamp() - started.timestamp()) < 1
    assert started.year >= 2024


def test_long_texts_come_back(storage: SQLStorage) -> None:
    study = optimist.create_study(storage=storage, study_name="s")
    text = "🦜\0'\"\\" * 250_000  # about 2 MB
    study.set_user_attr("text", text)
    assert optimist.load_study(study_name="s", storage=storage).user_attrs["text"] == text
