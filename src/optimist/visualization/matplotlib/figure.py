"""What every Matplotlib figure is made with: the look, headings, axes and points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from optimist.exceptions import MissingDependencyError
from optimist.visualization import style
from optimist.visualization.data.axes import Axis, shortened, tick_text
from optimist.visualization.data.points import Heading, Points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOOK: Final[dict[str, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": style.GREY,
    "axes.grid": True,
    "axes.labelcolor": style.FAINT_INK,
    "axes.labelsize": 9.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": style.PAPER,
    "axes.facecolor": style.PAPER,
    "grid.color": style.GRID,
    "grid.linestyle": "-",
    "grid.linewidth": 0.8,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "text.color": style.INK,
    "xtick.color": style.FAINT_INK,
    "xtick.labelsize": 8.5,
    "ytick.color": style.FAINT_INK,
    "ytick.labelsize": 8.5,
}


def pyplot() -> Any:
    """Load Matplotlib.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingDependencyError(
            "optimist.visualization.matplotlib needs Matplotlib, which is not installed. "
            "Install it with: pip install 'optimist[plots]'"
        ) from error
    return plt


def is_available() -> bool:
    """Whether Matplotlib is installed, so that the plots of this package can be drawn."""
    try:
        pyplot()
    except MissingDependencyError:
        return False
    return True


def look() -> Any:
    """A context in which axes are made in our look; the user's settings are as before afterwards."""
    return pyplot().rc_context(_LOOK)


def new_axes(heading: Heading, size: tuple[float, float] = (8.0, 4.4)) -> Axes:
    """Axes of a new figure, with the heading.

    Args:
        heading: What stands above.
        size: Width and height in inches.
    """
    with look():
        _, axes = pyplot().subplots(figsize=size, layout="constrained")
    head(axes, heading)
    if heading.message:
        say(axes, heading.message)
    return axes  # type: ignore[no-any-return]


def new_grid(heading: Heading, n_rows: int, n_columns: int, size: tuple[float, float], **rest: Any) -> Any:
    """(n_rows, n_columns) axes of a new figure, with the heading above all."""
    with look():
        figure, grid = pyplot().subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False, **rest)
    words = literal(heading.title) + (f"\n{literal(heading.subtitle)}" if heading.subtitle else "")
    figure.suptitle(words, x=0.01, ha="left", fontsize=11, color=style.INK)
    return grid


def head(axes: Axes, heading: Heading) -> None:
    """Write title and subtitle above axes."""
    axes.set_title(literal(heading.title), loc="left", fontsize=13, color=style.INK, pad=22 if heading.subtitle else 8)
    if heading.subtitle:
        subtitle = axes.annotate(
            literal(heading.subtitle),
            (0, 1),
            xytext=(0, 7),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=9,
            color=style.FAINT_INK,
            annotation_clip=False,
        )
        subtitle.set_in_layout(False)  # else a long one would squeeze the axes


def say(axes: Axes, message: str) -> None:
    """Write a message where there is nothing to draw."""
    axes.text(0.5, 0.5, literal(message), ha="center", va="center", transform=axes.transAxes, color=style.FAINT_INK)
    axes.set_axis_off()


def literal(words: str) -> str:
    """Words of the user as Matplotlib shows them literally: it would read mathematics between dollars."""
    return words.replace("$", r"\$")


def set_axis(axes: Axes, which: str, axis: Axis, width: int = 18) -> None:
    """Give "x" or "y" the label, scale, ends and categories of an axis, these with at most ``width`` characters."""
    getattr(axes, f"set_{which}label")(literal(axis.label))
    if axis.kind == "log":
        getattr(axes, f"set_{which}scale")("log")
    getattr(axes, f"set_{which}lim")(*axis.limits)
    if axis.kind == "category":
        ticks = list(range(len(axis.choices)))
        getattr(axes, f"set_{which}ticks")(ticks, [literal(shortened(choice, width)) for choice in axis.choices])


def count_along_x(axes: Axes, label: str) -> None:
    """Let x be whole numbers, such as trials or steps."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def draw_points(
    axes: Axes,
    points: Points,
    sign: style.Sign,
    *,
    n_figure: int | None = None,
    label: str | None = None,
    in_legend: bool = True,
    **rest: Any,
) -> Any:
    """Draw trials as signs of their kind; many of them as pixels, so that files stay small.

    Args:
        axes: Where.
        points: Which.
        sign: How they look.
        n_figure: How many points the figure has in all, which decides size and opacity.
        label: What the legend says instead of the sign's name.
        in_legend: Whether the legend tells of them.
        rest: Further arguments of ``Axes.scatter``.
    """
    n_figure = points.n if n_figure is None else n_figure
    size = 11.0 if sign.is_mark else 0.75 * style.point_size(n_figure)
    arguments: dict[str, Any] = {
        "s": size**2,
        "marker": sign.matplotlib_symbol,
        "alpha": 1.0 if sign.is_mark else style.point_opacity(n_figure),
        "linewidths": 1.2 if sign.is_mark or sign.matplotlib_symbol == "x" else 0,
        "label": legend_text(sign.name if label is None else label) if in_legend else None,
        "zorder": 5 if sign.is_mark else 2,
        "rasterized": n_figure > 2000,
    }
    if "c" not in rest:
        color = rest.pop("color", sign.color)
        arguments["c"] = [color]
        if sign.is_mark:
            arguments["edgecolors"] = style.INK
    return axes.scatter(np.asarray(points.x), np.asarray(points.y), **{**arguments, **rest})


def legend_text(words: str) -> str:
    """Words as a legend shows them: a leading underscore would hide the entry."""
    words = literal(words)
    return f"\u200b{words}" if words.startswith("_") else words


def add_legend(axes: Axes) -> None:
    """Put a legend beside the axes, if there is anything to explain; translucent points are shown solid."""
    if not axes.get_legend_handles_labels()[0]:
        return
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, frameon=False, fontsize=8.5)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)


def color_map(colors: Sequence[str] = style.SEQUENCE) -> Any:
    """A scale of colours, by default from the best (0) to the worst (1)."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("optimist", list(colors))


def add_rank_bar(axes: Any, values: Sequence[float], name: str) -> None:
    """Explain colours by rank beside axes, or a grid of them: 0 the best, 1 the worst.

    Args:
        axes: Where the colours are.
        values: What the objective is at the ranks 0, 1/4, 1/2, 3/4 and 1.
        name: What the objective is.
    """
    from matplotlib.cm import ScalarMappable

    if len(set(values)) < 2:
        return
    figure = np.ravel(axes)[0].figure
    bar = figure.colorbar(ScalarMappable(cmap=color_map()), ax=axes, shrink=0.75, anchor=(0, 0), aspect=30)
    bar.set_ticks([0, 0.25, 0.5, 0.75, 1], labels=[tick_text(float(f"{value:.4g}")) for value in values])
    bar.ax.tick_params(labelsize=8.5, color=style.GRID, labelcolor=style.FAINT_INK)
    bar.set_label(literal(f"{name}, by rank"), fontsize=9, color=style.FAINT_INK)
    bar.outline.set_visible(False)
