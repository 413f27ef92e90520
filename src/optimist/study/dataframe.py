"""The trials of a study as a table: columns for the command line, a pandas data frame for the user.

A table is made out of the history's columns, whole columns at a time; only attributes, which are Python objects anyway,
are gone through one by one.

A column's key is (attribute, key within the attribute), such as ("params", "x"), ("value", ""), ("values", 0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from optimist.distributions import CategoricalDistribution
from optimist.exceptions import MissingDependencyError
from optimist.history.draft import Draft
from optimist.history.history import History
from optimist.history.layout import Edge, kind_of
from optimist.history.records import to_datetime
from optimist.history.voiding import with_voided
from optimist.states import TrialState

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, str | int]

ABSENT: Final = object()
"""Stands in a list of cells for a cell that is not there, such as a parameter that a trial does not have."""

_QUARTER_OF_AN_HOUR_US: Final = 15 * 60 * 1_000_000  # no clock is ever set by less than that


@dataclass(frozen=True, slots=True)
class Cells:
    """One column of the table, trials in order of their numbers.

    Attributes:
        data: (n_trials,) int64, float64, datetime64, timedelta64 or Python objects; anything where there is no value.
        has_value: (n_trials,) whether there is a value.
        gap: What the trials without a value have: None or `ABSENT`.
    """

    data: NDArray[Any]
    has_value: NDArray[np.bool_]
    gap: Any = None

    def to_list(self) -> list[Any]:
        """The cells as Python values, None or `ABSENT` where there is none."""
        return [value if has else self.gap for value, has in zip(self.data.tolist(), self.has_value, strict=True)]


class StudyOfTable(Protocol):
    """What the table needs of the study."""

    @property
    def metric_names(self) -> list[str] | None:
        """Names of the objectives; None if they were not set."""

    @property
    def ledger(self) -> _LedgerOfTable:
        """Where the history is."""


class _LedgerOfTable(Protocol):
    @property
    def history(self) -> History: ...
    def sync(self) -> None: ...


def trials_dataframe(study: StudyOfTable, attrs: Sequence[str], multi_index: bool) -> pd.DataFrame:
    """The trials as a pandas data frame, one row per trial in order of their numbers.

    Args:
        study: Whose trials.
        attrs: Attributes of `FrozenTrial`; "value" becomes "values" if the study has several objectives.
        multi_index: Whether columns are named ("params", "x") or "params_x".

    Raises:
        MissingDependencyError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingDependencyError(
            "Study.trials_dataframe() needs pandas, which is not installed. Install it with: pip install pandas"
        ) from error
    study.ledger.sync()
    if len(study.ledger.history.directions) > 1:
        attrs = ["values" if attr == "value" else attr for attr in attrs]
    table = trials_table(study, attrs)
    if not table or not len(next(iter(table.values())).data):
        return pd.DataFrame()
    frame = pd.DataFrame({i: _to_series(cells) for i, cells in enumerate(table.values())})
    if multi_index:
        frame.columns = pd.MultiIndex.from_tuples(list(table))
    else:
        frame.columns = pd.Index(["_".join(str(part) for part in key if part != "") for key in table])
    return frame


def _to_series(cells: Cells) -> pd.Series[Any]:
    import pandas as pd

    data, has_value = cells.data, cells.has_value
    if data.dtype == object:  # pandas finds the narrowest type that holds them all
        gap = np.nan if cells.gap is ABSENT else None
        return pd.Series([value if has else gap for value, has in zip(data, has_value, strict=True)])
    if not has_value.any():
        return pd.Series([None] * len(data), dtype=object)
    if data.dtype.kind in "mM":
        times = np.where(has_value, data, np.array("NaT", data.dtype))
        return pd.Series(times).astype(pd.Series([times[has_value][0].item()]).dtype)  # the unit that pandas prefers
    return pd.Series(data if has_value.all() else np.where(has_value, data, np.nan))


def trials_table(study: StudyOfTable, attrs: Iterable[str]) -> dict[Key, Cells]:
    """The trials as columns, in order of ``attrs``; within an attribute sorted by key.

    Args:
        study: Whose trials, as far as its history knows them: the caller has synchronised it.
        attrs: Attributes of `FrozenTrial`; a leading underscore is left out in the keys. "started_us" and "completed_us"
            are the times in microseconds since 1970 (UTC).
    """
    metric_names = study.metric_names
    with study.ledger.history.lock:
        history = study.ledger.history
        builder = _Builder(with_voided(history) if history.voided else history, metric_names)
        table: dict[Key, Cells] = {}
        for attr in attrs:
            for key, cells in builder.columns_of(attr).items():
                table[attr.removeprefix("_"), key] = cells
        return table


class _Builder:
    """Makes columns out of a history, whose lock is held meanwhile.

    Rows are the finished trials as the history has them, then the open ones; ``_order`` brings them in order of number.
    """

    def __init__(self, history: History, metric_names: Sequence[str] | None) -> None:
        self._history = history
        self._metric_names = metric_names
        self._drafts: list[Draft] = list(history.drafts.values())
        self._n = history.n
        self._size = self._n + len(self._drafts)
        self._numbers = np.append(history.number.head(self._n), [d.number for d in self._drafts]).astype(np.int64)
        self._order = np.argsort(self._numbers)

    def columns_of(self, attr: str) -> dict[str | int, Cells]:
        """The columns of one attribute by the key within it; "" if there is just one."""
        plain: dict[str, Callable[[], Cells]] = {
            "number": lambda: self._cells(self._numbers),
            "state": self._states,
            "datetime_start": lambda: self._moments(*self._started_us()),
            "datetime_complete": lambda: self._moments(*self._completed_us()),
            "duration": self._durations,
            "started_us": lambda: self._cells(*self._started_us()),
            "completed_us": lambda: self._cells(*self._completed_us()),
        }
        if attr in plain:
            return {"": plain[attr]()}
        if attr == "value" and len(self._history.directions) == 1:
            return {"" if self._metric_names is None else self._metric_names[0]: self._values(0)}
        if attr == "values":
            keys: Iterable[str | int] = self._metric_names or range(len(self._history.directions))
            return {key: self._values(i) for i, key in enumerate(keys)}
        if attr == "params":
            return {name: self._param(name) for name in sorted(self._names_in_use())}
        if attr in ("user_attrs", "system_attrs"):
            return self._attributes(is_system=attr == "system_attrs")
        if attr == "intermediate_metrics":
            return self._metrics()
        return self._from_snapshots(attr)

    def _cells(self, data: NDArray[Any], has_value: NDArray[np.bool_] | None = None, gap: Any = None) -> Cells:
        if has_value is None:
            has_value = np.ones(self._size, np.bool_)
        return Cells(data[self._order], has_value[self._order], gap)

    def _states(self) -> Cells:
        names = np.array([state.name for state in sorted(TrialState)], dtype=object)
        finished = self._history.state.head(self._n)
        return self._cells(names[np.append(finished, [int(d.state) for d in self._drafts]).astype(np.intp)])

    def _values(self, objective: int) -> Cells:
        finished = self._history.values[objective].head(self._n)
        data = np.append(finished, [np.nan] * len(self._drafts))
        return self._cells(data, ~np.isnan(data))

    # Times

    def _started_us(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        us = np.append(self._history.started_us.head(self._n), [d.started_us for d in self._drafts]).astype(np.int64)
        return us, us >= 0

    def _completed_us(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        us = np.append(self._history.completed_us.head(self._n), [-1] * len(self._drafts)).astype(np.int64)
        return us, us >= 0

    def _moments(self, us: NDArray[np.int64], has_value: NDArray[np.bool_]) -> Cells:
        return self._cells(_to_local(np.where(has_value, us, 0)), has_value)

    def _durations(self) -> Cells:
        started, has_start = self._started_us()
        completed, has_end = self._completed_us()
        has_value = has_start & has_end
        # The difference of the local times, as FrozenTrial.duration takes it.
        local = [_to_local(np.where(has_value, us, 0)) for us in (started, completed)]
        return self._cells(local[1] - local[0], has_value)

    # Parameters

    def _names_in_use(self) -> dict[str, Edge]:
        """The parameters that any trial has, with one of their suggestions."""
        layouts = self._history.tree.layouts
        used = [layouts[i] for i in np.unique(self._history.layout.head(self._n))]
        used += [draft.layout for draft in self._drafts]
        return {name: edge for layout in used for name, (_, edge) in layout.items.items()}

    def _param(self, name: str) -> Cells:
        history = self._history
        edge = self._names_in_use()[name]
        internal: NDArray[Any] = np.zeros(self._size, kind_of(edge.distribution))
        has_value = np.zeros(self._size, np.bool_)
        has_param = np.array([name in layout.items for layout in history.tree.layouts])
        internal[: self._n] = history.tree.columns[name].head(self._n)
        has_value[: self._n] = has_param[history.layout.head(self._n)]
        for row, draft in enumerate(self._drafts, self._n):
            item = draft.layout.items.get(name)
            if item is not None:
                internal[row], has_value[row] = draft.values[item[0]], True
        if isinstance(edge.distribution, CategoricalDistribution):
            choices = _as_objects(edge.distribution.choices)
            return self._cells(choices[np.where(has_value, internal, 0)], has_value, ABSENT)
        return self._cells(internal, has_value, ABSENT)

    # Whatever is kept as Python objects

    def _attributes(self, *, is_system: bool) -> dict[str | int, Cells]:
        rows = [(row, attrs[is_system]) for row, attrs in self._history.row_attrs.items() if row < self._n]
        for row, draft in enumerate(self._drafts, self._n):
            rows.append((row, draft.system_attrs if is_system else draft.user_attrs))
        return self._nested(rows)

    def _from_snapshots(self, attr: str) -> dict[str | int, Cells]:
        """Any other attribute of `FrozenTrial`: dictionaries and lists are spread over several columns."""
        number_to_row = {int(number): row for row, number in enumerate(self._numbers)}
        plain: list[tuple[int, dict[str | int, Any]]] = []
        nested: list[tuple[int, dict[str | int, Any]]] = []
        for trial in self._history.trials():
            value, row = getattr(trial, attr), number_to_row[trial.number]
            if isinstance(value, list):
                value = dict(enumerate(value))
            if isinstance(value, dict):
                nested.append((row, value))
            else:
                plain.append((row, {"": value}))
        return self._nested([*plain, *nested])

    def _metrics(self) -> dict[str | int, Cells]:
        """One column per named metric and step, such as ``loss_0``: metrics in order of naming, their steps ascending."""
        number_to_row = {int(number): row for row, number in enumerate(self._numbers)}
        found: dict[str, dict[int, list[tuple[int, float]]]] = {}
        for trial in self._history.trials():
            for step, metrics in trial.intermediate_metrics.items():
                for name, value in metrics.items():
                    found.setdefault(name, {}).setdefault(step, []).append((number_to_row[trial.number], value))
        columns: dict[str | int, Cells] = {}
        for name, by_step in found.items():
            for step in sorted(by_step):
                data, has_value = np.zeros(self._size), np.zeros(self._size, np.bool_)
                for row, value in by_step[step]:
                    data[row], has_value[row] = value, True
                columns[f"{name}_{step}"] = self._cells(data, has_value, ABSENT)
        return columns

    def _nested(self, rows: Iterable[tuple[int, dict[Any, Any]]]) -> dict[str | int, Cells]:
        data: dict[str | int, NDArray[Any]] = {}
        has_value: dict[str | int, NDArray[np.bool_]] = {}
        for row, attrs in rows:
            for key, value in attrs.items():
                if key not in data:
                    data[key] = np.empty(self._size, object)
                    has_value[key] = np.zeros(self._size, np.bool_)
                data[key][row] = value
                has_value[key][row] = True
        return {key: self._cells(data[key], has_value[key], ABSENT) for key in sorted(data, key=_int_first)}


def _int_first(key: str | int) -> tuple[bool, int, str]:
    return (False, key, "") if isinstance(key, int) else (True, 0, key)


def _as_objects(values: Sequence[Any]) -> NDArray[Any]:
    """(n,) objects, also where numpy would rather make a matrix of them."""
    objects = np.empty(len(values), object)
    for i, value in enumerate(values):
        objects[i] = value
    return objects


def _to_local(us: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Turn microseconds since 1970 (UTC) into local times, as `to_datetime` does; one look at the clock per quarter."""
    quarters, quarter_of = np.unique(us // _QUARTER_OF_AN_HOUR_US, return_inverse=True)
    starts = quarters * _QUARTER_OF_AN_HOUR_US
    local_starts = np.array([to_datetime(start) for start in starts.tolist()], dtype="datetime64[us]")
    local: NDArray[np.datetime64] = local_starts[quarter_of] + (us - starts[quarter_of]).astype("timedelta64[us]")
    return local
