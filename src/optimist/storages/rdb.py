"""RDBStorage: studies in a relational database, under the name and with the arguments that Optuna has for it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from optimist.exceptions import StorageInternalError, warn_user
from optimist.history.records import FrozenTrial
from optimist.states import TrialState
from optimist.storages.face import StorageFace
from optimist.storages.heartbeat import BaseHeartbeat, StaleTrialCallback, reclaim_trial
from optimist.storages.leases import LeaseSettings
from optimist.storages.sql.database import Database
from optimist.storages.sql.schema import REVISIONS, find_version
from optimist.storages.sql.storage import SQLStorage
from optimist.storages.sql.urls import is_in_memory, masked, parse_url


class RDBStorage(StorageFace, BaseHeartbeat):
    """Keep studies in a database: SQLite, MySQL, MariaDB or PostgreSQL.

    A URL alone does as well: ``create_study(storage="sqlite:///study.db")``. This class is for those who want to say
    more about the connection, or have the trials of dead workers found.

    Args:
        url: Such as ``sqlite:///study.db``.
        engine_kwargs: Keyword arguments for ``sqlalchemy.create_engine``.
        skip_compatibility_check: Open the database when it is used first, not at once: so that one of an older release
            can be opened for ``upgrade``.
        heartbeat_interval: A worker's ``optimize`` says so often that it lives, in seconds. None: every ten, and trials
            are given up after a minute of silence and retried up to three times.
        grace_period: A trial is given up once its worker has not been heard of for so long, in seconds. None: twice the
            interval.
        heartbeat_stale_trial_callback: Called with the study and each trial that was given up, such as a
            ``RetryHeartbeatStaleTrialCallback``.
        failed_trial_callback: The former name of that.
        skip_table_creation: Leave a database without our tables as it is, and raise an error.

    Raises:
        ValueError: An interval is not positive, or both callbacks are given.
        StorageInternalError: The database cannot be opened, or is not ours.
    """

    def __init__(
        self,
        url: str,
        engine_kwargs: dict[str, Any] | None = None,
        skip_compatibility_check: bool = False,
        *,
        heartbeat_interval: int | None = None,
        grace_period: int | None = None,
        heartbeat_stale_trial_callback: StaleTrialCallback | None = None,
        failed_trial_callback: StaleTrialCallback | None = None,
        skip_table_creation: bool = False,
    ) -> None:
        for name, seconds in (("heartbeat_interval", heartbeat_interval), ("grace_period", grace_period)):
            if seconds is not None and seconds <= 0:
                raise ValueError(f"{name} must be a positive number of seconds, or None, but got {seconds!r}.")
        if failed_trial_callback is not None:
            if heartbeat_stale_trial_callback is not None:
                raise ValueError("Give heartbeat_stale_trial_callback or failed_trial_callback, not both.")
            warn_user(
                "RDBStorage(failed_trial_callback=...) is deprecated since Optuna 4.9.0; use "
                "heartbeat_stale_trial_callback.",
                FutureWarning,
            )
        self.url = url
        self.engine_kwargs = dict(engine_kwargs or {})
        self.skip_compatibility_check = skip_compatibility_check
        self.heartbeat_interval = heartbeat_interval
        self.grace_period = grace_period
        self.heartbeat_stale_trial_callback = heartbeat_stale_trial_callback or failed_trial_callback
        self.failed_trial_callback = self.heartbeat_stale_trial_callback
        self._skip_table_creation = skip_table_creation
        self._opened: SQLStorage | None = None if skip_compatibility_check else self._open()
        self._forget()

    def _open(self) -> SQLStorage:
        store = SQLStorage(self.url, self.engine_kwargs, skip_table_creation=self._skip_table_creation)
        self._give_leases(store)
        return store

    def _give_leases(self, store: SQLStorage) -> None:
        """Tell the store what its worker loops hold to."""
        if self.heartbeat_interval is not None and self.lease_s is not None:
            store.leases = LeaseSettings(self.heartbeat_interval, self.lease_s, self.heartbeat_stale_trial_callback)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in super().__getstate__().items() if key != "scoped_session"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._opened is not None:
            self._give_leases(self._opened)

    @property
    def store(self) -> SQLStorage:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""
        return self.store.engine

    @cached_property
    def scoped_session(self) -> scoped_session[Session]:
        """A registry of SQLAlchemy's sessions, for those who look into the database themselves."""
        return scoped_session(sessionmaker(bind=self.engine))

    def remove_session(self) -> None:
        if "scoped_session" in self.__dict__:
            self.scoped_session.remove()

    # Heartbeats

    @property
    def lease_s(self) -> float | None:
        """After how long without a heartbeat a trial counts as lost, in seconds; None: as with any storage."""
        if self.heartbeat_interval is None:
            return None
        return 2 * self.heartbeat_interval if self.grace_period is None else self.grace_period

    def get_heartbeat_interval(self) -> int | None:
        return self.heartbeat_interval

    def get_heartbeat_stale_trial_callback(self) -> StaleTrialCallback | None:
        return self.heartbeat_stale_trial_callback

    def record_heartbeat(self, trial_id: int) -> None:
        """Renew the lease of a trial that ``optimize`` runs; others have none, and never expire."""
        study_id, number = self.place_of(trial_id)
        self.store.heartbeat(study_id, [number])

    def stale_trial_ids(self, study_id: int) -> list[int]:
        ids = {t.number: t._trial_id for t in self.get_all_trials(study_id, False, (TrialState.RUNNING,))}
        return [ids[number] for number in self.store.expired(study_id, list(ids))]

    def fail_stale_trial(self, trial_id: int) -> FrozenTrial | None:
        study_id, _ = self.place_of(trial_id)
        trial = self.get_trial(trial_id)
        is_ended = reclaim_trial(self.store, study_id, trial, self.heartbeat_stale_trial_callback)
        return self.get_trial(trial_id) if is_ended else None

    # The schema

    def upgrade(self) -> None:
        """Bring a database of an older release up to date; its studies stay as they are."""
        if not is_in_memory(parse_url(self.url)):
            from optimist.storages.sql.upgrade import upgrade_schema  # loads Alembic

            upgrade_schema(self.url, self.engine_kwargs)

    def get_current_version(self) -> str:
        """The revision of the database's tables."""
        url = parse_url(self.url)
        if is_in_memory(url):
            return REVISIONS[-1]
        database = Database(url, self.engine_kwargs)
        try:
            found = database.read(lambda session: find_version(session.connection))
        finally:
            database.close()
        if found is None:
            raise StorageInternalError(f"{masked(url)} holds no studies of Optimist.")
        return found

    def get_head_version(self) -> str:
        """The revision that this release makes."""
        return REVISIONS[-1]

    def get_all_versions(self) -> list[str]:
        """All revisions that this release knows, the newest first."""
        return list(reversed(REVISIONS))
