"""Ranks in plotly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.objective import DEFAULT_NAME
from optimist.visualization.data.rank import Rank, ranks
from optimist.visualization.plotly.figure import graph_objects, new_figure, new_grid, point_trace, rank_bar
from optimist.visualization.plotly.panels import add_infeasible, add_marks, place_of, set_axes

if TYPE_CHECKING:
    import plotly.graph_objects as go


def plot_rank(
    study: Study,
    params: list[str] | None = None,
    *,
    target: Callable[[FrozenTrial], float] | None = None,
    target_name: str = DEFAULT_NAME,
) -> go.Figure:
    """Draw the complete trials over each pair of parameters, coloured by rank; the better, the darker.

    Ranks show where the good trials lie even where values differ by orders of magnitude.

    Args:
        study: One study.
        params: Which parameters to show; None for all, or the five most important ones if there are more. A single one
            is drawn against the value.
        target: Takes a complete trial, returns the number to rank by; None: the objective's value.
        target_name: What that number is.

    Returns:
        A figure of plotly.

    Raises:
        ValueError: No trial has one of the ``params``, or there are several objectives and no ``target``.
        MissingDependencyError: plotly is not installed.
    """
    graph_objects()
    return draw(ranks(study, params, target, target_name))


def draw(data: Rank) -> go.Figure:
    """Draw the figure."""
    if data.heading.message:
        return new_figure(data.heading)
    figure = new_grid(data.heading, data.panels)
    n = sum(panel.points.n for panel in data.panels)
    add_infeasible(figure, data.panels)
    for i, panel in enumerate(data.panels):
        points = panel.feasible
        order = np.argsort(-data.ranks[points.rows], kind="stable")  # the best on top
        points = points.where(order)
        marker = {**rank_bar(data.rank_values, data.value_name), "color": data.ranks[points.rows]}
        marker["showscale"] = marker["showscale"] and i == 0
        trace = point_trace(points, style.COMPLETE, n_figure=n, showlegend=False, marker=marker)
        figure.add_trace(trace, **place_of(panel))
    add_marks(figure, data.panels, data.default_number, data.best_number)
    set_axes(figure, data.panels)
    return figure
