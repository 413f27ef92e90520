"""The table of trials; what Optuna's looks like is in tests/peers."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import optimist
from optimist.distributions import CategoricalDistribution
from optimist.exceptions import MissingDependencyError
from optimist.study.dataframe import ABSENT, trials_table
from tests.unit.study.conftest import suggest_all


def cells(study: optimist.Study, *attrs: str) -> dict[Any, list[Any]]:
    study.ledger.sync()
    return {key: column.to_list() for key, column in trials_table(study, attrs).items()}


def test_columns_of_trials_that_differ(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        if trial.number == 1:
            trial.set_user_attr("why", None)
            raise optimist.TrialPruned
        trial.suggest_categorical("kind", [(1, 2), None] if False else ["a", None])
        return float(trial.suggest_int("n", trial.number, trial.number))

    study.enqueue_trial({"kind": None})
    study.optimize(objective, n_trials=3)
    assert cells(study, "number", "value", "params", "user_attrs", "state") == {
        ("number", ""): [0, 1, 2],
        ("value", ""): [0.0, None, 2.0],
        ("params", "kind"): [None, ABSENT, study.trials[2].params["kind"]],
        ("params", "n"): [0, ABSENT, 2],
        ("user_attrs", "why"): [ABSENT, None, ABSENT],
        ("state", ""): ["COMPLETE", "PRUNED", "COMPLETE"],
    }


def test_running_trials_and_order(study: optimist.Study) -> None:
    trials = [study.ask() for _ in range(3)]
    for trial in trials:
        trial.suggest_float("x", trial.number, trial.number)
    trials[1].suggest_categorical("c", ["only"])
    study.tell(trials[2], 5.0)
    study.enqueue_trial({"x": 1})
    assert cells(study, "number", "value", "params", "state") == {
        ("number", ""): [0, 1, 2, 3],
        ("value", ""): [None, None, 5.0, None],
        ("params", "c"): [ABSENT, "only", ABSENT, ABSENT],
        ("params", "x"): [0.0, 1.0, 2.0, ABSENT],
        ("state", ""): ["RUNNING", "RUNNING", "COMPLETE", "WAITING"],
    }


def test_times_are_those_of_the_trials(study: optimist.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    study.optimize(suggest_all, n_trials=3)
    for us in (1_000_000, 1_793_503_799_999_999, 1_793_511_000_123_456):  # around a change of the clock in Europe
        for column in (study.ledger.history.started_us, study.ledger.history.completed_us):
            column.data[1] = us
        study.ledger.history._frozen.clear()
        study.ledger.history._n_frozen = 0
        table = cells(study, "datetime_start", "datetime_complete", "duration")
        for attr in ("datetime_start", "datetime_complete", "duration"):
            assert table[attr, ""] == [getattr(trial, attr) for trial in study.trials]


def test_choices_that_look_like_a_matrix() -> None:
    study = optimist.create_study()
    with pytest.warns(UserWarning, match="storage can keep"):
        distribution = CategoricalDistribution(((1, 2), (3, 4)))  # type: ignore[arg-type]
    study.add_trial(
        optimist.create_trial(value=1.0, params={"c": (3, 4)}, distributions={"c": distribution}),
    )
    assert cells(study, "params") == {("params", "c"): [(3, 4)]}


def test_a_frame_of_a_large_study(study: optimist.Study) -> None:
    pytest.importorskip("pandas")
    study.optimize(suggest_all, n_trials=200)
    frame = study.trials_dataframe()
    assert list(frame.columns) == [
        *("number", "value", "datetime_start", "datetime_complete", "duration"),
        *("params_kind", "params_n", "params_x", "state"),
    ]
    assert frame["params_n"].dtype == np.int64
    assert frame["value"].tolist() == [trial.value for trial in study.trials]
    assert frame["duration"].tolist() == [trial.duration for trial in study.trials]


def test_without_pandas(study: optimist.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match="pip install pandas"):
        study.trials_dataframe()
    study.optimize(suggest_all, n_trials=1)
    assert cells(study, "number") == {("number", ""): [0]}  # the table itself needs no pandas
