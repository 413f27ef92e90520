"""SQLStorage: studies in a relational database."""

from __future__ import annotations

import secrets
import uuid
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import SQLAlchemyError

from optimist.exceptions import DuplicatedStudyError, StorageInternalError, StudyNotFoundError, TrialNotFoundError
from optimist.history.draft import StudyChange, TrialChange, gives_place_back
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import ANY_TERMS, Begun, Delta, Storage, StudyRecord, Summary, Terms, check_name
from optimist.storages.documents import attr_to_json, storable_attrs
from optimist.storages.entry import to_entry
from optimist.storages.known import KnownDistributions, Numbered, storable_distribution
from optimist.storages.leases import Lease, LeaseWatch
from optimist.storages.memory import now_us
from optimist.storages.sql import statements as sql
from optimist.storages.sql.database import Database
from optimist.storages.sql.dialects.base import AtOnce
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
from optimist.storages.sql.session import Row, Session
from optimist.storages.sql.transaction import StudyTransaction
from optimist.storages.sql.urls import dialect_of, is_in_memory, masked, parse_url
from optimist.storages.trial_ids import trial_id_of

T = TypeVar("T")

_UNKNOWN: Final = -(2**62)
"""Stands for a place in the sequence that is not known; far from all that are."""


class SQLStorage(Storage):
    """Keep studies in a database.

    Args:
        url: Such as ``sqlite:///study.db`` or ``mysql://user@host/database``.
        engine_kwargs: Further arguments for ``sqlalchemy.create_engine``.
        skip_table_creation: Never make the tables; another process has or will.

    Attributes:
        url: As SQLAlchemy reads it; a file's name is absolute.
        engine_kwargs: As they were given.

    Raises:
        ValueError: The URL is of a kind that we do not know.
        MissingDependencyError: The database's driver is not installed.
        StorageInternalError: The database cannot be opened, or is not ours.
    """

    def __init__(
        self,
        url: str | URL,
        engine_kwargs: Mapping[str, Any] | None = None,
        *,
        skip_table_creation: bool = False,
    ) -> None:
        self.url = parse_url(url)
        self.engine_kwargs = dict(engine_kwargs or {})
        self._may_create = not skip_table_creation
        self._open()

    def _open(self) -> None:
        self._database = Database(self.url, self.engine_kwargs)
        self._known: dict[int, KnownDistributions] = {}
        self._watch = LeaseWatch()
        open_schema(self._database, may_create=self._may_create)
        weakref.finalize(self, self._database.close)  # also at the end of the program: folds the log into the file

    def __getstate__(self) -> dict[str, Any]:
        if is_in_memory(self.url):
            raise TypeError(f"{masked(self.url)} lives in this process only. Use a file to share it.")
        return {"url": self.url, "engine_kwargs": self.engine_kwargs, "_may_create": self._may_create}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({masked(self.url)!r})"

    @property
    def location(self) -> Path | str | None:
        if is_in_memory(self.url):
            return None
        if self.url.get_backend_name() == "sqlite":
            assert self.url.database is not None
            return Path(self.url.database.removeprefix("file:")).absolute()
        url = self.url
        return URL.create(
            url.get_backend_name(), host=url.host, port=url.port, database=url.database
        ).render_as_string()

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
        op = new_op()
        row = {"name": name, "directions": directions_text(directions), "created_us": now_us(), "op_id": op}

        def create(session: Session, _: bool) -> Row:
            found = session.first(sql.FIND_STUDY, {"named": name})
            if found is None:
                session.count(sql.INSERT_STUDY, row)
                found = session.first(sql.FIND_STUDY, {"named": name})
            return found

        try:
            made = self._database.write(create)
        except StorageInternalError as error:
            if not is_integrity_error(error.__cause__):
                raise
            made = self._database.read(lambda session: session.first(sql.FIND_STUDY, {"named": name}))  # made meanwhile
        if made.op != op:
            raise DuplicatedStudyError(
                f"There is a study named {name!r} already. Use another name, or load_if_exists=True to go on with it."
            )
        return to_record(made)

    def load_study(self, name: str) -> StudyRecord:
        row = self._database.read(lambda session: session.first(sql.FIND_STUDY, {"named": name}))
        if row is None:
            raise StudyNotFoundError(f"There is no study named {name!r} in {masked(self.url)}.")
        return to_record(row)

    def list_studies(self) -> list[StudyRecord]:
        return [to_record(row) for row in self._database.read(lambda session: session.all(sql.LIST_STUDIES, {}))]

    def delete_study(self, study_id: int) -> None:
        def delete(transaction: StudyTransaction, is_retry: bool) -> None:
            if not transaction.advance():
                if is_retry:
                    return  # the earlier attempt has done it
                raise self._no_study(study_id)
            for statement in sql.DELETE_STUDY:
                transaction.session.count(statement, {"in_study": study_id})

        self._change(study_id, delete)
        self._known.pop(study_id, None)

    def summary(self, study_id: int) -> Summary:
        in_study = {"in_study": study_id}
        known = self._known_of(study_id)

        def read(session: Session) -> tuple[Row, list[Row], Row | None]:
            study = session.first(sql.READ_STUDY, in_study)
            if study is None:
                raise self._no_study(study_id)
            attrs = session.all(sql.READ_ATTRS, in_study)
            best = None
            if study.best_number is not None:
                best = session.first(sql.READ_TRIAL, {"trial": trial_id_of(study_id, study.best_number)})
                learn_distributions(session, study_id, known)
            return study, attrs, best

        study, attrs, best = self._database.read(read)
        counts = {state: getattr(study, column) for state, column in sql.COUNTERS.items()}
        counts[TrialState.RUNNING] = study.n_trials - sum(counts.values())
        return Summary(
            record=to_record(study),
            counts={state: counts[state] for state in TrialState},
            best=None if best is None else to_trial_change(best, known),
            first_start_us=study.first_start_us,
            attrs=to_study_change((row[0], row[1], row[2]) for row in attrs),
        )

    def write_study(self, study_id: int, change: StudyChange) -> None:
        stored = (storable_attrs(change.user_attrs), storable_attrs(change.system_attrs))

        def write(transaction: StudyTransaction, _: bool) -> None:  # once more does no harm
            if not transaction.advance():
                raise self._no_study(study_id)
            for is_system, attrs in enumerate(stored):
                transaction.set_study_attrs({name: attr_to_json(value) for name, value in attrs.items()}, is_system)

        self._change(study_id, write)

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

    # Leases

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
        retries = [] if retry is None else [to_entry(retry)]

        def reclaim(transaction: StudyTransaction, is_retry: bool) -> bool:
            if is_retry and transaction.lock() and entry.number in transaction.written_trials():
                return True
            new = [TrialState.WAITING] * len(retries)
            if not transaction.advance(n_changes=1 + len(new), new=new, end=entry.state, n_reclaimed=1):
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

    # Within

    def _change(
        self,
        study_id: int,
        work: Callable[[StudyTransaction, bool], T],
        at_once: Callable[[StudyTransaction], T | None] = lambda _: None,
    ) -> T:
        """Change a study in one transaction.

        Args:
            study_id: The study.
            work: Is told whether an earlier attempt may have been committed.
            at_once: Tried before, with no transaction around it; see ``Database.write``.
        """
        known = self._known_of(study_id)
        op = new_op()

        def begun(session: Session) -> StudyTransaction:
            return StudyTransaction(session, self._database.dialect, study_id, op, known)

        def attempt(session: Session, is_retry: bool) -> tuple[T, list[Numbered]]:
            transaction = begun(session)
            return work(transaction, is_retry), transaction.added

        def attempt_at_once(session: Session) -> tuple[T, list[Numbered]] | None:
            done = at_once(begun(session)) if self._database.dialect.works_at_once else None
            return None if done is None else (done, [])

        result, added = self._database.write(attempt, attempt_at_once)
        known.add(added)
        return result

    def _known_of(self, study_id: int) -> KnownDistributions:
        known = self._known.get(study_id)
        return self._known.setdefault(study_id, KnownDistributions()) if known is None else known

    def _no_study(self, study_id: int) -> StudyNotFoundError:
        return StudyNotFoundError(f"There is no study with the id {study_id} in {masked(self.url)} (any more).")


def _begun(study_id: int, done: AtOnce, started_us: int) -> TrialChange:
    trial_id = trial_id_of(study_id, done.number)
    return TrialChange(done.number, trial_id, TrialState.RUNNING, started_us=started_us)


def create_database(url: str | URL) -> bool:
    """Make the database that a URL names, if its server has none of this name; files make themselves.

    Returns:
        Whether it was made.

    Raises:
        StorageInternalError: The server cannot be reached, or does not let us.
    """
    parsed = parse_url(url)
    dialect = dialect_of(parsed)
    errors: tuple[type[Exception], ...] = (SQLAlchemyError, *dialect.driver_errors)
    try:
        return dialect.create_database(parsed)
    except errors as error:
        raise StorageInternalError(f"{masked(parsed)}: {dialect.explain(parsed, error)}") from error


class _LeaseGoesOn(Exception):
    """Ends a transaction: its trial is not to be reclaimed."""


class _IsVoid(Exception):
    """Ends a transaction: its trial was voided before."""


class _DoesNotWait(Exception):
    """Ends a transaction: its trial cannot be claimed."""


def is_integrity_error(error: BaseException | None) -> bool:
    """Whether a database says that a row would be there twice; every driver has an error of this name."""
    return any(kind.__name__ == "IntegrityError" for kind in type(error).__mro__)


def new_op() -> int:
    """A number that marks what one call writes."""
    return secrets.randbits(62)
