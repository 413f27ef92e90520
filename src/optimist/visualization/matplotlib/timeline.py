"""Timeline in Matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.timeline import KINDS, WORDS, Timeline, timeline
from optimist.visualization.data.trials import FloatArray, IntArray
from optimist.visualization.matplotlib.figure import add_legend, new_axes, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_timeline(study: Study, n_recent_trials: int | None = None) -> Axes:
    """Draw when each trial ran, and how it ended.

    Arguments and errors as for :func:`optimist.visualization.plot_timeline`.

    Returns:
        The axes it was drawn on.
    """
    pyplot()
    return draw(timeline(study, n_recent_trials))


def draw(data: Timeline) -> Axes:
    """Draw the figure."""
    from matplotlib import dates
    from matplotlib.collections import LineCollection
    from matplotlib.ticker import MaxNLocator

    axes = new_axes(data.heading)
    if data.heading.message:
        return axes
    numbers = data.trials.numbers[data.rows]
    starts, ends = (_day_numbers(data, us) for us in (data.starts_us, data.ends_us))
    width = float(np.clip(180 / len(numbers), 1.2, 12))  # in points
    for kind, name in enumerate(KINDS):
        members = np.flatnonzero(data.kinds == kind)
        if len(members):
            segments = [[(starts[i], numbers[i]), (ends[i], numbers[i])] for i in members]
            lines = LineCollection(
                segments, colors=style.STATES[name], linewidths=width, label=WORDS[name], capstyle="projecting"
            )
            lines.set_rasterized(len(numbers) > 2000)
            axes.add_collection(lines)
    margin = 0.02 * (ends.max() - starts.min()) or 1 / 86400
    axes.set_xlim(starts.min() - margin, ends.max() + margin)
    axes.set_ylim(numbers.min() - 0.7, numbers.max() + 0.7)
    locator = dates.AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("Time")
    axes.set_ylabel("Trial")
    add_legend(axes)
    return axes


def _day_numbers(data: Timeline, us: IntArray) -> FloatArray:
    """Moments as Matplotlib counts them: local time in days."""
    from matplotlib.dates import date2num

    days: FloatArray = np.asarray(date2num(data.local_times(us)))  # type: ignore[no-untyped-call]
    return days
