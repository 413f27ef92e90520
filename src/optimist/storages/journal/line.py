"""One line of a journal, and which lines count.

    J1 5f0d2c81 00000003 00000000002a 00000057 {"op":"write","id":"9f2c61d0a4b7-12","study":0,...}
    |  |        |        |            |        |
    |  |        |        |            |        payload: JSON, which never holds a raw newline
    |  |        |        |            length of the payload in bytes
    |  |        |        sequence number: one more than that of the record before
    |  |        epoch: of the writers that held the lock; raised when a lock is taken from one that does not move
    |  CRC-32 of all that follows
    magic and version

The numbers are hexadecimal. A reader that meets anything else goes on at the next newline, or the next record. A record counts if its
(epoch, sequence number) is greater than that of the last one that counted; one that comes late, from a writer whose
lock was taken away, therefore does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zlib import crc32

MAGIC: Final = b"J1 "
VOID: Final = b"#"
"""What the first byte of a record becomes that found no room."""
_CRC: Final = slice(3, 11)
_COVERED: Final = 12  # where that begins of which the checksum is
_PLACE: Final = slice(12, 33)  # of fixed width, so that it compares as text in the order of its numbers
_SEQ: Final = slice(21, 33)
_LENGTH: Final = slice(34, 42)
HEADER_LENGTH: Final = 43
_BEGINNING: Final = b"00000000 000000000000"


class Place(NamedTuple):
    """Where a record stands in the order of all records."""

    epoch: int
    seq: int


class Found(NamedTuple):
    """A line that counts.

    Attributes:
        seq: Its sequence number.
        payload: Its JSON.
        ref: Where the log keeps the line.
        size: Its length in bytes, without the newline.
    """

    seq: int
    payload: bytes
    ref: int
    size: int


@dataclass(slots=True)
class Damage:
    """A line that does not count.

    Attributes:
        kind: "torn": cut short, or no record at all; "checksum": not as it was written; "stale": late.
        ref: Where the log keeps it.
        size: Its length in bytes.
    """

    kind: str
    ref: int
    size: int


def frame(place: Place, payload: bytes) -> bytes:
    """Make a line of a payload, without its newline."""
    covered = b"%08x %012x %08x %b" % (place.epoch, place.seq, len(payload), payload)
    return b"%b%08x %b" % (MAGIC, crc32(covered), covered)


def payload_of(line: bytes, seq: int) -> bytes | None:
    """The payload of the record with this sequence number; None if the line is damaged by now."""
    is_sound = line[_CRC] == b"%08x" % crc32(line[_COVERED:]) and line[_SEQ] == b"%012x" % seq
    return line[HEADER_LENGTH:] if is_sound else None


@dataclass(slots=True)
class Scanner:
    """Tells the lines that count from those that do not.

    Attributes:
        is_stream: Whether the log keeps bytes, of which a newline may be lost too: then records are looked for within
            lines that do not count, and ``ref`` is an offset.
        damaged: Those that do not, as far as they were met.
    """

    is_stream: bool = False
    damaged: list[Damage] = field(default_factory=list)
    _last: bytes = _BEGINNING

    @property
    def state(self) -> bytes:
        """What ``resume`` takes."""
        return self._last

    def resume(self, state: bytes) -> None:
        """Go on where another scanner was."""
        self._last = state

    @property
    def last(self) -> Place:
        """The place of the last record that counted."""
        epoch, seq = self._last.split(b" ")
        return Place(int(epoch, 16), int(seq, 16))

    def scan(self, lines: Sequence[tuple[int, bytes]]) -> list[Found]:
        """Find the lines that count.

        Args:
            lines: (where the log keeps it, the line without its newline), in order.
        """
        found = []
        last = self._last
        for ref, line in lines:
            place = line[_PLACE]
            if place > last and line[_CRC] == b"%08x" % crc32(line[_COVERED:]) and _is_whole(line):
                last = place
                found.append(Found(int(place[9:], 16), line[HEADER_LENGTH:], ref, len(line)))
            else:
                self.damaged.append(Damage(_kind_of_damage(line), ref, len(line)))
                for start, part in _parts(line) if self.is_stream else ():
                    place = part[_PLACE]
                    if place > last:
                        last = place
                        found.append(Found(int(place[9:], 16), part[HEADER_LENGTH:], ref + start, len(part)))
        self._last = last
        return found


def is_foreign(line: bytes) -> bool:
    """Whether a line is nothing that we wrote, nor the beginning of it."""
    return line[:3] not in (MAGIC, VOID + MAGIC[1:]) and not MAGIC.startswith(line)


def _parts(line: bytes) -> Iterator[tuple[int, bytes]]:
    """Sound records within a line, and where they begin."""
    start = line.find(MAGIC)
    while start >= 0:
        with suppress(ValueError):
            length = int(line[start:][_LENGTH], 16)
            part = line[start : start + HEADER_LENGTH + length]
            if len(part) == HEADER_LENGTH + length and part[_CRC] == b"%08x" % crc32(part[_COVERED:]):
                yield start, part
        start = line.find(MAGIC, start + 1)


def _is_whole(line: bytes) -> bool:
    try:
        return line[:3] == MAGIC and int(line[_LENGTH], 16) == len(line) - HEADER_LENGTH
    except ValueError:
        return False


def _kind_of_damage(line: bytes) -> str:
    if not _is_whole(line):
        return "torn"
    return "stale" if line[_CRC] == b"%08x" % crc32(line[_COVERED:]) else "checksum"
