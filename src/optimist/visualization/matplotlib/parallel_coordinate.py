"""Parallel coordinates in Matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.parallel_coordinate import GAP_HEIGHT, ParallelCoordinate, parallel_coordinate
from optimist.visualization.matplotlib.figure import add_legend, add_rank_bar, color_map, literal, new_axes, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_parallel_coordinate(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> Axes:
    """Draw each complete trial as a line through its value and its parameters; the better, the darker.

    Arguments and errors as for :func:`optimist.visualization.plot_parallel_coordinate`.

    Returns:
        The axes it was drawn on.
    """
    pyplot()
    return draw(parallel_coordinate(study, params, target, target_name))


def draw(data: ParallelCoordinate) -> Axes:
    """Draw the figure."""
    axes = new_axes(data.heading, (max(8.0, 1.3 * len(data.axes)), 4.6))
    if data.heading.message:
        return axes
    _draw_lines(axes, data)
    _draw_axes(axes, data)
    add_legend(axes)
    return axes


def _draw_lines(axes: Axes, data: ParallelCoordinate) -> None:
    from matplotlib.collections import LineCollection

    x = np.arange(len(data.axes))
    opacity = style.line_opacity(len(data.rows))
    colors = color_map()
    segments = [np.column_stack([x, heights]) for heights in data.heights]
    drawn = [
        (*style.UNIT_GREY, 0.6 * opacity) if not feasible else (*colors(rank)[:3], opacity)
        for rank, feasible in zip(data.ranks.tolist(), data.is_feasible.tolist(), strict=True)
    ]
    axes.add_collection(LineCollection(segments, colors=drawn, linewidths=1.1, rasterized=len(segments) > 500))
    for position, name, color, dash in (
        (data.default, "Defaults", style.INK, "--"),
        (data.best, "Best", style.VERMILION, "-"),
    ):
        if position >= 0:
            label = f"{name} (trial {data.trials.numbers[data.rows[position]]})"
            axes.plot(x, data.heights[position], dash, color=color, linewidth=2.5, label=label, zorder=3)
    add_rank_bar(axes, data.rank_values, data.axes[0].label)


def _draw_axes(axes: Axes, data: ParallelCoordinate) -> None:
    bottom = GAP_HEIGHT if data.has_gaps else 0.0
    for place, axis in enumerate(data.axes):
        axes.plot([place, place], [0, 1], color=style.INK, linewidth=0.9, zorder=4)
        values, words = axis.ticks()
        heights = axis.positions(np.array(values)).tolist()
        if (data.heights[:, place] == GAP_HEIGHT).any():
            heights, words = [*heights, GAP_HEIGHT], [*words, "not set"]
        for height, word in zip(heights, words, strict=True):
            axes.annotate(
                literal(shortened(word, 16)),
                (place, height),
                xytext=(-4, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=8,
                zorder=5,
                bbox={"facecolor": style.PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 0.8},
            )
    axes.set_xticks(range(len(data.axes)), [literal(shortened(axis.label, 22)) for axis in data.axes])
    axes.tick_params(axis="x", length=0, labelcolor=style.INK)
    if len(data.axes) * max(len(axis.label) for axis in data.axes) > 90:
        axes.tick_params(axis="x", labelrotation=20)
    axes.set_xlim(-0.35, len(data.axes) - 0.9)
    axes.set_ylim(bottom - 0.05, 1.04)
    axes.yaxis.set_visible(False)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
