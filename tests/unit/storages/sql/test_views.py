from __future__ import annotations

import math
from typing import Any

import pytest

from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.sql.storage import SQLStorage
from tests.sql import inside

X, N = FloatDistribution(0.0, 1.0), IntDistribution(1, 10)
KIND = CategoricalDistribution(("a", None, True, 2.5))
ODD = CategoricalDistribution((math.nan, 1.0))


@pytest.fixture
def storage() -> SQLStorage:
    storage = SQLStorage("sqlite://")
    study_id = storage.create_study("s", [StudyDirection.MINIMIZE] * 2).study_id
    storage.write_study(study_id, StudyChange({"note": [1, 2]}, {"k": "v"}))
    storage.add_trials(
        study_id,
        [
            TrialChange(
                state=TrialState.COMPLETE,
                values=(1.5, math.inf),
                started_us=1_700_000_000_500_000,
                completed_us=1_700_000_001_000_000,
                params=[("x", X, 0.25), ("kind", KIND, 3), ("n", N, 7), ("odd", ODD, 1)],
                reports={0: 0.5, 10: math.nan},
                user_attrs={"text": "t", "dict": {"a": 1}, "nan": math.nan},
            ),
            TrialChange(state=TrialState.WAITING),
        ],
    )
    storage.begin_trial(study_id, 0)
    storage.write(study_id, TrialChange(1, params=[("x", X, 0.5)], reports={3: 4.5}))
    storage.write(study_id, TrialChange(1, user_attrs={"late": True}))
    return storage


def rows(storage: SQLStorage, query: str) -> list[tuple[Any, ...]]:
    with inside(storage) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_trials(storage: SQLStorage) -> None:
    assert rows(storage, "SELECT study, number, state, value, is_feasible, completed FROM optimist_view_trials") == [
        ("s", 0, "COMPLETE", 1.5, 1, "2023-11-14 22:13:21.000"),
        ("s", 1, "RUNNING", None, 1, None),
    ]
    assert rows(storage, "SELECT started FROM optimist_view_trials")[0] == ("2023-11-14 22:13:20.500",)


def test_params_show_what_the_user_sees(storage: SQLStorage) -> None:
    found = rows(storage, "SELECT number, position, name, value FROM optimist_view_params")
    assert found == [(0, 0, "x", 0.25), (0, 1, "kind", 2.5), (0, 2, "n", 7), (0, 3, "odd", 1), (1, 0, "x", 0.5)]


def test_values(storage: SQLStorage) -> None:
    assert rows(storage, "SELECT * FROM optimist_view_values") == [("s", 0, 0, 1.5), ("s", 0, 1, "Infinity")]


def test_intermediate_values(storage: SQLStorage) -> None:
    found = rows(storage, "SELECT * FROM optimist_view_intermediate_values")
    assert found == [("s", 0, 0, 0.5), ("s", 0, 10, "NaN"), ("s", 1, 3, 4.5)]


def test_intermediate_metrics(storage: SQLStorage) -> None:
    number = storage.begin_trial(1, 0).number
    row = {"loss": {}, "acc": {0: 0.5}, "lr": {2: math.inf}}
    storage.write(1, TrialChange(number, reports={0: 2.0, 2: math.nan}, metrics=row))
    found = rows(storage, "SELECT * FROM optimist_view_intermediate_metrics")
    assert found == [
        ("s", number, 0, "loss", 2.0),
        ("s", number, 2, "loss", "NaN"),
        ("s", number, 0, "acc", 0.5),
        ("s", number, 2, "lr", "Infinity"),
    ]
    plain = rows(storage, f"SELECT step, value FROM optimist_view_intermediate_values WHERE number = {number}")
    assert plain == [(0, 2.0), (2, "NaN")]


def test_attributes(storage: SQLStorage) -> None:
    found = rows(storage, "SELECT * FROM optimist_view_attrs")
    assert found == [
        ("s", 0, 0, "text", "text", "t"),
        ("s", 0, 0, "dict", "object", '{"a":1}'),
        ("s", 0, 0, "nan", "object", '{"$json":"NaN"}'),
        ("s", 1, 0, "late", "true", 1),
        ("s", None, 0, "note", "array", "[1,2]"),
        ("s", None, 1, "k", "text", "v"),
    ]


def test_void_is_shown(storage: SQLStorage) -> None:
    storage.void(1, 0, "wrong data")
    found = rows(storage, "SELECT number, state, value, is_feasible, void FROM optimist_view_trials")
    assert found == [(0, "COMPLETE", 1.5, 0, "wrong data"), (1, "RUNNING", None, 1, None)]
