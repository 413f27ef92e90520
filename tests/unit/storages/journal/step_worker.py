"""Lives the story again and again, killed one write later each time: python step_worker.py DIRECTORY.

Life n happens in DIRECTORY/n, and ends before its n-th call that writes, or in the middle of it. What it was told is
in DIRECTORY/n/told: one line for each step that returned.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optimist.storages.journal import durability, file, lock
from tests.unit.storages.journal.stories import ending, open_file, story

CALLS = ("write", "pwrite", "replace", "fsync", "fdatasync", "ftruncate", "link")


def die_at(n: int, in_the_middle: bool) -> None:
    """Let the n-th of all calls that write be the last thing that this process does."""
    left = n

    def counted(call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counting(*args: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                if in_the_middle and name == "write":
                    call(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args)

        return counting

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name), name))
    durability.fdatasync = file.fdatasync = os.fdatasync
    assert lock.os is os


def live(directory: Path) -> None:
    with (directory / "told").open("w") as told:
        storage = open_file(directory)
        for step in [*story(storage), *ending(storage)]:
            step()
            told.write("step\n")
            told.flush()


def main() -> None:
    root = Path(sys.argv[1])
    for n in range(1, 1000):
        statuses = []
        for in_the_middle in (False, True):
            directory = root / f"{n}-{in_the_middle}"
            directory.mkdir()
            pid = os.fork()
            if pid == 0:
                die_at(n, in_the_middle)
                live(directory)
                os._exit(0)
            statuses.append(os.waitpid(pid, 0)[1])
        if statuses == [0, 0]:
            return
        assert statuses == [signal.SIGKILL] * 2, statuses


if __name__ == "__main__":
    main()
