"""Optuna's journal file as a source: read twice, line by line.

The first reading finds which line is the last that speaks of each trial. The second makes the trials, and lets go of
each at its last line, so that what is in memory are the trials that overlap in time, and the positions of all others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from optimist.exceptions import StorageInternalError
from optimist.history.draft import TrialChange
from optimist.storages.exchange.replay import Line, Op, Survey, Trials
from optimist.storages.exchange.source import Batch, Source, SourceStudy, with_our_own

_BATCH: Final = 500
_OPS: Final = frozenset(Op)


class JournalSource(Source):
    """Studies in Optuna's journal file.

    Args:
        path: The file.

    Raises:
        StorageInternalError: It cannot be read, or is not Optuna's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._survey: Survey | None = None
        self._size = 0

    def studies(self) -> list[SourceStudy]:
        try:
            self._size = self._path.stat().st_size
            survey = Survey()
            for i, line in self._lines():
                survey.take(i, line)
        except OSError as error:
            raise StorageInternalError(f"{self._path} cannot be read: {error.strerror}.") from error
        self._survey = survey
        return [study for study in survey.studies if survey.is_alive(study.key)]

    def batches(self, studies: Sequence[SourceStudy]) -> Iterator[Batch]:
        if self._survey is None:
            self.studies()
        assert self._survey is not None
        trials = Trials(self._survey)
        shelves = {study.key: _Shelf(study) for study in studies}
        for i, line in self._lines():
            done = trials.take(i, line)
            if done is None or done[0] not in shelves:
                continue
            shelf = shelves[done[0]]
            shelf.put(with_our_own(done[1]))
            if len(shelf.batch) >= _BATCH:
                yield shelf.study, shelf.empty()
        for shelf in shelves.values():
            if shelf.batch:
                yield shelf.study, shelf.empty()

    def _lines(self) -> Iterator[tuple[int, Line]]:
        """The lines with their numbers, as far as the file went when it was first read."""
        n_read = 0
        with self._path.open("rb") as file:
            for i, raw in enumerate(file):
                n_read += len(raw)
                if n_read > self._size or not raw.endswith(b"\n"):
                    return  # somebody is writing it
                if raw.strip():
                    yield i, self._read(i, raw)

    def _read(self, i: int, raw: bytes) -> Line:
        try:
            line = _read_json(raw)
        except ValueError as error:
            if i == 0:
                raise self._refusal(i) from error
            raise StorageInternalError(
                f"{self._path}, line {i + 1}: this is not a line of Optuna's journal ({error}). If the file is a "
                "journal and damaged, take the line out and import it again."
            ) from error
        if not isinstance(line, dict) or line.get("op_code") not in _OPS:
            raise self._refusal(i)
        return line

    def _refusal(self, i: int) -> StorageInternalError:
        return StorageInternalError(
            f"{self._path}, line {i + 1}: this is not a line of Optuna's journal. Name the database or the journal file "
            "that Optuna has written; studies of Optimist are copied by optimist.copy_study."
        )


def _read_json(raw: bytes) -> Any:
    """Read JSON with the faster reader, and what it refuses, such as NaN, with the other."""
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return json.loads(raw)


class _Shelf:
    """Trials of a study that are whole, kept until those with lower numbers are.

    Attributes:
        study: The study.
        batch: Those whose turn has come.
    """

    def __init__(self, study: SourceStudy) -> None:
        self.study = study
        self.batch: list[TrialChange] = []
        self._early: dict[int, TrialChange] = {}
        self._next = 0

    def put(self, trial: TrialChange) -> None:
        """Add a trial."""
        self._early[trial.number] = trial
        while self._next in self._early:
            self.batch.append(self._early.pop(self._next))
            self._next += 1

    def empty(self) -> list[TrialChange]:
        """Take the batch."""
        batch, self.batch = self.batch, []
        return batch
