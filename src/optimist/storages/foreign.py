"""A store of ours over a storage that somebody else has written by Optuna's contract."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from optimist.exceptions import (
    BudgetSpentError,
    DuplicatedStudyError,
    StudyNotFoundError,
    TrialNotFinishedError,
    TrialNotFoundError,
    UpdateFinishedTrialError,
)
from optimist.history.attributes import METRICS_KEY, RESUMED_KEY, VOID_KEY
from optimist.history.draft import Change, StudyChange, TrialChange, gives_place_back
from optimist.history.history import History
from optimist.history.metrics import with_metrics
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import ANY_TERMS, Begun, Delta, Storage, StudyRecord, Summary, Terms, check_name
from optimist.storages.base_storage import BaseStorage
from optimist.storages.memory import now_us
from optimist.storages.tongues import hear_metrics, speak_metrics, tongue_of

_STUDY = -1  # stands in the log for a change of the study itself


class ForeignStorage(Storage):
    """Use a storage by its ``BaseStorage`` methods; Optuna's own ones work too.

    It tells no changes, so each look reads all trials of the study and compares them with what was seen before: its
    cost grows with the study. A call is as many commits as the storage needs, not one. Trials have no leases, and so
    are never given up; times are those at which the storage is called.

    Args:
        storage: Any object with the methods of ``BaseStorage``.

    Attributes:
        storage: What was given.
    """

    def __init__(self, storage: BaseStorage) -> None:
        self.storage = storage
        self._tongue = tongue_of(storage)
        self._seen: dict[int, _Seen] = {}
        self._lock = threading.RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return ForeignStorage, (self.storage,)

    def check(self, change: TrialChange) -> None:
        super().check(change)
        for _, distribution, _ in change.params:
            self._tongue.speak_distribution(distribution)

    # Studies

    def create_study(self, name: str | None, directions: Sequence[StudyDirection]) -> StudyRecord:
        if name is not None:
            check_name("A study's name", name)
        spoken = [self._tongue.direction(direction) for direction in directions]
        try:
            study_id = self.storage.create_new_study(spoken, name)
        except self._tongue.duplicated_study_error as error:
            raise DuplicatedStudyError(
                f"There is a study named {name!r} already. Use another name, or load_if_exists=True to go on with it."
            ) from error
        return self._record(study_id)

    def load_study(self, name: str) -> StudyRecord:
        try:
            study_id = self.storage.get_study_id_from_name(name)
        except KeyError:
            raise StudyNotFoundError(f"There is no study named {name!r} in {self.storage!r}.") from None
        return self._record(study_id)

    def list_studies(self) -> list[StudyRecord]:
        return [
            StudyRecord(study._study_id, study.study_name, tuple(map(StudyDirection, study.directions)))
            for study in self.storage.get_all_studies()
        ]

    def delete_study(self, study_id: int) -> None:
        with self._explaining(study_id):
            self.storage.delete_study(study_id)
        self._seen.pop(study_id, None)

    def summary(self, study_id: int) -> Summary:
        with self._look(study_id) as seen:
            history = History(seen.record.directions)
            history.apply(seen.changes.values())
            starts = [change.started_us for change in seen.changes.values()]
            best = None
            if len(history.directions) == 1 and history.best_row >= 0:
                best = seen.changes[history.number.data[history.best_row]]
            return Summary(
                record=seen.record,
                counts={state: history.count(state) for state in TrialState},
                best=best,
                first_start_us=min((start for start in starts if start is not None and start >= 0), default=None),
                attrs=seen.attrs,
            )

    def write_study(self, study_id: int, change: StudyChange) -> None:
        self.check(TrialChange(user_attrs=change.user_attrs, system_attrs=change.system_attrs))
        with self._explaining(study_id):
            for key, value in change.user_attrs.items():
                self.storage.set_study_user_attr(study_id, key, value)
            for key, value in change.system_attrs.items():
                self.storage.set_study_system_attr(study_id, key, value)

    # Trials

    def add_trials(self, study_id: int, trials: Sequence[TrialChange]) -> list[int]:
        for trial in trials:
            self.check(trial)
        with self._lock, self._explaining(study_id):
            ids = [self.storage.create_new_trial(study_id, self._tongue.speak_trial(trial)) for trial in trials]
            return [self.storage.get_trial_number_from_id(trial_id) for trial_id in ids]

    def begin_trial(self, study_id: int, cursor: int, terms: Terms = ANY_TERMS) -> Begun:
        with self._look(study_id) as seen:
            waiting = [change for change in seen.changes.values() if change.state == TrialState.WAITING]
            n_counted = len(seen.changes) - len(waiting) - sum(map(gives_place_back, seen.changes.values()))
            if terms.total_trials is not None and n_counted >= terms.total_trials:
                raise BudgetSpentError(
                    f"Study {seen.record.name!r} has had {n_counted} trials of {terms.total_trials}."
                )
            waiting.sort(key=lambda change: change.number)
            number = next((change.number for change in waiting if self._claim(change.trial_id)), None)
            if number is None:
                number = self.storage.get_trial_number_from_id(self.storage.create_new_trial(study_id))
            return Begun(number, self.changes_since(study_id, cursor))

    def claim(self, study_id: int, number: int) -> bool:
        with self._explaining(study_id):
            return self._claim(self._trial_id(study_id, number))

    def _claim(self, trial_id: int) -> bool:
        try:
            return self.storage.set_trial_state_values(trial_id, self._tongue.state(TrialState.RUNNING))
        except self._tongue.update_finished_trial_error:
            return False

    def promote(
        self, study_id: int, number: int, trial: TrialChange, cursor: int, terms: Terms = ANY_TERMS
    ) -> Begun | None:
        """As the contract says, but in one process: these storages do nothing for one process alone in one commit."""
        self.check(trial)
        with self._look(study_id) as seen:
            first = seen.changes.get(number)
            if first is None:
                raise TrialNotFoundError(f"Study {seen.record.name!r} has no trial {number}.")
            resumed = [change.system_attrs.get(RESUMED_KEY, ()) for change in seen.changes.values()]
            if first.state != TrialState.PRUNED or first.void is not None or any(number in line for line in resumed):
                return None
            begun = replace(trial, state=TrialState.RUNNING, started_us=now_us())
            (new,) = self.add_trials(study_id, [begun])
            return Begun(new, self.changes_since(study_id, cursor))

    def write(self, study_id: int, change: TrialChange, cursor: int = 0) -> int:
        self.check(change)
        with self._lock, self._explaining(study_id):
            seen = self._seen_of(study_id)
            trial_id = self._trial_id(study_id, change.number)
            trial = self.storage.get_trial(trial_id)
            if trial.state.is_finished():
                raise UpdateFinishedTrialError(
                    f"Trial {change.number} is {trial.state.name}; a finished trial cannot change."
                )
            if change.state == TrialState.RUNNING:
                self._claim(trial_id)
            for name, distribution, value in change.params:
                if name not in trial.params:
                    spoken = self._tongue.speak_distribution(distribution)
                    self.storage.set_trial_param(trial_id, name, value, spoken)
            for step, value in change.reports.items():
                self.storage.set_trial_intermediate_value(trial_id, step, value)
            if change.metrics:
                known = hear_metrics(trial.system_attrs.get(METRICS_KEY, ()))
                spoken = speak_metrics(with_metrics(known, change.metrics))
                self.storage.set_trial_system_attr(trial_id, METRICS_KEY, spoken)
            for key, value in change.user_attrs.items():
                self.storage.set_trial_user_attr(trial_id, key, value)
            for key, value in change.system_attrs.items():
                self.storage.set_trial_system_attr(trial_id, key, value)
            if change.state is not None and change.state.is_finished():
                self.storage.set_trial_state_values(trial_id, self._tongue.state(change.state), change.values)
            seen.take(self._tongue.hear_trial(self.storage.get_trial(trial_id)))
            return cursor + 1 if len(seen.log) == cursor + 1 else cursor

    def void(self, study_id: int, number: int, reason: str) -> bool:
        """Set a system attribute of the trial.

        Raises:
            UpdateFinishedTrialError: The storage lets no finished trial change. Most do not.
        """
        self.check(TrialChange(void=reason))
        with self._look(study_id) as seen:
            change = seen.changes.get(number)
            if change is None or change.state is None:
                raise TrialNotFoundError(f"Study {seen.record.name!r} has no trial {number}.")
            if not change.state.is_finished():
                raise TrialNotFinishedError(
                    f"Trial {number} is {change.state.name}; only a finished trial can be voided."
                )
            if change.void is not None:
                return False
            try:
                self.storage.set_trial_system_attr(change.trial_id, VOID_KEY, reason)
            except self._tongue.update_finished_trial_error as error:
                raise UpdateFinishedTrialError(
                    f"Trial {number} cannot be voided: {type(self.storage).__name__} lets no finished trial change."
                ) from error
            return True

    def changes_since(self, study_id: int, cursor: int) -> Delta:
        with self._look(study_id) as seen:
            return seen.since(cursor)

    def find_trial(self, trial_id: int) -> tuple[int, int]:
        for record in self.list_studies():
            with self._look(record.study_id) as seen:
                for change in seen.changes.values():
                    if change.trial_id == trial_id:
                        return record.study_id, change.number
        raise TrialNotFoundError(f"There is no trial with the id {trial_id} in {self.storage!r}.")

    def heartbeat(self, study_id: int, numbers: Sequence[int]) -> None:
        """Nothing: there are no leases."""

    def leased(self, study_id: int) -> list[int]:
        return []

    def expired(self, study_id: int, numbers: Sequence[int]) -> list[int]:
        """None: there are no leases."""
        return []

    def reclaim(
        self, study_id: int, end: TrialChange, retry: TrialChange | None = None, *, is_lost: bool = False
    ) -> bool:
        """End a trial whose worker is known to be lost; else False, for no lease is ever over."""
        if not is_lost:
            return False
        try:
            self.write(study_id, end)
        except (TrialNotFoundError, UpdateFinishedTrialError):
            return False
        if retry is not None:
            self.add_trials(study_id, [retry])
        return True

    def close(self) -> None:
        self.storage.remove_session()

    # What was seen

    @contextmanager
    def _look(self, study_id: int) -> Iterator[_Seen]:
        """What was seen of a study, brought up to date; nobody else of this process looks meanwhile."""
        with self._lock, self._explaining(study_id):
            seen = self._seen_of(study_id)
            for trial in self.storage.get_all_trials(study_id, deepcopy=False):
                if trial.number not in seen.finished or seen.is_new_void(trial.number, trial.system_attrs):
                    seen.take(self._tongue.hear_trial(trial))
            seen.take_attrs(
                StudyChange(
                    dict(self.storage.get_study_user_attrs(study_id)),
                    dict(self.storage.get_study_system_attrs(study_id)),
                )
            )
            yield seen

    def _seen_of(self, study_id: int) -> _Seen:
        seen = self._seen.get(study_id)
        if seen is None:
            seen = self._seen[study_id] = _Seen(self._record(study_id))
        return seen

    def _record(self, study_id: int) -> StudyRecord:
        name = self.storage.get_study_name_from_id(study_id)
        directions = tuple(map(StudyDirection, self.storage.get_study_directions(study_id)))
        return StudyRecord(study_id, name, directions)

    def _trial_id(self, study_id: int, number: int) -> int:
        known = self._seen_of(study_id).changes.get(number)
        if known is not None:
            return known.trial_id
        if number < 0:
            raise TrialNotFoundError(f"Trials have numbers from 0, but got {number}.")
        return self.storage.get_trial_id_from_study_id_trial_number(study_id, number)

    @contextmanager
    def _explaining(self, study_id: int) -> Iterator[None]:
        """Raise our own errors for those that a storage may raise."""
        try:
            yield
        except (StudyNotFoundError, UpdateFinishedTrialError):
            raise
        except self._tongue.update_finished_trial_error as error:
            raise UpdateFinishedTrialError(f"The trial is finished, and cannot change: {error}") from error
        except KeyError as error:
            try:
                self.storage.get_study_name_from_id(study_id)
            except KeyError:
                self._seen.pop(study_id, None)
                raise StudyNotFoundError(
                    f"There is no study with the id {study_id} in {self.storage!r} (any more)."
                ) from error
            if isinstance(error, TrialNotFoundError):
                raise
            raise TrialNotFoundError(f"There is no such trial in {self.storage!r}: {error}") from error


class _Seen:
    """What was seen of one study, and in which order.

    Attributes:
        record: The study.
        changes: All that is known of each trial, by number.
        finished: Numbers of the finished trials, which change no more, unless they are voided.
        attrs: Of the study.
        log: One trial number for each change that was noticed; the position after the last is the cursor.
    """

    def __init__(self, record: StudyRecord) -> None:
        self.record = record
        self.changes: dict[int, TrialChange] = {}
        self.finished: set[int] = set()
        self.attrs = StudyChange()
        self.log: array[int] = array("q")
        self._prints: dict[int, str] = {}

    def is_new_void(self, number: int, system_attrs: dict[str, Any]) -> bool:
        """Whether a finished trial was voided since it was seen last."""
        return VOID_KEY in system_attrs and self.changes[number].void is None

    def take(self, change: TrialChange) -> None:
        """Note a trial as it is now."""
        number = change.number
        if number in self.finished and change.void is None:
            return
        print_ = repr(change)
        if self._prints.get(number) == print_:
            return
        self.changes.pop(number, None)  # so that they stand in the order in which they were changed last
        self.changes[number] = change
        self._prints[number] = print_
        self.log.append(number)
        if change.state is not None and change.state.is_finished():
            self.finished.add(number)
            del self._prints[number]

    def take_attrs(self, attrs: StudyChange) -> None:
        """Note the attributes of the study as they are now."""
        print_ = repr(attrs)
        if self._prints.get(_STUDY, repr(StudyChange())) != print_:
            self.attrs = attrs
            self._prints[_STUDY] = print_
            self.log.append(_STUDY)

    def since(self, cursor: int) -> Delta:
        """What was noticed since a cursor."""
        news = dict.fromkeys(reversed(self.log[cursor:]))  # the last change of each, newest first
        changes: list[Change] = [
            replace(self.attrs) if number == _STUDY else self.changes[number] for number in reversed(news)
        ]
        return Delta(changes, len(self.log))
