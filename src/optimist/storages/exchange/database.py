"""Optuna's database as a source: read by keys, a batch at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BindParameter, Integer, Select, Table, bindparam, func, select
from sqlalchemy.engine import URL, Connection

from optimist.exceptions import StorageInternalError
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.exchange import tables
from optimist.storages.exchange.connection import OptunaDatabase
from optimist.storages.exchange.source import Batch, Source, SourceStudy, read_param, with_our_own

_FIRST_BATCH: Final = 100
_MOST_TRIALS: Final = 1000
_MOST_ROWS: Final = 20_000
_ROW_CHARS: Final = 500  # a long text counts as so many rows as it has times so many characters
EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  UTC, as the columns are
_MICROSECOND: Final = timedelta(microseconds=1)


def _parameter(name: str) -> BindParameter[int]:
    return bindparam(name, type_=Integer)


_STUDY, _AFTER, _LIMIT = map(_parameter, ("study", "after", "n_most"))
_FIRST, _LAST = map(_parameter, ("first", "last"))


def _details(table: Table, *columns: str) -> Select[Any]:
    """Rows that belong to trials of a study, within a range of ids, in the order in which they were written."""
    (key,) = table.primary_key.columns
    trials = tables.trials.c
    return (
        select(table.c.trial_id, *(table.c[name] for name in columns))
        .join(tables.trials, trials.trial_id == table.c.trial_id)
        .where(trials.study_id == _STUDY, trials.trial_id.between(_FIRST, _LAST))
        .order_by(key)
    )


_READ_TRIALS: Final = (
    select(
        tables.trials.c.trial_id,
        tables.trials.c.number,
        tables.trials.c.state,
        tables.trials.c.datetime_start,
        tables.trials.c.datetime_complete,
    )
    .where(tables.trials.c.study_id == _STUDY, tables.trials.c.trial_id > _AFTER)
    .order_by(tables.trials.c.trial_id)
    .limit(_LIMIT)
)
_READ_PARAMS: Final = _details(tables.params, "param_name", "distribution_json", "param_value")
_READ_VALUES: Final = _details(tables.values, "objective", "value", "value_type")
_READ_REPORTS: Final = _details(tables.reports, "step", "intermediate_value", "intermediate_value_type")
_READ_USER_ATTRS: Final = _details(tables.trial_user_attrs, "key", "value_json")
_READ_SYSTEM_ATTRS: Final = _details(tables.trial_system_attrs, "key", "value_json")


class DatabaseSource(Source):
    """Studies in Optuna's database.

    Each batch is read in a transaction of its own, so that workers are not kept waiting, and so that the studies can go
    into the same file.

    Args:
        url: As ``parse_url`` returns it.

    Raises:
        StorageInternalError: It cannot be opened, or is not Optuna's.
    """

    def __init__(self, url: URL) -> None:
        self._database = OptunaDatabase(url)
        path = self._database.path
        if path is not None and not path.exists():
            raise StorageInternalError(f"There is no file {path}.")
        with self._database.transaction() as connection:
            self._database.check(connection)

    def close(self) -> None:
        self._database.close()

    def studies(self) -> list[SourceStudy]:
        study = tables.studies.c
        with self._database.transaction() as connection:
            rows = connection.execute(select(study.study_id, study.study_name).order_by(study.study_id))
            found = {key: SourceStudy(key, name, ()) for key, name in rows}
            column = tables.directions.c
            for key, direction in connection.execute(
                select(column.study_id, column.direction).order_by(column.study_id, column.objective)
            ):
                found[key].directions += (StudyDirection[direction],)
            column = tables.trials.c
            for key, n_trials in connection.execute(select(column.study_id, func.count()).group_by(column.study_id)):
                found[key].n_trials = n_trials
            for key, name, text in _study_attrs(connection, tables.study_user_attrs):
                found[key].user_attrs[name] = json.loads(text)
            for key, name, text in _study_attrs(connection, tables.study_system_attrs):
                found[key].system_attrs[name] = json.loads(text)
        return list(found.values())

    def batches(self, studies: Sequence[SourceStudy]) -> Iterator[Batch]:
        for study in studies:
            for trials in self._read_study(study.key):
                yield study, trials

    def _read_study(self, key: int) -> Iterator[list[TrialChange]]:
        after, n_most = -1, _FIRST_BATCH
        while True:
            with self._database.transaction() as connection:
                reading = _BatchReading(connection, key, after, n_most)
            if not reading.trials:
                return
            yield [with_our_own(change) for change in reading.trials.values()]
            after = max(reading.trials)
            # Trials may have a parameter each or ten thousand reports: the batch follows.
            n_most = max(1, min(_MOST_TRIALS, n_most * _MOST_ROWS // max(1, reading.n_rows)))


def _study_attrs(connection: Connection, table: Table) -> Iterator[tuple[int, str, str]]:
    (key,) = table.primary_key.columns
    for row in connection.execute(select(table.c.study_id, table.c.key, table.c.value_json).order_by(key)):
        yield tuple(row)


class _BatchReading:
    """A batch, being read.

    Attributes:
        trials: By id in the source, ascending.
        n_rows: How many rows were read, long texts counted as several.
    """

    def __init__(self, connection: Connection, study: int, after: int, n_most: int) -> None:
        self.n_rows = 0
        self.trials: dict[int, TrialChange] = {}
        self._connection = connection
        for row in connection.execute(_READ_TRIALS, {"study": study, "after": after, "n_most": n_most}):
            trial_id, number, state, start, complete = row
            self.trials[trial_id] = TrialChange(
                number=number,
                state=TrialState[state],
                started_us=None if start is None else (start - EPOCH) // _MICROSECOND,
                completed_us=None if complete is None else (complete - EPOCH) // _MICROSECOND,
                params=[],
            )
        if self.trials:
            self._range = {"study": study, "first": min(self.trials), "last": max(self.trials)}
            self._read_details()

    def _read_details(self) -> None:
        trials = self.trials
        for trial_id, name, text, value in self._rows(_READ_PARAMS):
            params = trials[trial_id].params
            assert isinstance(params, list)
            params.append(read_param(name, text, value))
        values: dict[int, list[tuple[int, float]]] = {}
        for trial_id, objective, value, kind in self._rows(_READ_VALUES):
            values.setdefault(trial_id, []).append((objective, _number(value, kind)))
        for trial_id, pairs in values.items():
            trials[trial_id].values = tuple(value for _, value in sorted(pairs, key=lambda pair: pair[0]))
        for trial_id, step, value, kind in self._rows(_READ_REPORTS):
            trials[trial_id].reports[step] = _number(value, kind)
        for trial_id, key, text in self._rows(_READ_USER_ATTRS):
            trials[trial_id].user_attrs[key] = json.loads(text)
            self.n_rows += len(text) // _ROW_CHARS
        for trial_id, key, text in self._rows(_READ_SYSTEM_ATTRS):
            trials[trial_id].system_attrs[key] = json.loads(text)
            self.n_rows += len(text) // _ROW_CHARS

    def _rows(self, statement: Select[Any]) -> Iterator[Any]:
        rows = self._connection.execute(statement, self._range).all()
        self.n_rows += len(rows)
        return iter(rows)


def _number(value: float | None, kind: str) -> float:
    return tables.SPECIAL.get(kind, math.nan) if value is None else value
