"""Contours: the mean value over each pair of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from optimist.study.study import Study
from optimist.visualization.data.axes import Axis, value_axis
from optimist.visualization.data.objective import Objective, Target, read_objective, shown_rows
from optimist.visualization.data.panels import Panel, choose_pairs, pair_panels
from optimist.visualization.data.points import (
    Heading,
    RowArray,
    best_shown,
    explain_nothing,
    joined,
    subtitle_of,
    thin_rows,
)
from optimist.visualization.data.trials import FloatArray, Trials

_N_CELLS: Final = 60
_N_MAX: Final = 400
_REACH: Final = 2.0  # of the kernel's width: where no trial is as near, the picture says nothing


@dataclass(frozen=True)
class Surface:
    """The mean value over two parameters.

    Attributes:
        x: (n_x,) centres of the cells, in the unit of the panel's axis; the categories' positions where it has some.
        y: (n_y,) likewise.
        z: (n_y, n_x) mean of the values near by; NaN where no trial is near.
    """

    x: FloatArray
    y: FloatArray
    z: FloatArray


@dataclass(frozen=True)
class Contour:
    """The figure.

    Attributes:
        heading: What stands above it.
        trials: All trials of the study.
        value: The scale of colours.
        is_minimized: Whether small values are the good ones.
        panels: Each pair of parameters, with at most 400 trials, the best 80 among them.
        surfaces: One for each panel, from all trials; None where fewer than three trials have both parameters.
        best_number, default_number: The trials to mark; -1: none.
    """

    heading: Heading
    trials: Trials
    value: Axis
    is_minimized: bool
    panels: tuple[Panel, ...]
    surfaces: tuple[Surface | None, ...]
    best_number: int
    default_number: int


def contour(study: Study, params: Sequence[str] | None, target: Target | None, target_name: str) -> Contour:
    """Collect the complete trials with a finite value, and smooth their values over each pair of parameters.

    Raises:
        ValueError: No trial has one of the ``params``, or there are several objectives and no target.
    """
    trials, objective = read_objective(study, target, target_name)
    rows = shown_rows(trials, objective)
    pairs = choose_pairs(study, trials, params, target, rows)
    value = value_axis(objective.name, objective.values[rows], objective.is_minimized)
    surfaces = [_surface(panel, value, objective) for panel in pair_panels(pairs.params, trials, rows)]
    panels = pair_panels(pairs.params, trials, thin_rows(trials, objective, rows, _N_MAX))
    message = "" if len(rows) else explain_nothing(trials)
    if not message and not panels:
        message = "A contour needs at least two parameters; plot_slice shows a single one."
    shown = [surface.z.ravel() for surface in surfaces if surface is not None]
    means = np.concatenate(shown) if shown else np.empty(0)
    return Contour(
        Heading("Contours", joined(subtitle_of(trials, objective), pairs.note), message),
        trials,
        _color_axis(value, means),
        objective.is_minimized,
        tuple(panels),
        tuple(surfaces),
        best_shown(trials, objective, rows),
        trials.default_number,
    )


def _color_axis(value: Axis, means: FloatArray) -> Axis:
    """Colours span the means, which spread less than the values do."""
    means = means[np.isfinite(means)]
    return replace(value, low=float(means.min()), high=float(means.max())) if len(means) else value


def _surface(panel: Panel, value: Axis, objective: Objective) -> Surface | None:
    """Average the values with a Gaussian kernel over a grid of cells.

    Nadaraya-Watson regression on binned data: the trials are summed per cell, and the kernel goes over the cells, one
    axis after the other. The cost hardly grows with the trials. Values beyond the axis count as its end, so that a
    diverged trial does not spoil its surroundings.
    """
    points = panel.points
    if points.n < 3:
        return None
    values = np.clip(objective.values[points.rows], value.low, value.high)
    width = 0.25 * points.n ** (-1 / 6)  # Scott's rule for two dimensions, of a uniform spread over the axis
    x_cells, x_kernel, x_centres = _cells(panel.x, points.x, width)
    y_cells, y_kernel, y_centres = _cells(panel.y, points.y, width)
    sums = np.zeros((len(y_centres), len(x_centres)))
    counts = np.zeros_like(sums)
    np.add.at(sums, (y_cells, x_cells), values)
    np.add.at(counts, (y_cells, x_cells), 1.0)
    weights = y_kernel @ counts @ x_kernel.T
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (y_kernel @ sums @ x_kernel.T) / weights
    z[weights < np.exp(-0.5 * _REACH**2)] = np.nan
    return Surface(x_centres, y_centres, z)


def _cells(axis: Axis, values: FloatArray, width: float) -> tuple[RowArray, FloatArray, FloatArray]:
    """The cell of each value, the kernel between cells, and the cells' centres; ``width`` is a share of the axis."""
    if axis.kind == "category":
        n = len(axis.choices)
        return np.rint(np.asarray(values, float)).astype(np.intp), np.eye(n), np.arange(n, dtype=float)
    cells = np.clip(axis.positions(np.asarray(values, float)) * _N_CELLS, 0, _N_CELLS - 1).astype(np.intp)
    places = (np.arange(_N_CELLS) + 0.5) / _N_CELLS
    kernel = np.exp(-0.5 * ((places[:, None] - places[None, :]) / width) ** 2)
    return cells, kernel, axis.values_at(places)
