"""Pareto front in Matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from optimist.history.records import FrozenTrial
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.pareto_front import ParetoFront, pareto_front
from optimist.visualization.data.points import Points, RowArray
from optimist.visualization.matplotlib.figure import (
    add_legend,
    draw_points,
    head,
    literal,
    look,
    new_axes,
    pyplot,
    set_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_pareto_front(
    study: Study,
    *,
    target_names: list[str] | None = None,
    include_dominated_trials: bool = True,
    constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    targets: Callable[[FrozenTrial], Sequence[float]] | None = None,
) -> Axes:
    """Draw the trials of several objectives, and which of them no other one beats in all.

    Arguments and errors as for :func:`optimist.visualization.plot_pareto_front`.

    Returns:
        The axes it was drawn on, with a third dimension where there are three numbers.
    """
    pyplot()
    return draw(pareto_front(study, target_names, include_dominated_trials, constraints_func, targets))


def draw(data: ParetoFront) -> Axes:
    """Draw the figure."""
    if not data.heading.message and len(data.axes) == 3:
        return _draw_space(data)
    axes = new_axes(data.heading)
    if data.heading.message:
        return axes
    n = len(data.front) + len(data.dominated) + len(data.infeasible)
    for rows, sign in ((data.infeasible, style.INFEASIBLE), (data.dominated, style.DOMINATED)):
        if len(rows):
            draw_points(axes, _points(data, rows), sign, n_figure=n)
    axes.plot(*data.outline(), color=style.VERMILION, linewidth=1, alpha=0.6)
    draw_points(axes, _points(data, data.front), style.FRONT, n_figure=50)
    for rows in (data.front, data.dominated, data.infeasible):
        default = _points(data, rows).of_trial(data.trials.default_number)
        if default.n:
            draw_points(axes, default, style.DEFAULT)
    set_axis(axes, "x", data.axes[0])
    set_axis(axes, "y", data.axes[1])
    add_legend(axes)
    return axes


def _points(data: ParetoFront, rows: RowArray) -> Points:
    return Points(data.trials, rows, data.values[rows, 0], data.values[rows, 1])


def _draw_space(data: ParetoFront) -> Axes:
    with look():
        figure = pyplot().figure(figsize=(8.0, 5.6))
        axes: Any = figure.add_subplot(projection="3d")
    head(axes, data.heading)
    n = len(data.front) + len(data.dominated) + len(data.infeasible)
    for rows, sign in (
        (data.infeasible, style.INFEASIBLE),
        (data.dominated, style.DOMINATED),
        (data.front, style.FRONT),
    ):
        if len(rows):
            is_front = sign is style.FRONT
            alpha, size = (0.95, 22) if is_front else (style.point_opacity(n), 10)
            axes.scatter(*data.values[rows].T, c=sign.color, s=size, alpha=alpha, label=sign.name, linewidths=0)
    for which, axis in zip("xyz", data.axes, strict=True):
        getattr(axes, f"set_{which}label")(literal(axis.label))
        getattr(axes, f"set_{which}lim")(*axis.limits)
    axes.set_box_aspect(None, zoom=0.85)
    axes.legend(loc="upper left", frameon=False, fontsize=8.5)
    return axes  # type: ignore[no-any-return]
