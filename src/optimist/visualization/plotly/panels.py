"""Panels of a grid in plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from optimist.visualization import style
from optimist.visualization.data.panels import Panel
from optimist.visualization.plotly.figure import axis_layout, point_trace

if TYPE_CHECKING:
    import plotly.graph_objects as go


def place_of(panel: Panel) -> dict[str, int]:
    """Where plotly puts what belongs to a panel."""
    return {"row": panel.row + 1, "col": panel.column + 1}


def set_axes(figure: go.Figure, panels: Sequence[Panel]) -> None:
    """Label and scale the axes of all panels: words at the left and at the foot of the grid only."""
    for panel in panels:
        is_first = not any(p.row == panel.row and p.column < panel.column for p in panels)
        is_lowest = not any(p.column == panel.column and p.row > panel.row for p in panels)
        x, y = axis_layout(panel.x, 4, 12), axis_layout(panel.y, 4, 12)
        is_shared = len({p.x.label for p in panels if p.column == panel.column}) == 1
        if not is_lowest and is_shared:
            x |= {"title": {"text": ""}, "showticklabels": False}
        if not is_first:
            y |= {"title": {"text": ""}, "showticklabels": False}
        figure.update_xaxes(x, **place_of(panel))
        figure.update_yaxes(y, **place_of(panel))


def add_infeasible(figure: go.Figure, panels: Sequence[Panel]) -> None:
    """Draw the trials that violate a constraint, in grey."""
    n = sum(panel.points.n for panel in panels)
    in_legend = True
    for panel in panels:
        points = panel.infeasible
        if points.n:
            name = style.INFEASIBLE.name
            trace = point_trace(points, style.INFEASIBLE, n_figure=n, showlegend=in_legend, legendgroup=name)
            figure.add_trace(trace, **place_of(panel))
            in_legend = False


def add_marks(figure: go.Figure, panels: Sequence[Panel], default_number: int, best_number: int, **rest: Any) -> None:
    """Mark the recommended values and the incumbent in each panel."""
    for number, sign in ((default_number, style.DEFAULT), (best_number, style.BEST)):
        in_legend = True
        for panel in panels:
            points = panel.points.of_trial(number)
            if points.n:
                trace = point_trace(points, sign, showlegend=in_legend, legendgroup=sign.name, **rest)
                figure.add_trace(trace, **place_of(panel))
                in_legend = False
