"""Contours in plotly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.contour import Contour, Surface, contour
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.panels import Panel
from optimist.visualization.plotly.figure import (
    color_bar,
    graph_objects,
    new_figure,
    new_grid,
    point_trace,
    scale,
    text,
)
from optimist.visualization.plotly.panels import add_infeasible, add_marks, place_of, set_axes

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_contour(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> go.Figure:
    """Draw the mean value over each pair of parameters, and the trials it comes from; the better, the darker.

    The mean is smoothed over the trials near by, whatever their other parameters; places without trials stay white.

    Args:
        study: One study.
        params: Which parameters to show, at least two; None for all, or the five most important ones if there are more.
        target: Takes a complete trial, returns the number to draw; None: the objective's value.
        target_name: What that number is.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: No trial has one of the ``params``, or there are several objectives and no ``target``.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(contour(study, params, target, target_name))


def draw(data: Contour) -> go.Figure:
    """Draw the figure."""
    if data.heading.message:
        return new_figure(data.heading)
    figure = new_grid(data.heading, data.panels)
    n = sum(panel.points.n for panel in data.panels)
    add_infeasible(figure, data.panels)
    is_first = True
    for panel, surface in zip(data.panels, data.surfaces, strict=True):
        if surface is not None:
            figure.add_trace(_surface_trace(data, panel, surface, is_first), **place_of(panel))
            is_first = False
        marker = {
            "color": style.INK,
            "size": max(2.5, 0.6 * style.point_size(n)),
            "opacity": style.point_opacity(4 * n),
        }
        trace = point_trace(panel.feasible, style.COMPLETE, n_figure=n, showlegend=False, marker=marker)
        figure.add_trace(trace, **place_of(panel))
    add_marks(figure, data.panels, data.default_number, data.best_number)
    set_axes(figure, data.panels)
    return figure


def _surface_trace(data: Contour, panel: Panel, surface: Surface, has_bar: bool) -> Any:
    """Lines of equal value between numbers; cells where one of the parameters is a category."""
    go = graph_objects()
    low, high = data.value.low, data.value.high
    arguments: dict[str, Any] = {
        "x": surface.x,
        "y": surface.y,
        "z": surface.z,
        "zmin": low,
        "zmax": high if high > low else low + 1,
        "colorscale": scale(is_reversed=not data.is_minimized),
        "showscale": has_bar,
        "colorbar": color_bar(f"mean {data.value.label}"),
        "hovertemplate": (
            f"{text(panel.x.label)}: %{{x:.4~g}}<br>{text(panel.y.label)}: %{{y:.4~g}}<br>mean: %{{z:.5~g}}<extra></extra>"
        ),
    }
    if "category" in (panel.x.kind, panel.y.kind):
        return go.Heatmap(**arguments, opacity=0.85)
    contours = {"start": low, "end": high, "size": (high - low) / 12} if high > low else {}
    line = {"width": 0.5, "color": "rgba(255,255,255,0.6)"}
    return go.Contour(
        **arguments, contours=contours, autocontour=not contours, line=line, connectgaps=False, opacity=0.85
    )
