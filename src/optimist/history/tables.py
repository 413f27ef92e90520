"""Small tables of several columns, as text and as HTML; and numbers to go into them."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

_WIDTH: Final = 100
_CELL: Final = "text-align:left;padding:0.1em 1.2em 0.1em 0"


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Draw a table of characters: columns to the left, two spaces between them, a line below the header."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([drawn[0], "  ".join("-" * width for width in widths), *drawn[1:]])


def wrapped(sentences: Sequence[str]) -> str:
    """Sentences one below the other, filled to lines of 100 characters."""
    return "\n".join(textwrap.fill(sentence, _WIDTH) for sentence in sentences)


def html_table(title: str, sentences: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for a notebook, without script, style sheet and network; everything is escaped."""
    said = "".join(f"<div>{html.escape(sentence)}</div>" for sentence in sentences)
    lines = [_html_row("th", header), *(_html_row("td", row) for row in rows)]
    table = f'<table style="border-collapse:collapse;margin-top:0.3em"><tbody>{"".join(lines)}</tbody></table>'
    return f"<div><strong>{html.escape(title)}</strong>{said}{table if rows else ''}</div>"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag} style={_CELL!r}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"


def params_text(params: Mapping[str, Any]) -> str:
    """Parameters in one line, numbers shortened to four digits."""
    return ", ".join(f"{name}={value_text(value)}" for name, value in params.items())


def value_text(value: Any) -> str:
    """A value of a parameter; a float with four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
