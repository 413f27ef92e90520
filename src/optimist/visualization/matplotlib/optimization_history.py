"""Optimization history in Matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.optimization_history import (
    HistorySeries,
    MeanHistory,
    OptimizationHistory,
    optimization_history,
)
from optimist.visualization.matplotlib.figure import (
    add_legend,
    count_along_x,
    draw_points,
    legend_text,
    literal,
    new_axes,
    pyplot,
    set_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_optimization_history(
    study: Study | Sequence[Study],
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
    error_bar: bool = False,
) -> Axes:
    """Draw the value of each trial by its number, and the best value so far.

    Arguments and errors as for :func:`optimist.visualization.plot_optimization_history`.

    Returns:
        The axes it was drawn on.
    """
    pyplot()
    return draw(optimization_history(study, target, target_name, error_bar))


def draw(data: OptimizationHistory) -> Axes:
    """Draw the figure."""
    axes = new_axes(data.heading)
    if data.heading.message:
        return axes
    set_axis(axes, "y", data.value)
    count_along_x(axes, "Trial")
    if data.mean is not None:
        _draw_mean(axes, data.mean, data.value.label)
    else:
        n = sum(each.complete.n + each.infeasible.n for each in data.series)
        for i, series in enumerate(data.series):
            _draw_series(axes, data, series, n, i if len(data.series) > 1 else None)
    add_legend(axes)
    return axes


def _draw_series(axes: Axes, data: OptimizationHistory, series: HistorySeries, n: int, place: int | None) -> None:
    """Draw one study; ``place`` is its position among several."""
    of = "" if place is None else f" of {shortened(series.name)}"
    color = style.BLUE if place is None else style.COLORS[place % len(style.COLORS)]
    draw_points(axes, series.complete, style.COMPLETE, n_figure=n, label=data.value.label + of, color=color)
    if np.isfinite(series.best).any():
        line_color = style.VERMILION if place is None else color
        label = legend_text("Best Value" + of)
        axes.plot(
            series.numbers, series.best, drawstyle="steps-post", color=line_color, linewidth=1.7, label=label, zorder=3
        )
    if series.infeasible.n:
        draw_points(axes, series.infeasible, style.INFEASIBLE, n_figure=n)
    if place is None:
        edge = data.value.limits[0] if series.is_maximized else data.value.limits[1]
        for points, sign in ((series.pruned, style.PRUNED), (series.failed, style.FAILED)):
            if points.n:
                along = replace(points, y=np.full(points.n, edge))
                draw_points(axes, along, sign, n_figure=n, clip_on=False)
    for points, sign in ((series.default, style.DEFAULT), (series.incumbent, style.BEST)):
        if points.n:
            draw_points(axes, points, sign, in_legend=place is None)


def _draw_mean(axes: Axes, mean: MeanHistory, label: str) -> None:
    axes.errorbar(
        mean.numbers, mean.mean, mean.std, fmt="o", color=style.BLUE, alpha=0.7, markersize=4, label=literal(label)
    )
    if len(mean.best_mean):
        low, high = mean.best_mean - mean.best_std, mean.best_mean + mean.best_std
        axes.fill_between(mean.numbers, low, high, step="post", color=style.VERMILION, alpha=0.15, linewidth=0)
        axes.plot(mean.numbers, mean.best_mean, drawstyle="steps-post", color=style.VERMILION, label="Best Value")
