"""Pareto front in plotly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.pareto_front import ParetoFront, pareto_front
from optimist.visualization.data.points import Points, RowArray
from optimist.visualization.plotly.figure import axis_layout, graph_objects, new_figure, point_trace

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_pareto_front(
    study: Study,
    *,
    target_names: list[str] | None = None,
    include_dominated_trials: bool = True,
    constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    targets: Callable[[FrozenTrial], Sequence[float]] | None = None,
) -> go.Figure:
    """Draw the trials of several objectives, and which of them no other one beats in all.

    Args:
        study: A study with two or three objectives, or with more and ``targets``.
        target_names: What the axes are called.
        include_dominated_trials: Whether to show more than the front.
        constraints_func: Takes a complete trial, returns numbers that are above 0 where it violates a constraint; None:
            the constraints that the trials reported.
        targets: Takes a complete trial, returns the two or three numbers to draw; None: the objectives' values.

    Returns:
        A figure of plotly, with a third dimension where there are three numbers.

    Raises:
        ValueError: There are not two or three numbers to show, or not as many names.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(pareto_front(study, target_names, include_dominated_trials, constraints_func, targets))


def draw(data: ParetoFront) -> go.Figure:
    """Draw the figure."""
    figure = new_figure(data.heading)
    if data.heading.message:
        return figure
    if len(data.axes) == 3:
        return _draw_space(figure, data)
    n = len(data.front) + len(data.dominated) + len(data.infeasible)
    for rows, sign in ((data.infeasible, style.INFEASIBLE), (data.dominated, style.DOMINATED)):
        if len(rows):
            figure.add_trace(point_trace(_points(data, rows), sign, n_figure=n))
    figure.add_trace(_outline(data))
    front = _points(data, data.front)
    figure.add_trace(point_trace(front, style.FRONT, n_figure=n, marker={"size": 8, "opacity": 0.95}))
    default = data.trials.row_of(data.trials.default_number)
    for rows in (data.front, data.dominated, data.infeasible):
        if default in rows:
            figure.add_trace(point_trace(_points(data, rows).of_trial(data.trials.default_number), style.DEFAULT))
    figure.update_xaxes(axis_layout(data.axes[0]))
    figure.update_yaxes(axis_layout(data.axes[1]))
    return figure


def _points(data: ParetoFront, rows: RowArray) -> Points:
    return Points(data.trials, rows, data.values[rows, 0], data.values[rows, 1])


def _outline(data: ParetoFront) -> Any:
    """The edge of what the front dominates: steps from point to point; nothing for values of the caller's."""
    x, y = data.outline()
    line = {"color": style.VERMILION, "width": 1.3, "shape": "linear"}
    return graph_objects().Scatter(x=x, y=y, mode="lines", line=line, opacity=0.6, hoverinfo="skip", showlegend=False)


def _draw_space(figure: go.Figure, data: ParetoFront) -> go.Figure:
    go = graph_objects()
    n = len(data.front) + len(data.dominated) + len(data.infeasible)
    for rows, sign, size in (
        (data.infeasible, style.INFEASIBLE, 2.5),
        (data.dominated, style.DOMINATED, 3.0),
        (data.front, style.FRONT, 5.0),
    ):
        if len(rows):
            x, y, z = data.values[rows].T
            opacity = 0.95 if sign is style.FRONT else style.point_opacity(n)
            marker = {"color": sign.color, "size": size, "opacity": opacity}
            texts = data.trials.hover_texts(rows)
            figure.add_trace(
                go.Scatter3d(
                    x=x, y=y, z=z, mode="markers", marker=marker, name=sign.name, hovertext=texts, hoverinfo="text"
                )
            )
    axes = [{**axis_layout(axis), "gridcolor": style.GRID, "backgroundcolor": "#f8f9fb"} for axis in data.axes]
    scene = dict(zip(("xaxis", "yaxis", "zaxis"), axes, strict=True))
    camera = {"eye": {"x": 1.55, "y": -1.55, "z": 0.9}, "center": {"x": 0, "y": 0, "z": -0.12}}
    figure.update_layout(scene={**scene, "camera": camera, "aspectmode": "cube"}, height=600, margin={"b": 10, "l": 10})
    return figure
