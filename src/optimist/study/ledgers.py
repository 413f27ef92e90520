"""The two kinds of ledgers.

For studies in memory the history *is* the store, so there is nothing to keep in step. The other ledger keeps what is not
committed yet, and takes in what others commit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from optimist.exceptions import LeaseLostError, UpdateFinishedTrialError
from optimist.history.attributes import LEASE_LOST_KEY
from optimist.history.draft import Draft, TrialChange
from optimist.history.history import History
from optimist.history.metrics import metrics_of_step, with_metrics
from optimist.history.records import FrozenTrial
from optimist.history.voiding import take_in
from optimist.logging import get_logger
from optimist.states import TrialState
from optimist.storages.base import ANY_TERMS, Begun, Delta, Storage, StudyRecord, Terms
from optimist.storages.memory import MemoryStore, MemoryStudy, now_us
from optimist.study.ledger import Ledger, refuse_finished

_logger = get_logger(__name__)

_FLUSH_INTERVAL_S = 1.0
_REPORT_INTERVAL_S = 0.1
_SYNC_INTERVAL_S = 0.5
_NEWS_INTERVAL_S = 0.05


def open_ledger(storage: Storage, record: StudyRecord) -> Ledger:
    """The ledger that fits the storage."""
    if isinstance(storage, MemoryStore):
        return MemoryLedger(storage, storage.study(record.study_id))
    return StoredLedger(storage, record)


class MemoryLedger(Ledger):
    """The ledger of a study in memory: the history is the store."""

    is_shared = False

    def __init__(self, storage: MemoryStore, study: MemoryStudy) -> None:
        super().__init__(storage, study.record)
        self._study = study

    def __reduce__(self) -> tuple[Any, ...]:
        return open_ledger, (self.storage, self.record)

    @property
    def history(self) -> History:
        return self._study.history

    def sync(self) -> None:
        """Nothing: there are no others."""

    def begin(self, terms: Terms = ANY_TERMS) -> Draft:
        if terms.total_trials is None:
            return self._study.begin()
        with self._study.history.lock:
            self._study.check_budget(terms.total_trials)
            return self._study.begin()

    def promote(self, number: int, trial: TrialChange, terms: Terms) -> Draft | None:
        return self._study.promote(number, trial)

    def finish(
        self, draft: Draft, state: TrialState, values: Sequence[float] | None, then: Terms | None = None
    ) -> None:
        study = self._study
        with study.history.lock:
            refuse_finished(draft)
            study.history.finish(draft, state, values, now_us())
            study.log.append(draft.number)

    def report(
        self, draft: Draft, step: int, value: float, *, at_once: bool, row: Mapping[str, float] | None = None
    ) -> None:
        with self._study.history.lock:
            refuse_finished(draft)
            draft.reports[step] = value
            if row is not None:
                draft.metrics = with_metrics(draft.metrics, metrics_of_step(step, row))
            self._study.note(draft.number)

    def set_trial_attr(self, draft: Draft, key: str, value: Any, *, is_system: bool) -> None:
        with self._study.history.lock:
            refuse_finished(draft)
            (draft.system_attrs if is_system else draft.user_attrs)[key] = value
            self._study.note(draft.number)

    def add_trials(self, trials: Sequence[TrialChange]) -> list[int]:
        return self.storage.add_trials(self.record.study_id, trials)


class _Unsaved:
    """What of a draft is not committed yet."""

    __slots__ = ("change", "is_leased", "n_params", "saved_at")

    def __init__(self, n_params: int, *, is_leased: bool = False) -> None:
        self.n_params = n_params  # how many parameters are committed
        self.is_leased = is_leased
        self.saved_at = time.monotonic()
        self.change = TrialChange()


class StoredLedger(Ledger):
    """The ledger of a study in a store that others may use too."""

    def __init__(self, storage: Storage, record: StudyRecord) -> None:
        super().__init__(storage, record)
        self._history = History(record.directions)
        self._cursor = 0
        self._is_loaded = False
        self._synced_at = -float("inf")
        self._unsaved: dict[int, _Unsaved] = {}
        self._lent: set[int] = set()  # trials with leases that other processes work on, in our name
        self._lock = threading.RLock()  # guards the cursor and what is unsaved; taken before the history's lock

    def __reduce__(self) -> tuple[Any, ...]:
        return open_ledger, (self.storage, self.record)

    @property
    def history(self) -> History:
        if not self._is_loaded:
            self.sync()
        return self._history

    @property
    def is_loaded(self) -> bool:
        return self._is_loaded

    def sync(self) -> None:
        with self._lock:
            self._take_in(self.storage.changes_since(self.record.study_id, self._cursor))

    def sync_if_due(self) -> None:
        if time.monotonic() - self._synced_at > _SYNC_INTERVAL_S:
            self.sync()

    def _take_in(self, delta: Delta, *, is_all: bool = True) -> None:
        with self._history.lock:
            self._history = take_in(self._history, delta.changes)
            for number, unsaved in self._unsaved.items():
                draft = self._history.drafts.get(number)
                if draft is not None:  # the store may have told what this process has since replaced
                    draft.user_attrs.update(unsaved.change.user_attrs)
                    draft.system_attrs.update(unsaved.change.system_attrs)
        self._cursor = delta.cursor
        if is_all:
            self._is_loaded = True
            self._synced_at = time.monotonic()

    def begin(self, terms: Terms = ANY_TERMS) -> Draft:
        with self._lock:
            terms = self._with_news(terms)
            return self._admit(self.storage.begin_trial(self.record.study_id, self._cursor, terms), terms)

    def promote(self, number: int, trial: TrialChange, terms: Terms) -> Draft | None:
        with self._lock:
            begun = self.storage.promote(self.record.study_id, number, trial, self._cursor, terms)
            if begun is None:
                self.sync()
                return None
            return self._admit(begun, terms)

    def _with_news(self, terms: Terms) -> Terms:
        """The same terms; on them, news are wanted if it has been a while since the last ones."""
        is_due = self.wants_news and time.monotonic() - self._synced_at >= _NEWS_INTERVAL_S
        return replace(terms, wants_news=True) if is_due and not terms.wants_news else terms

    def _admit(self, begun: Begun, terms: Terms) -> Draft:
        self._take_in(begun.delta, is_all=terms.wants_news or begun.delta.cursor != self._cursor)
        draft = self._history.drafts[begun.number]
        self._unsaved[draft.number] = _Unsaved(len(draft.values), is_leased=terms.lease_s is not None)
        return draft

    def foreign_drafts(self) -> list[Draft]:
        with self._lock, self._history.lock:
            drafts = self._history.drafts.values()
            ours = self._unsaved.keys() | self._lent
            return [d for d in drafts if d.state == TrialState.RUNNING and d.number not in ours]

    def lend(self, draft: Draft) -> None:
        with self._lock:
            self.flush(draft)
            unsaved = self._unsaved.pop(draft.number, None)
            if unsaved is not None and unsaved.is_leased:
                self._lent.add(draft.number)

    def finish(
        self, draft: Draft, state: TrialState, values: Sequence[float] | None, then: Terms | None = None
    ) -> Draft | None:
        with self._lock:
            refuse_finished(draft)
            completed_us = now_us()
            told = None if values is None else tuple(values)
            # What is pending stays so until the store has taken it: a failed commit can be tried again.
            last = replace(self._pending(draft), state=state, values=told, completed_us=completed_us)
            then = None if then is None else self._with_news(then)
            begun = self._write(last, then)
            self._unsaved.pop(draft.number, None)
            with self._history.lock:
                if draft.number in self._history.drafts:
                    self._history.finish(draft, state, values, completed_us)
            return None if begun is None or then is None else self._admit(begun, then)

    def report(
        self, draft: Draft, step: int, value: float, *, at_once: bool, row: Mapping[str, float] | None = None
    ) -> None:
        with self._lock, self._history.lock:
            refuse_finished(draft)
            draft.reports[step] = value
            pending = self._pending(draft)
            pending.reports[step] = value
            if row is not None:
                metrics = metrics_of_step(step, row)
                draft.metrics = with_metrics(draft.metrics, metrics)
                pending.metrics = with_metrics(pending.metrics, metrics)
            is_due = time.monotonic() - self._unsaved[draft.number].saved_at >= _REPORT_INTERVAL_S
        if at_once or is_due:
            self.flush(draft)

    def check(self, change: TrialChange) -> None:
        self.storage.check(change)

    def set_trial_attr(self, draft: Draft, key: str, value: Any, *, is_system: bool) -> None:
        self.check(TrialChange(system_attrs={key: value}) if is_system else TrialChange(user_attrs={key: value}))
        with self._lock, self._history.lock:
            refuse_finished(draft)
            (draft.system_attrs if is_system else draft.user_attrs)[key] = value
            change = self._pending(draft)
            (change.system_attrs if is_system else change.user_attrs)[key] = value

    def flush(self, draft: Draft) -> None:
        with self._lock:
            if draft.number not in self._unsaved:
                return  # it is finished, with all that was pending
            change = self._pending(draft)
            if change:
                self._write(change)
                unsaved = self._unsaved[draft.number]
                n_params = unsaved.n_params + len(change.params)
                self._unsaved[draft.number] = _Unsaved(n_params, is_leased=unsaved.is_leased)

    def _write(self, change: TrialChange, then: Terms | None = None) -> Begun | None:
        """Commit a change of a trial; with terms, one that finishes it, and perhaps begin another.

        Raises:
            LeaseLostError: Others took its worker, this one, for lost.
            UpdateFinishedTrialError: It was told elsewhere.
        """
        begun = None
        study_id = self.record.study_id
        try:
            if then is None:
                self._cursor = self.storage.write(study_id, change, self._cursor)
            else:
                self._cursor, begun = self.storage.finish_and_begin(study_id, change, self._cursor, then)
        except UpdateFinishedTrialError as error:
            self._unsaved.pop(change.number, None)
            self.sync()
            if LEASE_LOST_KEY in self._history.trial(change.number).system_attrs:
                raise LeaseLostError(
                    f"Trial {change.number} was given up, for its worker was not heard of for "
                    f"{self.storage.leases.length_s:g} s; it may run elsewhere by now."
                ) from error
            raise
        return begun

    def open(self, number: int) -> Draft | None:
        draft = super().open(number)
        with self._lock:
            is_leased = number in self._lent
            self._lent.discard(number)
            if draft is not None:
                self._unsaved.setdefault(number, _Unsaved(len(draft.values), is_leased=is_leased))
        return draft

    def _pending(self, draft: Draft) -> TrialChange:
        """All of a draft that is not committed yet, as one change."""
        unsaved = self._unsaved[draft.number]
        change = unsaved.change
        change.number = draft.number
        n_known = unsaved.n_params + len(change.params)
        if n_known < len(draft.values):
            # The flusher may look between two lines of suggest_*: then the layout is one suggestion behind.
            new = list(zip(draft.layout.path(), draft.values, strict=False))[n_known:]
            change.params = [*change.params, *((edge.name, edge.distribution, value) for edge, value in new)]
        return change

    def add_trials(self, trials: Sequence[TrialChange]) -> list[int]:
        numbers = self.storage.add_trials(self.record.study_id, trials)
        self.sync()
        return numbers

    def best_trial(self) -> FrozenTrial | None:
        if self._is_loaded:
            return super().best_trial()
        best = self.summary().best  # a question that an index answers does not need the whole history
        if best is None:
            return None
        alone = History(self.record.directions)
        alone.apply([best])
        return alone.trial(best.number)

    def _flush_in_background(self, draft: Draft) -> None:
        try:
            self.flush(draft)
        except UpdateFinishedTrialError:
            self.sync()  # told elsewhere; the thread that runs it will notice at its next write
        except Exception as error:  # noqa: BLE001  what is pending stays so; the trial's own next write says what is wrong
            _logger.warning("Trial %d could not be saved in the background: %s", draft.number, error)

    @contextmanager
    def working(self, look_after: Callable[[], None]) -> Iterator[None]:
        stop = threading.Event()

        def work() -> None:
            beaten_at = looked_at = time.monotonic()
            interval_s = self.storage.leases.interval_s
            while not stop.wait(min(_FLUSH_INTERVAL_S, interval_s)):
                self._flush_all()
                now = time.monotonic()
                if now - beaten_at >= interval_s:
                    beaten_at = now
                    _in_background(self._beat, "say that this worker lives")
                if now - looked_at >= interval_s / 2:
                    looked_at = now
                    _in_background(look_after, "look after trials of lost workers")

        thread = threading.Thread(target=work, name="optimist-keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _flush_all(self) -> None:
        for number in list(self._unsaved):
            draft = self._history.drafts.get(number)
            if draft is not None:
                self._flush_in_background(draft)

    def _beat(self) -> None:
        leased = [number for number, unsaved in list(self._unsaved.items()) if unsaved.is_leased]
        leased += list(self._lent)
        self.storage.heartbeat(self.record.study_id, leased)


def _in_background(work: Callable[[], None], purpose: str) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  it is tried again soon, and nobody waits for it
        _logger.warning("Could not %s: %s", purpose, error)
