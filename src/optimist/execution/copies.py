"""Copies of one program that run side by side: their output is kept and read along, and a copy that crashes is replaced.

Standard output and error of a copy are one file. A pipe would have to be emptied all the time, and what went through it
when would be hard to say; a file has a length that the copy itself can read.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from optimist.execution.crew import has_ended, signal_group

_TICK_S: Final = 0.1
_TETHER: Final = str(Path(__file__).with_name("tether.py"))


@dataclass(eq=False)
class Copy:
    """One of the copies.

    Attributes:
        place: Its number, from 0.
        output: The file with all that it has written, its predecessors at this place included.
        environment: Variables that it has beside ours.
        process: The process; None before it is started.
        n_restarts: How often it was started again.
        code: The exit code of the last process that ended here; None if none has.
        n_read: How much of the output was handed on.
    """

    place: int
    output: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    n_restarts: int = 0
    code: int | None = None
    n_read: int = field(default=0, repr=False)

    @property
    def is_alive(self) -> bool:
        """Whether a process of it is running, as far as was noticed."""
        return self.process is not None


@dataclass(frozen=True)
class Line:
    """A copy wrote a line; ``text`` is without its end."""

    copy: Copy
    text: str


@dataclass(frozen=True)
class End:
    """A process of a copy has ended, and all its output was handed on; ``is_replaced`` if another one takes its place."""

    copy: Copy
    code: int
    is_replaced: bool


class Copies:
    """Runs the copies; a context manager that leaves none alive.

    Args:
        program: The program and its arguments.
        environments: For each copy, the variables that it has beside ours.
        directory: Where outputs are kept, as ``worker-0.log`` and so on.
        max_restarts: How often a copy that ends with another exit code than 0 is started again.
    """

    def __init__(
        self, program: Sequence[str], environments: Sequence[Mapping[str, str]], directory: Path, max_restarts: int
    ) -> None:
        self._program = list(program)
        self._max_restarts = max_restarts
        self._is_ending = False
        self.copies = [
            Copy(place, directory / f"worker-{place}.log", environment)
            for place, environment in enumerate(environments)
        ]

    def __enter__(self) -> Self:
        for copy in self.copies:
            copy.output.write_bytes(b"")
            self._start(copy)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        for copy in self.copies:
            if copy.process is not None:
                copy.process.wait()

    def _start(self, copy: Copy) -> None:
        with copy.output.open("ab") as output:
            copy.process = subprocess.Popen(  # noqa: S603  what the user asked for
                [sys.executable, "-I", "-S", _TETHER, str(os.getpid()), *self._program],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **copy.environment},
                process_group=0,
            )

    @property
    def n_alive(self) -> int:
        """How many copies are running."""
        return sum(copy.is_alive for copy in self.copies)

    def events(self) -> Iterator[Line | End]:
        """What has happened since the last call, and what happens in the next moment."""
        time.sleep(_TICK_S)
        for copy in self.copies:
            if copy.process is None:
                continue
            ended = has_ended(copy.process)
            yield from self._read(copy, to_the_end=ended)
            if ended:
                yield self._bury(copy, copy.process)

    def _read(self, copy: Copy, *, to_the_end: bool) -> Iterator[Line]:
        with copy.output.open("rb") as output:
            output.seek(copy.n_read)
            text = output.read()
        whole = len(text) if to_the_end else text.rfind(b"\n") + 1
        copy.n_read += whole
        for line in text[:whole].decode(errors="replace").splitlines():
            yield Line(copy, line)

    def _bury(self, copy: Copy, process: subprocess.Popen[bytes]) -> End:
        signal_group(process, signal.SIGKILL)  # what it has started itself
        copy.code = process.wait()
        copy.process = None
        is_replaced = copy.code != 0 and not self._is_ending and copy.n_restarts < self._max_restarts
        return End(copy, copy.code, is_replaced)

    def replace(self, copy: Copy) -> None:
        """Start a copy again that has ended."""
        if not self._is_ending:
            copy.n_restarts += 1
            self._start(copy)

    def ask_to_end(self, *, with_children: bool) -> None:
        """Send SIGTERM, to the processes alone or also to those that they have started; none is started again."""
        self._is_ending = True
        for copy in self.copies:
            if copy.process is None:
                continue
            if with_children:
                signal_group(copy.process, signal.SIGTERM)
            else:
                with contextlib.suppress(ProcessLookupError):
                    copy.process.terminate()

    def kill(self) -> None:
        """End all of them at once; none is started again."""
        self._is_ending = True
        for copy in self.copies:
            if copy.process is not None:
                signal_group(copy.process, signal.SIGKILL)
