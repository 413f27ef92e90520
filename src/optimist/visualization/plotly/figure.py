"""What every plotly figure is made with: the template, headings, axes and points."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from optimist.exceptions import MissingDependencyError
from optimist.visualization import style
from optimist.visualization.data.axes import Axis, shortened, tick_text
from optimist.visualization.data.panels import N_COLUMNS, Panel
from optimist.visualization.data.points import Heading, Points

if TYPE_CHECKING:
    import plotly.graph_objects as go

N_SVG: Final = 5000
"""More points than that are drawn by WebGL. A page can hold only eight such figures, so smaller ones do without."""


HEIGHT: Final = 460
"""Of a plain figure, in pixels; a page would stretch it otherwise. The width is the page's."""


def graph_objects() -> Any:
    """Load plotly.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise MissingDependencyError(
            "optimist.visualization needs plotly, which is not installed. Install it with: pip install 'optimist[plots]'"
        ) from error
    return go


def is_available() -> bool:
    """Whether plotly is installed, so that the plots of this package can be drawn."""
    try:
        graph_objects()
    except MissingDependencyError:
        return False
    return True


def new_figure(heading: Heading, **layout: Any) -> go.Figure:
    """An empty figure in our look, with its heading."""
    figure = graph_objects().Figure(layout={"template": template(), "height": HEIGHT, **layout})
    _head(figure, heading)
    return figure


def new_grid(
    heading: Heading, panels: Sequence[Panel], *, width: int = 200, height: int = 160, gap: int = 28
) -> go.Figure:
    """A figure of several panels, each with its axes; panels of a row share their y, those of a column their x.

    Args:
        heading: What stands above it.
        panels: In their places.
        width, height: Of a panel, in pixels.
        gap: Between two rows, in pixels.
    """
    from plotly.subplots import make_subplots

    n_rows, n_columns = (max(place) + 1 for place in zip(*((p.row, p.column) for p in panels), strict=True))
    places = {(panel.row, panel.column) for panel in panels}
    total = max(440, 160 + (height + gap) * n_rows)
    figure = make_subplots(
        rows=n_rows,
        cols=n_columns,
        specs=[[{} if (row, column) in places else None for column in range(n_columns)] for row in range(n_rows)],
        horizontal_spacing=min(0.06, 0.24 / n_columns),
        vertical_spacing=gap / (total - 140),
    )
    figure.update_layout(template=template(), height=total)
    if n_columns > N_COLUMNS:
        figure.update_layout(width=200 + width * n_columns)
    _head(figure, heading)
    return figure


def _head(figure: go.Figure, heading: Heading) -> None:
    title: dict[str, Any] = {"text": text(heading.title)}
    if figure.layout.height:
        title["y"] = 1 - 20 / figure.layout.height
    if heading.subtitle:
        title["subtitle"] = {"text": text(heading.subtitle)}
    figure.update_layout(title=title)
    if heading.message:
        figure.add_annotation(
            text=text(heading.message),
            xref="paper",
            yref="paper",
            x=0.5,
            y=0.5,
            showarrow=False,
            font={"size": 15, "color": style.FAINT_INK},
        )
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False)


def text(words: str) -> str:
    """Words of the user as plotly shows them literally: it would read tags otherwise."""
    return html.escape(words, quote=False)


def wrapped(words: str, width: int) -> str:
    """Words over several lines of at most ``width`` characters, also split after underscores; three lines at most."""
    breakable = words.replace("_", "_\u200b").replace("\u200b", " \u200b")
    lines = textwrap.wrap(breakable, width, max_lines=3, placeholder="…") or [words]
    return "<br>".join(text(line.replace(" \u200b", "").replace("\u200b", "")) for line in lines)


def template() -> Any:
    """Our look."""
    go = graph_objects()
    axis = {
        "gridcolor": style.GRID,
        "zeroline": False,
        "linecolor": style.GREY,
        "ticks": "outside",
        "tickcolor": style.GRID,
        "ticklen": 4,
        "automargin": True,
        "title": {"standoff": 10, "font": {"size": 13, "color": style.FAINT_INK}},
        "tickfont": {"size": 12, "color": style.FAINT_INK},
    }
    return go.layout.Template(
        layout={
            "font": {"family": style.FONT, "size": 13, "color": style.INK},
            "title": {
                "x": 0.0,
                "xref": "paper",
                "y": 0.96,
                "yref": "container",
                "yanchor": "top",
                "font": {"size": 18},
                "subtitle": {"font": {"size": 12.5, "color": style.FAINT_INK}},
            },
            "margin": {"l": 64, "r": 24, "t": 84, "b": 56},
            "paper_bgcolor": style.PAPER,
            "plot_bgcolor": style.PAPER,
            "colorway": list(style.COLORS),
            "hovermode": "closest",
            "hoverlabel": {"align": "left", "bgcolor": "#ffffff", "bordercolor": style.GREY, "font": {"size": 12}},
            "legend": {"font": {"size": 12}, "itemsizing": "constant", "bgcolor": "rgba(255,255,255,0.7)"},
            "xaxis": axis,
            "yaxis": axis,
            "colorscale": {"sequential": scale()},
        }
    )


def scale(is_reversed: bool = False) -> list[tuple[float, str]]:
    """The colours from best to worst as plotly takes them."""
    colors = style.SEQUENCE[::-1] if is_reversed else style.SEQUENCE
    return [(i / (len(colors) - 1), color) for i, color in enumerate(colors)]


def axis_layout(axis: Axis, n_ticks: int = 7, width: int = 40) -> dict[str, Any]:
    """An axis as plotly's layout describes it.

    Args:
        axis: What it shows.
        n_ticks: How many decades at most are labelled.
        width: How many characters of a category's name are shown.
    """
    low, high = axis.limits
    layout: dict[str, Any] = {"title": {"text": text(axis.label)}, "range": [low, high]}
    if axis.kind == "log":
        layout |= {"type": "log", "range": [float(np.log10(low)), float(np.log10(high))]}
        if axis.n_decades >= 1:
            layout |= {"dtick": max(1, math.ceil(axis.n_decades / n_ticks)), "exponentformat": "power", "tickangle": 0}
            layout["tickfont"] = {"size": 10}  # plotly writes powers larger than other numbers
    if axis.kind == "category":
        layout |= {
            "tickvals": list(range(len(axis.choices))),
            "ticktext": [text(shortened(choice, width)) for choice in axis.choices],
        }
    return layout


def scatter(n: int, **arguments: Any) -> Any:
    """A trace of ``n`` points, by WebGL if there are many."""
    go = graph_objects()
    if n <= N_SVG:
        return go.Scatter(**arguments)
    arguments.pop("cliponaxis", None)  # WebGL knows nothing of it, and cuts signs on the frame in half
    return go.Scattergl(**arguments)


def point_trace(
    points: Points, sign: style.Sign, *, n_figure: int | None = None, name: str | None = None, **rest: Any
) -> Any:
    """Trials as signs of their kind.

    Args:
        points: Where they are.
        sign: How they look.
        n_figure: How many points the figure has in all, which decides size and opacity.
        name: What the legend says instead of the sign's name.
        rest: Further properties of the trace; ``marker`` adds to that of the sign.
    """
    n_figure = points.n if n_figure is None else n_figure
    marker: dict[str, Any] = {"color": sign.color, "symbol": sign.symbol}
    if sign.is_mark:
        marker |= {"size": 13, "line": {"color": style.INK, "width": 1.3}}
    else:
        marker |= {"size": style.point_size(n_figure), "opacity": style.point_opacity(n_figure)}
        if sign.symbol.endswith("thin"):
            marker["line"] = {"color": sign.color, "width": 1.5}
    marker |= rest.pop("marker", {})
    arguments = {
        "x": points.x,
        "y": points.y,
        "mode": "markers",
        "name": text(sign.name if name is None else name),
        "marker": marker,
        "hovertext": points.hover_texts(),
        "hoverinfo": "text",
        **rest,
    }
    return scatter(0 if sign.is_mark else n_figure, **arguments)


def rank_bar(values: Sequence[float], name: str) -> dict[str, Any]:
    """The part of a marker that explains colours by rank: 0 the best, 1 the worst.

    Args:
        values: What the objective is at the ranks 0, 1/4, 1/2, 3/4 and 1.
        name: What the objective is.
    """
    return {
        "cmin": 0,
        "cmax": 1,
        "colorscale": scale(),
        "showscale": len(set(values)) > 1,
        "colorbar": {
            **color_bar(f"{name}, by rank"),
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "ticktext": [tick_text(float(f"{value:.4g}")) for value in values],
        },
    }


def color_bar(title: str) -> dict[str, Any]:
    """A bar beside the figure, under the legend."""
    return {
        "title": {"text": wrapped(title, 16) + "<br>", "side": "top", "font": {"size": 12}},
        "tickfont": {"size": 11},
        "thickness": 12,
        "outlinewidth": 0,
        "lenmode": "pixels",
        "len": 240,
        "y": 0,
        "yanchor": "bottom",
    }
