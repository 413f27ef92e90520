"""Intermediate values in plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.intermediate_values import IntermediateValues, LearningCurve, intermediate_values
from optimist.visualization.data.trials import Trials
from optimist.visualization.plotly.figure import axis_layout, graph_objects, new_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_intermediate_values(study: Study, *, metric: str | None = None) -> go.Figure:
    """Draw the learning curve of each trial: what it reported, step by step.

    Pruned trials are pale and end in a sign, the incumbent and the recommended values stand out. Of more than 1,000
    curves a sample is drawn, with the best among them.

    Args:
        study: A study whose trials call ``trial.report``.
        metric: Which of the metrics, where trials report several by name; None: what pruners judge by.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: No trial reported a metric of that name.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(intermediate_values(study, metric))


def draw(data: IntermediateValues) -> go.Figure:
    """Draw the figure."""
    go = graph_objects()
    figure = new_figure(data.heading, xaxis={"title": {"text": "Step"}}, yaxis=axis_layout(data.value))
    n_points = sum(len(curve.steps) for curve in data.curves)
    opacity = style.line_opacity(len(data.curves))
    for kind, color, curves in data.kinds():
        line = {"color": style.with_opacity(color, opacity * (0.7 if kind == "Pruned" else 1)), "width": 1.3}
        if kind == "Running":
            line |= {"dash": "dot", "color": color}
        single = all(len(curve.steps) == 1 for curve in curves)
        mode = "lines+markers" if single or n_points <= 600 else "lines"
        figure.add_trace(
            go.Scatter(
                **_joined(data.trials, curves),
                mode=mode,
                name=kind,
                line=line,
                marker={"size": 4, "color": line["color"]},
                hoverinfo="text",
                connectgaps=False,
            )
        )
        if kind == "Pruned":
            figure.add_trace(_ends(data.trials, curves))
    for curve, name, color, dash in (
        (data.default, "Defaults", style.INK, "dash"),
        (data.best, "Best", style.VERMILION, "solid"),
    ):
        if curve is not None:
            figure.add_trace(_highlight(data.trials, curve, name, color, dash))
    return figure


def _joined(trials: Trials, curves: Sequence[LearningCurve]) -> dict[str, Any]:
    """Many curves as one trace, which is drawn much faster than a trace each; a gap stands between two."""
    x: list[Any] = []
    y: list[Any] = []
    texts: list[str | None] = []
    for curve, own in zip(curves, trials.hover_texts(curve.row for curve in curves), strict=True):
        x += [*curve.steps.tolist(), None]
        y += [*curve.values.tolist(), None]
        texts += [own] * len(curve.steps) + [None]
    return {"x": x[:-1], "y": y[:-1], "hovertext": texts[:-1]}


def _ends(trials: Trials, curves: Sequence[LearningCurve]) -> Any:
    return graph_objects().Scatter(
        x=[int(curve.steps[-1]) for curve in curves],
        y=[float(curve.values[-1]) for curve in curves],
        mode="markers",
        marker={"symbol": style.PRUNED.symbol, "color": style.PRUNED.color, "size": 6, "opacity": 0.6},
        hovertext=trials.hover_texts(curve.row for curve in curves),
        hoverinfo="text",
        name="Pruned",
        showlegend=False,
    )


def _highlight(trials: Trials, curve: LearningCurve, name: str, color: str, dash: str) -> Any:
    go = graph_objects()
    return go.Scatter(
        x=curve.steps,
        y=np.asarray(curve.values),
        mode="lines+markers",
        name=f"{name} (trial {curve.number})",
        line={"color": color, "width": 3, "dash": dash},
        marker={"size": 5},
        hovertext=trials.hover_texts([curve.row]) * len(curve.steps),
        hoverinfo="text",
    )
