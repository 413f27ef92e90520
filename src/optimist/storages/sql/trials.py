"""Trials in a database: begun, written to, finished, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from optimist.exceptions import TrialNotFoundError
from optimist.history.draft import TrialChange, gives_place_back
from optimist.states import TrialState
from optimist.storages.base import ANY_TERMS, Begun, Delta, Terms, check_name
from optimist.storages.entry import to_entry
from optimist.storages.known import storable_distribution
from optimist.storages.memory import now_us
from optimist.storages.sql import statements as sql
from optimist.storages.sql.dialects.base import AtOnce
from optimist.storages.sql.opened import OpenedStorage
from optimist.storages.sql.reading import read_news, to_changes
from optimist.storages.sql.session import Row, Session
from optimist.storages.sql.transaction import StudyTransaction
from optimist.storages.sql.urls import masked
from optimist.storages.trial_ids import trial_id_of

_UNKNOWN: Final = -(2**62)
"""Stands for a place in the sequence that is not known; far from all that are."""


class TrialsPart(OpenedStorage):
    """What a storage does with trials, their leases aside."""

    def check(self, change: TrialChange) -> None:
        to_entry(change)
        for name, distribution, _ in change.params:
            storable_distribution(name, distribution)

    def add_trials(self, study_id: int, trials: Sequence[TrialChange]) -> list[int]:
        if not trials:
            return []
        entries = [to_entry(change) for change in trials]
        states = [TrialState.RUNNING if entry.state is None else entry.state for entry in entries]
        start = min((entry.started_us for entry in entries if entry.started_us is not None), default=None)
        n_places_back = sum(map(gives_place_back, trials))

        def add(transaction: StudyTransaction, is_retry: bool) -> list[int]:
            if is_retry and transaction.lock():
                written = transaction.written_trials()
                if written:
                    return written
            if not transaction.advance(n_changes=len(entries), new=states, start=start, n_reclaimed=n_places_back):
                raise self._no_study(study_id)
            return transaction.insert(entries)

        return self._change(study_id, add)

    def begin_trial(self, study_id: int, cursor: int, terms: Terms = ANY_TERMS) -> Begun:
        started_us = now_us()

        def begin(transaction: StudyTransaction, is_retry: bool) -> tuple[TrialChange, int]:
            if is_retry and transaction.lock():
                for number in transaction.written_trials():
                    return TrialChange(number), _UNKNOWN
            begun = transaction.begin(started_us, terms)
            if begun is None:
                raise self._no_study(study_id)
            return begun, transaction.seq

        def begin_at_once(transaction: StudyTransaction) -> tuple[TrialChange, int] | None:
            done = transaction.begin_at_once(started_us, terms)
            return None if done is None else (_begun(study_id, done, started_us), done.seq)

        return self._with_news(study_id, *self._change(study_id, begin, begin_at_once), cursor, terms)

    def _with_news(self, study_id: int, begun: TrialChange, seq: int, cursor: int, terms: Terms) -> Begun:
        """A trial that was begun at a place of the sequence, and what its worker shall be told along with it."""
        if seq == cursor + 1:
            return Begun(begun.number, Delta([begun], seq))
        if not terms.wants_news and seq != _UNKNOWN:
            return Begun(begun.number, Delta([begun], cursor))
        return Begun(begun.number, self.changes_since(study_id, cursor))

    def claim(self, study_id: int, number: int) -> bool:
        started_us = now_us()

        def claim(transaction: StudyTransaction, is_retry: bool) -> None:
            if is_retry and transaction.lock() and transaction.written_trials() == [number]:
                return
            if not transaction.advance(start=started_us):
                raise self._no_study(study_id)
            if not transaction.claim(number, started_us):
                raise _DoesNotWait

        try:
            self._change(study_id, claim)
        except _DoesNotWait:
            return False
        return True

    def promote(
        self, study_id: int, number: int, trial: TrialChange, cursor: int, terms: Terms = ANY_TERMS
    ) -> Begun | None:
        started_us = now_us()
        entry = to_entry(replace(trial, state=TrialState.RUNNING, started_us=started_us))

        def promote(transaction: StudyTransaction, is_retry: bool) -> TrialChange:
            if is_retry and transaction.lock():
                for written in transaction.written_trials():
                    return TrialChange(written)
            if not transaction.advance(new=[TrialState.RUNNING], start=started_us, n_reclaimed=1):
                raise self._no_study(study_id)
            begun = transaction.promote(number, entry, started_us, terms)
            if begun is None:
                raise _MayNot
            return begun

        try:
            begun = self._change(study_id, promote)
        except _MayNot:
            return None
        return Begun(begun.number, self.changes_since(study_id, cursor))

    def write(self, study_id: int, change: TrialChange, cursor: int = 0) -> int:
        entry = to_entry(change)

        def write(transaction: StudyTransaction, is_retry: bool) -> int:
            if is_retry and transaction.lock():
                written = transaction.has_written_change(entry.number) or transaction.written_trials() == [entry.number]
                if written:
                    return _UNKNOWN
            if not transaction.advance(end=entry.state if entry.is_end else None, start=entry.started_us):
                raise self._no_study(study_id)
            transaction.write(entry)
            return transaction.seq

        def finish_at_once(transaction: StudyTransaction) -> int | None:
            done = transaction.finish_at_once(entry)
            return None if done is None else done.seq

        seq = self._change(study_id, write, finish_at_once)
        return seq if seq == cursor + 1 else cursor

    def finish_and_begin(
        self, study_id: int, change: TrialChange, cursor: int, terms: Terms
    ) -> tuple[int, Begun | None]:
        entry = to_entry(change)
        started_us = now_us()

        def both(transaction: StudyTransaction, is_retry: bool) -> tuple[TrialChange | None, int]:
            if is_retry and transaction.lock():
                written = transaction.written_trials()
                if entry.number in written:
                    new = [TrialChange(number) for number in written if number != entry.number]
                    return (new[0] if new else None), _UNKNOWN
            if not transaction.advance(end=entry.state):
                raise self._no_study(study_id)
            transaction.write(entry)
            return transaction.begin_new(started_us, terms), transaction.seq

        def both_at_once(transaction: StudyTransaction) -> tuple[TrialChange | None, int] | None:
            done = transaction.finish_and_begin_at_once(entry, started_us, terms)
            return None if done is None else (_begun(study_id, done, started_us), done.seq)

        begun, seq = self._change(study_id, both, both_at_once)
        if begun is None:
            return (seq if seq == cursor + 1 else cursor), None
        if seq == cursor + 2:
            cursor += 1
        return cursor, self._with_news(study_id, begun, seq, cursor, terms)

    def void(self, study_id: int, number: int, reason: str) -> bool:
        check_name("The reason of a void", reason)

        def void(transaction: StudyTransaction, is_retry: bool) -> None:
            if is_retry and transaction.lock() and transaction.written_trials() == [number]:
                return
            if not transaction.advance():
                raise self._no_study(study_id)
            if not transaction.void(number, reason):
                raise _IsVoid

        try:
            self._change(study_id, void)
        except _IsVoid:
            return False
        return True

    def changes_since(self, study_id: int, cursor: int) -> Delta:
        known = self._known_of(study_id)

        def read(session: Session) -> tuple[int, list[Row]]:
            study = session.first(sql.READ_SEQ, {"in_study": study_id})
            if study is None:
                raise self._no_study(study_id)
            return study.seq, [] if study.seq == cursor else read_news(session, study_id, cursor, known)

        seq, news = self._database.read(read)
        # The news may be younger than the sequence that was read before them; then they come again next time.
        return Delta(to_changes(study_id, news, known) if news else (), seq)

    def find_trial(self, trial_id: int) -> tuple[int, int]:
        row = None
        if 0 <= trial_id < 2**63:
            row = self._database.read(lambda session: session.first(sql.READ_TRIAL, {"trial": trial_id}))
        if row is None:
            raise TrialNotFoundError(f"There is no trial with the id {trial_id} in {masked(self.url)}.")
        return row.study_id, row.number


def _begun(study_id: int, done: AtOnce, started_us: int) -> TrialChange:
    trial_id = trial_id_of(study_id, done.number)
    return TrialChange(done.number, trial_id, TrialState.RUNNING, started_us=started_us)


class _MayNot(Exception):
    """Ends a transaction: its trial cannot be gone on from."""


class _IsVoid(Exception):
    """Ends a transaction: its trial was voided before."""


class _DoesNotWait(Exception):
    """Ends a transaction: its trial cannot be claimed."""
