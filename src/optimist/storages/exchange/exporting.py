"""Copy studies out of a storage of ours into a database that Optuna opens."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, insert, select
from sqlalchemy.engine import Connection

from optimist.distributions import BaseDistribution, CategoricalDistribution, distribution_to_json
from optimist.exceptions import DuplicatedStudyError, StorageInternalError
from optimist.history.attributes import METRICS_KEY, VOID_KEY
from optimist.history.draft import TrialChange
from optimist.history.history import History, change_of
from optimist.logging import get_logger
from optimist.storages.base import Storage, StudyRecord
from optimist.storages.exchange import tables
from optimist.storages.exchange.connection import OptunaDatabase, find_revision, is_optunas
from optimist.storages.exchange.database import EPOCH
from optimist.storages.exchange.importing import CopiedStudy
from optimist.storages.open import StorageLike, open_storage
from optimist.storages.sql.storage import create_database as make_database
from optimist.storages.sql.urls import file_url, parse_url
from optimist.storages.tongues import speak_metrics

_logger = get_logger(__name__)

_BATCH: Final = 1000

Row = dict[str, Any]


def export_to_optuna(
    url: str | os.PathLike[str],
    storage: StorageLike | None = None,
    *,
    study_names: Sequence[str] | None = None,
    create_database: bool = False,
) -> list[CopiedStudy]:
    """Copy studies into a database that Optuna 3.2 to 5 and optuna-dashboard open. Optuna is not needed.

    All studies come in one commit, or none. Named metrics and the reasons of voids, which Optuna does not know, become
    system attributes, from which an import makes them again. That choices are ordered is lost, with a warning.

    Args:
        url: The database, such as ``sqlite:///optuna.db``, or the name of an SQLite file. If it has no tables of
            Optuna's yet, they are made.
        storage: Where the studies live, as in ``load_study``; may be the same database.
        study_names: Which studies; None for all.
        create_database: Make the database on its MySQL or PostgreSQL server if there is none of that name.

    Raises:
        StudyNotFoundError: The storage has no study of such a name; it is a KeyError.
        DuplicatedStudyError: The database has a study of the same name.
        StorageInternalError: The database cannot be written, or another release of Optuna has made its tables.
    """
    text = os.fspath(url)
    parsed = parse_url(text if "://" in text else file_url(text))
    source = open_storage(storage)
    records = source.list_studies() if study_names is None else [source.load_study(name) for name in study_names]
    if create_database:
        make_database(parsed)
    database = OptunaDatabase(parsed)
    try:
        histories = [_read(source, record) for record in records]
        with database.transaction(writes=True) as connection:
            _prepare(database, connection)
            return [
                _write_study(connection, record.name, history, str(database))
                for record, history in zip(records, histories, strict=True)
            ]
    finally:
        database.close()


def _read(source: Storage, record: StudyRecord) -> History:
    history = History(record.directions)
    history.apply(source.changes_since(record.study_id, 0).changes)
    return history


def _prepare(database: OptunaDatabase, connection: Connection) -> None:
    """Make Optuna's tables, unless they are there."""
    found = find_revision(connection)
    if found is None:  # also where MySQL, which commits each table, was interrupted
        _make_tables(connection)
    elif not is_optunas(connection):
        raise StorageInternalError(
            f"{database} belongs to another program, whose tables Alembic looks after (revision {found}), as it does for "
            "Optuna's. The two cannot share a database. Name another one."
        )
    database.check(connection)


def _make_tables(connection: Connection) -> None:
    tables.metadata.create_all(connection)
    connection.execute(insert(tables.alembic_version), {"version_num": tables.REVISION})
    version = {"schema_version": tables.SCHEMA_VERSION, "library_version": tables.LIBRARY_VERSION}
    connection.execute(insert(tables.version_info), {"version_info_id": 1, **version})


def _write_study(connection: Connection, name: str, history: History, place: str) -> CopiedStudy:
    study = tables.studies.c
    key = connection.execute(select(study.study_id).where(study.study_name == name)).scalar()
    if key is not None:
        raise DuplicatedStudyError(f"{place} has a study named {name!r} already. Nothing was exported.")
    connection.execute(insert(tables.studies), {"study_name": name})
    key = connection.execute(select(study.study_id).where(study.study_name == name)).scalar_one()
    of_study = {"study_id": key}
    _insert(
        connection,
        tables.directions,
        [{**of_study, "objective": i, "direction": d.name} for i, d in enumerate(history.directions)],
    )
    _insert(connection, tables.study_user_attrs, _attr_rows(of_study, history.user_attrs))
    _insert(connection, tables.study_system_attrs, _attr_rows(of_study, history.system_attrs))
    _note_lost_order(name, history)
    for first in range(0, history.n_trials, _BATCH):
        last = min(first + _BATCH, history.n_trials)
        _write_trials(connection, key, [change_of(history.trial(number)) for number in range(first, last)])
    return CopiedStudy(name, history.n_trials)


def _note_lost_order(study_name: str, history: History) -> None:
    layouts = history.tree.layouts
    ordered = {layout.edge.name for layout in layouts if layout.edge and _is_ordered(layout.edge.distribution)}
    if ordered:
        _logger.warning(
            "Study %r: Optuna does not know ordered=True; there, the choices of %s have no order.",
            study_name,
            ", ".join(sorted(ordered)),
        )


def _is_ordered(distribution: BaseDistribution) -> bool:
    return isinstance(distribution, CategoricalDistribution) and distribution.ordered


def _without_order(distribution: BaseDistribution) -> BaseDistribution:
    """A distribution as Optuna knows it."""
    if isinstance(distribution, CategoricalDistribution) and distribution.ordered:
        return CategoricalDistribution(distribution.choices)
    return distribution


def _write_trials(connection: Connection, study: int, trials: Sequence[TrialChange]) -> None:
    _insert(connection, tables.trials, [_trial_row(study, trial) for trial in trials])
    column = tables.trials.c
    numbers = column.number.between(trials[0].number, trials[-1].number)
    found = connection.execute(select(column.number, column.trial_id).where(column.study_id == study, numbers))
    ids: dict[int, int] = {row.number: row.trial_id for row in found}
    rows: dict[Table, list[Row]] = {table: [] for table in _DETAILS}
    for trial in trials:
        for table, row in _detail_rows({"trial_id": ids[trial.number]}, trial):
            rows[table].append(row)
    for table, found_rows in rows.items():
        _insert(connection, table, found_rows)


_DETAILS: Final = (
    tables.params,
    tables.values,
    tables.reports,
    tables.trial_user_attrs,
    tables.trial_system_attrs,
)


def _trial_row(study: int, trial: TrialChange) -> Row:
    assert trial.state is not None
    return {
        "study_id": study,
        "number": trial.number,
        "state": trial.state.name,
        "datetime_start": _time(trial.started_us),
        "datetime_complete": _time(trial.completed_us),
    }


def _detail_rows(key: Row, trial: TrialChange) -> Iterator[tuple[Table, Row]]:
    for name, distribution, value in trial.params:
        text = distribution_to_json(_without_order(distribution))
        yield tables.params, {**key, "param_name": name, "param_value": float(value), "distribution_json": text}
    for i, value in enumerate(trial.values or ()):
        number, kind = _number(value)
        yield tables.values, {**key, "objective": i, "value": number, "value_type": kind}
    for step, value in trial.reports.items():
        number, kind = _number(value)
        yield (
            tables.reports,
            {**key, "step": step, "intermediate_value": number, "intermediate_value_type": kind},
        )
    for row in _attr_rows(key, trial.user_attrs):
        yield tables.trial_user_attrs, row
    for row in _attr_rows(key, _system_attrs(trial)):
        yield tables.trial_system_attrs, row


def _system_attrs(trial: TrialChange) -> dict[str, Any]:
    attrs = dict(trial.system_attrs)
    if trial.metrics:
        attrs[METRICS_KEY] = speak_metrics(trial.metrics)
    if trial.void is not None:
        attrs[VOID_KEY] = trial.void
    return attrs


def _attr_rows(key: Row, attrs: dict[str, Any]) -> list[Row]:
    return [{**key, "key": name, "value_json": json.dumps(value)} for name, value in attrs.items()]


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _time(us: int | None) -> datetime | None:
    return None if us is None or us < 0 else EPOCH + timedelta(microseconds=us)


def _number(value: float) -> tuple[float | None, str]:
    """A number as two columns."""
    if math.isfinite(value):
        return float(value), tables.FINITE
    return None, "NAN" if math.isnan(value) else "INF_POS" if value > 0 else "INF_NEG"
