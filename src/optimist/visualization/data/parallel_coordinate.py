"""Parallel coordinates: each trial a line through its value and its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from optimist.states import StudyDirection
from optimist.study.study import Study
from optimist.visualization.data.axes import Axis, param_axis, value_axis
from optimist.visualization.data.objective import DEFAULT_NAME, Objective, Target, check_target, objective_of
from optimist.visualization.data.points import Heading, RowArray, best_shown, explain_nothing, subtitle_of, thin_rows
from optimist.visualization.data.rank import rank_shares
from optimist.visualization.data.trials import BoolArray, FloatArray, Param, Trials, choose_params, read_trials

GAP_HEIGHT: Final = -0.12
"""Where a line passes the axis of a parameter that its trial does not have: a little below the axis."""

_N_MAX = 1000


@dataclass(frozen=True)
class ParallelCoordinate:
    """The figure.

    Attributes:
        heading: What stands above it.
        trials: All trials of the study.
        axes: From left to right: the objective or objectives, then the parameters.
        rows: (n_lines,) the rows of the trials that are drawn, the worst first, so that the best lie on top.
        heights: (n_lines, n_axes) where each crosses each axis: 0 its low end, 1 its high end, `GAP_HEIGHT` where the
            trial does not have the parameter.
        ranks: (n_lines,) the share of all complete trials that are better, 0 to 1; it gives the colour, because the
            values of a search are mostly much alike, or few of them far off.
        rank_values: The numbers of rank 0, 1/4, 1/2, 3/4 and 1, to explain the colours.
        is_feasible: (n_lines,) whether the trial violates no constraint.
        best, default: Positions of the incumbent and of the recommended values among the lines; -1: not drawn.
    """

    heading: Heading
    trials: Trials
    axes: tuple[Axis, ...]
    rows: RowArray
    heights: FloatArray
    ranks: FloatArray
    rank_values: tuple[float, ...]
    is_feasible: BoolArray
    best: int
    default: int

    @property
    def has_gaps(self) -> bool:
        """Whether some line misses a parameter."""
        return bool((self.heights == GAP_HEIGHT).any())


def parallel_coordinate(
    study: Study, params: Sequence[str] | None, target: Target | None, target_name: str
) -> ParallelCoordinate:
    """Collect the complete trials as lines.

    Args:
        study: One study; with several objectives and no target, each objective has an axis.
        params: Which parameters, all by default; in alphabetical order.
        target: Takes a complete trial, returns the number to show.
        target_name: What that number is.

    Raises:
        ValueError: No trial has one of the ``params``.
    """
    trials = read_trials(study)
    shows_all = target is None and len(trials.directions) > 1
    if not shows_all:
        check_target(study, target, target_name)
    objectives = _all_objectives(trials) if shows_all else [objective_of(study, trials, target, target_name)]
    chosen = choose_params(trials, params)
    rows = np.flatnonzero(trials.is_complete & np.all([o.is_finite for o in objectives], axis=0))
    first = objectives[0]
    kept = thin_rows(trials, first, rows, _N_MAX)
    kept = kept[np.argsort(-first.losses[kept], kind="stable")]
    axes = [value_axis(o.name, o.values[rows], o.is_minimized if o.has_best else None) for o in objectives]
    axes += [param_axis(param) for param in chosen]
    heights = [np.clip(axis.positions(o.values[kept]), 0, 1) for o, axis in zip(objectives, axes, strict=False)]
    heights += [_heights(param, axis, kept) for param, axis in zip(chosen, axes[len(objectives) :], strict=True)]
    ranks, rank_values = rank_shares(first, rows, kept)
    subtitle = subtitle_of(trials, first)
    if len(kept) < len(rows):
        subtitle += f"; {len(kept):,} of {len(rows):,} lines, the best among them"
    message = "" if len(rows) else explain_nothing(trials)
    if not message and not chosen:
        message = "The trials have no parameters."
    return ParallelCoordinate(
        heading=Heading("Parallel Coordinates", subtitle, message),
        trials=trials,
        axes=tuple(axes),
        rows=kept,
        heights=np.column_stack(heights),
        ranks=ranks,
        rank_values=rank_values,
        is_feasible=trials.is_feasible[kept],
        best=-1 if shows_all else _position(trials, kept, best_shown(trials, first, rows)),
        default=_position(trials, kept, trials.default_number),
    )


def _all_objectives(trials: Trials) -> list[Objective]:
    names = trials.metric_names or [f"{DEFAULT_NAME} {i}" for i in range(len(trials.directions))]
    return [
        Objective(name, trials.values[:, i], direction != StudyDirection.MAXIMIZE, has_best=True)
        for i, (name, direction) in enumerate(zip(names, trials.directions, strict=True))
    ]


def _heights(param: Param, axis: Axis, rows: RowArray) -> FloatArray:
    values = param.values[rows].astype(float)
    heights = np.full(len(rows), GAP_HEIGHT)
    has = param.has[rows]
    heights[has] = np.clip(axis.positions(values[has]), 0, 1)
    return heights


def _position(trials: Trials, rows: RowArray, number: int) -> int:
    """Where a trial stands among rows; -1 if it does not."""
    found = np.flatnonzero(trials.numbers[rows] == number)
    return int(found[0]) if len(found) else -1
