"""Studies go from Optuna's stores to ours and back, and nothing differs, field by field."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

import optimist
from optimist.storages import export_to_optuna, import_from_optuna
from optimist.storages.exchange import tables
from tests.peers.exchanged import Spec, make, of_optimist, of_optuna, studies, told
from tests.servers import url_for
from tools.servers import Server

FEW = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
_counter = itertools.count()
_opened: list[RDBStorage] = []


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as Optuna makes it: to be copied, for that takes it half a second."""
    path = tmp_path_factory.mktemp("empty") / "optuna.db"
    close(RDBStorage(f"sqlite:///{path}"))
    return path


def close(storage: Any) -> None:
    storage.remove_session()
    storage.engine.dispose()


class Place:
    """Files for one example."""

    def __init__(self, directory: Path, empty: Path) -> None:
        self._directory = directory / str(next(_counter))
        self._directory.mkdir()
        self._empty = empty

    def new(self, kind: str) -> str:
        """A URL of a file that does not exist yet."""
        path = self._directory / f"{next(_counter)}.{kind}"
        return f"journal://{path}" if kind == "journal" else f"sqlite:///{path}"

    def optunas(self) -> str:
        """The URL of an empty database of Optuna's."""
        url = self.new("db")
        shutil.copy(self._empty, url.removeprefix("sqlite:///"))
        return url


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Do not wait for the disk, live where local time is not UTC, and close what Optuna leaves open."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
    while _opened:
        close(_opened.pop())


@pytest.fixture
def place(tmp_path: Path, empty: Path) -> Place:
    return Place(tmp_path, empty)


def open_optuna(url: str) -> Any:
    scheme, _, rest = url.partition("://")
    if scheme == "journal":
        return JournalStorage(JournalFileBackend(rest))
    storage = RDBStorage(url, engine_kwargs={"poolclass": sqlalchemy.pool.NullPool} if scheme == "sqlite" else None)
    if scheme == "sqlite":
        hurry = sqlalchemy.event.listens_for(storage.engine, "connect")
        hurry(lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    _opened.append(storage)
    return storage


# Both ways, with any content


@FEW
@given(spec=studies(optuna))
def test_import_of_a_database(place: Place, spec: Spec) -> None:
    source, target = place.optunas(), place.new("db")
    storage = open_optuna(source)
    expected = told(make(optuna, storage, spec))
    assert import_from_optuna(source, target) == [optimist.storages.CopiedStudy(spec["name"], len(expected["trials"]))]
    assert of_optimist(target, spec["name"]) == expected
    close(storage)


@FEW
@given(spec=studies(optuna))
def test_import_of_a_journal(place: Place, spec: Spec) -> None:
    source, target = place.new("journal"), place.new("db")
    expected = told(make(optuna, open_optuna(source), spec))
    import_from_optuna(source, target)
    assert of_optimist(target, spec["name"]) == expected


@FEW
@given(spec=studies(optimist))
def test_export(place: Place, spec: Spec) -> None:
    source, target = optimist.storages.InMemoryStorage(), place.new("db")
    expected = told(make(optimist, source, spec))
    export_to_optuna(target, source)
    assert of_optuna(open_optuna(target), spec["name"]) == expected
    again = optimist.storages.InMemoryStorage()
    import_from_optuna(target, again)
    assert of_optimist(again, spec["name"]) == expected


# Servers


@pytest.fixture(params=["mariadb", "postgresql"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.mark.slow
def test_servers_both_ways(server: Server, tmp_path: Path) -> None:
    optimist.storages.sql.storage.create_database(url := url_for(server, tmp_path))
    kind = url.partition("://")[0]
    driver = {"mysql": "mysql+pymysql", "postgresql": "postgresql+psycopg"}[kind]
    optunas_url = f"{driver}{url.removeprefix(kind)}"
    study = optuna.create_study(storage=open_optuna(optunas_url), study_name="s")
    run(study)
    assert import_from_optuna(url, url)[0].n_trials == 5  # into the same database
    assert of_optimist(url, "s") == told(study)
    # And into tables that we make.
    (other := tmp_path / "other").mkdir()
    export_to_optuna(url_for(server, other), url, create_database=True)
    other_storage = open_optuna(f"{driver}{url_for(server, other).removeprefix(kind)}")
    assert of_optuna(other_storage, "s") == told(study)
    exported = optuna.load_study(study_name="s", storage=other_storage)
    run(exported)  # it goes on: ids, and what a column may hold, are as Optuna needs them
    assert len(exported.trials) == 10


def run(study: Any) -> None:
    """Five trials with all that trials have."""

    def objective(trial: Any) -> float:
        x: float = trial.suggest_float("x", 0, 1)
        trial.suggest_int("n", 1, 9, step=2)
        trial.suggest_categorical("kind", ["a", None, "z"])
        if trial.number % 2:
            trial.suggest_float("rate", 1e-5, 1, log=True)
        for step, value in enumerate((x, float("nan"), float("inf"), -float("inf"))):
            trial.report(value, step)
        trial.set_user_attr("note", {"a": [1, None]})
        trial.set_constraint("c", x - 0.5)
        if trial.number % 5 == 3:
            raise ValueError
        if trial.number % 5 == 4:
            raise optuna.TrialPruned
        return x

    study.optimize(objective, n_trials=5, catch=ValueError)


# The schema


def test_tables_are_those_of_optuna(empty: Path, tmp_path: Path) -> None:
    optimist.create_study(storage=str(tmp_path / "ours.db"))
    export_to_optuna(str(tmp_path / "exported.db"), str(tmp_path / "ours.db"))
    theirs, ours = schema_of(empty), schema_of(tmp_path / "exported.db")
    assert ours == theirs


def schema_of(path: Path) -> dict[str, Any]:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        found = sqlalchemy.inspect(connection)
        schema: dict[str, Any] = {
            name: {
                "columns": [
                    (column["name"], str(column["type"]), column["nullable"], column["primary_key"])
                    for column in found.get_columns(name)
                ],
                "indexes": sorted((i["name"], i["column_names"], i["unique"]) for i in found.get_indexes(name)),
                "unique": sorted(u["column_names"] for u in found.get_unique_constraints(name)),
                "foreign": sorted(
                    (f["constrained_columns"], f["referred_table"]) for f in found.get_foreign_keys(name)
                ),
            }
            for name in found.get_table_names()
        }
        for name in ("alembic_version", "version_info"):
            schema[f"rows of {name}"] = [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")]
    assert schema["rows of version_info"] == [(1, tables.SCHEMA_VERSION, optuna.__version__)]
    return schema


def test_optuna_goes_on_with_an_exported_study(tmp_path: Path) -> None:
    study = optimist.create_study(storage=str(tmp_path / "ours.db"), study_name="s")
    study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=3)
    study.enqueue_trial({"x": 0.125})
    url = f"sqlite:///{tmp_path}/exported.db"
    export_to_optuna(url, study._storage)
    storage = open_optuna(url)
    exported = optuna.load_study(study_name="s", storage=storage)
    exported.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=2)
    assert [trial.number for trial in exported.trials] == [0, 1, 2, 3, 4]
    assert exported.trials[3].params == {"x": 0.125}
    assert storage.get_current_version() == storage.get_head_version()


def test_what_optuna_does_not_know_comes_back(tmp_path: Path) -> None:
    study = optimist.create_study(storage=str(tmp_path / "ours.db"), study_name="s")

    def objective(trial: optimist.Trial) -> float:
        trial.report({"loss": 1.0, "accuracy": 0.5}, 0)
        trial.report({"loss": float("inf")}, 3)
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=2)
    study.void(1, "wrong data")
    export_to_optuna(str(tmp_path / "optuna.db"), study._storage)
    import_from_optuna(str(tmp_path / "optuna.db"), str(tmp_path / "back.db"))
    back = optimist.load_study(study_name="s", storage=str(tmp_path / "back.db"))
    assert [t.intermediate_metrics for t in back.trials] == [t.intermediate_metrics for t in study.trials]
    assert back.trials[0].intermediate_metrics == {0: {"loss": 1.0, "accuracy": 0.5}, 3: {"loss": float("inf")}}
    assert [t.void_reason for t in back.trials] == [None, "wrong data"]


def test_optuna_is_not_told_of_the_order_of_choices(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    study = optimist.create_study(storage=str(tmp_path / "ours.db"), study_name="s")
    study.optimize(lambda trial: float(len(trial.suggest_categorical("size", ["s", "xl"], ordered=True))), n_trials=2)
    optimist.logging.enable_propagation()
    try:
        export_to_optuna(str(tmp_path / "optuna.db"), study._storage)
    finally:
        optimist.logging.disable_propagation()
    assert "the choices of size have no order" in caplog.text
    there = optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path / 'optuna.db'}")
    assert [t.params for t in there.trials] == [t.params for t in study.trials]
    assert there.trials[0].distributions["size"] == optuna.distributions.CategoricalDistribution(("s", "xl"))


def test_kinds_that_contradict_each_other(tmp_path: Path, place: Place) -> None:
    """Optuna's journal lets ``add_trial`` give a parameter another kind; with us its value becomes an attribute."""
    source = place.new("journal")
    study = optuna.create_study(storage=open_optuna(source), study_name="s")
    kinds = optuna.distributions
    for value, distribution in ((0.5, kinds.FloatDistribution(0, 1)), (3, kinds.IntDistribution(1, 9))):
        study.add_trial(optuna.trial.create_trial(value=1.0, params={"x": value}, distributions={"x": distribution}))
    import_from_optuna(source, str(tmp_path / "ours.db"))
    trials = optimist.load_study(study_name="s", storage=str(tmp_path / "ours.db")).trials
    assert [trial.params for trial in trials] == [{"x": 0.5}, {}]
    assert trials[1].system_attrs == {"optimist:misfit:x": 3}


# Journals: what several processes wrote at once


def test_journal_counts_what_optuna_counts(tmp_path: Path) -> None:
    """Lines that contradict what was said before count for neither."""
    path = tmp_path / "optuna.log"
    storage = JournalStorage(JournalFileBackend(str(path)))
    first = optuna.create_study(storage=storage, study_name="first")
    gone = optuna.create_study(storage=storage, study_name="gone")
    gone.add_trial(optuna.trial.create_trial(value=1.0))
    first.enqueue_trial({"x": 0.5})
    trial = first.ask()
    trial.suggest_float("x", 0, 1)
    optuna.delete_study(storage=storage, study_name="gone")
    second = optuna.create_study(storage=storage, study_name="gone", directions=["minimize", "maximize"])
    running, late = second.ask(), first.ask()
    late.suggest_float("x", 0, 2)
    running.suggest_int("n", 1, 3)
    lines = path.read_text().splitlines()
    head = '{"worker_id":"other",'
    t, r = trial._trial_id, running._trial_id
    extra = [
        '"op_code":0,"study_name":"first","directions":[2]}',  # taken
        '"op_code":1,"study_id":77}',  # never was
        '"op_code":2,"study_id":1,"user_attr":{"a":1}}',  # deleted
        '"op_code":3,"study_id":0,"system_attr":{"b":[1]}}',
        '"op_code":4,"study_id":1,"datetime_start":"2020-01-01T00:00:00+00:00"}',  # deleted: takes no id
        f'"op_code":6,"trial_id":{t},"state":0,"values":null,"datetime_start":"2021-01-01T00:00:00+00:00"}}',  # claimed
        f'"op_code":5,"trial_id":{r},"param_name":"n","param_value_internal":1,"distribution":{json_float()}}}',
        f'"op_code":7,"trial_id":{t},"step":0,"intermediate_value":1.5}}',
        f'"op_code":7,"trial_id":{t},"step":0,"intermediate_value":2.5}}',
        f'"op_code":6,"trial_id":{t},"state":1,"values":[2.0],"datetime_complete":"2022-01-01T00:00:00+00:00"}}',
        f'"op_code":7,"trial_id":{t},"step":1,"intermediate_value":3.5}}',  # finished
        f'"op_code":8,"trial_id":{t},"user_attr":{{"late":1}}}}',
        f'"op_code":6,"trial_id":{t},"state":3,"values":null,"datetime_complete":"2023-01-01T00:00:00+00:00"}}',
        f'"op_code":9,"trial_id":{r},"system_attr":{{"c":NaN}}}}',
        '"op_code":9,"trial_id":99,"system_attr":{"c":1}}',
    ]
    path.write_text("".join(f"{line}\n" for line in [*lines, *(head + line for line in extra)]))
    import_from_optuna(str(path), str(tmp_path / "ours.db"))
    storage = JournalStorage(JournalFileBackend(str(path)))
    names = optuna.get_all_study_names(storage)
    assert optimist.get_all_study_names(str(tmp_path / "ours.db")) == names == ["first", "gone"]
    for name in names:
        assert of_optimist(str(tmp_path / "ours.db"), name) == of_optuna(storage, name)


def json_float() -> str:
    text = optuna.distributions.distribution_to_json(optuna.distributions.FloatDistribution(0, 1))
    return '"' + text.replace('"', '\\"') + '"'
