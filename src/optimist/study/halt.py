"""Why a loop whose trials run in other processes begins no more of them: enough, an error, Ctrl-C, SIGTERM."""

from __future__ import annotations

from contextlib import AbstractContextManager

from optimist.execution.interrupts import Terminated, pressing
from optimist.logging import get_logger

_logger = get_logger(__name__)


class Halt:
    """Kept by one loop.

    Attributes:
        is_on: Whether no trial begins any more.
        is_urgent: Whether those that run are to be given up.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.is_urgent = False
        self._error: BaseException | None = None
        self._n_presses = 0
        self._is_terminated = False

    def call(self, error: BaseException | None = None) -> None:
        """Begin no more trials; raise the error, if it is the first, once those that run have ended."""
        self.is_on = True
        self._error = self._error or error

    def on_signals(self) -> AbstractContextManager[None]:
        """While this lasts: the first Ctrl-C lets running trials finish; the second one, or SIGTERM, gives them up."""
        return pressing(self._press, self._terminate)

    def _press(self) -> None:
        self._n_presses += 1
        self.is_on = True
        self.is_urgent = self.is_urgent or self._n_presses > 1
        if self._n_presses == 1:
            _logger.warning("Ctrl-C: running trials are finished first. Press it again to hand them back to the queue.")
        if self._n_presses > 2:
            raise KeyboardInterrupt

    def _terminate(self) -> None:
        self._is_terminated = True
        self.is_on = self.is_urgent = True

    def raise_reason(self) -> None:
        """Raise what ended the loop, if it did not just come to its end.

        Raises:
            BaseException: What ``call`` was given.
            KeyboardInterrupt: Ctrl-C was pressed.
            Terminated: SIGTERM came.
        """
        if self._error is not None:
            raise self._error
        if self._is_terminated:
            raise Terminated
        if self._n_presses:
            raise KeyboardInterrupt
