"""Ctrl-C and SIGTERM at the right moment: never before the first line of a piece of work, nor while its end is saved."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self


class Terminated(SystemExit):
    """SIGTERM came: it ends the process, once all is put in order, with the exit code that a shell would report."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


_DEFAULTS: Final[dict[signal.Signals, Any]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


class Interrupts:
    """Holds Ctrl-C and SIGTERM back during short critical stretches of the main thread; a context manager.

    What came during a stretch is raised when the stretch ends, as KeyboardInterrupt or ``Terminated``; a second signal
    is raised at once. In other threads, and where the application handles the signal in its own way, this does nothing.

    Args:
        handles_term: Whether SIGTERM is to be handled.
    """

    def __init__(self, *, handles_term: bool = True) -> None:
        self._numbers = [signal.SIGINT, signal.SIGTERM] if handles_term else [signal.SIGINT]
        self._is_held = False
        self._came: type[BaseException] | None = None
        self._handled: list[signal.Signals] = []

    def __enter__(self) -> Self:
        self._handled = handle_signals(self._handle, *self._numbers)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        restore_signals(self._handled)
        self._handled = []
        if exc is None:
            self.release()

    def hold(self) -> None:
        """Begin a critical stretch."""
        self._is_held = True

    def release(self) -> None:
        """End a critical stretch.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed meanwhile.
            Terminated: SIGTERM came meanwhile.
        """
        self._is_held = False
        if self._came is not None:
            came, self._came = self._came, None
            raise came

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        error = Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if not self._is_held or self._came is not None:
            self._came = None
            raise error
        self._came = error


@contextmanager
def pressing(press: Callable[[], None], terminate: Callable[[], None] | None = None) -> Iterator[None]:
    """While this lasts, Ctrl-C calls a function, and SIGTERM perhaps another one.

    In other threads, and where the application handles the signal in its own way, nothing changes.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM and terminate is not None:
            terminate()
        else:
            press()

    numbers = [signal.SIGINT] if terminate is None else list(_DEFAULTS)
    handled = handle_signals(handle, *numbers)
    try:
        yield
    finally:
        restore_signals(handled)


@contextmanager
def terminating(put_in_order: Callable[[], None]) -> Iterator[None]:
    """While this lasts, SIGTERM first calls a function, then ends the process as it does by default.

    In other threads, and where the application handles SIGTERM in its own way, nothing changes.
    """

    def handle(_number: int, _frame: FrameType | None) -> None:
        try:
            put_in_order()
        finally:
            restore_signals(handled)
            signal.raise_signal(signal.SIGTERM)

    handled = handle_signals(handle, signal.SIGTERM)
    try:
        yield
    finally:
        restore_signals(handled)


class _Handler:
    """Calls a function in the process that made it; in one that was forked from it, the signal acts as it does by default."""

    def __init__(self, function: Callable[[int, FrameType | None], None]) -> None:
        self._function = function
        self._pid = os.getpid()

    @property
    def is_inherited(self) -> bool:
        """Whether this process got it by a fork."""
        return os.getpid() != self._pid

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self.is_inherited:
            self._function(number, frame)
            return
        restore_signals([signal.Signals(number)])
        signal.raise_signal(number)


def handle_signals(handler: Callable[[int, FrameType | None], None], *numbers: signal.Signals) -> list[signal.Signals]:
    """Handle those signals that nobody handles yet; return which. In other threads than the main one, none."""
    if threading.current_thread() is not threading.main_thread():
        return []
    free = [number for number in numbers if _is_free(number)]
    for number in free:
        signal.signal(number, _Handler(handler))
    return free


def _is_free(number: signal.Signals) -> bool:
    handler = signal.getsignal(number)
    return handler is _DEFAULTS[number] or (isinstance(handler, _Handler) and handler.is_inherited)


def restore_signals(numbers: list[signal.Signals]) -> None:
    """Let Python handle these signals as if nothing had been."""
    for number in numbers:
        signal.signal(number, _DEFAULTS[number])
