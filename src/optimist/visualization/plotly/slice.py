"""Slices in plotly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.slice import Slice, slices
from optimist.visualization.plotly.figure import color_bar, graph_objects, new_figure, new_grid, point_trace
from optimist.visualization.plotly.panels import add_infeasible, add_marks, place_of, set_axes

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_slice(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> go.Figure:
    """Draw the value of each complete trial against each of its parameters; the later, the darker.

    Args:
        study: One study.
        params: Which parameters to show; None for all.
        target: Takes a complete trial, returns the number to draw; None: the objective's value.
        target_name: What that number is, for the axis.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: No trial has one of the ``params``, or there are several objectives and no ``target``.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(slices(study, params, target, target_name))


def draw(data: Slice) -> go.Figure:
    """Draw the figure."""
    if data.heading.message:
        return new_figure(data.heading)
    figure = new_grid(data.heading, data.panels, height=190, gap=85)
    n = sum(panel.points.n for panel in data.panels)
    numbers = data.trials.numbers
    colors: dict[str, Any] = {
        "colorscale": [(i / (len(style.TIMES) - 1), color) for i, color in enumerate(style.TIMES)],
        "cmin": 0,
        "cmax": max(int(numbers[-1]), 1),
        "colorbar": color_bar("Trial"),
    }
    add_infeasible(figure, data.panels)
    for i, panel in enumerate(data.panels):
        feasible = panel.feasible
        marker = {"color": numbers[feasible.rows], "line": {"width": 0}, **colors, "showscale": i == 0}
        trace = point_trace(
            feasible, style.COMPLETE, n_figure=n, name="Feasible Trial", showlegend=False, marker=marker
        )
        figure.add_trace(trace, **place_of(panel))
    add_marks(figure, data.panels, data.default_number, data.best_number)
    set_axes(figure, data.panels)
    return figure
