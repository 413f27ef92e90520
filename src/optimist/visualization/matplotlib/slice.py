"""Slices in Matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.slice import Slice, slices
from optimist.visualization.matplotlib.figure import color_map, draw_points, new_axes, pyplot
from optimist.visualization.matplotlib.panels import draw_marks, new_panels, result

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes


def plot_slice(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> Axes | np.ndarray[Any, Any]:
    """Draw the value of each complete trial against each of its parameters; the later, the darker.

    Arguments and errors as for :func:`optimist.visualization.plot_slice`.

    Returns:
        The axes it was drawn on; an array of them if there are several parameters.
    """
    pyplot()
    return draw(slices(study, params, target, target_name))


def draw(data: Slice) -> Axes | np.ndarray[Any, Any]:
    """Draw the figure."""
    if data.heading.message:
        return new_axes(data.heading)
    grid, all_axes = new_panels(data.heading, data.panels)
    n = sum(panel.points.n for panel in data.panels)
    numbers = data.trials.numbers
    drawn: Any = None
    for panel, axes in zip(data.panels, all_axes, strict=True):
        points = panel.feasible
        colors: dict[str, Any] = {"cmap": color_map(style.TIMES), "vmin": 0, "vmax": max(int(numbers[-1]), 1)}
        drawn = draw_points(axes, points, style.COMPLETE, n_figure=n, c=numbers[points.rows], **colors)
        if panel.infeasible.n:
            draw_points(axes, panel.infeasible, style.INFEASIBLE, n_figure=n)
    draw_marks(data.panels, all_axes, data.default_number, data.best_number)
    bar = all_axes[0].figure.colorbar(drawn, ax=grid, shrink=0.8, aspect=30)
    bar.solids.set_alpha(1)
    bar.set_label("Trial")
    bar.outline.set_visible(False)
    return result(grid)  # type: ignore[no-any-return]
