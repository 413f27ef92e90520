"""Studies in the memory of this process; they end with it."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
import uuid
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from optimist.exceptions import (
    BudgetSpentError,
    DuplicatedStudyError,
    StudyNotFoundError,
    TrialNotFinishedError,
    TrialNotFoundError,
    UpdateFinishedTrialError,
)
from optimist.history.attributes import LEASE_LOST_KEY, RESUMED_KEY
from optimist.history.draft import Change, Draft, StudyChange, TrialChange, gives_place_back, n_places_back
from optimist.history.history import History, change_of
from optimist.history.records import from_datetime
from optimist.history.temporary import make_folder_for
from optimist.history.voiding import without
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import ANY_TERMS, Begun, Delta, Storage, StudyRecord, Summary, Terms, check_name

_STUDY = -1  # stands in the log for a change of the study itself


def now_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


class MemoryStudy:
    """A study whose history is its store: every writer changes the one history, under its lock.

    Attributes:
        record: The study.
        history: What has been tried. Another one, with the same lock, once a trial is voided: so read it anew
            whenever the lock was taken.
        log: One trial number per commit; the position after the last is the cursor.
        waiting: Numbers of waiting trials, oldest first.
        n_reclaimed: How many trials gave their place in the budget back, or took none.
        promoted: Numbers of the pruned trials from which others went on.
        leases: Of running trials that have one, by number: its length and when it is over, in seconds of this
            process's monotonic clock.
    """

    def __init__(self, record: StudyRecord, trial_ids: itertools.count[int]) -> None:
        self.record = record
        self.history = History(record.directions)
        self.log: array[int] = array("q")
        self.waiting: deque[int] = deque()
        self.n_reclaimed = 0
        self.promoted: set[int] = set()
        self.leases: dict[int, tuple[float, float]] = {}
        self._trial_ids = trial_ids

    def check_budget(self, total_trials: int | None) -> None:
        """Refuse to go over the budget.

        Raises:
            BudgetSpentError: The study has had so many trials.
        """
        history = self.history
        if total_trials is not None:
            n_counted = history.n_trials - history.counts[TrialState.WAITING] - self.n_reclaimed
            if n_counted >= total_trials:
                raise BudgetSpentError(f"Study {self.record.name!r} has had {n_counted} trials of {total_trials}.")

    def begin(self) -> Draft:
        """Start the oldest waiting trial, or a new one."""
        with self.history.lock:
            history = self.history
            draft = self._oldest_waiting()
            if draft is not None:
                history.start(draft, now_us())
            else:
                draft = history.begin(history.n_trials, next(self._trial_ids), TrialState.RUNNING, now_us())
            self.log.append(draft.number)
        return draft

    def _oldest_waiting(self) -> Draft | None:
        while self.waiting:
            draft = self.history.drafts.get(self.waiting.popleft())
            if draft is not None and draft.state == TrialState.WAITING:  # else a write took it out of the queue
                return draft
        return None

    def add(self, change: TrialChange) -> int:
        """Add a whole trial; return its number."""
        with self.history.lock:
            history = self.history
            change = replace(change, number=history.n_trials, trial_id=next(self._trial_ids))
            history.apply([change])
            self.n_reclaimed += gives_place_back(change)
            if change.state == TrialState.WAITING:
                self.waiting.append(change.number)
            self.log.append(change.number)
        return change.number

    def promote(self, number: int, trial: TrialChange) -> Draft | None:
        """Begin a trial that goes on from a pruned one; None if that was done before, or it cannot be gone on from."""
        with self.history.lock:
            state = self.state_of(number)
            if state != TrialState.PRUNED or number in self.promoted or number in self.history.voided:
                return None
            self.promoted.add(number)
            begun = replace(trial, state=TrialState.RUNNING, started_us=now_us())
            return self.history.drafts[self.add(begun)]

    def void(self, number: int, reason: str) -> bool:
        """Set a finished trial aside; False if it is already."""
        with self.history.lock:
            history = self.history
            state = self.state_of(number)
            if not state.is_finished():
                raise TrialNotFinishedError(f"Trial {number} is {state.name}; only a finished trial can be voided.")
            if number in history.voided:
                return False
            self.history = without(history, {number: reason})
            if self.history.voided[number].system_attrs.keys().isdisjoint((LEASE_LOST_KEY, RESUMED_KEY)):
                self.n_reclaimed += 1
            self.note(number)
            return True

    def state_of(self, number: int) -> TrialState:
        """The state of a trial.

        Raises:
            TrialNotFoundError: There is none of this number.
        """
        history = self.history
        if number in history.drafts:
            return history.drafts[number].state
        row = history.row_of(number)
        if row >= 0:
            return TrialState(history.state.data[row])
        if number in history.voided:
            return history.voided[number].state
        raise TrialNotFoundError(f"Study {self.record.name!r} has no trial {number}.")

    def note(self, number: int) -> None:
        """Record that a trial was changed."""
        self.log.append(number)

    def note_study(self) -> None:
        """Record that the study was changed."""
        self.log.append(_STUDY)


class MemoryStore(Storage):
    """Keep studies in memory.

    The history of a study lives here and is shared by all its ``Study`` objects, so that nothing is kept twice.
    """

    def __init__(self) -> None:
        self._studies: dict[int, MemoryStudy] = {}
        self._names: dict[str, int] = {}
        self._n_created = 0
        self._trial_ids = itertools.count()
        self._lock = threading.Lock()
        self._folder: Path | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_lock", "_folder")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._folder = None

    @property
    def location(self) -> Path | str | None:
        """A name in a temporary folder, which goes with the store."""
        with self._lock:
            if self._folder is None:
                self._folder = make_folder_for(self)
            return self._folder / "memory"

    def study(self, study_id: int) -> MemoryStudy:
        """The study itself, for those who work on its history in place."""
        try:
            return self._studies[study_id]
        except KeyError:
            raise StudyNotFoundError(f"There is no study with the id {study_id} in this storage (any more).") from None

    def create_study(self, name: str | None, directions: Sequence[StudyDirection]) -> StudyRecord:
        name = f"no-name-{uuid.uuid4()}" if name is None else name
        check_name("A study's name", name)
        with self._lock:
            if name in self._names:
                raise DuplicatedStudyError(
                    f"There is a study named {name!r} already. Use another name, or load_if_exists=True to go on with it."
                )
            record = StudyRecord(self._n_created, name, tuple(directions))
            self._studies[record.study_id] = MemoryStudy(record, self._trial_ids)
            self._names[name] = record.study_id
            self._n_created += 1
        return record

    def load_study(self, name: str) -> StudyRecord:
        with self._lock:
            if name not in self._names:
                raise StudyNotFoundError(f"There is no study named {name!r} in this storage.")
            return self._studies[self._names[name]].record

    def list_studies(self) -> list[StudyRecord]:
        with self._lock:
            return [study.record for study in self._studies.values()]

    def delete_study(self, study_id: int) -> None:
        with self._lock:
            del self._names[self.study(study_id).record.name]
            del self._studies[study_id]

    def summary(self, study_id: int) -> Summary:
        study = self.study(study_id)
        with study.history.lock:
            history = study.history
            best = None
            if len(history.directions) == 1 and history.best_row >= 0:
                best = self._change(history, history.number.data[history.best_row])
            starts = [*history.started_us.data[: history.n], *(draft.started_us for draft in history.drafts.values())]
            starts += [from_datetime(trial.datetime_start) for trial in history.voided.values()]
            return Summary(
                record=study.record,
                counts={state: history.count(state) for state in TrialState},
                best=best,
                first_start_us=min((start for start in starts if start >= 0), default=None),
                attrs=StudyChange(dict(history.user_attrs), dict(history.system_attrs)),
            )

    def write_study(self, study_id: int, change: StudyChange) -> None:
        study = self.study(study_id)
        self.check(TrialChange(user_attrs=change.user_attrs, system_attrs=change.system_attrs))
        with study.history.lock:
            study.history.apply([change])
            study.note_study()

    def add_trials(self, study_id: int, trials: Sequence[TrialChange]) -> list[int]:
        study = self.study(study_id)
        for trial in trials:
            self.check(trial)
        with study.history.lock:
            return [study.add(trial) for trial in trials]

    def begin_trial(self, study_id: int, cursor: int, terms: Terms = ANY_TERMS) -> Begun:
        study = self.study(study_id)
        with study.history.lock:
            study.check_budget(terms.total_trials)
            number = study.begin().number
            if terms.lease_s is not None:
                study.leases[number] = (terms.lease_s, time.monotonic() + terms.lease_s)
            return Begun(number, self.changes_since(study_id, cursor))

    def claim(self, study_id: int, number: int) -> bool:
        study = self.study(study_id)
        with study.history.lock:
            history = study.history
            draft = history.drafts.get(number)
            if draft is None:
                study.state_of(number)
                return False
            if draft.state != TrialState.WAITING:
                return False
            history.start(draft, now_us())
            study.note(number)
            return True

    def promote(
        self, study_id: int, number: int, trial: TrialChange, cursor: int, terms: Terms = ANY_TERMS
    ) -> Begun | None:
        study = self.study(study_id)
        self.check(trial)
        with study.history.lock:
            draft = study.promote(number, trial)
            if draft is None:
                return None
            if terms.lease_s is not None:
                study.leases[draft.number] = (terms.lease_s, time.monotonic() + terms.lease_s)
            return Begun(draft.number, self.changes_since(study_id, cursor))

    def write(self, study_id: int, change: TrialChange, cursor: int = 0) -> int:
        study = self.study(study_id)
        self.check(change)
        with study.history.lock:
            history = study.history
            if change.number not in history.drafts:
                state = study.state_of(change.number).name
                raise UpdateFinishedTrialError(f"Trial {change.number} is {state}; a finished trial cannot change.")
            history.apply([change])
            study.note(change.number)
            if change.number not in history.drafts:
                study.leases.pop(change.number, None)
            return cursor + 1 if len(study.log) == cursor + 1 else cursor

    def void(self, study_id: int, number: int, reason: str) -> bool:
        study = self.study(study_id)
        self.check(TrialChange(void=reason))
        return study.void(number, reason)

    def changes_since(self, study_id: int, cursor: int) -> Delta:
        study = self.study(study_id)
        with study.history.lock:
            history = study.history
            news = dict.fromkeys(reversed(study.log[cursor:]))  # the last change of each, newest first
            changes: list[Change] = []
            for number in reversed(news):
                if number == _STUDY:
                    changes.append(StudyChange(dict(history.user_attrs), dict(history.system_attrs)))
                else:
                    changes.append(self._change(history, number))
            return Delta(changes, len(study.log))

    def find_trial(self, trial_id: int) -> tuple[int, int]:
        for study_id, study in list(self._studies.items()):
            with study.history.lock:
                history = study.history
                for draft in history.drafts.values():
                    if draft.trial_id == trial_id:
                        return study_id, draft.number
                for trial in history.voided.values():
                    if trial._trial_id == trial_id:
                        return study_id, trial.number
                with contextlib.suppress(ValueError):  # one pass over a column, for whoever speaks in ids
                    return study_id, history.number.data[history.trial_id.data.index(trial_id, 0, history.n)]
        raise TrialNotFoundError(f"There is no trial with the id {trial_id} in this storage.")

    def heartbeat(self, study_id: int, numbers: Sequence[int]) -> None:
        study = self.study(study_id)
        with study.history.lock:
            for number in numbers:
                if number in study.leases:
                    length_s, _ = study.leases[number]
                    study.leases[number] = (length_s, time.monotonic() + length_s)

    def leased(self, study_id: int) -> list[int]:
        study = self.study(study_id)
        with study.history.lock:
            return sorted(study.leases)

    def expired(self, study_id: int, numbers: Sequence[int]) -> list[int]:
        study = self.study(study_id)
        now = time.monotonic()
        with study.history.lock:
            return [number for number in numbers if number in study.leases and study.leases[number][1] <= now]

    def reclaim(
        self, study_id: int, end: TrialChange, retry: TrialChange | None = None, *, is_lost: bool = False
    ) -> bool:
        study = self.study(study_id)
        with study.history.lock:
            draft = study.history.drafts.get(end.number)
            is_running = draft is not None and draft.state == TrialState.RUNNING
            if not (is_running if is_lost else self.expired(study_id, [end.number])):
                return False
            self.write(study_id, end)
            study.n_reclaimed += n_places_back(end, None)
            if retry is not None:
                study.add(retry)
            return True

    @staticmethod
    def _change(history: History, number: int) -> TrialChange:
        return change_of(history.trial(number))
