"""Parameter importances in Matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.param_importances import ParamImportances, param_importances
from optimist.visualization.matplotlib.figure import add_legend, legend_text, literal, new_axes, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_param_importances(
    study: Study,
    evaluator: Any = None,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> Axes:
    """Draw how much of the variation of the objective each parameter explains.

    Arguments and errors as for :func:`optimist.visualization.plot_param_importances`.

    Returns:
        The axes it was drawn on.
    """
    pyplot()
    return draw(param_importances(study, evaluator, params, target, target_name))


def draw(data: ParamImportances) -> Axes:
    """Draw the figure."""
    n_series = max(1, len(data.series))
    axes = new_axes(data.heading, (8.0, max(3.0, 1.4 + 0.32 * len(data.names) * n_series)))
    if data.heading.message:
        return axes
    thickness = 0.7 / n_series
    places = np.arange(len(data.names))
    for i, (series, color) in enumerate(zip(data.series, style.COLORS * n_series, strict=False)):
        shifted = places + (i - (n_series - 1) / 2) * thickness
        axes.barh(shifted, series.values, thickness, color=color, label=legend_text(series.name))
        if series.has_intervals:
            reach = np.nan_to_num([series.values - series.low, series.high - series.values])
            axes.errorbar(series.values, shifted, xerr=reach, fmt="none", ecolor=style.INK, elinewidth=1, capsize=2.5)
        for place, end, words in zip(shifted, series.ends, series.words, strict=True):
            axes.annotate(
                words,
                (end, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=style.INK,
            )
    axes.set_yticks(places, [literal(shortened(name, 30)) for name in data.names])
    axes.set_xlabel("Importance")
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.1)
    if n_series > 1:
        add_legend(axes)
    return axes
