"""Ranks in Matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.rank import Rank, ranks
from optimist.visualization.matplotlib.figure import add_rank_bar, color_map, draw_points, new_axes, pyplot
from optimist.visualization.matplotlib.panels import draw_marks, new_panels, result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_rank(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> Axes | np.ndarray[Any, Any]:
    """Draw the complete trials over each pair of parameters, coloured by rank; the better, the darker.

    Arguments and errors as for :func:`optimist.visualization.plot_rank`.

    Returns:
        The axes it was drawn on; an array of them if there are several pairs: row i has parameter i + 1 upwards,
        column j parameter j to the right, and what lies right of the diagonal is invisible.
    """
    pyplot()
    return draw(ranks(study, params, target, target_name))


def draw(data: Rank) -> Axes | np.ndarray[Any, Any]:
    """Draw the figure."""
    if data.heading.message:
        return new_axes(data.heading)
    grid, all_axes = new_panels(data.heading, data.panels)
    n = sum(panel.points.n for panel in data.panels)
    for panel, axes in zip(data.panels, all_axes, strict=True):
        if panel.infeasible.n:
            draw_points(axes, panel.infeasible, style.INFEASIBLE, n_figure=n)
        points = panel.feasible
        points = points.where(np.argsort(-data.ranks[points.rows], kind="stable"))  # the best on top
        colors = {"c": data.ranks[points.rows], "cmap": color_map(), "vmin": 0, "vmax": 1}
        draw_points(axes, points, style.COMPLETE, n_figure=n, **colors)
    draw_marks(data.panels, all_axes, data.default_number, data.best_number)
    add_rank_bar(grid, data.rank_values, data.value_name)
    return result(grid)  # type: ignore[no-any-return]
