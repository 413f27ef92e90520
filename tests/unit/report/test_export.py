"""Exported trials come back exactly."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import sys
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

import optimist
from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution, json_to_distribution
from optimist.exceptions import MissingDependencyError
from optimist.report import export_csv, export_json, export_parquet
from optimist.study import Study
from optimist.trial import FrozenTrial, TrialState, create_trial

SPACE = {
    "x": FloatDistribution(-1e300, 1e300),
    "n": IntDistribution(-(2**53), 2**53),
    "c": CategoricalDistribution(("1", 1.5, None, True, 'a,\n"b"', "", "NaN", "plain é")),
}


@pytest.fixture
def study() -> Study:
    study = optimist.create_study(study_name="s,1", direction="maximize")
    study.set_user_attr("note", [1, "ü"])
    choices = SPACE["c"].choices  # type: ignore[attr-defined]
    for i, choice in enumerate(choices):
        params: dict[str, Any] = {"x": 0.1 + i / 3, "n": 2**53 - i, "c": choice}
        if i % 3 == 2:
            del params["n"]
        study.add_trial(
            create_trial(
                value=math.inf if i == 1 else math.pi * i,
                params=params,
                distributions={name: SPACE[name] for name in params},
                user_attrs={"list": [i, None], "text": "7"} if i % 2 else {},
                intermediate_values={0: math.nan, 7: i / 7},
                constraints={"k": -0.1},
            )
        )
    study.add_trial(create_trial(state=TrialState.FAIL))
    study.enqueue_trial({"x": 1.0})
    study.void(0, "a slip")
    return study


def read_csv(text: str) -> list[dict[str, Any]]:
    """As the documentation says: empty is no value, all else JSON where it can be read as such."""
    rows = []
    for row in csv.DictReader(io.StringIO(text, newline="")):
        found = {}
        for name, cell in row.items():
            if cell:
                try:
                    found[name] = json.loads(cell)
                except ValueError:
                    found[name] = cell
        rows.append(found)
    return rows


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and (a == b or (a != a and b != b))


def check_row(row: dict[str, Any], trial: FrozenTrial) -> None:
    assert row["number"] == trial.number
    assert row["state"] == trial.state.name
    assert row.get("value") == trial.value
    params = {name.removeprefix("params_"): value for name, value in row.items() if name.startswith("params_")}
    assert params.keys() == trial.params.keys()
    assert all(same(params[name], value) for name, value in trial.params.items())
    curve = {k.removeprefix("intermediate_values_"): v for k, v in row.items() if k.startswith("intermediate_values_")}
    assert curve.keys() == {str(step) for step in trial.intermediate_values}
    assert all(same(curve[str(step)], value) for step, value in trial.intermediate_values.items())
    for name, value in trial.user_attrs.items():
        assert row[f"user_attrs_{name}"] == value
    assert row.get("constraints_k") == trial.constraints.get("k")
    assert row.get("void_reason") == trial.void_reason


def test_csv_comes_back_exactly(study: Study) -> None:
    rows = read_csv(export_csv(study))
    assert len(rows) == len(study.trials) == 10
    for row, trial in zip(rows, study.trials, strict=True):
        check_row(row, trial)
        if trial.datetime_start is not None:
            assert datetime.datetime.fromisoformat(row["datetime_start"]) == trial.datetime_start.astimezone()


def test_json_comes_back_exactly(study: Study) -> None:
    document = json.loads(export_json(study))
    assert (document["study_name"], document["directions"]) == ("s,1", ["maximize"])
    assert document["user_attrs"] == {"note": [1, "ü"]}
    for record, trial in zip(document["trials"], study.trials, strict=True):
        assert record["params"] == trial.params
        assert all(same(record["params"][name], value) for name, value in trial.params.items())
        assert record["values"] == trial.values
        assert repr(record["intermediate_values"]) == repr({str(k): v for k, v in trial.intermediate_values.items()})
        assert {
            n: json_to_distribution(json.dumps(d)) for n, d in record["distributions"].items()
        } == trial.distributions
        assert record.get("void_reason") == trial.void_reason


def test_parquet_comes_back_exactly(study: Study) -> None:
    table = parquet.read_table(pa.BufferReader(export_parquet(study)))
    types = {field.name: str(field.type) for field in table.schema}
    assert (types["number"], types["value"], types["params_x"], types["params_n"]) == (
        "int64",
        "double",
        "double",
        "int64",
    )
    assert types["datetime_start"] == "timestamp[us, tz=UTC]"
    is_json = {f.name for f in table.schema if f.metadata and f.metadata.get(b"encoding") == b"json"}
    assert is_json == {"params_c", "user_attrs_list", "system_attrs_fixed_params"}
    assert table.schema.metadata[b"study_name"] == b"s,1"
    for record, trial in zip(table.to_pylist(), study.trials, strict=True):
        row = {k: json.loads(v) if k in is_json else v for k, v in record.items() if v is not None}
        check_row(row, trial)


def test_several_objectives_and_named_metrics() -> None:
    study = optimist.create_study(directions=["minimize", "maximize"])
    study.set_metric_names(["loss", "accuracy"])
    study.add_trial(create_trial(values=[1.0, 0.5]))
    (row,) = read_csv(export_csv(study))
    assert (row["values_loss"], row["values_accuracy"]) == (1.0, 0.5)
    named = optimist.create_study()
    named.add_trial(create_trial(value=1.0, intermediate_metrics={0: {"loss": 0.5, "error": 0.25}}))
    (row,) = read_csv(export_csv(named))
    assert (row["intermediate_metrics_error_0"], row["intermediate_values_0"]) == (0.25, 0.5)
    assert json.loads(export_json(named))["trials"][0]["intermediate_metrics"] == {"0": {"loss": 0.5, "error": 0.25}}


def test_a_study_without_trials() -> None:
    study = optimist.create_study()
    assert read_csv(export_csv(study)) == []
    assert export_csv(study).startswith("number,state,value")
    assert json.loads(export_json(study))["trials"] == []
    assert parquet.read_table(pa.BufferReader(export_parquet(study))).num_rows == 0


def test_parquet_without_pyarrow(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match=r"optimist\[parquet\]"):
        export_parquet(study)
