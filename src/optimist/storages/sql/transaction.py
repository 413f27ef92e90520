"""A transaction that changes one study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Update
from sqlalchemy.engine import Connection

from optimist.distributions import BaseDistribution
from optimist.exceptions import TrialNotFoundError, UpdateFinishedTrialError
from optimist.history.draft import TrialChange
from optimist.states import TrialState
from optimist.storages.documents import Document, decode, encode, merge, read_attrs
from optimist.storages.entry import Entry, is_feasible
from optimist.storages.known import KnownDistributions, Numbered, storable_distribution
from optimist.storages.sql import statements as sql
from optimist.storages.sql.database import Database
from optimist.storages.sql.dialect import Dialect
from optimist.storages.sql.reading import learn_distributions, to_trial_change


class StudyTransaction:
    """Writes to one study, in one commit. The first call is one of those that take the study's lock.

    Attributes:
        connection: Where it runs.
        study_id: The study.
        seq: The number of its last change, in the study's sequence.
        n_trials: How many trials the study has.
        added: Distributions that it adds to the study.
    """

    def __init__(self, connection: Connection, dialect: Dialect, study_id: int, known: KnownDistributions) -> None:
        self.connection = connection
        self.study_id = study_id
        self.seq = -1
        self.n_trials = -1
        self.added: list[Numbered] = []
        self._dialect = dialect
        self._known = known

    # Taking the lock

    def advance(
        self,
        *,
        n_changes: int = 1,
        new: Sequence[TrialState] = (),
        end: TrialState | None = None,
        start: int | None = None,
    ) -> bool:
        """Take the next numbers of the sequence; False if there is no such study.

        Args:
            n_changes: How many numbers.
            new: States of the trials that come to the study.
            end: State in which a running trial finishes.
            start: A time at which a trial started, microseconds since 1970 (UTC).
        """
        states = [*new, end]
        params: dict[str, Any] = {f"more_{column}": states.count(state) for state, column in sql.COUNTERS.items()}
        params |= {"n_changes": n_changes, "more_n_trials": len(new), "started": start}
        return self._update_study(sql.ADVANCE, params)

    def begin(self, started_us: int) -> TrialChange | None:
        """Start the oldest waiting trial, or a new one; None if there is no such study."""
        while True:
            begun = self._begin_new(started_us)
            if begun is None:
                begun = self._begin_waiting(started_us)
            if begun is not None:
                return begun
            # Neither took the study's lock; somebody may have emptied the queue between the two.
            if self.connection.execute(sql.READ_SEQ, {"in_study": self.study_id}).one_or_none() is None:
                return None

    def _begin_new(self, started_us: int) -> TrialChange | None:
        if not self._update_study(sql.BEGIN_NEW, {"started": started_us}):
            return None
        number = self.n_trials - 1
        row = {"number": number, "state": int(TrialState.RUNNING), "is_feasible": 1, "started_us": started_us}
        key = self.connection.execute(
            sql.INSERT_TRIAL, {"study_id": self.study_id, "seq": self.seq, **row}
        ).inserted_primary_key
        assert key is not None
        return TrialChange(number, key[0], TrialState.RUNNING, started_us=started_us)

    def _begin_waiting(self, started_us: int) -> TrialChange | None:
        if not self._update_study(sql.BEGIN_WAITING, {"started": started_us}):
            return None
        row = self.connection.execute(sql.READ_OLDEST_WAITING, {"in_study": self.study_id}).one()
        self.connection.execute(sql.START_TRIAL, {**self._key(row.number), "at": self.seq, "started": started_us})
        learn_distributions(self.connection, self.study_id, self._known)
        change = to_trial_change(row, self._known)
        change.state, change.started_us = TrialState.RUNNING, started_us
        return change

    def _update_study(self, statement: Update, params: dict[str, Any]) -> bool:
        params["in_study"] = self.study_id
        if self.connection.dialect.update_returning:
            row = self.connection.execute(sql.RETURNING[statement], params).one_or_none()
        elif self.connection.execute(statement, params).rowcount:
            row = self.connection.execute(sql.READ_SEQ, {"in_study": self.study_id}).one()
        else:
            row = None
        if row is None:
            return False
        self.seq, self.n_trials = row
        return True

    # The study

    def set_study_attrs(self, attrs: Mapping[str, str], is_system: int) -> None:
        """Set attributes of the study, given as JSON."""
        for name, text in attrs.items():
            row = {"is_system": is_system, "name": name, "seq": self.seq, "value": text}
            params = {"in_study": self.study_id, "system": is_system, "named": name, "at": self.seq, "text": text}
            if not self.connection.execute(sql.UPDATE_ATTR, params).rowcount:
                self.connection.execute(sql.INSERT_ATTR, {"study_id": self.study_id, **row})

    # Trials

    def insert(self, entries: Sequence[Entry]) -> None:
        """Insert whole trials; their numbers and places in the sequence are the last that were taken."""
        first_number, first_seq = self.n_trials - len(entries), self.seq - len(entries) + 1
        self._add_distributions([item for entry in entries for item in entry.space])
        rows = []
        for i, entry in enumerate(entries):
            entry.document.space = self._identify(entry.space)
            state = TrialState.RUNNING if entry.state is None else entry.state
            row = self._columns(entry, entry.document, state)
            key = {"study_id": self.study_id, "number": first_number + i, "started_us": entry.started_us}
            rows.append({**row, **key, "seq": first_seq + i})
        self.connection.execute(sql.INSERT_TRIAL, rows)

    def write(self, entry: Entry) -> None:
        """Apply a change to one trial.

        Raises:
            TrialNotFoundError: There is no trial of this number.
            UpdateFinishedTrialError: The trial is finished.
        """
        document = entry.document
        document.space = self._identify(entry.space)
        key = self._key(entry.number)
        n_written = 0
        if entry.is_plain:
            params = {**key, "at": self.seq, "text": encode(document)}
            n_written = self.connection.execute(sql.APPEND_CHANGE, params).rowcount
        elif entry.is_end and entry.started_us is None:
            assert entry.state is not None
            columns = self._columns(entry, document, entry.state)
            n_written = self.connection.execute(sql.FINISH_PLAIN_TRIAL, {**key, **columns}).rowcount
        if n_written == 0:
            self._rewrite(entry)

    def _rewrite(self, entry: Entry) -> None:
        """Write a trial's row anew from all that was said of it: the long way, for trials that are not plain."""
        key = self._key(entry.number)
        row = self.connection.execute(sql.READ_TRIAL, key).one_or_none()
        if row is None:
            raise TrialNotFoundError(f"The study has no trial {entry.number}.")
        state = TrialState(row.state)
        if state.is_finished():
            raise UpdateFinishedTrialError(f"Trial {entry.number} is {state.name}; a finished trial cannot change.")
        if entry.state is not None and entry.state != TrialState.WAITING:
            if state == TrialState.WAITING:
                self.connection.execute(sql.TAKE_FROM_QUEUE, {"in_study": self.study_id})
            state = entry.state
        texts = [row.document, *self.connection.execute(sql.READ_CHANGES, key).scalars()]
        merged = merge([*(decode(text) for text in texts if text is not None), entry.document])
        started_us = row.started_us if entry.started_us is None else entry.started_us
        columns = {**self._columns(entry, merged, state), "started_us": started_us}
        self.connection.execute(sql.UPDATE_TRIAL, {**key, **columns})
        self.connection.execute(sql.DELETE_CHANGES, key)

    def _key(self, number: int) -> dict[str, int]:
        return {"in_study": self.study_id, "of_number": number}

    def _columns(self, entry: Entry, document: Document, state: TrialState) -> dict[str, Any]:
        """What a row says of its trial, apart from its identity and its start."""
        values = document.values
        return {
            "seq": self.seq,
            "state": int(state),
            "is_feasible": int(not document.system_attrs or is_feasible(read_attrs(document.system_attrs))),
            "value": self._dialect.column_value(values[0]) if values else None,
            "completed_us": entry.completed_us,
            "document": encode(document),
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
        learn_distributions(self.connection, self.study_id, self._known)
        self.added = self._known.number(space)
        rows = [
            {
                "study_id": self.study_id,
                "distribution_id": i,
                "name": name,
                "distribution": storable_distribution(name, distribution),
            }
            for i, name, distribution in self.added
        ]
        if rows:
            self.connection.execute(sql.INSERT_DISTRIBUTION, rows)


@contextmanager
def changing(database: Database, study_id: int, known: KnownDistributions) -> Iterator[StudyTransaction]:
    """A transaction on a study, committed at the end of the block, taken back if the block raises."""
    with database.writing() as connection:
        transaction = StudyTransaction(connection, database.dialect, study_id, known)
        yield transaction
    known.add(transaction.added)
