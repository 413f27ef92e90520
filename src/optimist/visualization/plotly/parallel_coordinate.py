"""Parallel coordinates in plotly.

Lines of a scatter trace, not plotly's own parallel coordinates: those can neither be translucent, nor miss a value, nor
tell under the pointer which trial they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.parallel_coordinate import GAP_HEIGHT, ParallelCoordinate, parallel_coordinate
from optimist.visualization.plotly.figure import graph_objects, new_figure, rank_bar, text, wrapped

if TYPE_CHECKING:
    import plotly.graph_objects as go

_N_CLASSES: Final = 16


def plot_parallel_coordinate(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> go.Figure:
    """Draw each complete trial as a line through its value and its parameters; the better, the darker.

    A line that dips below an axis has no such parameter. Of more than 1,000 trials a sample is drawn, with the best
    among them.

    Args:
        study: One study; with several objectives and no ``target``, each objective has an axis.
        params: Which parameters to show; None for all.
        target: Takes a complete trial, returns the number to draw; None: the objective's value.
        target_name: What that number is.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: No trial has one of the ``params``.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(parallel_coordinate(study, params, target, target_name))


def draw(data: ParallelCoordinate) -> go.Figure:
    """Draw the figure."""
    figure = new_figure(data.heading)
    if data.heading.message:
        return figure
    _draw_lines(figure, data)
    _draw_axes(figure, data)
    return figure


def _draw_lines(figure: go.Figure, data: ParallelCoordinate) -> None:
    opacity = style.line_opacity(len(data.rows))
    infeasible = np.flatnonzero(~data.is_feasible)
    if len(infeasible):
        line = {"color": style.with_opacity(style.GREY, 0.6 * opacity), "width": 1}
        figure.add_trace(_line_trace(data, infeasible, name="Infeasible", line=line))
    classes = np.minimum((data.ranks * _N_CLASSES).astype(int), _N_CLASSES - 1)
    for number in range(_N_CLASSES - 1, -1, -1):
        members = np.flatnonzero((classes == number) & data.is_feasible)
        if len(members):
            strength = opacity if number else min(1.0, 2 * opacity)
            color = style.with_opacity(style.sequence_color((number + 0.5) / _N_CLASSES), strength)
            line = {"color": color, "width": 1.2 if number else 1.6}
            figure.add_trace(_line_trace(data, members, name="Complete", showlegend=False, line=line))
    for position, name, color, dash in (
        (data.default, "Defaults", style.INK, "dash"),
        (data.best, "Best", style.VERMILION, "solid"),
    ):
        if position >= 0:
            label = f"{name} (trial {data.trials.numbers[data.rows[position]]})"
            line = {"color": color, "width": 3, "dash": dash}
            figure.add_trace(_line_trace(data, np.array([position]), name=label, line=line))
    figure.add_trace(_color_bar(data))


def _line_trace(data: ParallelCoordinate, members: np.ndarray[Any, Any], **rest: Any) -> Any:
    """Lines of one colour as one trace, with gaps between them."""
    x = [*range(len(data.axes)), None] * len(members)
    y: list[float | None] = []
    texts: list[str | None] = []
    for member, own in zip(members, data.trials.hover_texts(data.rows[members]), strict=True):
        y += [*data.heights[member].tolist(), None]
        texts += [own] * len(data.axes) + [None]
    return graph_objects().Scatter(x=x, y=y, hovertext=texts, hoverinfo="text", mode="lines", connectgaps=False, **rest)


def _color_bar(data: ParallelCoordinate) -> Any:
    """A trace without points, for the bar that explains the colours."""
    return graph_objects().Scatter(
        x=[None],
        y=[None],
        mode="markers",
        showlegend=False,
        hoverinfo="skip",
        marker={"color": [0], **rank_bar(data.rank_values, data.axes[0].label)},
    )


def _draw_axes(figure: go.Figure, data: ParallelCoordinate) -> None:
    bottom = GAP_HEIGHT if data.has_gaps else 0.0
    for place, axis in enumerate(data.axes):
        figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, line={"color": style.INK, "width": 1})
        values, words = axis.ticks()
        for height, word in zip(axis.positions(np.array(values)), words, strict=True):
            _write(figure, place, float(height), word)
        if bottom and (data.heights[:, place] == GAP_HEIGHT).any():
            _write(figure, place, GAP_HEIGHT, "not set")
    figure.update_xaxes(
        tickvals=list(range(len(data.axes))),
        ticktext=[f"<b>{wrapped(axis.label, 13)}</b>" for axis in data.axes],
        side="bottom",
        showgrid=False,
        tickangle=0,
        range=[-0.25, len(data.axes) - 0.6],
        ticks="",
        tickfont={"color": style.INK},
    )
    figure.update_yaxes(visible=False, range=[bottom - 0.05, 1.04])


def _write(figure: go.Figure, place: int, height: float, word: str) -> None:
    short = shortened(word, 16)
    figure.add_annotation(
        x=place,
        y=height,
        text=text(short),
        hovertext=text(word) if short != word else None,
        showarrow=False,
        xanchor="right",
        xshift=-5,
        font={"size": 11, "color": style.INK},
        bgcolor="rgba(255,255,255,0.85)",
        borderpad=1,
    )
