"""Ctrl-C at the right moment: never between the start of a piece of work and its first line, nor while its end is saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """Holds Ctrl-C back during short critical stretches of the main thread; a context manager.

    What came during a stretch is raised as KeyboardInterrupt when the stretch ends; a second Ctrl-C is raised at once.
    In other threads, and where the application handles Ctrl-C in its own way, this does nothing.
    """

    def __init__(self) -> None:
        self._is_held = False
        self._came = False
        self._previous: Any = None

    def __enter__(self) -> Self:
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None
        if exc is None:
            self.release()

    def hold(self) -> None:
        """Begin a critical stretch."""
        self._is_held = True

    def release(self) -> None:
        """End a critical stretch.

        Raises:
            KeyboardInterrupt: It came meanwhile.
        """
        self._is_held = False
        if self._came:
            self._came = False
            raise KeyboardInterrupt

    def _handle(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._is_held or self._came:
            self._came = False
            raise KeyboardInterrupt
        self._came = True


@contextmanager
def pressing(press: Callable[[], None]) -> Iterator[None]:
    """While this lasts, Ctrl-C calls a function; in other threads, and where the application handles it, nothing changes."""

    def handle(_signal: int, _frame: FrameType | None) -> None:
        press()

    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
