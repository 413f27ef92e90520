"""Parameter importances in plotly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.param_importances import ParamImportances, param_importances
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
                text=[f"{value:.2f}" if value >= 0.01 else "<0.01" for value in series.values],
                textposition="outside",
                cliponaxis=False,
                hovertemplate="%{y}: %{x:.4f}<extra></extra>",
                showlegend=len(data.series) > 1,
            )
        )
    if data.names:
        figure.update_xaxes(title={"text": "Importance"}, rangemode="tozero")
        figure.update_yaxes(showgrid=False, type="category", ticks="")
        if len(data.series) == 1:
            figure.update_layout(yaxis_title={"text": ""})
    return figure
