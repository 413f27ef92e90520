"""Contours in Matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.contour import Contour, Surface, contour
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.panels import Panel
from optimist.visualization.matplotlib.figure import color_map, draw_points, literal, new_axes, pyplot
from optimist.visualization.matplotlib.panels import draw_marks, new_panels, result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_contour(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> Axes | np.ndarray[Any, Any]:
    """Draw the mean value over each pair of parameters, and the trials it comes from; the better, the darker.

    Arguments and errors as for :func:`optimist.visualization.plot_contour`.

    Returns:
        The axes it was drawn on; an array of them if there are several pairs: row i has parameter i + 1 upwards,
        column j parameter j to the right, and what lies right of the diagonal is invisible.
    """
    pyplot()
    return draw(contour(study, params, target, target_name))


def draw(data: Contour) -> Axes | np.ndarray[Any, Any]:
    """Draw the figure."""
    if data.heading.message:
        return new_axes(data.heading)
    grid, all_axes = new_panels(data.heading, data.panels)
    n = sum(panel.points.n for panel in data.panels)
    drawn: Any = None
    for panel, axes, surface in zip(data.panels, all_axes, data.surfaces, strict=True):
        axes.grid(visible=False)
        if surface is not None:
            drawn = _draw_surface(axes, data, panel, surface)
        draw_points(axes, panel.feasible, style.COMPLETE, n_figure=4 * n, color=style.INK)
        if panel.infeasible.n:
            draw_points(axes, panel.infeasible, style.INFEASIBLE, n_figure=n)
    draw_marks(data.panels, all_axes, data.default_number, data.best_number)
    if drawn is not None:
        bar = all_axes[0].figure.colorbar(drawn, ax=grid, shrink=0.8, aspect=30)
        bar.set_label(literal(f"mean {data.value.label}"))
        bar.outline.set_visible(False)
    return result(grid)  # type: ignore[no-any-return]


def _draw_surface(axes: Any, data: Contour, panel: Panel, surface: Surface) -> Any:
    """Lines of equal value between numbers; cells where one of the parameters is a category."""
    low, high = data.value.low, data.value.high
    high = high if high > low else low + 1
    colors = color_map() if data.is_minimized else color_map().reversed()
    z = np.ma.masked_invalid(surface.z)
    arguments: dict[str, Any] = {"cmap": colors, "vmin": low, "vmax": high, "alpha": 0.85}
    if "category" in (panel.x.kind, panel.y.kind):
        return axes.pcolormesh(surface.x, surface.y, z, shading="nearest", zorder=1, rasterized=True, **arguments)
    levels = np.linspace(low, high, 13)
    filled = axes.contourf(surface.x, surface.y, z, levels, extend="both", zorder=1, **arguments)
    axes.contour(surface.x, surface.y, z, levels, colors="white", linewidths=0.4, alpha=0.6, zorder=1)
    return filled
