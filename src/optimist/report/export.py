"""Trials for other programs: as CSV, JSON or Parquet, every number exactly as it was.

CSV and Parquet hold one row per trial, in order of number, and a column for each parameter, value, intermediate value and
attribute, named as in ``Study.trials_dataframe``: ``params_lr``, ``intermediate_values_3``. JSON holds the study as well.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from optimist.distributions import distribution_to_json
from optimist.exceptions import MissingDependencyError
from optimist.history.records import FrozenTrial
from optimist.states import TrialState
from optimist.study.dataframe import ABSENT, Cells, Key, trials_table
from optimist.study.study import Study

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_TIMES: Final = ("datetime_start", "datetime_complete")


def export_csv(study: Study) -> str:
    """The trials as comma-separated values with a header, lines ending in a line feed.

    A cell without a value is empty. Every other cell is JSON, as Python's ``json`` reads it: ``0.1``, ``NaN``, ``true``,
    ``null``, ``[1, 2]``; but for text that nobody could mistake for JSON, which stands as it is. Numbers have all their
    digits. Times are UTC with microseconds.
    """
    table = _table(study)
    columns = [[_csv_cell(value) for value in _cells(key, cells)] for key, cells in table.items()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_name(key) for key in table])
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def export_json(study: Study) -> str:
    """The study and its trials as a JSON document.

    Numbers have all their digits; NaN and infinities are written as ``NaN`` and ``Infinity``, as Python's ``json`` reads and
    writes them. Times are UTC with microseconds.
    """
    trials = study.get_trials(deepcopy=False)
    history = study.ledger.history
    document = {
        "study_name": study.study_name,
        "directions": [direction.name.lower() for direction in study.directions],
        "metric_names": study.metric_names,
        "user_attrs": study.user_attrs,
        "system_attrs": dict(history.system_attrs),
        "trials": [_trial_record(trial) for trial in trials],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def export_parquet(study: Study) -> bytes:
    """The trials as an Apache Parquet file.

    Numbers are int64 and float64, times are timestamps in UTC, text is text. A column of other values, or of values of
    several kinds, holds each of them as JSON, which the column's metadata says: ``{"encoding": "json"}``. The table's metadata
    names study and directions.

    Raises:
        MissingDependencyError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingDependencyError(
            "A Parquet file needs pyarrow, which is not installed. Install it with: pip install 'optimist[parquet]'"
        ) from error
    fields, arrays = [], []
    for key, cells in _table(study).items():
        array, is_json = _arrow_array(pa, key, cells)
        fields.append(pa.field(_name(key), array.type, metadata={"encoding": "json"} if is_json else None))
        arrays.append(array)
    directions = json.dumps([direction.name.lower() for direction in study.directions])
    schema = pa.schema(fields, metadata={"study_name": study.study_name, "directions": directions})
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), sink)
    return cast("bytes", sink.getvalue().to_pybytes())


# The table


def _table(study: Study) -> dict[Key, Cells]:
    study.ledger.sync()
    history = study.ledger.history
    values = "value" if len(study.directions) == 1 else "values"
    attrs = ["number", "state", values, *_TIMES, "params", "user_attrs", "system_attrs", "constraints"]
    attrs += ["intermediate_values"] + (["intermediate_metrics"] if history.has_metrics else [])
    attrs += ["void_reason"] if history.voided else []
    renamed = {"datetime_start": "started_us", "datetime_complete": "completed_us"}
    table = trials_table(study, [renamed.get(attr, attr) for attr in attrs])
    original = {new: old for old, new in renamed.items()}
    return {(original.get(attr, attr), key): cells for (attr, key), cells in table.items()}


def _name(key: Key) -> str:
    return "_".join(str(part) for part in key if part != "")


def _cells(key: Key, cells: Cells) -> list[Any]:
    """The values of a column; `ABSENT` where there is none."""
    values: list[Any] = [
        value if has else ABSENT for value, has in zip(cells.data.tolist(), cells.has_value, strict=True)
    ]
    if key[0] in _TIMES:
        return [value if value is ABSENT else _time_text(value) for value in values]
    if key[0] == "void_reason":
        return [ABSENT if value is None else value for value in values]
    return values


def _time_text(us: int) -> str:
    return (_EPOCH + datetime.timedelta(microseconds=us)).isoformat(timespec="microseconds")


def _csv_cell(value: Any) -> str:
    if value is ABSENT:
        return ""
    if isinstance(value, str):
        return json.dumps(value) if _reads_as_json(value) else value
    return _json(value)


def _reads_as_json(text: str) -> bool:
    """Whether text would come back as something else, or as nothing."""
    if not text:
        return True
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# JSON


def _trial_record(trial: FrozenTrial) -> dict[str, Any]:
    record: dict[str, Any] = {
        "number": trial.number,
        "state": TrialState(trial.state).name,
        "values": trial.values,
        "datetime_start": _utc(trial.datetime_start),
        "datetime_complete": _utc(trial.datetime_complete),
        "params": trial.params,
        "distributions": {name: json.loads(distribution_to_json(d)) for name, d in trial.distributions.items()},
        "user_attrs": trial.user_attrs,
        "system_attrs": trial.system_attrs,
        "constraints": trial.constraints,
        "intermediate_values": trial.intermediate_values,
    }
    if trial.intermediate_metrics:
        record["intermediate_metrics"] = trial.intermediate_metrics
    if trial.void_reason is not None:
        record["void_reason"] = trial.void_reason
    return record


def _utc(when: datetime.datetime | None) -> str | None:
    return None if when is None else when.astimezone(datetime.UTC).isoformat(timespec="microseconds")


# Parquet


def _arrow_array(pa: Any, key: Key, cells: Cells) -> tuple[Any, bool]:
    """A column, and whether its values stand there as JSON."""
    if key[0] in _TIMES:
        times = np.where(cells.has_value, cells.data, 0)
        return pa.array(times, pa.timestamp("us", tz="UTC"), mask=~cells.has_value), False
    if cells.data.dtype != object:
        return pa.array(cells.data, mask=~cells.has_value), False
    values: list[Any] = [None if value is ABSENT else value for value in _cells(key, cells)]
    kinds = {type(value) for value in cells.data[cells.has_value]}
    native = {str: pa.string(), float: pa.float64(), bool: pa.bool_(), int: pa.int64()}
    kind = next(iter(kinds), str)
    if key[0] == "void_reason":
        return pa.array(values, pa.string()), False
    if len(kinds) <= 1 and kind in native and not (kind is int and _is_too_wide(cells.data[cells.has_value])):
        return pa.array(values, native[kind]), False
    rows = zip(cells.data.tolist(), cells.has_value, strict=True)
    return pa.array([_json(value) if has else None for value, has in rows], pa.string()), True


def _is_too_wide(numbers: NDArray[Any]) -> bool:
    """Whether a whole number does not fit into 64 bits."""
    return any(not -(2**63) <= number < 2**63 for number in numbers)
