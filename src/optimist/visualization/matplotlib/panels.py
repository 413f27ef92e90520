"""Panels of a grid in Matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optimist.visualization import style
from optimist.visualization.data.panels import Panel
from optimist.visualization.data.points import Heading
from optimist.visualization.matplotlib.figure import draw_points, new_grid, set_axis


def new_panels(heading: Heading, panels: Sequence[Panel], side: float = 2.3) -> tuple[Any, list[Any]]:
    """Axes for panels in their places, labelled at the left and at the foot of the grid.

    Args:
        heading: What stands above the figure.
        panels: In their places.
        side: Of a panel, in inches.

    Returns:
        (n_rows, n_columns) axes, those without a panel invisible; and the axes of each panel.
    """
    n_rows, n_columns = (max(place) + 1 for place in zip(*((p.row, p.column) for p in panels), strict=True))
    size = (max(7.0, 1.6 + 1.15 * side * n_columns), max(4.2, 0.9 + side * n_rows))
    grid = new_grid(heading, n_rows, n_columns, size)
    for axes in grid.flat:
        axes.set_visible(False)
    found = [grid[panel.row, panel.column] for panel in panels]
    for panel, axes in zip(panels, found, strict=True):
        axes.set_visible(True)
        set_axis(axes, "x", panel.x, 8)
        set_axis(axes, "y", panel.y, 8)
        if panel.x.kind == "category" and sum(map(len, panel.x.choices)) > 18:
            axes.tick_params(axis="x", labelrotation=40)
        is_first = not any(p.row == panel.row and p.column < panel.column for p in panels)
        is_lowest = not any(p.column == panel.column and p.row > panel.row for p in panels)
        is_shared = len({p.x.label for p in panels if p.column == panel.column}) == 1
        if not is_lowest and is_shared:
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)
        if not is_first:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
    return grid, found


def draw_marks(panels: Sequence[Panel], all_axes: Sequence[Any], default_number: int, best_number: int) -> None:
    """Mark the recommended values and the incumbent in each panel, with a legend beside the figure."""
    handles: list[Any] = []
    for number, sign in ((default_number, style.DEFAULT), (best_number, style.BEST)):
        drawn = []
        for panel, axes in zip(panels, all_axes, strict=True):
            points = panel.points.of_trial(number)
            if points.n:
                drawn.append(draw_points(axes, points, sign))
        handles += drawn[:1]
    if any(panel.infeasible.n for panel in panels):
        labelled = [axes.get_legend_handles_labels() for axes in all_axes]
        found = [
            h for hs, names in labelled for h, name in zip(hs, names, strict=True) if name == style.INFEASIBLE.name
        ]
        handles += found[:1]
    if handles:
        figure = all_axes[0].figure
        figure.legend(handles=handles, loc="outside upper right", ncols=len(handles), frameon=False, fontsize=8.5)


def result(grid: Any) -> Any:
    """A grid as users get it: the axes themselves if there is one, else the array."""
    if grid.size == 1:
        return grid[0, 0]
    return grid[0] if grid.shape[0] == 1 else grid
