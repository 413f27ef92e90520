"""Empirical distribution function in plotly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.edf import EmpiricalDistributions, edf
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.plotly.figure import axis_layout, graph_objects, new_figure, text

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_edf(
    study: Study | Sequence[Study],
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> go.Figure:
    """Draw which share of the complete trials has at most a value, for one study or several.

    It compares search spaces and samplers: when minimising, a curve further to the left found good values more often.

    Args:
        study: One study, or several to compare.
        target: Takes a complete trial, returns the number to draw; None: the objective's value.
        target_name: What that number is, for the axis.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: A study has several objectives, and there is no ``target``.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(edf(study, target, target_name))


def draw(data: EmpiricalDistributions) -> go.Figure:
    """Draw the figure."""
    go = graph_objects()
    figure = new_figure(data.heading, xaxis=axis_layout(data.value))
    low, high = data.value.limits
    for i, found in enumerate(data.distributions):
        figure.add_trace(
            go.Scatter(
                x=[min(low, found.values[0]), *found.values, max(high, found.values[-1])],
                y=[0.0, *found.shares, 1.0],
                mode="lines",
                name=text(shortened(found.name)),
                line={"shape": "hv", "width": 2, "color": style.COLORS[i % len(style.COLORS)]},
                hovertemplate=f"{text(found.name)}<br>%{{y:.1%}} of {found.n:,} trials: at most %{{x:.6~g}}<extra></extra>",
            )
        )
    figure.update_yaxes(title={"text": "Share of trials"}, range=[-0.02, 1.02], tickformat=".0%")
    figure.update_layout(showlegend=len(data.distributions) > 1)
    return figure
