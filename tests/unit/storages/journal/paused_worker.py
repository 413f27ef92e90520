"""A worker that is stopped between its check and its record: python paused_worker.py DIRECTORY.

It begins a trial, says its number, and stops itself in the middle of telling it. Then it says how that went.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from optimist.exceptions import OptimistError
from optimist.history.draft import TrialChange
from tests.unit.storages.journal.stories import COMPLETE, open_file


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    storage = open_file(Path(sys.argv[1]))
    number = storage.begin_trial(0, 0).number
    say(str(number))
    log = storage.journal.log
    append = log.append

    def append_late(line: bytes) -> int | None:
        log.append = append  # type: ignore[method-assign]
        os.kill(os.getpid(), signal.SIGSTOP)
        return append(line)

    log.append = append_late  # type: ignore[method-assign]
    try:
        storage.write(0, TrialChange(number, state=COMPLETE, values=(7.0,), user_attrs={"by": "paused"}))
    except OptimistError as error:
        say(type(error).__name__)
    else:
        say("told")


if __name__ == "__main__":
    main()
