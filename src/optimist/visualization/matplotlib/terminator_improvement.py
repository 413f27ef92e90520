"""Terminator improvement in Matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optimist.study.study import Study
from optimist.terminator import BaseErrorEvaluator, BaseImprovementEvaluator
from optimist.visualization import style
from optimist.visualization.data.terminator_improvement import TerminatorImprovement, terminator_improvement
from optimist.visualization.matplotlib.figure import add_legend, count_along_x, new_axes, pyplot, set_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_terminator_improvement(
    study: Study,
    plot_error: bool = False,
    improvement_evaluator: BaseImprovementEvaluator | None = None,
    error_evaluator: BaseErrorEvaluator | None = None,
    min_n_trials: int = 20,
) -> Axes:
    """Draw how much a terminator still saw to gain after each complete trial, and the error that it compares with.

    Arguments and errors as for :func:`optimist.visualization.plot_terminator_improvement`.

    Returns:
        The axes it was drawn on.
    """
    pyplot()
    return draw(terminator_improvement(study, plot_error, improvement_evaluator, error_evaluator, min_n_trials))


def draw(data: TerminatorImprovement) -> Axes:
    """Draw the figure."""
    axes = new_axes(data.heading)
    if data.heading.message:
        return axes
    k, marker = data.n_startup, "." if len(data.numbers) <= 60 else ""
    line: dict[str, Any] = {"color": style.BLUE, "linewidth": 1.8, "marker": marker}
    axes.plot(data.numbers[: k + 1], data.improvements[: k + 1], alpha=0.3, **line)
    axes.plot(data.numbers[k:], data.improvements[k:], label=data.value.label, **line)
    if len(data.errors):
        axes.plot(data.numbers, data.errors, color=style.VERMILION, linewidth=1.8, marker=marker, label="Error")
    if data.stop_number >= 0:
        axes.axvline(data.stop_number, color=style.GREY, linewidth=1, linestyle="--")
    count_along_x(axes, "Trial")
    set_axis(axes, "y", data.value)
    add_legend(axes)
    return axes
