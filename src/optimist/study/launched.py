"""A copy of a script that ``optimist run`` launched: it notes its trials for the launcher, and ends when it is told to.

The notes are lines of JSON. Standard output of a copy is a file, so a note can say where in it a trial begins and ends.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol

from optimist.states import StudyDirection, TrialState
from optimist.study.escort import Escort
from optimist.study.ledger import Ledger

NOTES_VARIABLE: Final = "OPTIMIST_NOTES"
"""Environment variable: the file for a copy's notes."""

ON_TERM_VARIABLE: Final = "OPTIMIST_ON_TERM"
"""Environment variable: "finish" if a copy that gets SIGTERM shall finish its running trials first."""

LAUNCH_VARIABLES: Final = (NOTES_VARIABLE, ON_TERM_VARIABLE)

_copies: weakref.WeakSet[LaunchedEscort] = weakref.WeakSet()
_is_ending = threading.Event()


class Stoppable(Protocol):
    """What is needed of a study."""

    ledger: Ledger
    is_stopping: bool


def escort_of(study: Stoppable) -> Escort:
    """Who goes along with the loops of a study in this process."""
    notes = os.environ.get(NOTES_VARIABLE)
    if notes:
        _handle_term()
    return LaunchedEscort(study, Path(notes)) if notes else Escort()


class LaunchedEscort(Escort):
    """The launcher goes along, by way of a file.

    Args:
        study: The study.
        notes: The file.
    """

    def __init__(self, study: Stoppable, notes: Path) -> None:
        self._study: weakref.ref[Stoppable] = weakref.ref(study)
        self._notes = notes
        _copies.add(self)

    def may_begin(self) -> bool:
        return not _is_ending.is_set()

    def begun(self, number: int) -> None:
        self._note("begun", number)

    def dropped(self, number: int) -> None:
        self._note("ended", number, state="FAIL")

    def ended(self, number: int, state: TrialState, values: Sequence[float] | None, *, is_fatal: bool) -> None:
        study = self._study()
        best, is_maximized = None, False
        if study is not None and len(study.ledger.record.directions) == 1:
            found = study.ledger.best_trial()
            best = None if found is None else found.value
            is_maximized = study.ledger.record.directions[0] == StudyDirection.MAXIMIZE
        self._note("ended", number, state=state.name, best=best, is_maximized=is_maximized)

    def _note(self, event: str, number: int, **more: Any) -> None:
        study = self._study()
        name = None if study is None else study.ledger.record.name
        note = {"event": event, "study": name, "trial": number, "pid": os.getpid(), "at": output_length(), **more}
        with self._notes.open("a", encoding="utf-8") as file:
            file.write(json.dumps(note) + "\n")

    def stop(self) -> None:
        """End the study's loop after the trials in flight."""
        study = self._study()
        if study is not None:
            study.is_stopping = True


def output_length() -> int | None:
    """How long the file is that is this process's standard output; None if that is no file."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        found = os.fstat(1)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _handle_term() -> None:
    """From now on, SIGTERM lets the running trials finish; unless the script handles it in its own way."""
    if (
        os.environ.get(ON_TERM_VARIABLE) == "finish"
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    ):
        signal.signal(signal.SIGTERM, _end_soon)


def _end_soon(_signal: int, _frame: FrameType | None) -> None:
    _is_ending.set()
    for copy in list(_copies):
        copy.stop()
