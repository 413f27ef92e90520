"""Timeline in plotly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.timeline import KINDS, WORDS, Timeline, timeline
from optimist.visualization.plotly.figure import graph_objects, new_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

_N_BARS: Final = 1000  # more than that are drawn as lines, which is much faster


def plot_timeline(study: Study, n_recent_trials: int | None = None) -> go.Figure:
    """Draw when each trial ran, and how it ended.

    Args:
        study: One study.
        n_recent_trials: Show only so many of the latest trials; None for all.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: ``n_recent_trials`` is below 1.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(timeline(study, n_recent_trials))


def draw(data: Timeline) -> go.Figure:
    """Draw the figure."""
    figure = new_figure(data.heading, barmode="overlay", bargap=0.2 if len(data.rows) >= 10 else 0.6)
    if data.heading.message:
        return figure
    for kind, name in enumerate(KINDS):
        members = np.flatnonzero(data.kinds == kind)
        if len(members):
            trace = _bars if len(data.rows) <= _N_BARS else _lines
            figure.add_trace(trace(data, members, name))
    span_us = int(data.ends_us.max() - data.starts_us.min()) or 1_000_000
    ends = np.array([data.starts_us.min() - 0.02 * span_us, data.ends_us.max() + 0.02 * span_us])
    figure.update_xaxes(title={"text": "Time"}, type="date", range=data.local_times(ends.astype(np.int64)))
    numbers = data.trials.numbers[data.rows]
    figure.update_yaxes(
        title={"text": "Trial"},
        range=[float(numbers.min()) - 0.7, float(numbers.max()) + 0.7],
        tickformat=",.6~g",
        dtick=1 if len(numbers) < 10 else None,
    )
    return figure


def _bars(data: Timeline, members: np.ndarray[Any, Any], name: str) -> Any:
    return graph_objects().Bar(
        base=data.local_times(data.starts_us[members]),
        x=(data.ends_us - data.starts_us)[members] / 1000,  # milliseconds, as plotly counts on a time axis
        y=data.trials.numbers[data.rows[members]],
        orientation="h",
        name=WORDS[name],
        marker={"color": style.STATES[name], "line": {"width": 1, "color": style.STATES[name]}},
        hovertext=_texts(data, members),
        hoverinfo="text",
        textposition="none",
    )


def _lines(data: Timeline, members: np.ndarray[Any, Any], name: str) -> Any:
    starts, ends = data.local_times(data.starts_us[members]), data.local_times(data.ends_us[members])
    numbers, texts = data.trials.numbers[data.rows[members]].tolist(), _texts(data, members)
    return graph_objects().Scattergl(
        x=[when for pair in zip(starts, ends, strict=True) for when in (*pair, None)],
        y=[y for number in numbers for y in (number, number, None)],
        hovertext=[t for own in texts for t in (own, own, None)],
        hoverinfo="text",
        mode="lines+markers",
        marker={"size": 2.5, "color": style.STATES[name]},
        name=WORDS[name],
        line={"color": style.STATES[name], "width": 1.5},
    )


def _texts(data: Timeline, members: np.ndarray[Any, Any]) -> list[str]:
    seconds = (data.ends_us - data.starts_us)[members] / 1e6
    texts = data.trials.hover_texts(data.rows[members])
    return [f"{own}<br><i>{s:,.4g} s</i>" for own, s in zip(texts, seconds, strict=True)]
