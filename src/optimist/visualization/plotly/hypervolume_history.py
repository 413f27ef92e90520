"""Hypervolume history in plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.hypervolume_history import HypervolumeHistory, hypervolume_history
from optimist.visualization.plotly.figure import graph_objects, new_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_hypervolume_history(study: Study, reference_point: Sequence[float]) -> go.Figure:
    """Draw how much of the objectives' space the front has won, trial by trial.

    Args:
        study: A study with several objectives.
        reference_point: One number per objective: a value so bad that what is worse counts for nothing.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: The study has a single objective, or the reference point has not one number for each.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(hypervolume_history(study, reference_point))


def draw(data: HypervolumeHistory) -> go.Figure:
    """Draw the figure."""
    go = graph_objects()
    figure = new_figure(data.heading)
    if data.heading.message:
        return figure
    numbers = data.trials.numbers[data.rows]
    figure.add_trace(
        go.Scatter(
            x=numbers,
            y=data.hypervolumes,
            mode="lines+markers" if len(numbers) <= 30 else "lines",
            line={"color": style.BLUE, "width": 2, "shape": "hv"},
            name="Hypervolume",
            hovertemplate="up to trial %{x}: %{y:.6~g}<extra></extra>",
        )
    )
    figure.update_xaxes(title={"text": "Trial"}, tickformat=",.6~g", dtick=1 if len(numbers) < 10 else None)
    figure.update_yaxes(title={"text": "Hypervolume"}, rangemode="tozero")
    return figure
