"""Optimization history in plotly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import Axis, shortened
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.optimization_history import (
    HistorySeries,
    MeanHistory,
    OptimizationHistory,
    optimization_history,
)
from optimist.visualization.data.points import Points
from optimist.visualization.plotly.figure import axis_layout, graph_objects, new_figure, point_trace, scatter, text

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_optimization_history(
    study: Study | Sequence[Study],
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
    error_bar: bool = False,
) -> go.Figure:
    """Draw the value of each trial by its number, and the best value so far.

    Pruned and failed trials stand as signs along the edge; where they came to is no value of the objective.

    Args:
        study: One study, or several to compare.
        target: Takes a complete trial, returns the number to draw; None: the objective's value.
        target_name: What that number is, for the axis.
        error_bar: Draw several studies as one: mean and standard deviation by trial number.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: A study has several objectives, and there is no ``target``.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(optimization_history(study, target, target_name, error_bar))


def draw(data: OptimizationHistory) -> go.Figure:
    """Draw the figure."""
    figure = new_figure(
        data.heading, xaxis={"title": {"text": "Trial"}, "tickformat": ",.6~g"}, yaxis=axis_layout(data.value)
    )
    n = sum(each.complete.n + each.infeasible.n for each in data.series)
    if data.mean is not None:
        _draw_mean(figure, data.mean, data.value.label)
        return figure
    many = len(data.series) > 1
    for i, series in enumerate(data.series):
        _draw_series(figure, series, data.value, n, i if many else None)
    return figure


def _draw_series(figure: go.Figure, series: HistorySeries, value: Axis, n: int, place: int | None) -> None:
    """Draw one study; ``place`` is its position among several."""
    of = "" if place is None else f" of {shortened(series.name)}"
    color = style.BLUE if place is None else style.COLORS[place % len(style.COLORS)]
    line_color = style.VERMILION if place is None else color
    figure.add_trace(
        point_trace(series.complete, style.COMPLETE, n_figure=n, name=value.label + of, marker={"color": color})
    )
    if np.isfinite(series.best).any():
        figure.add_trace(
            scatter(
                len(series.best),
                x=series.numbers,
                y=series.best,
                mode="lines",
                name=text("Best Value" + of),
                line={"color": line_color, "width": 2, "shape": "hv"},
                hoverinfo="skip",
            )
        )
    if series.infeasible.n:
        figure.add_trace(point_trace(series.infeasible, style.INFEASIBLE, n_figure=n))
    if place is None:
        edge = value.limits[0] if series.is_maximized else value.limits[1]
        for points, sign in ((series.pruned, style.PRUNED), (series.failed, style.FAILED)):
            if points.n:
                figure.add_trace(point_trace(_along(points, edge), sign, n_figure=n, cliponaxis=False))
    for points, sign in ((series.default, style.DEFAULT), (series.incumbent, style.BEST)):
        if points.n:
            figure.add_trace(point_trace(points, sign, showlegend=place is None))


def _along(points: Points, edge: float) -> Points:
    return replace(points, y=np.full(points.n, edge))


def _draw_mean(figure: go.Figure, mean: MeanHistory, label: str) -> None:
    go = graph_objects()
    figure.add_trace(
        go.Scatter(
            x=mean.numbers,
            y=mean.mean,
            error_y={"type": "data", "array": mean.std, "visible": True, "thickness": 1, "width": 0},
            mode="markers",
            name=text(label),
            marker={"color": style.BLUE, "size": 6, "opacity": 0.7},
        )
    )
    if not len(mean.best_mean):
        return
    for sign, fill in ((1, None), (-1, "tonexty")):
        figure.add_trace(
            go.Scatter(
                x=mean.numbers,
                y=mean.best_mean + sign * mean.best_std,
                mode="lines",
                line={"width": 0, "shape": "hv"},
                fill=fill,
                fillcolor=style.with_opacity(style.VERMILION, 0.15),
                hoverinfo="skip",
                showlegend=False,
            )
        )
    figure.add_trace(
        go.Scatter(
            x=mean.numbers,
            y=mean.best_mean,
            mode="lines",
            name="Best Value",
            line={"color": style.VERMILION, "width": 2, "shape": "hv"},
        )
    )
