"""Comparison of studies in plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.comparison import Comparison, Progress, comparison
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.plotly.figure import axis_layout, graph_objects, new_figure, text

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_comparison(
    studies: Study | Sequence[Study] | Mapping[str, Study | Sequence[Study]], *, target_name: str = DEFAULT_NAME
) -> go.Figure:
    """Draw the best value so far of several studies, by trials on the left and by seconds on the right.

    Repeats of one setting, such as a sampler with different seeds, are drawn as their median and middle half.

    Args:
        studies: Studies, each for itself under its name; or for each name one study or several repeats, such as
            ``{"random": [a, b, c], "TPE": [d, e, f]}``.
        target_name: What the values are, for the axis.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: A study has several objectives, or some minimise and others maximise.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(comparison(studies, target_name))


def draw(data: Comparison) -> go.Figure:
    """Draw the figure."""
    figure = new_figure(data.heading)
    if data.heading.message:
        return figure
    for i, group in enumerate(data.groups):
        color = style.COLORS[i % len(style.COLORS)]
        name = shortened(group.name) + (f" ({group.n_repeats} repeats)" if group.n_repeats > 1 else "")
        for progress, axes in ((group.by_trials, ("x", "y")), (group.by_seconds, ("x2", "y2"))):
            if group.n_repeats > 1:
                _add_band(figure, progress, color, name, axes)
            _add_line(figure, progress, color, name, axes)
    value = axis_layout(data.value)
    figure.update_layout(
        xaxis={"title": {"text": "Trials"}, "domain": [0, 0.47], "tickformat": ",.6~g"},
        xaxis2={"title": {"text": "Seconds"}, "domain": [0.53, 1], "anchor": "y2"},
        yaxis=value,
        yaxis2={**value, "title": {"text": ""}, "anchor": "x2", "showticklabels": False, "matches": "y"},
    )
    return figure


def _add_band(figure: go.Figure, progress: Progress, color: str, name: str, axes: tuple[str, str]) -> None:
    for y, fill in ((progress.low, None), (progress.high, "tonexty")):
        figure.add_scatter(
            x=progress.x,
            y=y,
            mode="lines",
            line={"width": 0, "shape": "hv"},
            fill=fill,
            fillcolor=style.with_opacity(color, 0.18),
            hoverinfo="skip",
            showlegend=False,
            legendgroup=text(name),
            xaxis=axes[0],
            yaxis=axes[1],
        )


def _add_line(figure: go.Figure, progress: Progress, color: str, name: str, axes: tuple[str, str]) -> None:
    unit = "trials" if axes[0] == "x" else "s"
    figure.add_scatter(
        x=progress.x,
        y=progress.median,
        mode="lines",
        name=text(name),
        line={"color": color, "width": 2.2, "shape": "hv"},
        legendgroup=text(name),
        showlegend=axes[0] == "x",
        hovertemplate=f"{text(name)}<br>%{{y:.6~g}} after %{{x:.4~g}} {unit}<extra></extra>",
        xaxis=axes[0],
        yaxis=axes[1],
    )
