"""What every command takes: which storage, how much to say, where to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

import optimist

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass
class Settings:
    """The options that stand before or after a command's name; the later one counts.

    Attributes:
        storage: What the user wrote for ``--storage``; None if nothing.
        storage_class: Name of a storage class, where the URL does not say enough.
        n_verbose: How often ``-v`` was given.
        is_quiet: Whether ``-q`` was given.
        log_file: Where log messages go as well.
        shows_tracebacks: Whether ``--debug`` was given.
    """

    storage: str | None = None
    storage_class: str | None = None
    n_verbose: int = 0
    is_quiet: bool = False
    log_file: str | None = None
    shows_tracebacks: bool = False

    def start_logging(self) -> None:
        """Set the verbosity and open the log file."""
        if self.is_quiet and self.n_verbose:
            raise click.UsageError("-v and -q contradict each other.")
        level = logging.WARNING if self.is_quiet else logging.DEBUG if self.n_verbose else logging.INFO
        optimist.logging.set_verbosity(level)
        if self.log_file is not None:
            handler = logging.FileHandler(self.log_file)
            handler.setFormatter(logging.Formatter("[%(levelname).1s %(asctime)s] %(message)s"))
            optimist.logging.get_logger("optimist").addHandler(handler)


STORAGE_CLASSES = (
    "RDBStorage",
    "JournalFileBackend",
    "JournalRedisBackend",
    "JournalFileStorage",
    "JournalRedisStorage",
)


def shared_options(command: CommandT) -> CommandT:
    """Add the options of `Settings` to a command; their values go to the `Settings` of the call."""
    for option in reversed(
        [
            _option("--storage", "storage", "Database URL or file name. Without it: $OPTIMIST_STORAGE."),
            _option("--storage-class", "storage_class", "Kind of storage.", choices=STORAGE_CLASSES),
            _option("-v/--verbose", "n_verbose", "Say more; may be repeated.", count=True),
            _option("-q/--quiet", "is_quiet", "Say nothing but warnings and errors.", is_flag=True),
            _option("--log-file", "log_file", "Write log messages to this file as well."),
            _option("--debug", "shows_tracebacks", "Show tracebacks on errors.", is_flag=True),
        ]
    ):
        command = option(command)
    return command


def _option(
    names: str, field: str, text: str, choices: tuple[str, ...] = (), **kind: Any
) -> Callable[[CommandT], CommandT]:
    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value not in (None, False, 0):
            setattr(ctx.ensure_object(Settings), field, value)

    return click.option(
        *names.split("/"),
        field,
        expose_value=False,
        callback=keep,
        metavar="NAME" if choices else None,
        type=click.Choice(choices) if choices else None,
        help=text,
        **kind,
    )
