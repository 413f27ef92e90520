"""The pruning audit in Matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import shortened
from optimist.visualization.data.pruning_audit import AuditBars, audit_bars
from optimist.visualization.matplotlib.figure import literal, new_axes, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_pruning_audit(study: Study | Sequence[Study]) -> Axes:
    """Draw which share of the condemned trials would have become the best of their time, by hyperparameter.

    Arguments and errors as for :func:`optimist.visualization.plot_pruning_audit`.

    Returns:
        The axes it was drawn on.
    """
    pyplot()
    return draw(audit_bars(study))


def draw(data: AuditBars) -> Axes:
    """Draw the figure."""
    n = len(data.conditions)
    axes = new_axes(data.heading, (8.0, max(3.0, 1.4 + 0.3 * n)))
    if data.heading.message:
        return axes
    places = np.arange(n)
    axes.axvline(data.overall, color=style.GREY, linestyle="--", linewidth=1)
    for which, color in ((~data.stands_out, style.BLUE), (data.stands_out, style.VERMILION)):
        if which.any():
            reach = np.maximum([data.shares - data.low, data.high - data.shares], 0.0)[:, which]
            axes.errorbar(
                data.shares[which],
                places[which],
                xerr=np.nan_to_num(reach),
                fmt="o",
                color=color,
                elinewidth=1.4,
                capsize=2.5,
            )
    for place, words in zip(places, data.words, strict=True):
        axes.annotate(
            words,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=style.INK,
            annotation_clip=False,
        )
    axes.set_yticks(places, [literal(shortened(condition, 36)) for condition in data.conditions])
    axes.set_xlim(-2, 102)
    axes.set_ylim(-0.6, n - 0.4)
    axes.set_xlabel("Wrongly condemned, %")
    axes.grid(visible=False, axis="y")
    return axes
