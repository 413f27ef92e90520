"""An open database, and how a study in it is changed: what the parts of the storage stand on."""

from __future__ import annotations

import secrets
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import URL, Engine

from optimist.exceptions import StudyNotFoundError
from optimist.storages.base import Storage
from optimist.storages.known import KnownDistributions, Numbered
from optimist.storages.leases import LeaseWatch
from optimist.storages.sql.database import Database
from optimist.storages.sql.schema import open_schema
from optimist.storages.sql.session import Session
from optimist.storages.sql.transaction import StudyTransaction
from optimist.storages.sql.urls import is_in_memory, masked, parse_url

T = TypeVar("T")


class OpenedStorage(Storage):
    """A storage with its database open, as far as all its parts need it; see :class:`SQLStorage`."""

    def __init__(
        self,
        url: str | URL,
        engine_kwargs: Mapping[str, Any] | None = None,
        *,
        skip_table_creation: bool = False,
        beside_optuna: bool = False,
    ) -> None:
        self.url = parse_url(url)
        self.engine_kwargs = dict(engine_kwargs or {})
        self._may_create = not skip_table_creation
        self._open(beside_optuna)

    def _open(self, beside_optuna: bool = False) -> None:
        self._database = Database(self.url, self.engine_kwargs)
        self._known: dict[int, KnownDistributions] = {}
        self._watch = LeaseWatch()
        open_schema(self._database, may_create=self._may_create, beside_optuna=beside_optuna)
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


def new_op() -> int:
    """A number that marks what one call writes."""
    return secrets.randbits(62)
