"""Optimization history: the value of each trial, and the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimist.states import StudyDirection, TrialState
from optimist.study.study import Study
from optimist.visualization.data.axes import Axis, beyond, value_axis
from optimist.visualization.data.objective import Objective, Target, as_studies, check_target, objective_of
from optimist.visualization.data.points import Heading, Points, RowArray, explain_nothing, joined, subtitle_of
from optimist.visualization.data.trials import FloatArray, IntArray, Trials, read_trials


@dataclass(frozen=True)
class HistorySeries:
    """One study.

    Attributes:
        trials: Its trials.
        name: The study's name.
        complete: Feasible complete trials: number and value.
        infeasible: Complete trials that violate a constraint.
        pruned: Pruned trials that have a value, which stands for how far they came.
        failed: Failed trials; their values are NaN.
        numbers: (n,) the numbers of all trials.
        best: (n,) the best value of a feasible complete trial up to that number; NaN before the first. Empty if the
            target says nothing about better and worse.
    """

    trials: Trials
    name: str
    complete: Points
    infeasible: Points
    pruned: Points
    failed: Points
    numbers: IntArray
    best: FloatArray

    @property
    def is_maximized(self) -> bool:
        """Whether more is better."""
        return self.trials.directions[0] == StudyDirection.MAXIMIZE

    @property
    def incumbent(self) -> Points:
        """The trial that is best of all, if there is a best."""
        return self.complete.of_trial(self.trials.best_number if len(self.best) else -1)

    @property
    def default(self) -> Points:
        """The trial of the recommended values, if it is complete."""
        return self.complete.of_trial(self.trials.default_number)


@dataclass(frozen=True)
class MeanHistory:
    """Several studies as one: mean and spread over those that have a feasible complete trial of a number.

    Attributes:
        numbers: (k,) the numbers that any study has.
        mean, std: (k,) of the values.
        best_mean, best_std: (k,) of the best values so far; empty if there is no better and worse.
    """

    numbers: IntArray
    mean: FloatArray
    std: FloatArray
    best_mean: FloatArray
    best_std: FloatArray


@dataclass(frozen=True)
class OptimizationHistory:
    """The figure.

    Attributes:
        heading: What stands above it.
        value: The axis of values.
        series: One per study.
        mean: All studies as one, if error bars were asked for.
    """

    heading: Heading
    value: Axis
    series: tuple[HistorySeries, ...]
    mean: MeanHistory | None


def optimization_history(
    study: Study | Sequence[Study], target: Target | None, target_name: str, error_bar: bool = False
) -> OptimizationHistory:
    """Collect the values of one or several studies by trial number.

    Raises:
        ValueError: A study has several objectives, and there is no target.
    """
    check_target(study, target, target_name)
    studies = as_studies(study)
    tables = [read_trials(each) for each in studies]
    objectives = [objective_of(s, t, target, target_name) for s, t in zip(studies, tables, strict=True)]
    series = tuple(_series(trials, objective) for trials, objective in zip(tables, objectives, strict=True))
    values = np.concatenate([np.append(each.complete.y, each.infeasible.y) for each in series] or [np.empty(0)])
    directions = {objective.is_minimized for objective in objectives} if target is None else set()
    name = objectives[0].name if objectives else target_name
    axis = value_axis(name, values, directions.pop() if len(directions) == 1 else None)
    mean = _mean_history(series) if error_bar else None
    return OptimizationHistory(_heading(tables, objectives, axis, values), axis, series, mean)


def _heading(tables: list[Trials], objectives: list[Objective], axis: Axis, values: FloatArray) -> Heading:
    title = "Optimization History"
    if not tables:
        return Heading(title, message="There are no studies.")
    subtitle = subtitle_of(tables[0], objectives[0]) if len(tables) == 1 else f"{len(tables)} studies"
    subtitle = joined(subtitle, beyond(axis, values))
    return Heading(title, subtitle, "" if len(values) else explain_nothing(tables[0]))


def _series(trials: Trials, objective: Objective) -> HistorySeries:
    has_value = ~np.isnan(objective.values)
    is_good = trials.is_complete & trials.is_feasible & has_value

    def points(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Points:
        rows: RowArray = np.flatnonzero(mask)
        return Points(trials, rows, trials.numbers[rows], objective.values[rows])

    best = np.empty(0)
    if objective.has_best:
        losses = np.minimum.accumulate(np.where(is_good, objective.losses, np.inf))
        is_known = np.logical_or.accumulate(is_good)
        best = np.where(is_known, losses if objective.is_minimized else -losses, np.nan)
    return HistorySeries(
        trials=trials,
        name=trials.study_name,
        complete=points(is_good),
        infeasible=points(trials.is_complete & ~trials.is_feasible & has_value),
        pruned=points(trials.has_state(TrialState.PRUNED) & objective.is_finite & objective.has_best),
        failed=points(trials.has_state(TrialState.FAIL)),
        numbers=trials.numbers,
        best=best,
    )


def _mean_history(series: Sequence[HistorySeries]) -> MeanHistory:
    """Mean and standard deviation over the studies, per number."""
    longest = max((int(each.numbers[-1]) + 1 for each in series if len(each.numbers)), default=0)
    values = np.full((len(series), longest), np.nan)
    best = np.full((len(series), longest), np.nan)
    for row, each in enumerate(series):
        values[row, each.complete.x] = each.complete.y
        if len(each.best):
            best[row, each.numbers] = each.best
    numbers = np.flatnonzero(np.isfinite(values).any(axis=0))
    mean, std = _moments(values[:, numbers])
    has_best = any(len(each.best) for each in series)
    best_mean, best_std = _moments(best[:, numbers]) if has_best else (np.empty(0), np.empty(0))
    return MeanHistory(numbers, mean, std, best_mean, best_std)


def _moments(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each column, NaN and infinities left out."""
    values = np.where(np.isfinite(values), values, np.nan)
    if not values.size:
        return np.empty(0), np.empty(0)
    n = np.maximum(np.isfinite(values).sum(axis=0), 1)
    mean = np.nansum(values, axis=0) / n
    std = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / n)
    return mean, std
