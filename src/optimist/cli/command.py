"""Commands whose options may take several values after one name, such as ``--values 1 2``; click knows only one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from optimist.cli.settings import Settings


class SeveralValues(click.Option):
    """An option that takes every argument up to the next option; None if it was not given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "multiple": True})

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        values = super().process_value(ctx, value)
        return list(values) if values else None

    def make_metavar(self, ctx: click.Context) -> str:
        return f"{super().make_metavar(ctx)}..."


class Command(click.Command):
    """A command whose options may be `SeveralValues`, whose help shows an example, and which starts logging.

    Args:
        example: What one might type, line by line.
    """

    def __init__(self, *args: Any, example: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_help_text(ctx, formatter)
        write_lines(formatter, "Example", self.example)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        names = {name for param in self.params if isinstance(param, SeveralValues) for name in param.opts}
        return super().parse_args(ctx, repeat_names(args, names))

    def invoke(self, ctx: click.Context) -> Any:
        ctx.ensure_object(Settings).start_logging()
        return super().invoke(ctx)


def write_lines(formatter: click.HelpFormatter, title: str, text: str) -> None:
    """Write a section of a help text as it is, without filling lines."""
    with formatter.section(title):
        for line in text.splitlines():
            formatter.write(f"  {line}\n")


def repeat_names(args: Sequence[str], names: set[str]) -> list[str]:
    """Give each value a name of its own: ``--values 1 -2`` becomes ``--values=1 --values=-2``."""
    repeated: list[str] = []
    i = 0
    while i < len(args):
        arg = args[i]
        i += 1
        if arg == "--":
            return [*repeated, arg, *args[i:]]
        first = i
        if arg in names:
            while i < len(args) and _is_value(args[i]):
                repeated.append(f"{arg}={args[i]}")
                i += 1
        if i == first:
            repeated.append(arg)
    return repeated


def _is_value(arg: str) -> bool:
    """Whether an argument is a value and not an option: options begin with a dash, and so do negative numbers."""
    if not arg.startswith("-"):
        return True
    try:
        float(arg)
    except ValueError:
        return False
    return True
