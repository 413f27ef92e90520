"""What a report is made of, whatever it is written in: sections of sentences, tables, pictures and code, as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        header: The names of the columns.
        rows: The cells, as many in each row as there are columns.
        marked: Positions of rows that stand out.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: tuple[int, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A figure of `optimist.visualization`, in plotly or in Matplotlib.

    Attributes:
        plot: The function's name without ``plot_``, such as "slice".
        sentence: How to read it.
        arguments: What it takes beside the study.
    """

    plot: str
    sentence: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Code:
    """Something to copy.

    Attributes:
        text: As it is.
        language: Such as "python" or "console".
    """

    text: str
    language: str = "python"


@dataclass(frozen=True)
class Section:
    """A part of the report; what there is of it comes in this order.

    Attributes:
        title: Its heading.
        sentences: Plain sentences, one paragraph each.
        tables, pictures, codes: What follows.
    """

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True)
class Report:
    """All of it.

    Attributes:
        title: Names the study.
        made: When and by what the report was made.
        facts: The most important figures: what it is, and the value.
        sections: The parts.
    """

    title: str
    made: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
