"""Empirical distribution function in Matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.edf import EmpiricalDistributions, edf
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.matplotlib.figure import add_legend, legend_text, new_axes, pyplot, set_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_edf(
    study: Study | Sequence[Study],
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> Axes:
    """Draw which share of the complete trials has at most a value, for one study or several.

    Arguments and errors as for :func:`optimist.visualization.plot_edf`.

    Returns:
        The axes it was drawn on.
    """
    pyplot()
    return draw(edf(study, target, target_name))


def draw(data: EmpiricalDistributions) -> Axes:
    """Draw the figure."""
    axes = new_axes(data.heading)
    if data.heading.message:
        return axes
    set_axis(axes, "x", data.value)
    low, high = data.value.limits
    for i, found in enumerate(data.distributions):
        x = [min(low, found.values[0]), *found.values, max(high, found.values[-1])]
        color = style.COLORS[i % len(style.COLORS)]
        label = legend_text(shortened(found.name))
        axes.plot(x, [0.0, *found.shares, 1.0], drawstyle="steps-post", color=color, linewidth=1.8, label=label)
    axes.set_ylabel("Share of trials")
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    if len(data.distributions) > 1:
        add_legend(axes)
    return axes
