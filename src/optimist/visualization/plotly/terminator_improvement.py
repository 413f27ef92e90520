"""Terminator improvement in plotly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimist.study.study import Study
from optimist.terminator import BaseErrorEvaluator, BaseImprovementEvaluator
from optimist.visualization import style
from optimist.visualization.data.terminator_improvement import TerminatorImprovement, terminator_improvement
from optimist.visualization.plotly.figure import axis_layout, graph_objects, new_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_terminator_improvement(
    study: Study,
    plot_error: bool = False,
    improvement_evaluator: BaseImprovementEvaluator | None = None,
    error_evaluator: BaseErrorEvaluator | None = None,
    min_n_trials: int = 20,
) -> go.Figure:
    """Draw how much a terminator still saw to gain after each complete trial, and the error that it compares with.

    Of more than 100 trials an even choice is judged, because each judgement may fit a model.

    Args:
        study: One study.
        plot_error: Whether to draw the error, below which the terminator stops.
        improvement_evaluator: Estimates the gain; ``RegretBoundEvaluator()`` by default.
        error_evaluator: Says what gain does not matter; by default what ``Terminator`` takes.
        min_n_trials: Before so many complete trials nothing is stopped; these are drawn pale.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: The study has several objectives, or the error evaluator misses something in the trials.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(terminator_improvement(study, plot_error, improvement_evaluator, error_evaluator, min_n_trials))


def draw(data: TerminatorImprovement) -> go.Figure:
    """Draw the figure."""
    figure = new_figure(data.heading)
    if data.heading.message:
        return figure
    k = data.n_startup
    mode = "lines+markers" if len(data.numbers) <= 60 else "lines"
    for part, opacity in ((slice(0, k + 1), 0.3), (slice(k, None), 1.0)):
        if len(data.numbers[part]):
            figure.add_scatter(
                x=data.numbers[part],
                y=data.improvements[part],
                mode=mode,
                name=data.value.label,
                showlegend=opacity == 1.0 or k >= len(data.numbers),
                opacity=opacity,
                line={"color": style.BLUE, "width": 2},
            )
    if len(data.errors):
        figure.add_scatter(
            x=data.numbers, y=data.errors, mode=mode, name="Error", line={"color": style.VERMILION, "width": 2}
        )
    if data.stop_number >= 0:
        figure.add_vline(x=data.stop_number, line={"color": style.GREY, "width": 1, "dash": "dash"})
    figure.update_xaxes(title={"text": "Trial"}, tickformat=",.6~g")
    figure.update_yaxes(axis_layout(data.value))
    return figure
