"""A child process that does not outlive its parent, even if that is killed (on Linux).

Run as a program, this file ties itself to its parent and becomes another program:

    python tether.py PARENT_PID PROGRAM ARGUMENT...
"""

from __future__ import annotations

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tie_to(parent_pid: int) -> None:
    """Have the kernel kill this process as soon as the thread that started it ends; does nothing where it cannot."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # not there in every build of Python, and of use on Linux alone

    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # it has ended before the kernel knew
        os._exit(1)


def main() -> None:
    """Do what the command line says."""
    parent_pid, *program = sys.argv[1:]
    tie_to(int(parent_pid))
    os.execv(program[0], program)  # noqa: S606  whoever starts us says what to become


if __name__ == "__main__":
    main()
