"""A transaction that changes one study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Update

from optimist.distributions import BaseDistribution
from optimist.exceptions import (
    BudgetSpentError,
    TrialNotFinishedError,
    TrialNotFoundError,
    UpdateFinishedTrialError,
)
from optimist.history.attributes import LEASE_LOST_KEY, RESUMED_KEY
from optimist.history.draft import TrialChange
from optimist.states import TrialState
from optimist.storages.base import ANY_TERMS, Terms
from optimist.storages.documents import Document, decode, encode, merge, read_attrs
from optimist.storages.entry import Entry, is_feasible
from optimist.storages.known import KnownDistributions, Numbered, storable_distribution
from optimist.storages.memory import now_us
from optimist.storages.sql import statements as sql
from optimist.storages.sql.dialects.base import AtOnce, Dialect
from optimist.storages.sql.reading import learn_distributions, to_trial_change
from optimist.storages.sql.session import Session
from optimist.storages.trial_ids import trial_id_of


def _is_feasible(document: Document) -> bool:
    return not document.system_attrs or is_feasible(read_attrs(document.system_attrs))


class StudyTransaction:
    """Writes to one study, in one commit. The first call is one of those that take the study's lock.

    Args:
        session: Where it runs, in a transaction.
        dialect: Of the database.
        study_id: The study.
        op: What marks the rows that it writes, so that it can be recognised if the answer to the commit is lost.
        known: The study's distributions.

    Attributes:
        seq: The number of the study's last change, in the study's sequence.
        n_trials: How many trials the study has.
        added: Distributions that it adds to the study.
    """

    def __init__(self, session: Session, dialect: Dialect, study_id: int, op: int, known: KnownDistributions) -> None:
        self.session = session
        self.study_id = study_id
        self.seq = -1
        self.n_trials = -1
        self.added: list[Numbered] = []
        self._op = op
        self._dialect = dialect
        self._known = known

    # An earlier attempt

    def lock(self) -> bool:
        """Wait for whoever is changing the study, such as an earlier attempt of ours; False if there is no such study."""
        return self.session.first(sql.LOCK_STUDY, self._study()) is not None

    def written_trials(self) -> list[int]:
        """Numbers of the trials that an earlier attempt has written."""
        return [row.number for row in self.session.all(sql.FIND_OP, {**self._study(), "op_id": self._op})]

    def has_written_change(self, number: int) -> bool:
        """Whether an earlier attempt has written a change of this trial."""
        return self.session.first(sql.FIND_CHANGE, {**self._key(number), "op_id": self._op}) is not None

    # Taking the lock

    def advance(
        self,
        *,
        n_changes: int = 1,
        new: Sequence[TrialState] = (),
        end: TrialState | None = None,
        start: int | None = None,
        n_reclaimed: int = 0,
    ) -> bool:
        """Take the next numbers of the sequence; False if there is no such study.

        Args:
            n_changes: How many numbers.
            new: States of the trials that come to the study.
            end: State in which a running trial finishes.
            start: A time at which a trial started, microseconds since 1970 (UTC).
            n_reclaimed: How many trials give their place in the budget back.
        """
        states = [*new, end]
        params: dict[str, Any] = {f"more_{column}": states.count(state) for state, column in sql.COUNTERS.items()}
        params |= {"n_changes": n_changes, "more_n_trials": len(new), "more_n_reclaimed": n_reclaimed, "started": start}
        return self._update_study(sql.ADVANCE, params)

    def finish_at_once(self, entry: Entry) -> AtOnce | None:
        """Finish a plain trial without a transaction around it; None if that is not possible, and nothing was changed."""
        params = self._plain_end(entry)
        if params is None:
            return None
        assert entry.state is not None
        return self._dialect.finish_at_once(self.session, entry.state, params)

    def finish_and_begin_at_once(self, entry: Entry, started_us: int, terms: Terms) -> AtOnce | None:
        """Finish a plain trial and begin a new one without a transaction around it; None as above."""
        params = self._plain_end(entry)
        if params is None:
            return None
        assert entry.state is not None
        both = {**params, **self._begin_params(started_us, terms)}
        return self._dialect.finish_and_begin_at_once(self.session, entry.state, both)

    def _plain_end(self, entry: Entry) -> dict[str, Any] | None:
        """Parameters of the end of a trial that needs no look at its row; None if it does."""
        ids = self._known.ids
        if not entry.is_end or entry.started_us is not None or any(item not in ids for item in entry.space):
            return None
        assert entry.state is not None
        entry.document.space = [ids[item] for item in entry.space]
        return {**self._columns(entry, entry.document, entry.state), **self._key(entry.number)}

    def begin(self, started_us: int, terms: Terms) -> TrialChange | None:
        """Start the oldest waiting trial, or a new one; None if there is no such study.

        Raises:
            BudgetSpentError: The study has had all its trials.
        """
        while True:
            begun = self.begin_new(started_us, terms) or self._begin_waiting(started_us, terms)
            if begun is not None:
                return begun
            # Neither took the study's lock; somebody may have emptied the queue between the two.
            study = self.session.first(sql.READ_STUDY, self._study())
            if study is None:
                return None
            n_counted = study.n_trials - study.n_waiting - study.n_reclaimed
            if terms.total_trials is not None and n_counted >= terms.total_trials:
                raise BudgetSpentError(f"Study {study.name!r} has had {n_counted} trials of {terms.total_trials}.")

    def begin_at_once(self, started_us: int, terms: Terms) -> AtOnce | None:
        """Begin a new trial without a transaction around it; None if that is not possible, and nothing was changed."""
        return self._dialect.begin_at_once(self.session, self._begin_params(started_us, terms))

    def begin_new(self, started_us: int, terms: Terms) -> TrialChange | None:
        """Begin a new trial; None if one waits, the budget is spent, or there is no such study."""
        params = self._begin_params(started_us, terms)
        if not self._update_study(sql.BEGIN_NEW, params):
            return None
        self.session.count(sql.INSERT_BEGUN, params)
        number = self.n_trials - 1
        return TrialChange(number, trial_id_of(self.study_id, number), TrialState.RUNNING, started_us=started_us)

    def _begin_waiting(self, started_us: int, terms: Terms) -> TrialChange | None:
        params = self._begin_params(started_us, terms)
        if not self._update_study(sql.BEGIN_WAITING, params):
            return None
        row = self.session.first(sql.READ_OLDEST_WAITING, self._study())
        assert row is not None
        self.session.count(sql.START_TRIAL, {**params, **self._key(row.number), "at": self.seq})
        learn_distributions(self.session, self.study_id, self._known)
        change = to_trial_change(row, self._known)
        change.state, change.started_us = TrialState.RUNNING, started_us
        return change

    def claim(self, number: int, started_us: int) -> bool:
        """Start one certain trial; False if it does not wait.

        Raises:
            TrialNotFoundError: There is no trial of this number.
        """
        params = {**self._begin_params(started_us, ANY_TERMS), **self._key(number), "at": self.seq}
        if self.session.count(sql.CLAIM_TRIAL, params):
            self.session.count(sql.TAKE_FROM_QUEUE, params)
            return True
        if self.session.first(sql.READ_TRIAL, params) is None:
            raise TrialNotFoundError(f"The study has no trial {number}.")
        return False

    def promote(self, number: int, entry: Entry, started_us: int, terms: Terms) -> TrialChange | None:
        """Begin a trial, at the last place of the sequence, that goes on from a pruned one; None if it may not.

        Raises:
            TrialNotFoundError: There is no trial to go on from.
        """
        if not self.session.count(sql.MARK_AS_PROMOTED, self._key(number)):
            if self.session.first(sql.READ_TRIAL, self._key(number)) is None:
                raise TrialNotFoundError(f"The study has no trial {number}.")
            return None
        (begun,) = self.insert([entry])
        params = {**self._begin_params(started_us, terms), **self._key(begun), "at": self.seq}
        self.session.count(sql.START_TRIAL, params)  # takes the lease
        return TrialChange(begun)

    def _begin_params(self, started_us: int, terms: Terms) -> dict[str, Any]:
        return {
            "in_study": self.study_id,
            "started": started_us,
            "clock_us": started_us,
            "total": sql.NO_LIMIT if terms.total_trials is None else terms.total_trials,
            "length_ms": None if terms.lease_s is None else math.ceil(terms.lease_s * 1000),
            "op_id": self._op,
        }

    def _update_study(self, statement: Update, params: dict[str, Any]) -> bool:
        params["in_study"] = self.study_id
        if self._dialect.answers_updates:
            row = self.session.run(sql.RETURNING[statement], params).fetchone()
            if row is None:
                return False
            self.seq, self.n_trials = row
            return True
        cursor = self.session.run(sql.NOTING[statement], params)
        if not cursor.rowcount:
            return False
        self.seq, self.n_trials = sql.read_noted(cursor.lastrowid)
        return True

    # The study

    def set_study_attrs(self, attrs: Mapping[str, str], is_system: int) -> None:
        """Set attributes of the study, given as JSON."""
        for name, text in attrs.items():
            params = {**self._study(), "is_system": is_system, "named": name, "at": self.seq, "text": text}
            if not self.session.count(sql.UPDATE_ATTR, params):
                self.session.count(sql.INSERT_ATTR, params)

    # Trials

    def insert(self, entries: Sequence[Entry]) -> list[int]:
        """Insert whole trials, at the last places of the sequence that were taken; return their numbers."""
        first_number, first_seq = self.n_trials - len(entries), self.seq - len(entries) + 1
        self._add_distributions([item for entry in entries for item in entry.space])
        rows = []
        for i, entry in enumerate(entries):
            entry.document.space = self._identify(entry.space)
            state = TrialState.RUNNING if entry.state is None else entry.state
            row = self._columns(entry, entry.document, state)
            key = {**self._key(first_number + i), "started": entry.started_us}
            rows.append({**row, **key, "at": first_seq + i, "reason": entry.void})
        self.session.run_many(sql.INSERT_TRIAL, rows)
        self._offer([row for row in rows if row["new_state"] == TrialState.COMPLETE])
        return list(range(first_number, self.n_trials))

    def write(self, entry: Entry, *, n_later: int = 0) -> None:
        """Apply a change to one trial.

        Args:
            entry: The change.
            n_later: How many numbers of the sequence were taken for what follows it.

        Raises:
            TrialNotFoundError: There is no trial of this number.
            UpdateFinishedTrialError: The trial is finished.
        """
        document = entry.document
        document.space = self._identify(entry.space)
        key = {**self._key(entry.number), "at": self.seq - n_later, "op_id": self._op}
        n_written = 0
        if entry.is_plain:
            n_written = self.session.count(sql.APPEND_CHANGE, {**key, "text": encode(document)})
            if self._dialect.works_at_once:
                self.session.count(sql.MARK_AS_CHANGED, key)
        elif entry.is_end and entry.started_us is None:
            assert entry.state is not None
            row = {**self._columns(entry, document, entry.state), **key}
            n_written = self.session.count(sql.FINISH_PLAIN_TRIAL, row)
            if n_written and entry.state == TrialState.COMPLETE:
                self._offer([row])
        if n_written == 0:
            self._rewrite(entry, key)

    def _rewrite(self, entry: Entry, key: dict[str, int]) -> None:
        """Write a trial's row anew from all that was said of it: the long way, for trials that are not plain."""
        row = self.session.first(sql.READ_TRIAL, key)
        if row is None:
            raise TrialNotFoundError(f"The study has no trial {entry.number}.")
        state = TrialState(row.state)
        if state.is_finished():
            raise UpdateFinishedTrialError(f"Trial {entry.number} is {state.name}; a finished trial cannot change.")
        if entry.state is not None and entry.state != TrialState.WAITING:
            if state == TrialState.WAITING:
                self.session.count(sql.TAKE_FROM_QUEUE, key)
            state = entry.state
        texts = [row.document, *(change.document for change in self.session.all(sql.READ_CHANGES, key))]
        merged = merge([*(decode(text) for text in texts if text is not None), entry.document])
        started_us = row.started_us if entry.started_us is None else entry.started_us
        columns = {**self._columns(entry, merged, state), **key, "started": started_us}
        self.session.count(sql.UPDATE_TRIAL, columns)
        self.session.count(sql.DELETE_CHANGES, key)
        if state == TrialState.COMPLETE:
            self._offer([columns])

    def _offer(self, rows: Sequence[dict[str, Any]]) -> None:
        """Let one of the trials that have become complete be the study's best, if it is."""
        rows = [row for row in rows if row["feasible"] and row["first_value"] is not None]
        if len(rows) > 1:  # whatever the direction is; the first among equals
            lowest = min(rows, key=itemgetter("first_value"))
            rows = [lowest, max(rows, key=itemgetter("first_value"))]
        for row in rows:
            self.session.count(sql.OFFER, row)

    def is_running(self, number: int) -> bool:
        """Whether there is a trial of this number, and it is running."""
        row = self.session.first(sql.READ_TRIAL, self._key(number))
        return row is not None and row.state == TrialState.RUNNING

    def void(self, number: int, reason: str) -> bool:
        """Void a finished trial; False if it is already.

        Raises:
            TrialNotFoundError: There is no trial of this number.
            TrialNotFinishedError: It waits or runs.
        """
        key = self._key(number)
        row = self.session.first(sql.READ_TRIAL, key)
        if row is None:
            raise TrialNotFoundError(f"The study has no trial {number}.")
        state = TrialState(row.state)
        if not state.is_finished():
            raise TrialNotFinishedError(f"Trial {number} is {state.name}; only a finished trial can be voided.")
        if row.void is not None:
            return False
        self.session.count(sql.VOID_TRIAL, {**key, "at": self.seq, "op_id": self._op, "reason": reason})
        if self.session.count(sql.FORGET_BEST, key):
            self._find_best()
        attrs = {} if row.document is None else decode(row.document).system_attrs
        if attrs.keys().isdisjoint((LEASE_LOST_KEY, RESUMED_KEY)):
            self.session.count(sql.GIVE_BACK_PLACE, self._study())
        return True

    def _find_best(self) -> None:
        study = self.session.first(sql.READ_STUDY, self._study())
        assert study is not None
        best = self.session.first(sql.FIND_BEST[study.directions], self._study())
        if best is not None:
            self.session.count(sql.OFFER, {**self._key(best.number), "feasible": 1, "first_value": best.value})

    def read_lease(self, number: int) -> Any:
        """(number, lease_ms, lease_us, now) of a running trial with a lease; None if it is none."""
        return self.session.first(sql.READ_LEASE, {**self._key(number), "clock_us": now_us()})

    def _study(self) -> dict[str, int]:
        return {"in_study": self.study_id}

    def _key(self, number: int) -> dict[str, int]:
        return {"in_study": self.study_id, "of_number": number, "trial": trial_id_of(self.study_id, number)}

    def _columns(self, entry: Entry, document: Document, state: TrialState) -> dict[str, Any]:
        """What a row says of its trial, apart from its identity, its place in the sequence and its start."""
        values = document.values
        return {
            "new_state": int(state),
            "feasible": int(entry.void is None and _is_feasible(document)),
            "first_value": self._dialect.column_value(values[0]) if values else None,
            "completed": entry.completed_us,
            "text": encode(document),
            "op_id": self._op,
        }

    # Distributions

    def _identify(self, space: Sequence[tuple[str, BaseDistribution]]) -> list[int]:
        """The ids of distributions; the study gets those that are new."""
        ids = self._known.ids
        try:
            return [ids[item] for item in space]
        except KeyError:
            pass
        if not self.added:
            self._add_distributions(space)
        added = {(name, distribution): i for i, name, distribution in self.added}
        return [added[item] if item in added else ids[item] for item in space]

    def _add_distributions(self, space: Sequence[tuple[str, BaseDistribution]]) -> None:
        if all(item in self._known.ids for item in space):
            return
        learn_distributions(self.session, self.study_id, self._known)
        self.added = self._known.number(space)
        rows = [
            {**self._study(), "id": i, "named": name, "text": storable_distribution(name, distribution)}
            for i, name, distribution in self.added
        ]
        if rows:
            self.session.run_many(sql.INSERT_DISTRIBUTION, rows)
