"""What a process of a crew runs: it is told a function and a payload, and calls the one with the other.

The parent's death ends it at once: by the kernel where that can be (`tether`), and by the end of the channel.
"""

from __future__ import annotations

import importlib
import os
import queue
import socket
import sys
import threading

import msgspec

from optimist.execution.channel import Channel
from optimist.execution.tether import tie_to


class Start(msgspec.Struct):
    """The first frame that a child receives; the second one is the payload.

    Attributes:
        target: The function to call, as ``package.module:name``; it takes a `ParentLine` and the payload.
        path: Where the parent looks for modules.
        argv: The parent's command line, which the function may read as its own.
        parent_pid: The parent.
    """

    target: str
    path: list[str]
    argv: list[str]
    parent_pid: int


class ParentLine:
    """A child's end of the line to its parent.

    Args:
        channel: Connected with the parent.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="optimist-parent-line", daemon=True).start()

    def send(self, frame: bytes) -> None:
        """Tell the parent; if it is gone, this process ends."""
        try:
            self._channel.send(frame)
        except OSError:
            os._exit(1)

    def receive(self) -> bytes:
        """Wait for what the parent says."""
        return self._frames.get()

    def _listen(self) -> None:
        try:
            while (frame := self._channel.receive()) is not None:
                self._frames.put(frame)
        except OSError:
            pass
        os._exit(1)  # nobody is left to work for


def main() -> None:
    """Serve the parent at the other end of the socket that the command line names by its number."""
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    first, payload = channel.receive(), channel.receive()
    if first is None or payload is None:
        os._exit(1)
    start = msgspec.json.decode(first, type=Start)
    tie_to(start.parent_pid)
    sys.path[:], sys.argv[:] = start.path, start.argv
    module, _, name = start.target.partition(":")
    target = getattr(importlib.import_module(module), name)
    target(ParentLine(channel), payload)


if __name__ == "__main__":
    main()
