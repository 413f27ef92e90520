"""What `optimist run` does with the notes of the copies that it launched: logs by trial, and trials of dead copies."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from optimist.logging import get_logger
from optimist.study.catalog import load_study

_logger = get_logger(__name__)


class Note(msgspec.Struct):
    """A line of a copy's notes; see ``LaunchedEscort``.

    Attributes:
        event: "begun" or "ended".
        study: Name of the study.
        trial: Number of the trial.
        at: How long the copy's output was.
        state: How the trial ended.
        best: The best value that the copy knows of.
        is_maximized: Whether greater values are better.
    """

    event: str
    study: str
    trial: int
    at: int | None = None
    state: str = ""
    best: float | None = None
    is_maximized: bool = False


_decode = msgspec.json.Decoder(Note).decode


@dataclass
class Tally:
    """What all copies have done.

    Attributes:
        states: How many trials ended in which state.
        best: The best value that any copy has told of.
    """

    states: Counter[str] = field(default_factory=Counter)
    best: float | None = None


class Notebook:
    """Reads the notes of one copy.

    Args:
        notes: The file that it writes them to.
        output: The file that it writes its output to.
        storage: The storage of its studies, as the user wrote it; None if that is not known.
        directory: Where logs by trial go; None for no such logs.
        tally: What is told here is counted there.
    """

    def __init__(self, notes: Path, output: Path, storage: str | None, directory: Path | None, tally: Tally) -> None:
        self._notes = notes
        self._output = output
        self._storage = storage
        self._directory = directory
        self._tally = tally
        self._n_read = 0
        self._open: dict[tuple[str, int], int | None] = {}
        notes.write_bytes(b"")

    def read(self) -> None:
        """Take in what was noted since the last call."""
        with self._notes.open("rb") as file:
            file.seek(self._n_read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._n_read += len(whole)
        for line in whole.splitlines():
            self._take_in(_decode(line))

    def _take_in(self, note: Note) -> None:
        if note.event == "begun":
            self._open[note.study, note.trial] = note.at
            return
        begin = self._open.pop((note.study, note.trial), None)
        self._tally.states[note.state] += 1
        if note.best is not None:
            known = note.best if self._tally.best is None else self._tally.best
            self._tally.best = max(note.best, known) if note.is_maximized else min(note.best, known)
        self._keep_log(note.study, note.trial, begin, note.at)

    def close(self, *, was_asked: bool = False) -> list[int]:
        """The copy has ended: hand back the trials that it has not; return their numbers.

        Args:
            was_asked: Whether it was asked to end: its trials are queued again however often they were before.
        """
        self.read()
        lost = sorted(self._open)
        for name, number in lost:
            self._keep_log(name, number, self._open.pop((name, number)), None)
            self._hand_back(name, number, was_asked=was_asked)
        return [number for _, number in lost]

    def _hand_back(self, name: str, number: int, *, was_asked: bool) -> None:
        if self._storage is None:
            _logger.warning("Trial %d of %r was running; it is queued again when its lease is over.", number, name)
            return
        try:
            study = load_study(study_name=name, storage=self._storage)
            if study.give_up(number, always_retry=was_asked):
                _logger.warning("Trial %d of %r was running; it is handed back to the queue.", number, name)
        except Exception as error:  # noqa: BLE001  it is found when its lease is over
            _logger.warning("Trial %d of %r could not be handed back: %s", number, name, error)

    def _keep_log(self, name: str, number: int, begin: int | None, end: int | None) -> None:
        if self._directory is None or begin is None:
            return
        with self._output.open("rb") as output:
            output.seek(begin)
            text = output.read() if end is None else output.read(end - begin)
        log = self._directory / re.sub(r"[^\w.-]+", "_", name) / f"trial-{number:06}.log"
        log.parent.mkdir(exist_ok=True)
        log.write_bytes(text)
