"""What Optimist says while it works, through the standard ``logging`` module, under the name ``optimist``.

Importing this module attaches one handler, which writes ``[I 2026-11-05 10:00:00,123] message`` to
``sys.stderr``, in colour on a terminal (``NO_COLOR`` turns that off). An application with logging of its own
calls `enable_propagation` and `disable_default_handler`.
"""

from __future__ import annotations

import logging
import os
import sys
from logging import CRITICAL, DEBUG, ERROR, FATAL, INFO, WARN, WARNING
from typing import TextIO

__all__ = [
    "CRITICAL",
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "WARN",
    "WARNING",
    "disable_default_handler",
    "disable_propagation",
    "enable_default_handler",
    "enable_propagation",
    "get_logger",
    "get_verbosity",
    "set_verbosity",
]

_COLOURS = {DEBUG: "\033[37m", INFO: "\033[32m", WARNING: "\033[33m", ERROR: "\033[31m", CRITICAL: "\033[1;31m"}
_RESET = "\033[0m"

_root = logging.getLogger("optimist")


def get_logger(name: str) -> logging.Logger:
    """Return the standard logger of that name, below ours if it begins with ``optimist.``."""
    return logging.getLogger(name)


def get_verbosity() -> int:
    """Return the level from which on messages are shown; `INFO` unless it was changed."""
    return _root.getEffectiveLevel()


def set_verbosity(verbosity: int) -> None:
    """Show messages of this level and above, for example ``optimist.logging.WARNING``."""
    _root.setLevel(verbosity)


def disable_default_handler() -> None:
    """Stop writing messages to stderr."""
    _root.removeHandler(_handler)


def enable_default_handler() -> None:
    """Write messages to stderr again."""
    _root.addHandler(_handler)


def disable_propagation() -> None:
    """Keep messages away from the handlers of the application's root logger, as is the default."""
    _root.propagate = False


def enable_propagation() -> None:
    """Hand messages to the handlers of the application's root logger as well."""
    _root.propagate = True


class _StderrHandler(logging.Handler):
    """Writes to whatever ``sys.stderr`` is at the moment, so that notebooks and captured output get their lines."""

    def emit(self, record: logging.LogRecord) -> None:
        stream = _stderr()
        if stream is None:  # a process without a console has none
            return
        try:
            stream.write(_format_line(self.format(record), record, stream))
            stream.flush()
        except Exception:  # noqa: BLE001  the contract of logging: report it, never raise into the caller
            self.handleError(record)


def _stderr() -> TextIO | None:
    return sys.stderr


def _format_line(message: str, record: logging.LogRecord, stream: TextIO) -> str:
    header = f"[{record.levelname[0]} {_formatter.formatTime(record)}]"
    if _is_coloured(stream):
        header = f"{_COLOURS.get(record.levelno, '')}{header}{_RESET}"
    return f"{header} {message}\n"


def _is_coloured(stream: TextIO) -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


_formatter = logging.Formatter("%(message)s")
_handler = _StderrHandler()
_handler.setFormatter(_formatter)
_root.addHandler(_handler)
_root.propagate = False
if _root.level == logging.NOTSET:  # unless the application has chosen a level before
    _root.setLevel(INFO)
