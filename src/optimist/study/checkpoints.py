"""Checkpoints: a folder for each trial that wants one, so that a trial can go on where a lost worker left off.

    BASE/digits-1f3870be/trial-000012-6441f2c3a1b80/

The base is what ``OPTIMIST_CHECKPOINTS`` names. Without it: beside the file of the study (``study.db.checkpoints``), in
the user's cache for studies on a server, and a temporary folder for studies in memory. Workers on several machines
have to share it.

A folder's name holds the trial's start, in microseconds. So it is found again by all who know the study, and never
mistaken for that of another study of the same name, such as one that was deleted.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from optimist.history.attributes import RESUMED_KEY
from optimist.history.draft import Draft
from optimist.history.records import from_datetime
from optimist.storages.callbacks import FIRST_KEY, HISTORY_KEY
from optimist.study.ledger import Ledger

CHECKPOINTS_VARIABLE: Final = "OPTIMIST_CHECKPOINTS"
"""Environment variable that names the folder of all checkpoints."""


class HasLedger(Protocol):
    """What is needed of a study."""

    ledger: Ledger


class Checkpoints:
    """The checkpoint folders of one study.

    Args:
        study: The study.
    """

    def __init__(self, study: HasLedger) -> None:
        self._study = study
        self._found: Path | None = None
        self._given: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder of the study; it may have to be made."""
        if self._found is None:
            name = self._study.ledger.record.name
            self._found = self.base / f"{_readable(name)}-{_digest(name)[:8]}"
        return self._found

    def use(self, base: Path) -> None:
        """Take the base of another process that works on the study, unless the environment names one here."""
        self._given = base
        self._found = None

    @property
    def base(self) -> Path:
        """The folder of all studies' checkpoints."""
        named = os.environ.get(CHECKPOINTS_VARIABLE)
        if named:
            return Path(named).absolute()
        if self._given is not None:
            return self._given
        location = self._study.ledger.storage.location
        if isinstance(location, Path):
            return location.with_name(f"{location.name}.checkpoints")
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "optimist" / "checkpoints" / _digest(location or "")[:16]

    def folder_of(self, number: int, started_us: int) -> Path:
        """The folder of a trial; it may have to be made."""
        return self.folder / f"trial-{number:06d}-{max(started_us, 0):x}"

    def resume_from(self, draft: Draft) -> Path | None:
        """The newest folder with anything in it of the trials that this one retries or promotes; None if there is none."""
        return next((folder for folder in self._of_predecessors(draft) if _is_filled(folder)), None)

    def discard(self, draft: Draft, *, ran_here: bool) -> None:
        """Remove the folders of a trial and of all that it retried or went on from.

        Args:
            draft: The trial.
            ran_here: Whether no other process than this one can have made the trial's own folder.
        """
        if self._found is None and ran_here and not predecessors(draft.system_attrs):
            return  # nobody here has asked for a folder
        if not self.folder.is_dir():
            return
        for folder in (self.folder_of(draft.number, draft.started_us), *self._of_predecessors(draft)):
            if folder.is_dir():
                from shutil import rmtree  # loads slowly, and most studies have no checkpoints

                rmtree(folder, ignore_errors=True)  # what another process holds open stays; it does no harm

    def _of_predecessors(self, draft: Draft) -> Iterator[Path]:
        for number in predecessors(draft.system_attrs):
            try:
                trial = self._study.ledger.history.trial(number)
            except KeyError:
                continue
            yield self.folder_of(number, from_datetime(trial.datetime_start))


def predecessors(system_attrs: Mapping[str, Any]) -> list[int]:
    """The numbers of the trials that a trial retries or goes on from, the latest first; empty if there are none."""
    history, resumed = system_attrs.get(HISTORY_KEY), system_attrs.get(RESUMED_KEY)
    numbers = history if isinstance(history, list) and history else [system_attrs.get(FIRST_KEY)]
    if isinstance(resumed, list):  # before its retries
        numbers = [*resumed, *numbers]
    return [number for number in reversed(numbers) if type(number) is int and number >= 0]


def _is_filled(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def _readable(name: str) -> str:
    """What can be read of a name, in letters that every file system takes."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:40]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
