"""The ways of one kind of database: how to connect, begin and commit, what may be tried again, how to tell what broke.

Everything else is written once, in SQLAlchemy Core. A further database is a further class of this kind and its views.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy.engine import URL, Connection

from optimist.states import TrialState
from optimist.storages.sql.session import Session


@dataclass(frozen=True, slots=True)
class AtOnce:
    """What became of a trial that was begun or finished in one round trip.

    Attributes:
        seq: The place in the study's sequence; of the later, if one was finished and another one begun.
        number: Of a trial that was begun.
    """

    seq: int
    number: int = -1


class Dialect(ABC):
    """The ways of one kind of database.

    Attributes:
        driver_errors: What its driver raises.
        is_remote: Whether it is a server, which may be away for a while and come back.
        works_at_once: Whether the methods that end in ``at_once`` ever do.
        answers_updates: Whether an UPDATE can return the new row.
        pauses_s: Between attempts at what others keep us from: the first, and the longest.
        patience_s: For how long we try again.
        opening_patience_s: For how long, if the database has not answered yet.
    """

    driver_errors: tuple[type[Exception], ...]
    is_remote: ClassVar[bool] = True
    works_at_once: ClassVar[bool] = False
    answers_updates: bool = True
    pauses_s: ClassVar[tuple[float, float]] = (0.02, 2.0)
    patience_s: float = 300.0
    opening_patience_s: float = 15.0

    @abstractmethod
    def engine_options(self, url: URL) -> dict[str, Any]:
        """Keyword arguments for ``sqlalchemy.create_engine``."""

    def on_connect(self, driver_connection: Any) -> None:
        """Prepare a new connection of the driver."""

    def prepare_database(self, connection: Connection) -> None:
        """Bring an empty database into the form we want, before the schema is made."""

    def lock_schema(self, connection: Connection) -> None:
        """Within a transaction, keep all others from making the schema at the same time."""

    def unlock_schema(self, connection: Connection) -> None:
        """Let the others in, where the end of the transaction does not do that."""

    @abstractmethod
    def begin(self, driver_connection: Any) -> None:
        """Begin a transaction that writes."""

    @abstractmethod
    def commit(self, driver_connection: Any) -> None:
        """Commit it."""

    @abstractmethod
    def rollback(self, driver_connection: Any) -> None:
        """Take it back, if it is still open."""

    def end_reading(self, driver_connection: Any) -> None:
        """End what the driver began of its own accord for a statement that reads."""

    def begin_at_once(self, session: Session, params: Mapping[str, Any]) -> AtOnce | None:
        """Begin a new trial in one round trip, committed; None if that is not possible, and nothing was changed."""
        return None

    def finish_at_once(self, session: Session, state: TrialState, params: Mapping[str, Any]) -> AtOnce | None:
        """Finish a plain trial in one round trip, committed; None if that is not possible, and nothing was changed."""
        return None

    def finish_and_begin_at_once(self, session: Session, state: TrialState, params: Mapping[str, Any]) -> AtOnce | None:
        """Finish a plain trial and begin a new one in one round trip and one commit; None as above."""
        return None

    def column_value(self, value: float) -> float | None:
        """What the column for values holds; NaN is NULL everywhere. The exact value is in the trial's document."""
        return None if value != value else value

    def is_transient(self, error: BaseException) -> bool:
        """Whether the same may succeed if it is tried again in a moment, on a new connection if need be."""
        return False

    def is_refusal(self, error: BaseException) -> bool:
        """Whether a server that can be reached refuses the connection for good: no such user, no such database."""
        return False

    def create_database(self, url: URL) -> bool:
        """Make the database itself if the server has none of its name; say whether it was made."""
        return False

    @abstractmethod
    def explain(self, url: URL, error: BaseException) -> str:
        """Say in a sentence or two what broke, and what to do about it."""


def first_line(error: BaseException) -> str:
    """What an error says, without what drivers add in further lines."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
