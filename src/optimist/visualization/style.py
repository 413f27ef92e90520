"""The look of the figures: colours that colour-blind people can tell apart, and one sign per kind of trial.

The qualitative colours are those of Okabe and Ito 2008, Color Universal Design; the sequence is viridis (van der Walt
and Smith 2015), which gets lighter steadily, so that it also reads in grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FONT: Final = "Inter, 'Helvetica Neue', Arial, sans-serif"
INK: Final = "#1f2933"
FAINT_INK: Final = "#66717e"
GRID: Final = "#e8ebef"
PAPER: Final = "#ffffff"

BLUE: Final = "#0072b2"
ORANGE: Final = "#e69f00"
GREEN: Final = "#009e73"
VERMILION: Final = "#d55e00"
PURPLE: Final = "#cc79a7"
SKY: Final = "#56b4e9"
GREY: Final = "#9aa3ad"

COLORS: Final = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "#5d4a9c", "#8c6d31", "#444444", "#999933")
"""One after the other for several studies."""

SEQUENCE: Final = (
    "#440154",
    "#472d7b",
    "#3b528b",
    "#2c728e",
    "#21918c",
    "#28ae80",
    "#5ec962",
    "#addc30",
    "#fde725",
)
"""From the best to the worst: what is good is dark and stands out from the paper."""


@dataclass(frozen=True)
class Sign:
    """How trials of one kind are drawn.

    Attributes:
        name: What the legend says.
        color: Of the sign.
        symbol: In plotly's words; ``matplotlib_symbol`` in Matplotlib's.
        is_mark: Whether it stands out: larger, with a dark edge, never translucent.
    """

    name: str
    color: str
    symbol: str
    matplotlib_symbol: str
    is_mark: bool = False


COMPLETE: Final = Sign("Complete", BLUE, "circle", "o")
INFEASIBLE: Final = Sign("Infeasible Trial", GREY, "circle-x-open", "X")
PRUNED: Final = Sign("Pruned", ORANGE, "triangle-down", "v")
FAILED: Final = Sign("Failed", VERMILION, "x-thin", "x")
FRONT: Final = Sign("Best Trial", VERMILION, "circle", "o")
DOMINATED: Final = Sign("Trial", BLUE, "circle", "o")
BEST: Final = Sign("Best", "#ffd23f", "star", "*", is_mark=True)
DEFAULT: Final = Sign("Defaults", PAPER, "diamond", "D", is_mark=True)


def point_size(n: int) -> float:
    """Diameter of a point among ``n``, in pixels: smaller where there are many."""
    return 7.5 if n <= 100 else max(3.0, 7.5 * (100 / n) ** 0.2)


def point_opacity(n: int) -> float:
    """Opacity of a point among ``n``, so that dense places show as such."""
    return 0.85 if n <= 50 else max(0.2, 0.85 * (50 / n) ** 0.27)


def line_opacity(n: int) -> float:
    """Opacity of a line among ``n``."""
    return 0.8 if n <= 10 else max(0.12, 0.8 * (10 / n) ** 0.35)


def sequence_color(position: float) -> tuple[int, int, int]:
    """The colour between the best (0) and the worst (1), each part 0 to 255."""
    place = min(max(position, 0.0), 1.0) * (len(SEQUENCE) - 1)
    i = min(int(place), len(SEQUENCE) - 2)
    low, high = (_rgb(color) for color in SEQUENCE[i : i + 2])
    parts = [round(a + (b - a) * (place - i)) for a, b in zip(low, high, strict=True)]
    return parts[0], parts[1], parts[2]


def with_opacity(color: str | tuple[int, int, int], opacity: float) -> str:
    """A colour as CSS that lets what is beneath shine through."""
    red, green, blue = _rgb(color) if isinstance(color, str) else color
    return f"rgba({red},{green},{blue},{opacity:.3g})"


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


UNIT_GREY: Final = tuple(part / 255 for part in _rgb(GREY))
"""The same grey, each part from 0 to 1."""

TIMES: Final = ("#d3e5f3", "#9ac8e4", "#5aa5d3", "#2579b5", "#0b4f8a", "#08306b")
"""From the first trial to the last."""

STATES: Final = {
    "COMPLETE": BLUE,
    "INFEASIBLE": "#b9c0c8",
    "PRUNED": ORANGE,
    "FAIL": VERMILION,
    "RUNNING": GREEN,
}
