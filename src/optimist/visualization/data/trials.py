"""The trials of a study as columns in order of their numbers: what every figure is made from."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optimist.history.base_trial import read_constraints
from optimist.history.view import View
from optimist.states import StudyDirection, TrialState
from optimist.study.defaults import default_trial_number
from optimist.study.study import Study

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_N_HOVER_PARAMS = 24  # a text of more lines than a screen has helps nobody


@dataclass(frozen=True)
class Param:
    """One hyperparameter.

    Attributes:
        name: Its name.
        distributions: All distributions it had, the latest last; several where the range changed between trials.
        values: (n,) internal values: numbers, or the positions of choices; anything where a trial does not have it.
        has: (n,) whether a trial has it.
    """

    name: str
    distributions: tuple[BaseDistribution, ...]
    values: npt.NDArray[Any]
    has: BoolArray

    @property
    def choices(self) -> tuple[str, ...] | None:
        """The choices as text, in the distribution's order; None for numbers."""
        latest = self.distributions[-1]
        return tuple(map(str, latest.choices)) if isinstance(latest, CategoricalDistribution) else None

    @property
    def is_log(self) -> bool:
        """Whether the space is logarithmic."""
        return bool(getattr(self.distributions[-1], "log", False))

    def text(self, row: int) -> str:
        """The value of a trial as the user writes it."""
        value, latest = self.values[row], self.distributions[-1]
        if isinstance(latest, CategoricalDistribution):
            return repr(latest.choices[int(value)])
        return f"{value:.6g}" if isinstance(latest, FloatDistribution) else str(int(value))


@dataclass(frozen=True)
class Trials:
    """All trials of a study that count, in order of their numbers; voided ones do not.

    Attributes:
        study_name: The study's name.
        directions: One per objective.
        metric_names: One per objective; None if they were not set.
        numbers: (n,) trial numbers, ascending.
        states: (n,) values of `TrialState`.
        values: (n, n_objectives) objective values; NaN where there is none.
        is_feasible: (n,) False where a constraint is violated.
        started_us, completed_us: (n,) microseconds since 1970 (UTC); -1 where unknown.
        params: By name, in alphabetical order.
        best_number: The incumbent of a study with one objective; -1 if there is none.
        default_number: The trial of the recommended values; -1 if there is none.
    """

    study_name: str
    directions: tuple[StudyDirection, ...]
    metric_names: tuple[str, ...] | None
    numbers: IntArray
    states: npt.NDArray[np.int8]
    values: FloatArray
    is_feasible: BoolArray
    started_us: IntArray
    completed_us: IntArray
    params: Mapping[str, Param]
    best_number: int
    default_number: int

    @property
    def n(self) -> int:
        """Number of trials."""
        return len(self.numbers)

    @property
    def is_complete(self) -> BoolArray:
        """(n,) which trials are COMPLETE."""
        return self.has_state(TrialState.COMPLETE)

    def has_state(self, state: TrialState) -> BoolArray:
        """(n,) which trials are in a state."""
        mask: BoolArray = self.states == state
        return mask

    def row_of(self, number: int) -> int:
        """The row of a trial; -1 if it is not among them."""
        row = int(np.searchsorted(self.numbers, number))
        return row if number >= 0 and row < self.n and self.numbers[row] == number else -1

    def hover_texts(self, rows: Iterable[int], names: Collection[str] | None = None) -> list[str]:
        """What to show when the pointer is over a trial: number, state, values, parameters; escaped HTML lines.

        Args:
            rows: The trials.
            names: Which parameters; None for all.
        """
        params = [param for param in self.params.values() if names is None or param.name in names]
        return [self._hover_text(int(row), params) for row in rows]

    def _hover_text(self, row: int, params: Sequence[Param]) -> str:
        state = TrialState(int(self.states[row]))
        notes = [state.name.lower()] if state != TrialState.COMPLETE else []
        notes += ["infeasible"] if not self.is_feasible[row] else []
        notes += ["best"] if self.numbers[row] == self.best_number else []
        notes += ["defaults"] if self.numbers[row] == self.default_number else []
        lines = [f"<b>Trial {self.numbers[row]}</b>" + (f" ({', '.join(notes)})" if notes else "")]
        names = self.metric_names or (
            ("value",) if len(self.directions) == 1 else tuple(f"value {i}" for i in range(len(self.directions)))
        )
        for name, value in zip(names, self.values[row].tolist(), strict=True):
            if value == value:
                lines.append(f"{html.escape(name)} = {value:.6g}")
        own = [param for param in params if param.has[row]]
        lines += [html.escape(f"{p.name}: {p.text(row)}") for p in own[:_N_HOVER_PARAMS]]
        if len(own) > _N_HOVER_PARAMS:
            lines.append(f"and {len(own) - _N_HOVER_PARAMS} more")
        return "<br>".join(lines)


def read_trials(study: Study) -> Trials:
    """Take the columns of a study as they are at this moment.

    Raises:
        TypeError: This is no study.
    """
    if not isinstance(study, Study):
        raise TypeError(f"A plot takes a study, but got {study!r}. Make one with create_study() or load_study().")
    study.sync()
    history = study.ledger.history
    metric_names = study.metric_names
    with history.lock:
        view = study.view()
        drafts = [history.drafts[trial.number] for trial in view.open_trials]
        numbers = np.append(view.numbers, [d.number for d in drafts]).astype(np.int64)
        order = np.argsort(numbers)
        open_values = np.full((len(drafts), view.n_objectives), np.nan)
        started_us = np.append(history.started_us.head(view.n), [d.started_us for d in drafts]).astype(np.int64)
        completed_us = np.append(history.completed_us.head(view.n), [-1] * len(drafts)).astype(np.int64)
        open_feasible = [all(c <= 0 for c in read_constraints(d.system_attrs).values()) for d in drafts]
        is_one = view.n_objectives == 1
        return Trials(
            study_name=study.study_name,
            directions=view.directions,
            metric_names=None if metric_names is None else tuple(metric_names),
            numbers=numbers[order],
            states=np.append(view.states, [d.state for d in drafts]).astype(np.int8)[order],
            values=np.concatenate([view.values, open_values])[order],
            is_feasible=np.append(_is_feasible(view), open_feasible).astype(np.bool_)[order],
            started_us=started_us[order],
            completed_us=completed_us[order],
            params=_read_params(view, order),
            best_number=int(history.number.data[history.best_row]) if is_one and history.best_row >= 0 else -1,
            default_number=default_trial_number(history),
        )


def choose_params(trials: Trials, names: Sequence[str] | None) -> list[Param]:
    """The parameters to show: those named, or all, in alphabetical order.

    Raises:
        ValueError: No trial has a parameter of that name.
    """
    if names is None:
        return list(trials.params.values())
    for name in names:
        if name not in trials.params:
            raise ValueError(
                f"No trial of the study has the parameter {name!r}; it has: {', '.join(trials.params) or 'none'}."
            )
    return [trials.params[name] for name in sorted(set(names))]


def _is_feasible(view: View) -> BoolArray:
    is_feasible = np.ones(view.n, np.bool_)
    for key in view.constraint_keys:
        is_feasible &= ~(view.constraint(key) > 0)  # NaN: not reported
    return is_feasible


def _read_params(view: View, order: npt.NDArray[np.intp]) -> dict[str, Param]:
    """The parameters of finished and open trials. Costs a pass per layout, of which there are few, not per trial."""
    layouts, open_trials = view.layouts, view.open_trials
    used = {int(i) for i in np.unique(view.layout_indices)} | {trial.layout.index for trial in open_trials}
    distributions: dict[str, dict[BaseDistribution, None]] = {}
    for index in sorted(used):
        for edge in layouts[index].path():
            distributions.setdefault(edge.name, {})[edge.distribution] = None
    params = {}
    for name in sorted(distributions):
        has_param = np.array([index in used and name in layout.items for index, layout in enumerate(layouts)])
        column = view.column(name)
        expected = [trial.internal(name) for trial in open_trials]
        values = np.append(column, np.array([0 if v is None else v for v in expected], column.dtype))
        has = np.append(has_param[view.layout_indices], [v is not None for v in expected]).astype(np.bool_)
        params[name] = Param(name, tuple(distributions[name]), values[order], has[order])
    return params
