"""Frames of bytes over a socket, each behind its length: how processes talk to each other."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final

_HEAD_BYTES: Final = 8
_READ_BYTES: Final = 1 << 18


class Channel:
    """One end of a connection; frames arrive whole and in order. Several threads may send, one receives.

    Args:
        connection: A connected socket; it is closed with the channel.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._unread = bytearray()
        self._send_lock = threading.Lock()

    def fileno(self) -> int:
        """For those who wait for several channels at once."""
        return self._socket.fileno()

    def send(self, frame: bytes) -> None:
        """Send a frame.

        Raises:
            OSError: The other end is gone.
        """
        with self._send_lock:
            self._socket.sendall(len(frame).to_bytes(_HEAD_BYTES, "big") + frame)

    def receive(self, at_most: int | None = None) -> bytes | None:
        """Wait for the next frame; None if the other end has closed.

        Args:
            at_most: Longest frame to accept, in bytes; None for no limit.

        Raises:
            OSError: The connection broke.
            ValueError: The frame is longer.
        """
        while True:
            frame = self._next_frame(at_most)
            if frame is not None:
                return frame
            if not self._read(0):
                return None

    def receive_ready(self) -> tuple[list[bytes], bool]:
        """Without waiting, the frames that have come, and whether the other end is still open."""
        is_open = True
        try:
            while self._read(socket.MSG_DONTWAIT):
                pass
            is_open = False
        except BlockingIOError:
            pass
        except OSError:
            is_open = False
        frames = []
        while (frame := self._next_frame(None)) is not None:
            frames.append(frame)
        return frames, is_open

    def close(self) -> None:
        """Close this end; a thread of this process that waits for a frame is told that the other end has closed."""
        with contextlib.suppress(OSError):  # the other end was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self, flags: int) -> bool:
        data = self._socket.recv(_READ_BYTES, flags)
        self._unread += data
        return bool(data)

    def _next_frame(self, at_most: int | None) -> bytes | None:
        if len(self._unread) < _HEAD_BYTES:
            return None
        length = int.from_bytes(self._unread[:_HEAD_BYTES], "big")
        if at_most is not None and length > at_most:
            raise ValueError(f"A frame of {length} bytes, where at most {at_most} are accepted.")
        end = _HEAD_BYTES + length
        if len(self._unread) < end:
            return None
        frame = bytes(self._unread[_HEAD_BYTES:end])
        del self._unread[:end]
        return frame
