"""Where the lines of a journal live: the contract of a log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

Line = tuple[int, bytes]
"""(where the log keeps it, the line without its newline)."""


class LogReplaced(Exception):
    """Somebody has rewritten the log since it was read: what stood where is known no more."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What a log holds behind that which was read before.

    Attributes:
        lines: In order.
        is_new: The log is another one than before: it was compacted, or has lost something, or was not read before.
            The lines are its first, or yet to be read.
    """

    lines: Sequence[Line]
    is_new: bool = False


class Log(ABC):
    """A sequence of lines to which several processes append.

    A log belongs to one journal, which holds its lock around every call but ``make_durable`` and those about beats.

    Attributes:
        name: What errors call it.
        is_contended: Whether writers collide as a matter of course, so that late lines are nothing to speak of.
        is_stream: Whether it keeps bytes, and says where a line is by its offset.
    """

    name: str
    is_contended: ClassVar[bool] = False
    is_stream: ClassVar[bool] = False

    @abstractmethod
    def read(self) -> Tail:
        """Read on, at most some megabytes; no lines mean that there is nothing more."""

    @abstractmethod
    def fetch(self, refs: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        """Read lines again.

        Args:
            refs: Where the log keeps them, ascending.
            sizes: Their lengths in bytes, without the newline.

        Raises:
            LogReplaced: The log is another one by now; read on, and ask again.
        """

    @abstractmethod
    def rewind(self) -> None:
        """Read from the beginning next time."""

    def begin_writing(self) -> bool:
        """Keep other writers out, as far as the log can; ``end_writing`` follows, also where this is interrupted.

        Returns:
            Whether the lock was taken from somebody who may yet write; the epoch must be raised before all else.
        """
        return False

    def end_writing(self) -> None:
        """Let other writers in."""

    def mend_tail(self) -> bool:
        """End a line that somebody has left unfinished; say whether there was one. Only while writing."""
        return False

    @abstractmethod
    def append(self, line: bytes) -> int | None:
        """Add a line behind all that was read.

        Returns:
            Where the log keeps it, if it stands right behind what was read, which then includes it. If None, reading
            on says what became of it: it may stand somewhere, or nowhere.

        Raises:
            StorageInternalError: It cannot be added; nothing of it will count.
        """

    @abstractmethod
    def make_durable(self) -> None:
        """Return when power may fail without losing what was appended."""

    @abstractmethod
    def rewrite(self, lines: Sequence[bytes], keep_as: str | None = None) -> str | None:
        """Put other lines in place of all that was read, at once. The caller has raised the epoch before.

        Args:
            lines: Without their newlines.
            keep_as: Keep the log as it was, under its name and this suffix.

        Returns:
            The name under which it was kept, or "" if it was not to be kept; None if somebody appended meanwhile, so
            that nothing was done.
        """

    # The index: bytes that belong to the log and may be lost at any time.

    def load_index(self) -> bytes:
        """What ``save_index`` was given last; nothing if it is lost."""
        return b""

    def save_index(self, data: bytes) -> None:
        """Keep an index, if the log can."""

    @property
    def position(self) -> int:
        """Up to where the log was read."""
        return 0

    def resume(self, position: int) -> None:
        """Read on from here."""

    # Beats: a number for each slot, which means nothing but that it moves while a worker lives.

    @abstractmethod
    def beat(self, slots: Sequence[int]) -> None:
        """Move the numbers of these slots."""

    @abstractmethod
    def beats(self, slots: Sequence[int]) -> list[int]:
        """The numbers of these slots."""

    def before_fork(self) -> None:
        """Give back what a child must not share, and keep other threads from taking it again."""
        self.close()

    def after_fork(self) -> None:
        """Let other threads go on; in parent and child."""

    @abstractmethod
    def close(self) -> None:
        """Give back files and connections; the log opens them again when it is used again."""
