"""Parameter importances in plotly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.param_importances import ImportanceSeries, ParamImportances, param_importances
from optimist.visualization.plotly.figure import graph_objects, new_figure, text

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_param_importances(
    study: Study,
    evaluator: Any = None,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> go.Figure:
    """Draw how much of the variation of the objective each parameter explains.

    Args:
        study: One study; with several objectives and no ``target``, each objective has its bars.
        evaluator: How importances are computed; None for the default of ``optimist.importance``.
        params: Which parameters to judge; None for those that all complete trials have.
        target: Takes a complete trial, returns the number to explain; None: the objective's value.
        target_name: What that number is.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: A parameter is not in every complete trial, or no trial has it.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(param_importances(study, evaluator, params, target, target_name))


def draw(data: ParamImportances) -> go.Figure:
    """Draw the figure."""
    go = graph_objects()
    height = max(320, 150 + 30 * len(data.names) * max(1, len(data.series)))
    figure = new_figure(data.heading, height=height, barmode="group", bargap=0.3)
    for series, color in zip(data.series, style.COLORS * len(data.series), strict=False):
        figure.add_trace(
            go.Bar(
                x=series.values,
                y=[text(name) for name in data.names],
                orientation="h",
                name=text(series.name),
                marker={"color": color},
                error_x=_whiskers(series) if series.has_intervals else None,
                hovertemplate="%{y}: %{x:.4f}<extra></extra>",
                showlegend=len(data.series) > 1,
            )
        )
    if data.names:
        _add_labels(figure, data)
        figure.update_xaxes(title={"text": "Importance"}, rangemode="tozero")
        figure.update_yaxes(showgrid=False, type="category", ticks="", ticksuffix=" ")
        if len(data.series) == 1:
            figure.update_layout(yaxis_title={"text": ""})
    return figure


def _whiskers(series: ImportanceSeries) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": series.high - series.values,
        "arrayminus": series.values - series.low,
        "color": style.INK,
        "thickness": 1.2,
        "width": 4,
    }


def _add_labels(figure: go.Figure, data: ParamImportances) -> None:
    """Write the values behind the bars and their whiskers."""
    n = len(data.series)
    for i, series in enumerate(data.series):
        shift = (i - (n - 1) / 2) * 0.7 / n  # of the distance between two parameters, as the bars stand
        for row, (end, words) in enumerate(zip(series.ends.tolist(), series.words, strict=True)):
            figure.add_annotation(
                x=end, y=row + shift, text=text(words), showarrow=False, xanchor="left", xshift=4, font={"size": 12}
            )
