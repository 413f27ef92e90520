"""Intermediate values in Matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.intermediate_values import IntermediateValues, LearningCurve, intermediate_values
from optimist.visualization.matplotlib.figure import add_legend, count_along_x, new_axes, pyplot, set_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_intermediate_values(study: Study, *, metric: str | None = None) -> Axes:
    """Draw the learning curve of each trial: what it reported, step by step.

    Arguments and errors as for :func:`optimist.visualization.plot_intermediate_values`.

    Returns:
        The axes it was drawn on.
    """
    pyplot()
    return draw(intermediate_values(study, metric))


def draw(data: IntermediateValues) -> Axes:
    """Draw the figure."""
    axes = new_axes(data.heading)
    if data.heading.message:
        return axes
    set_axis(axes, "y", data.value)
    count_along_x(axes, "Step")
    opacity = style.line_opacity(len(data.curves))
    for kind, color, curves in data.kinds():
        for i, curve in enumerate(curves):
            _draw_curve(axes, curve, kind if i == 0 else None, color, opacity * (0.7 if kind == "Pruned" else 1))
        if kind == "Pruned":
            ends = [(int(c.steps[-1]), float(c.values[-1])) for c in curves]
            x, y = zip(*ends, strict=True)
            axes.scatter(x, y, s=16, marker=style.PRUNED.matplotlib_symbol, c=color, alpha=0.6, linewidths=0)
    for highlight, name, color, dash in (
        (data.default, "Defaults", style.INK, "--"),
        (data.best, "Best", style.VERMILION, "-"),
    ):
        if highlight is not None:
            label = f"{name} (trial {highlight.number})"
            axes.plot(highlight.steps, highlight.values, dash, color=color, linewidth=2.5, label=label, zorder=4)
    add_legend(axes)
    return axes


def _draw_curve(axes: Axes, curve: LearningCurve, label: str | None, color: str, opacity: float) -> None:
    marker = "." if len(curve.steps) == 1 else ""
    dash = ":" if label == "Running" else "-"
    axes.plot(curve.steps, curve.values, dash, marker=marker, color=color, alpha=opacity, linewidth=1.1, label=label)
