"""Comparison of studies in Matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.comparison import Comparison, comparison
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.matplotlib.figure import (
    add_legend,
    count_along_x,
    legend_text,
    new_axes,
    new_grid,
    pyplot,
    set_axis,
)

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes


def plot_comparison(
    studies: Study | Sequence[Study] | Mapping[str, Study | Sequence[Study]], *, target_name: str = DEFAULT_NAME
) -> Axes | np.ndarray[Any, Any]:
    """Draw the best value so far of several studies, by trials on the left and by seconds on the right.

    Arguments and errors as for :func:`optimist.visualization.plot_comparison`.

    Returns:
        The two axes it was drawn on; a single one if there is nothing to draw.
    """
    pyplot()
    return draw(comparison(studies, target_name))


def draw(data: Comparison) -> Axes | np.ndarray[Any, Any]:
    """Draw the figure."""
    if data.heading.message:
        return new_axes(data.heading)
    (both,) = new_grid(data.heading, 1, 2, (10.0, 4.4), sharey=True)
    for i, group in enumerate(data.groups):
        color = style.COLORS[i % len(style.COLORS)]
        name = shortened(group.name) + (f" ({group.n_repeats} repeats)" if group.n_repeats > 1 else "")
        for axes, progress in zip(both, (group.by_trials, group.by_seconds), strict=True):
            if group.n_repeats > 1:
                axes.fill_between(
                    progress.x, progress.low, progress.high, step="post", color=color, alpha=0.18, linewidth=0
                )
            line = {"color": color, "linewidth": 1.8, "label": legend_text(name)}
            axes.plot(progress.x, progress.median, drawstyle="steps-post", **line)
    set_axis(both[0], "y", data.value)
    count_along_x(both[0], "Trials")
    both[1].set_xlabel("Seconds")
    add_legend(both[1])
    return both  # type: ignore[no-any-return]
