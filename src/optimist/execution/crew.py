"""A crew of child processes: started afresh (never forked), talked to over sockets, watched, and killed if need be."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from optimist.execution.channel import Channel
from optimist.execution.child import Start

GRACE_S: Final = 2.0
"""How long a process that is asked to end may take before it is killed."""

_TICK_S: Final = 0.05
_BOOT: Final = "import sys; sys.path.insert(0, sys.argv[2]); from optimist.execution.child import main; main()"


@dataclass(eq=False)
class Member:
    """A process of the crew.

    Attributes:
        place: The number that the crew's owner gave it.
        process: The process; it leads a process group of its own.
        channel: The line to it.
        kill_at: When it is killed for good, by ``time.monotonic()``; infinity if it is not to be.
    """

    place: int
    process: subprocess.Popen[bytes]
    channel: Channel
    kill_at: float = float("inf")
    is_heard: bool = field(default=True, repr=False)


@dataclass(frozen=True)
class Said:
    """A member sent a frame."""

    member: Member
    frame: bytes


@dataclass(frozen=True)
class Ended:
    """A member's process has ended, and all that it sent has been handed out.

    Attributes:
        member: Which one.
        code: Its exit code; negative: the signal that ended it.
    """

    member: Member
    code: int


Event = Said | Ended


class Crew:
    """Child processes that all run one function; a context manager that leaves none alive.

    Args:
        target: The function, as ``package.module:name``; it takes a ``ParentLine`` and the payload.
        payload: Handed to it as it is.

    Raises:
        NotImplementedError: The operating system cannot hand a socket to a child.
    """

    def __init__(self, target: str, payload: bytes) -> None:
        if os.name != "posix":
            raise NotImplementedError("Worker processes need Linux, macOS or another Unix; n_jobs works everywhere.")
        self.members: list[Member] = []
        self._target = target
        self._payload = payload
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for member in self.members:
            signal_group(member.process, signal.SIGKILL)
        for member in self.members:
            member.process.wait()
            member.channel.close()
        self.members.clear()
        self._selector.close()

    def start(self, place: int) -> Member:
        """Start one more process."""
        ours, theirs = socket.socketpair()
        with theirs:
            root = str(Path(__file__).parents[2])  # where the package is found
            process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-P", "-c", _BOOT, str(theirs.fileno()), root],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
        member = Member(place, process, Channel(ours))
        self.members.append(member)
        self._selector.register(member.channel, selectors.EVENT_READ, member)
        # A payload may be larger than the socket's buffer, and the child takes a while to read it.
        threading.Thread(target=self._hand_over, args=(member,), name="optimist-hand-over", daemon=True).start()
        return member

    def _hand_over(self, member: Member) -> None:
        path = [entry or str(Path.cwd()) for entry in sys.path]
        start = Start(self._target, path, sys.argv, os.getpid())
        with contextlib.suppress(OSError):  # it has died; that is noticed elsewhere
            member.channel.send(msgspec.json.encode(start))
            member.channel.send(self._payload)

    def say(self, member: Member, frame: bytes) -> None:
        """Send a frame to a member; one that has died does not hear it."""
        with contextlib.suppress(OSError):
            member.channel.send(frame)

    def wait(self, timeout_s: float = _TICK_S) -> list[Event]:
        """What has happened, in order for each member; nothing if nothing happens for so many seconds."""
        events: list[Event] = []
        for key, _ in self._selector.select(min(timeout_s, _TICK_S)):
            events += self._hear(key.data)
        now = time.monotonic()
        for member in list(self.members):
            if has_ended(member.process):
                events += self._hear(member)
                events.append(Ended(member, self._dismiss(member)))
            elif now >= member.kill_at:
                signal_group(member.process, signal.SIGKILL)
        return events

    def _hear(self, member: Member) -> list[Event]:
        if not member.is_heard:
            return []
        frames, is_open = member.channel.receive_ready()
        if not is_open:  # it has closed its end, and will be gone in a moment
            member.is_heard = False
            self._selector.unregister(member.channel)
        return [Said(member, frame) for frame in frames]

    def _dismiss(self, member: Member) -> int:
        signal_group(member.process, signal.SIGKILL)  # what it has started itself
        if member.is_heard:
            self._selector.unregister(member.channel)
        member.channel.close()
        self.members.remove(member)
        return member.process.wait()

    @staticmethod
    def kill(member: Member, *, grace_s: float = 0.0) -> None:
        """End a member's process, and what it has started: at once, or asked to first if there is a grace."""
        if grace_s > 0:
            signal_group(member.process, signal.SIGTERM)
        else:
            signal_group(member.process, signal.SIGKILL)
        member.kill_at = min(member.kill_at, time.monotonic() + grace_s)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process has ended. Where that can be, it is left unburied, so that its number stays its own."""
    if process.returncode is None and hasattr(os, "waitid"):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return process.poll() is not None


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to all processes of the group that a process leads."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def describe_end(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"it ended with exit code {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"
