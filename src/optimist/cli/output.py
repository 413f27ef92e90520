"""How commands print: records as JSON, YAML, plain values or a table.

The text is Optuna's to the letter, so that scripts that read it go on working. A person at a terminal gets a table
drawn to the width of the screen instead, or one block per record if it does not fit.

A record maps (name, key) to a value, such as ("params", "x") to 0.5 or ("number", "") to 3.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
Key = tuple[str, str | int]
Record = dict[Key, Any]
Row = dict[str, Any]

FORMATS = ("value", "json", "table", "yaml")
_ENDLESS = 1_000_000
_WIDTH_OF_NOTHING = 4  # an empty cell is as wide as the word None, as in Optuna's tables


def output_options(default: str, *, can_flatten: bool = True) -> Callable[[CommandT], CommandT]:
    """Add ``--format``, and ``--flatten`` where records are nested."""

    def add(command: CommandT) -> CommandT:
        if can_flatten:
            command = click.option(
                "--flatten", is_flag=True, help="Give each parameter, attribute and value a column of its own."
            )(command)
        return click.option(
            "-f",
            "--format",
            "form",
            type=click.Choice(FORMATS),
            default=default,
            show_default=True,
            help="How to print.",
        )(command)

    return add


def show(records: Sequence[Record] | Record, keys: Sequence[Key], form: str, *, flatten: bool = False) -> None:
    """Print one record, or a list of records.

    Args:
        records: A single record is printed as such, not as a list of one, in JSON and YAML.
        keys: The columns, in order; a record need not have them all.
        form: One of `FORMATS`.
        flatten: Whether ("params", "x") becomes a column ``params_x``, or goes into a mapping ``params``.
    """
    several = [records] if isinstance(records, dict) else records
    header, rows = (_flatten if flatten else _nest)(several, keys)
    if form == "table" and is_for_a_person():
        _draw(header, rows)
    elif form == "table":
        click.echo(to_table(header, rows))
    elif form == "value":
        click.echo("\n".join(" ".join(_to_text(row.get(name)) for name in header) for row in rows).strip())
    else:
        document = rows[0] if isinstance(records, dict) else rows
        click.echo(_to_yaml(document) if form == "yaml" else json.dumps(document))


def is_for_a_person() -> bool:
    """Whether the output goes to a terminal, and not to a script or a file."""
    return sys.stdout.isatty()


# From records to rows: one plain value, list or mapping per column


def _nest(records: Sequence[Record], keys: Sequence[Key]) -> tuple[list[str], list[Row]]:
    header = list(dict.fromkeys(name for name, _ in keys))
    rows = []
    for record in records:
        row: Row = {name: {} for name in header}
        for name, key in keys:
            if (name, key) not in record:
                continue
            value = to_plain(record[name, key])
            if key == "":
                row[name] = value
            elif isinstance(key, int):
                row[name] = [*row[name], value]  # keys 0, 1, ... come in order
            else:
                row[name][key] = value
        rows.append(row)
    return header, rows


def _flatten(records: Sequence[Record], keys: Sequence[Key]) -> tuple[list[str], list[Row]]:
    header: list[str] = []
    rows: list[Row] = [{} for _ in records]
    for name, key in keys:
        cells = [
            (row, to_plain(record[name, key]))
            for row, record in zip(rows, records, strict=True)
            if (name, key) in record
        ]
        if key == "" and any(isinstance(value, (list, tuple)) for _, value in cells):
            header += [f"{name}_{i}" for i in range(max(len(value) for _, value in cells))]
            for row, value in cells:
                row.update({f"{name}_{i}": item for i, item in enumerate(value)})
        else:
            column = name if key == "" else f"{name}_{key}"
            header.append(column)
            for row, value in cells:
                row[column] = value
    return header, rows


def to_plain(value: Any) -> Any:
    """Turn a value into what JSON and YAML know; what they do not know becomes text."""
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, (list, tuple)):
        return type(value)(map(to_plain, value))
    if isinstance(value, dict):
        return {to_plain(key): to_plain(item) for key, item in value.items()}
    return str(value)


# From rows to text


def _to_text(value: Any) -> str:
    return "" if value is None else str(value)


def _to_yaml(document: Any) -> str:
    import yaml  # slow to load, and seldom needed

    text: str = yaml.safe_dump(document)
    return text.strip()


def to_table(header: Sequence[str], rows: Sequence[Row]) -> str:
    """Draw a table of characters; columns of numbers stand to the right."""
    columns = []
    for name in header:
        cells = [row.get(name) for row in rows]
        width = max([len(name), *(_WIDTH_OF_NOTHING if cell is None else len(str(cell)) for cell in cells)])
        align = str.rjust if _is_numeric(cells) else str.ljust
        columns.append([align(text, width) for text in (name, *map(_to_text, cells))])
    lines = ["|" + "".join(f" {column[i]} |" for column in columns) for i in range(len(rows) + 1)]
    rule = "+" + "".join("-" * (len(column[0]) + 2) + "+" for column in columns)
    return "\n".join([rule, *lines[:1], rule, *lines[1:], rule])


def _is_numeric(cells: Sequence[Any]) -> bool:
    return all(cell is None or isinstance(cell, (int, float)) for cell in cells)


def _draw(header: Sequence[str], rows: Sequence[Row]) -> None:
    """Draw a table for a person at a terminal."""
    from rich import box  # slow to load, and of no use to scripts
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not rows:
        console.print("Nothing to show yet.")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in header:
        numeric = _is_numeric([row.get(name) for row in rows])
        table.add_column(Text(name), justify="right" if numeric else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_to_text(row.get(name))) for name in header))
    unbounded = console.options.update(max_width=_ENDLESS)
    if Measurement.get(console, unbounded, table).maximum <= console.width:
        console.print(table)
        return
    for i, row in enumerate(rows):
        block = Table.grid(padding=(0, 2))
        for name in header:
            if row.get(name) not in (None, {}):
                block.add_row(Text(name, style="bold"), Text(_to_text(row[name])))
        if i:
            console.print()
        console.print(block)
