"""Heartbeats in a file beside the journal: eight bytes for each slot, written anew with each beat.

They cost the journal nothing. The file is opened anew each time, because that is what makes a network file system
write and read for good.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Sequence
from typing import Final

_BEAT: Final = struct.Struct("<Q")


class BeatFile:
    """The beats of all workers on one journal.

    Args:
        path: The file; made with the first beat.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def beat(self, slots: Sequence[int]) -> None:
        """Move the numbers of these slots."""
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            for slot in slots:
                os.pwrite(fd, _BEAT.pack(time.time_ns()), slot * _BEAT.size)
        finally:
            os.close(fd)

    def beats(self, slots: Sequence[int]) -> list[int]:
        """The numbers of these slots; 0 where there was no beat yet."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return [0] * len(slots)
        try:
            raw = [os.pread(fd, _BEAT.size, slot * _BEAT.size) for slot in slots]
        finally:
            os.close(fd)
        return [_BEAT.unpack(beat)[0] if len(beat) == _BEAT.size else 0 for beat in raw]
