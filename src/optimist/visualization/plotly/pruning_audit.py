"""The pruning audit in plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.pruning_audit import AuditBars, audit_bars
from optimist.visualization.plotly.figure import graph_objects, new_figure, text

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_pruning_audit(study: Study | Sequence[Study]) -> go.Figure:
    """Draw which share of the condemned trials would have become the best of their time, by hyperparameter.

    Each row is a range of one hyperparameter, those on top in which most were condemned too early; what stands out is red.
    The dashed line is the share among all condemned trials.

    Args:
        study: A study that ran with ``AuditedPruner``, or several to be counted together.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: There is no study, or one has several objectives.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(audit_bars(study))


def draw(data: AuditBars) -> go.Figure:
    """Draw the figure."""
    n = len(data.conditions)
    figure = new_figure(data.heading, height=max(320, 150 + 28 * n))
    if data.heading.message:
        return figure
    places = list(range(n))
    for which, color in ((~data.stands_out, style.BLUE), (data.stands_out, style.VERMILION)):
        rows = which.nonzero()[0].tolist()
        if not rows:
            continue
        figure.add_scatter(
            x=data.shares[which],
            y=rows,
            mode="markers",
            marker={"color": color, "size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": data.high[which] - data.shares[which],
                "arrayminus": data.shares[which] - data.low[which],
                "color": color,
                "thickness": 1.6,
                "width": 4,
            },
            hovertext=[text(f"{data.conditions[i]}: {data.hover_texts[i]}") for i in rows],
            hoverinfo="text",
        )
    for place, words in zip(places, data.words, strict=True):
        figure.add_annotation(
            x=1, xref="paper", y=place, text=text(words), showarrow=False, xanchor="left", xshift=8, font={"size": 12}
        )
    figure.add_vline(x=data.overall, line={"color": style.GREY, "dash": "dash", "width": 1.2})
    figure.update_xaxes(title={"text": "Wrongly condemned, %"}, range=[-2, 102])
    figure.update_yaxes(
        showgrid=False,
        ticks="",
        ticksuffix=" ",
        tickvals=places,
        ticktext=[text(shortened(condition, 36)) for condition in data.conditions],
        range=[-0.6, n - 0.4],
    )
    figure.update_layout(showlegend=False, margin={"r": 90})
    return figure
