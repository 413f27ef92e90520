"""Leases in a database: how trials of dead workers are found and given up."""

from __future__ import annotations

from collections.abc import Sequence

from optimist.history.draft import TrialChange, n_places_back
from optimist.states import TrialState
from optimist.storages.entry import to_entry
from optimist.storages.leases import Lease
from optimist.storages.memory import now_us
from optimist.storages.sql import statements as sql
from optimist.storages.sql.opened import OpenedStorage
from optimist.storages.sql.session import Row, Session
from optimist.storages.sql.transaction import StudyTransaction
from optimist.storages.trial_ids import trial_id_of


class LeasesPart(OpenedStorage):
    """What a storage does with the leases of running trials."""

    def heartbeat(self, study_id: int, numbers: Sequence[int]) -> None:
        if not numbers:
            return

        def beat(session: Session, _: bool) -> None:
            for number in sorted(numbers):
                params = {"trial": trial_id_of(study_id, number), "clock_us": now_us()}
                session.count(sql.HEARTBEAT, params)

        self._database.write(beat)

    def leased(self, study_id: int) -> list[int]:
        return sorted(row.number for row in self._read_leases(study_id))

    def expired(self, study_id: int, numbers: Sequence[int]) -> list[int]:
        if not numbers:
            return []
        wanted = set(numbers)
        rows = self._read_leases(study_id)
        return sorted(row.number for row in rows if row.number in wanted and self._is_over(study_id, row))

    def _read_leases(self, study_id: int) -> list[Row]:
        params = {"in_study": study_id, "clock_us": now_us()}
        return self._database.read(lambda session: session.all(sql.READ_LEASES, params))

    def reclaim(
        self, study_id: int, end: TrialChange, retry: TrialChange | None = None, *, is_lost: bool = False
    ) -> bool:
        entry = to_entry(end)
        n_back = n_places_back(end, retry)
        retries = [] if retry is None else [to_entry(retry)]

        def reclaim(transaction: StudyTransaction, is_retry: bool) -> bool:
            if is_retry and transaction.lock() and entry.number in transaction.written_trials():
                return True
            new = [TrialState.WAITING] * len(retries)
            if not transaction.advance(n_changes=1 + len(new), new=new, end=entry.state, n_reclaimed=n_back):
                raise self._no_study(study_id)
            if is_lost:
                if not transaction.is_running(entry.number):
                    raise _LeaseGoesOn
            else:
                lease = transaction.read_lease(entry.number)
                if lease is None or not self._is_over(study_id, lease):
                    raise _LeaseGoesOn
            transaction.write(entry, n_later=len(retries))
            if retries:
                transaction.insert(retries)
            return True

        try:
            done = self._change(study_id, reclaim)
        except _LeaseGoesOn:
            return False
        self._watch.forget(study_id, entry.number)
        return done

    def _is_over(self, study_id: int, row: Row) -> bool:
        if self._database.dialect.is_remote:
            return bool(row.lease_us <= row.now)
        return self._watch.is_over(study_id, row.number, Lease(row.lease_ms / 1000, row.lease_us))


class _LeaseGoesOn(Exception):
    """Ends a transaction: its trial is not to be reclaimed."""
