"""SQLStorage: studies in a relational database."""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import IntegrityError

from optimist.exceptions import DuplicatedStudyError, StudyNotFoundError
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import Begun, Delta, Storage, StudyRecord, Summary, check_name
from optimist.storages.documents import attr_to_json, storable_attrs
from optimist.storages.entry import to_entry
from optimist.storages.known import KnownDistributions, storable_distribution
from optimist.storages.memory import now_us
from optimist.storages.sql import statements as sql
from optimist.storages.sql.database import Database
from optimist.storages.sql.reading import (
    directions_text,
    learn_distributions,
    read_news,
    to_changes,
    to_record,
    to_study_change,
    to_trial_change,
)
from optimist.storages.sql.schema import open_schema
from optimist.storages.sql.transaction import changing
from optimist.storages.sql.urls import is_in_memory, masked, parse_url


class SQLStorage(Storage):
    """Keep studies in a database.

    Args:
        url: Such as ``sqlite:///study.db``.

    Attributes:
        url: As SQLAlchemy reads it; a file's name is absolute.

    Raises:
        ValueError: The URL is of a kind that we do not know.
        MissingDependencyError: The database's driver is not installed.
        StorageInternalError: The database cannot be opened, or is not ours.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = parse_url(url)
        self._open()

    def _open(self) -> None:
        self._database = Database(self.url)
        self._known: dict[int, KnownDistributions] = {}
        open_schema(self._database)
        weakref.finalize(self, self._database.close)  # also at the end of the program: folds the log into the file

    def __getstate__(self) -> dict[str, Any]:
        if is_in_memory(self.url):
            raise TypeError(f"{masked(self.url)} lives in this process only. Use a file to share it.")
        return {"url": self.url}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.url = state["url"]
        self._open()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({masked(self.url)!r})"

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""
        return self._database.engine

    def close(self) -> None:
        self._database.close()

    # Studies

    def create_study(self, name: str | None, directions: Sequence[StudyDirection]) -> StudyRecord:
        name = f"no-name-{uuid.uuid4()}" if name is None else name
        check_name("A study's name", name)
        row = {"name": name, "directions": directions_text(directions), "created_us": now_us()}
        with self._database.writing() as connection:
            try:
                key = connection.execute(sql.INSERT_STUDY, row).inserted_primary_key
            except IntegrityError as error:
                raise DuplicatedStudyError(
                    f"There is a study named {name!r} already. Use another name, or load_if_exists=True to go on with it."
                ) from error
        assert key is not None
        return StudyRecord(key[0], name, tuple(directions))

    def load_study(self, name: str) -> StudyRecord:
        with self._database.reading() as connection:
            row = connection.execute(sql.FIND_STUDY, {"named": name}).one_or_none()
        if row is None:
            raise StudyNotFoundError(f"There is no study named {name!r} in {masked(self.url)}.")
        return to_record(row)

    def list_studies(self) -> list[StudyRecord]:
        with self._database.reading() as connection:
            return [to_record(row) for row in connection.execute(sql.LIST_STUDIES)]

    def delete_study(self, study_id: int) -> None:
        with changing(self._database, study_id, self._known_of(study_id)) as transaction:
            if not transaction.advance():
                raise self._no_study(study_id)
            for statement in sql.DELETE_STUDY:
                transaction.connection.execute(statement, {"in_study": study_id})
        self._known.pop(study_id, None)

    def summary(self, study_id: int) -> Summary:
        in_study = {"in_study": study_id}
        known = self._known_of(study_id)
        best = None
        with self._database.reading() as connection:
            study = connection.execute(sql.READ_STUDY, in_study).one_or_none()
            if study is None:
                raise self._no_study(study_id)
            attrs = connection.execute(sql.READ_ATTRS, in_study).all()
            record = to_record(study)
            if len(record.directions) == 1 and study.n_complete:
                best = connection.execute(sql.READ_BEST[record.directions[0]], in_study).one_or_none()
            if best is not None:
                learn_distributions(connection, study_id, known)
        counts = {state: getattr(study, column) for state, column in sql.COUNTERS.items()}
        counts[TrialState.RUNNING] = study.n_trials - sum(counts.values())
        return Summary(
            record=record,
            counts={state: counts[state] for state in TrialState},
            best=None if best is None else to_trial_change(best, known),
            first_start_us=study.first_start_us,
            attrs=to_study_change((row[0], row[1], row[2]) for row in attrs),
        )

    def write_study(self, study_id: int, change: StudyChange) -> None:
        stored = (storable_attrs(change.user_attrs), storable_attrs(change.system_attrs))
        with changing(self._database, study_id, self._known_of(study_id)) as transaction:
            if not transaction.advance():
                raise self._no_study(study_id)
            for is_system, attrs in enumerate(stored):
                transaction.set_study_attrs({name: attr_to_json(value) for name, value in attrs.items()}, is_system)

    # Trials

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
        with changing(self._database, study_id, self._known_of(study_id)) as transaction:
            if not transaction.advance(n_changes=len(entries), new=states, start=start):
                raise self._no_study(study_id)
            transaction.insert(entries)
        return list(range(transaction.n_trials - len(entries), transaction.n_trials))

    def begin_trial(self, study_id: int, cursor: int) -> Begun:
        known = self._known_of(study_id)
        started_us = now_us()
        with changing(self._database, study_id, known) as transaction:
            begun = transaction.begin(started_us)
            if begun is None:
                raise self._no_study(study_id)
            if transaction.seq == cursor + 1:
                return Begun(begun.number, Delta([begun], transaction.seq))
            news = read_news(transaction.connection, study_id, cursor, known)
        return Begun(begun.number, Delta(to_changes(news, known), transaction.seq))

    def write(self, study_id: int, change: TrialChange, cursor: int = 0) -> int:
        entry = to_entry(change)
        with changing(self._database, study_id, self._known_of(study_id)) as transaction:
            if not transaction.advance(end=entry.state if entry.is_end else None, start=entry.started_us):
                raise self._no_study(study_id)
            transaction.write(entry)
        return transaction.seq if transaction.seq == cursor + 1 else cursor

    def changes_since(self, study_id: int, cursor: int) -> Delta:
        known = self._known_of(study_id)
        with self._database.reading() as connection:
            study = connection.execute(sql.READ_SEQ, {"in_study": study_id}).one_or_none()
            if study is None:
                raise self._no_study(study_id)
            if study.seq == cursor:
                return Delta((), cursor)
            news = read_news(connection, study_id, cursor, known)
        # The news may be younger than the sequence that was read before them; then they come again next time.
        return Delta(to_changes(news, known), study.seq)

    def _known_of(self, study_id: int) -> KnownDistributions:
        known = self._known.get(study_id)
        return self._known.setdefault(study_id, KnownDistributions()) if known is None else known

    def _no_study(self, study_id: int) -> StudyNotFoundError:
        return StudyNotFoundError(f"There is no study with the id {study_id} in {masked(self.url)} (any more).")
