"""Hypervolume history in Matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.hypervolume_history import HypervolumeHistory, hypervolume_history
from optimist.visualization.matplotlib.figure import count_along_x, new_axes, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_hypervolume_history(study: Study, reference_point: Sequence[float]) -> Axes:
    """Draw how much of the objectives' space the front has won, trial by trial.

    Arguments and errors as for :func:`optimist.visualization.plot_hypervolume_history`.

    Returns:
        The axes it was drawn on.
    """
    pyplot()
    return draw(hypervolume_history(study, reference_point))


def draw(data: HypervolumeHistory) -> Axes:
    """Draw the figure."""
    axes = new_axes(data.heading)
    if data.heading.message:
        return axes
    numbers = data.trials.numbers[data.rows]
    marker = "." if len(numbers) <= 30 else ""
    axes.plot(numbers, data.hypervolumes, marker=marker, drawstyle="steps-post", color=style.BLUE, linewidth=1.8)
    count_along_x(axes, "Trial")
    axes.set_ylabel("Hypervolume")
    axes.set_ylim(bottom=0)
    return axes
