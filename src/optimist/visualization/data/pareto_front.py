"""Pareto front: what is the best that one objective allows for each value of another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection, TrialState
from optimist.study.study import Study
from optimist.visualization.data.axes import Axis, value_axis
from optimist.visualization.data.points import Heading, RowArray, explain_nothing
from optimist.visualization.data.trials import BoolArray, FloatArray, Trials, read_trials

Vector = Callable[[FrozenTrial], Sequence[float]]


@dataclass(frozen=True)
class ParetoFront:
    """The figure.

    Attributes:
        heading: What stands above it.
        trials: All trials of the study.
        axes: Two or three, one per value shown.
        values: (n, n_axes) by row of the trials; NaN where a trial is not shown.
        front: (k,) rows of the front, by the first value.
        dominated: Rows of the other feasible trials; empty if they were not asked for.
        infeasible: Rows of complete trials that violate a constraint; likewise.
        is_minimized: Whether less is better, for each axis; None for values of the caller's.
    """

    heading: Heading
    trials: Trials
    axes: tuple[Axis, ...]
    values: FloatArray
    front: RowArray
    dominated: RowArray
    infeasible: RowArray
    is_minimized: tuple[bool | None, ...]

    def outline(self) -> tuple[list[float], list[float]]:
        """The edge of what a front of two objectives dominates: x and y of its corners; empty for the caller's values."""
        if len(self.axes) != 2 or None in self.is_minimized:
            return [], []
        x, y = self.values[self.front].T.tolist()
        if not self.is_minimized[0]:
            x, y = x[::-1], y[::-1]  # from the best of the first objective on
        corners = list(zip(x, y, strict=True))
        for i in range(len(x) - 1, 0, -1):
            corners.insert(i, (x[i], y[i - 1]))
        return [corner[0] for corner in corners], [corner[1] for corner in corners]


def pareto_front(
    study: Study,
    target_names: Sequence[str] | None,
    include_dominated_trials: bool,
    constraints_func: Vector | None,
    targets: Vector | None,
) -> ParetoFront:
    """Split the complete trials into the front, what it dominates, and what violates a constraint.

    Args:
        study: A study with two or three objectives, or any with ``targets``.
        target_names: What the axes are called.
        include_dominated_trials: Whether to show more than the front.
        constraints_func: Takes a complete trial, returns numbers that are above 0 where it violates a constraint; None:
            the constraints that the trials reported.
        targets: Takes a complete trial, returns the two or three numbers to show; the front stays that of the
            objectives.

    Raises:
        ValueError: There are not two or three numbers to show, or not as many names.
    """
    trials = read_trials(study)
    _check_objectives(len(trials.directions), targets is not None)
    complete = np.flatnonzero(trials.is_complete)
    is_feasible, values = trials.is_feasible, trials.values
    if constraints_func is not None or targets is not None:
        # A loop over trials, because the caller's functions take one.
        by_number = {t.number: t for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))}
        frozen = [by_number[int(number)] for number in trials.numbers[complete]]
        if constraints_func is not None:
            is_feasible = is_feasible.copy()
            is_feasible[complete] = [all(c <= 0 for c in constraints_func(trial)) for trial in frozen]
        if targets is not None:
            values = _target_values(trials.n, complete, frozen, targets)
    names = _names(trials, target_names, values.shape[1], targets is not None)
    feasible = complete[is_feasible[complete]]
    signs = np.array([-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in trials.directions])
    front = feasible[is_on_front(trials.values[feasible] * signs)]
    dominated = np.setdiff1d(feasible, front) if include_dominated_trials else np.empty(0, np.intp)
    infeasible = complete[~is_feasible[complete]] if include_dominated_trials else np.empty(0, np.intp)
    minimized: tuple[bool | None, ...] = tuple(d != StudyDirection.MAXIMIZE for d in trials.directions)
    if targets is not None:
        minimized = (None,) * values.shape[1]
    shown = np.concatenate([front, dominated, infeasible])
    axes = [_axis(name, values[:, i], shown, front, minimized[i]) for i, name in enumerate(names)]
    n = len(front)
    subtitle = f"{n:,} of {len(feasible):,} feasible trials on the front" if n else ""
    return ParetoFront(
        Heading("Pareto Front", subtitle, "" if len(shown) else explain_nothing(trials)),
        trials,
        tuple(axes),
        values,
        front[np.argsort(values[front, 0], kind="stable")],
        dominated,
        infeasible,
        minimized,
    )


def _check_objectives(m: int, has_targets: bool) -> None:
    if not has_targets and m not in (2, 3):
        raise ValueError(
            f"A Pareto front shows two or three objectives, but the study has {m}. "
            "Say with targets which numbers to show, such as targets=lambda trial: trial.values[:2]."
        )
    if has_targets and m == 1:
        raise ValueError(
            "The study has one objective, so there is no front; use plot_optimization_history or plot_slice."
        )


def is_on_front(losses: FloatArray) -> BoolArray:
    """(n,) which points (n, m) no other one dominates; less is better. Costs n times the length of the front."""
    keeps = np.zeros(len(losses), np.bool_)
    front = np.empty((0, losses.shape[1]))
    for i in np.lexsort(losses.T[::-1]):  # what dominates a point comes before it
        point = losses[i]
        no_worse = np.all(front <= point, axis=1)
        if not np.any(no_worse & np.any(front < point, axis=1)):
            keeps[i] = True
            if not no_worse.any():  # else it equals one that is kept
                front = np.vstack([front, point])
    return keeps


def _target_values(n: int, rows: RowArray, frozen: Sequence[FrozenTrial], targets: Vector) -> FloatArray:
    found: list[list[float]] = []
    for trial in frozen:
        numbers = targets(trial)
        if not isinstance(numbers, Sequence | np.ndarray):
            raise ValueError(  # noqa: TRY004  what Optuna's users catch
                f"targets must return a sequence of two or three numbers, but it returned {numbers!r}."
            )
        if len(numbers) not in (2, 3) or len(numbers) != len(found[0] if found else numbers):
            raise ValueError(f"targets must return two or three numbers, always as many, but returned {numbers!r}.")
        found.append([float(number) for number in numbers])
    values = np.full((n, len(found[0]) if found else 2), np.nan)
    if found:
        values[rows] = found
    return values


def _names(trials: Trials, names: Sequence[str] | None, n: int, has_targets: bool) -> list[str]:
    if names is not None:
        if len(names) != n:
            raise ValueError(f"target_names must name the {n} values that are shown, but got {list(names)!r}.")
        return list(names)
    if trials.metric_names is not None and not has_targets:
        return list(trials.metric_names)
    return [f"Objective {i}" for i in range(n)]


def _axis(name: str, values: FloatArray, shown: RowArray, front: RowArray, is_minimized: bool | None) -> Axis:
    """An axis that shows all of the front, and as much of the others as leaves room to see it."""
    axis = value_axis(name, values[shown], is_minimized)
    own = values[front][np.isfinite(values[front])]
    low, high = (min(axis.low, own.min()), max(axis.high, own.max())) if len(own) else (axis.low, axis.high)
    words = "" if is_minimized is None else f" ({'less' if is_minimized else 'more'} is better)"
    return Axis(name + words, "linear", float(low), float(high))
