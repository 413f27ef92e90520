"""JournalStore: studies in a journal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from optimist.exceptions import (
    BudgetSpentError,
    DuplicatedStudyError,
    StudyNotFoundError,
    TrialNotFinishedError,
    TrialNotFoundError,
    UpdateFinishedTrialError,
)
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import ANY_TERMS, Begun, Delta, Storage, StudyRecord, Summary, Terms, check_name
from optimist.storages.documents import Document, storable_attrs
from optimist.storages.entry import to_entry
from optimist.storages.journal import records
from optimist.storages.journal.backends import BaseJournalBackend
from optimist.storages.journal.compaction import compacted_lines
from optimist.storages.journal.composing import numbered, study_fields, trials_fields
from optimist.storages.journal.finding import find_best
from optimist.storages.journal.folding import News, fold, to_changes
from optimist.storages.journal.foreign import AppendsLogs, ForeignLog
from optimist.storages.journal.journal import Fields, Journal
from optimist.storages.journal.log import Log
from optimist.storages.journal.records import storable_document
from optimist.storages.journal.repair import Repair, repair
from optimist.storages.journal.state import JournalState, StudyState
from optimist.storages.known import storable_distribution
from optimist.storages.leases import Lease, LeaseWatch
from optimist.storages.memory import now_us
from optimist.storages.trial_ids import study_and_number_of, trial_id_of

MAX_REPEATED_BYTES: Final = 2**16
"""The record that ends a trial says again what was said before, up to so much; then readers need only that record."""
_RUNNING = TrialState.RUNNING


class JournalStore(Storage):
    """Keep studies in a journal: a file, or a list in Redis, to which all workers append.

    What ends or queues a trial, and what is said of a study, is safe from a failure of power when the call returns.
    The beginning of a trial and what is written while it runs is safe from the death of any process, and from a
    failure of power with the next of the others.

    Args:
        backend: Where the lines live, such as ``JournalFileBackend("study.journal")``.

    Attributes:
        backend: Likewise.
        journal: The journal.

    Raises:
        StorageInternalError: It cannot be opened, or a newer version wrote it.
        MissingDependencyError: The library for it is not installed.
    """

    def __init__(self, backend: BaseJournalBackend | AppendsLogs) -> None:
        self.backend = backend
        self._open()

    def _open(self) -> None:
        self.journal = Journal(_log_of(self.backend))
        self._watch = LeaseWatch()

    def __getstate__(self) -> dict[str, Any]:
        return {"backend": self.backend}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.backend = state["backend"]
        self._open()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.backend!r})"

    @property
    def location(self) -> Path | str | None:
        return self.backend.location if isinstance(self.backend, BaseJournalBackend) else None

    def close(self) -> None:
        self.journal.close()

    # Studies

    def create_study(self, name: str | None, directions: Sequence[StudyDirection]) -> StudyRecord:
        name = f"no-name-{uuid.uuid4()}" if name is None else name
        check_name("A study's name", name)

        def plan(state: JournalState) -> Fields:
            if name in state.ids:
                raise DuplicatedStudyError(
                    f"There is a study named {name!r} already. Use another name, or load_if_exists=True to go on with it."
                )
            return {
                "op": records.CREATE,
                "study": state.n_studies,
                "name": name,
                "directions": [int(direction) for direction in directions],
            }

        with self.journal.guard:
            self.journal.commit(plan, is_durable=False)
            record = self.load_study(name)
        self.journal.log.make_durable()
        return record

    def load_study(self, name: str) -> StudyRecord:
        with self.journal.reading() as state:
            if name not in state.ids:
                raise StudyNotFoundError(f"There is no study named {name!r} in {self._name}.")
            return state.studies[state.ids[name]].record

    def list_studies(self) -> list[StudyRecord]:
        with self.journal.reading() as state:
            return [study.record for study in state.studies.values()]

    def delete_study(self, study_id: int) -> None:
        def plan(state: JournalState) -> Fields:
            self._study(state, study_id)
            return {"op": records.DELETE, "study": study_id}

        self.journal.commit(plan)

    def summary(self, study_id: int) -> Summary:
        return self.journal.ask(lambda state: self._summary(self._study(state, study_id)))

    def _summary(self, study: StudyState) -> Summary:
        best = None
        if not study.is_best_known:
            find_best(self.journal, study)
        if study.best_rows:
            news = fold(self.journal.records_at(study, study.best_rows), study.best_number)
            for change in to_changes(News(finished=news.finished), study):
                assert isinstance(change, TrialChange)
                best = change
        return Summary(
            record=study.record,
            counts={state: study.counts[state] for state in TrialState},
            best=best,
            first_start_us=study.first_start_us,
            attrs=StudyChange(dict(study.attrs.user_attrs), dict(study.attrs.system_attrs)),
        )

    def write_study(self, study_id: int, change: StudyChange) -> None:
        document = Document(
            user_attrs=storable_attrs(change.user_attrs), system_attrs=storable_attrs(change.system_attrs)
        )
        attrs = storable_document(document)

        def plan(state: JournalState) -> Fields:
            return {**study_fields(records.ATTRS, self._study(state, study_id)), "attrs": attrs}

        self.journal.commit(plan)

    # Trials

    def check(self, change: TrialChange) -> None:
        to_entry(change)
        for name, distribution, _ in change.params:
            storable_distribution(name, distribution)

    def add_trials(self, study_id: int, trials: Sequence[TrialChange]) -> list[int]:
        if not trials:
            return []
        entries = [to_entry(change) for change in trials]
        first = -1

        def plan(state: JournalState) -> Fields:
            nonlocal first
            study = self._study(state, study_id)
            first = study.n_trials
            return trials_fields(records.ADD, study, numbered(entries, first))

        self.journal.commit(plan)
        return list(range(first, first + len(entries)))

    def begin_trial(self, study_id: int, cursor: int, terms: Terms = ANY_TERMS) -> Begun:
        started_us = now_us()
        number, was_up_to_date, is_new = -1, False, False

        def plan(state: JournalState) -> Fields:
            nonlocal number, was_up_to_date, is_new
            study = self._study(state, study_id)
            if terms.total_trials is not None and study.n_counted >= terms.total_trials:
                raise BudgetSpentError(
                    f"Study {study.record.name!r} has had {study.n_counted} trials of {terms.total_trials}."
                )
            waiting = study.oldest_waiting()
            is_new = waiting is None
            number = study.n_trials if waiting is None else waiting
            was_up_to_date = study.seq <= cursor
            entry: dict[str, Any] = {"number": number, "state": int(_RUNNING), "started_us": started_us}
            if terms.lease_s is not None:
                entry |= {"lease_s": terms.lease_s, "slot": study.free_slot()}
            return {**study_fields(records.BEGIN, study), "trials": [entry]}

        with self.journal.guard:
            seq = self.journal.commit(plan, is_durable=False)
            assert seq is not None
            begun = TrialChange(number, trial_id_of(study_id, number), _RUNNING, started_us=started_us)
            if was_up_to_date:
                return Begun(number, Delta([begun], seq))
            if is_new and not terms.wants_news:
                return Begun(number, Delta([begun], cursor))
            return Begun(number, self.changes_since(study_id, cursor))

    def claim(self, study_id: int, number: int) -> bool:
        started_us = now_us()

        def plan(state: JournalState) -> Fields | None:
            study = self._study(state, study_id)
            trial = study.open.get(number)
            if trial is None and study.final_state(number) is None:
                raise TrialNotFoundError(f"Study {study.record.name!r} has no trial {number}.")
            if trial is None or trial.state != TrialState.WAITING:
                return None
            entry = {"number": number, "state": int(_RUNNING), "started_us": started_us}
            return {**study_fields(records.BEGIN, study), "trials": [entry]}

        return self.journal.commit(plan, is_durable=False) is not None

    def promote(
        self, study_id: int, number: int, trial: TrialChange, cursor: int, terms: Terms = ANY_TERMS
    ) -> Begun | None:
        entry = to_entry(replace(trial, state=_RUNNING, started_us=now_us()))
        begun = -1

        def plan(state: JournalState) -> Fields | None:
            nonlocal begun
            study = self._study(state, study_id)
            if number not in study.open and study.final_state(number) is None:
                raise TrialNotFoundError(f"Study {study.record.name!r} has no trial {number}.")
            is_pruned = study.final_state(number) == TrialState.PRUNED
            if not is_pruned or number in study.promoted or number in study.voids:
                return None
            begun = study.n_trials
            fields = trials_fields(records.PROMOTE, study, numbered([entry], begun))
            if terms.lease_s is not None:
                fields["trials"][0] |= {"lease_s": terms.lease_s, "slot": study.free_slot()}
            return {**fields, "of": number}

        with self.journal.guard:
            if self.journal.commit(plan, is_durable=False) is None:
                return None
            return Begun(begun, self.changes_since(study_id, cursor))

    def write(self, study_id: int, change: TrialChange, cursor: int = 0) -> int:
        entry = to_entry(change)
        was_up_to_date = False

        def plan(state: JournalState) -> Fields:
            nonlocal was_up_to_date
            study = self._study(state, study_id)
            self._check_open(study, entry.number)
            was_up_to_date = study.seq <= cursor
            earlier = self._earlier(study, entry.number) if entry.is_end and entry.started_us is None else None
            return trials_fields(records.WRITE, study, [entry], earlier)

        # What a running trial says on its way is safe with its end, or with the next end of another trial.
        seq = self.journal.commit(plan, is_durable=entry.is_end)
        assert seq is not None
        return seq if was_up_to_date else cursor

    def void(self, study_id: int, number: int, reason: str) -> bool:
        check_name("The reason of a void", reason)

        def plan(state: JournalState) -> Fields | None:
            study = self._study(state, study_id)
            trial = study.open.get(number)
            if trial is not None:
                raise TrialNotFinishedError(
                    f"Trial {number} is {trial.state.name}; only a finished trial can be voided."
                )
            if study.final_state(number) is None:
                raise TrialNotFoundError(f"Study {study.record.name!r} has no trial {number}.")
            if number in study.voids:
                return None
            return {**study_fields(records.VOID, study), "trials": [{"number": number, "void": reason}]}

        return self.journal.commit(plan) is not None

    def changes_since(self, study_id: int, cursor: int) -> Delta:
        return self.journal.ask(lambda state: self._delta(self._study(state, study_id), cursor))

    def find_trial(self, trial_id: int) -> tuple[int, int]:
        study_id, number = study_and_number_of(trial_id)
        with self.journal.reading() as state:
            study = state.studies.get(study_id)
            if study is None or (number not in study.open and study.final_state(number) is None):
                raise TrialNotFoundError(f"There is no trial with the id {trial_id} in {self._name}.")
            return study_id, number

    # Leases

    def heartbeat(self, study_id: int, numbers: Sequence[int]) -> None:
        with self.journal.reading() as state:
            slots = [slot for slot in map(self._study(state, study_id).slot_of, numbers) if slot is not None]
        if slots:
            self.journal.log.beat(slots)

    def leased(self, study_id: int) -> list[int]:
        with self.journal.reading() as state:
            study = self._study(state, study_id)
            return sorted(number for number in study.open if study.slot_of(number) is not None)

    def expired(self, study_id: int, numbers: Sequence[int]) -> list[int]:
        with self.journal.reading() as state:
            study = self._study(state, study_id)
            return [number for number in numbers if self._is_over(study, number)]

    def _is_over(self, study: StudyState, number: int) -> bool:
        slot = study.slot_of(number)
        if slot is None:
            self._watch.forget(study.record.study_id, number)
            return False
        (beat,) = self.journal.log.beats([slot])
        length_s = study.open[number].lease_s
        assert length_s is not None
        return self._watch.is_over(study.record.study_id, number, Lease(length_s, beat))

    def reclaim(
        self, study_id: int, end: TrialChange, retry: TrialChange | None = None, *, is_lost: bool = False
    ) -> bool:
        entries = [to_entry(end), *([] if retry is None else [to_entry(retry)])]

        def plan(state: JournalState) -> Fields | None:
            study = self._study(state, study_id)
            trial = study.open.get(end.number)
            is_running = trial is not None and trial.state == _RUNNING
            if not (is_running if is_lost else self._is_over(study, end.number)):
                return None
            return trials_fields(records.RECLAIM, study, [entries[0], *numbered(entries[1:], study.n_trials)])

        return self.journal.commit(plan) is not None

    # Upkeep

    def compact(self) -> None:
        """Write the journal anew without what nobody needs any more: one record a trial, no deleted studies.

        Workers go on meanwhile; they wait as long as it takes.

        Raises:
            StorageInternalError: It cannot be written; it is then as it was.
        """
        self.journal.rewrite(lambda: compacted_lines(self.journal))

    def repair(self) -> Repair:
        """Find what is damaged, and write the journal anew without it; it is kept as it was beside.

        Raises:
            StorageInternalError: It cannot be written; it is then as it was.
        """
        return repair(self.journal)

    # Parts

    @property
    def _name(self) -> str:
        return self.journal.log.name

    def _study(self, state: JournalState, study_id: int) -> StudyState:
        study = state.studies.get(study_id)
        if study is None:
            raise StudyNotFoundError(f"There is no study with the id {study_id} in {self._name} (any more).")
        return study

    def _check_open(self, study: StudyState, number: int) -> None:
        if number in study.open:
            return
        state = study.final_state(number)
        if state is None:
            raise TrialNotFoundError(f"Study {study.record.name!r} has no trial {number}.")
        raise UpdateFinishedTrialError(f"Trial {number} is {state.name}; a finished trial cannot change.")

    def _earlier(self, study: StudyState, number: int) -> list[Document] | None:
        """All that was said of an open trial, unless it is too much to say it again."""
        trial = study.open[number]
        if not trial.has_document:
            return []
        if sum(study.sizes[row] for row in trial.rows) > MAX_REPEATED_BYTES:
            return None
        entries = [entry for _, record in self.journal.records_at(study, trial.rows) for entry in record.trials]
        return [entry.doc for entry in entries if entry.number == number and entry.doc is not None]

    def _delta(self, study: StudyState, cursor: int) -> Delta:
        if study.seq <= cursor:
            return Delta((), cursor)
        news = fold(self.journal.records(study, cursor))
        if not cursor:
            news.voids.clear()  # their ends were damaged after they were read
        return Delta(to_changes(news, study), study.seq)


def _log_of(backend: BaseJournalBackend | AppendsLogs) -> Log:
    return backend.open_log() if isinstance(backend, BaseJournalBackend) else ForeignLog(backend)
