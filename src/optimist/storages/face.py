"""Optuna's storage methods over any store of ours."""

from __future__ import annotations

import copy
import threading
from collections.abc import Container, Sequence
from typing import Any

from optimist.distributions import BaseDistribution, FloatDistribution, check_distribution_compatibility
from optimist.exceptions import StudyNotFoundError, TrialNotFoundError
from optimist.history.attributes import VOID_KEY
from optimist.history.collector import collector_paused
from optimist.history.draft import StudyChange, TrialChange
from optimist.history.history import History, change_of
from optimist.history.records import FrozenTrial
from optimist.history.voiding import take_in
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import Storage, StudyRecord
from optimist.storages.base_storage import BaseStorage, FrozenStudy
from optimist.storages.memory import MemoryStore, now_us


class StorageFace(BaseStorage):
    """A store of ours, for those who speak to storages in ids.

    What it has read of a study it keeps, and reads on from there: a question costs what is new, not the whole study.
    An unfinished trial has no values yet, and a running one never goes back to wait.

    Args:
        store: Where the studies live.
    """

    def __init__(self, store: Storage) -> None:
        self._store = store
        self._forget()

    @property
    def store(self) -> Storage:
        """Where the studies live."""
        return self._store

    def _forget(self) -> None:
        self._mirrors: dict[int, _Mirror] = {}
        self._places: dict[int, tuple[int, int]] = {}  # trial id -> (study id, number), for the ids that were used

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_mirrors", "_places")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    # Studies

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        return self.store.create_study(study_name, [StudyDirection(direction) for direction in directions]).study_id

    def delete_study(self, study_id: int) -> None:
        self.store.delete_study(study_id)
        self._mirrors.pop(study_id, None)
        self._places = {trial_id: place for trial_id, place in self._places.items() if place[0] != study_id}

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self.store.write_study(study_id, StudyChange(user_attrs={key: value}))

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self.store.write_study(study_id, StudyChange(system_attrs={key: value}))

    def get_study_id_from_name(self, study_name: str) -> int:
        return self.store.load_study(study_name).study_id

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._record(study_id).name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return list(self._record(study_id).directions)

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self._attrs(study_id).user_attrs

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self._attrs(study_id).system_attrs

    def get_all_studies(self) -> list[FrozenStudy]:
        found = []
        for record in self.store.list_studies():
            try:
                attrs = self.store.summary(record.study_id).attrs
            except StudyNotFoundError:
                continue  # deleted since the list was made
            found.append(
                FrozenStudy(
                    record.name,
                    None,
                    copy.deepcopy(attrs.user_attrs),
                    copy.deepcopy(attrs.system_attrs),
                    record.study_id,
                    directions=record.directions,
                )
            )
        return sorted(found)

    def _record(self, study_id: int) -> StudyRecord:
        return self._synced(study_id).record if self._reads_on(study_id) else self.store.summary(study_id).record

    def _attrs(self, study_id: int) -> StudyChange:
        if not self._reads_on(study_id):
            return self.store.summary(study_id).attrs
        history = self._synced(study_id).history
        return StudyChange(dict(history.user_attrs), dict(history.system_attrs))

    def _reads_on(self, study_id: int) -> bool:
        """Whether to read on costs less than a summary: the study was read before, or is in memory."""
        return study_id in self._mirrors or isinstance(self.store, MemoryStore)

    # Changing trials

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        if template_trial is None:
            change = TrialChange(state=TrialState.RUNNING, started_us=now_us())
        else:
            change = change_of(template_trial)
            mirror = self._synced(study_id)
            mirror.check_values(change.values)
            for name, distribution, _ in change.params:
                mirror.check_kind(name, distribution)
        (number,) = self.store.add_trials(study_id, [change])
        trial_id = self._synced(study_id).trial_id(number)
        self._places[trial_id] = (study_id, number)
        return trial_id

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        study_id, number = self.place_of(trial_id)
        mirror = self._synced(study_id)
        trial = mirror.trial(number)
        self.check_trial_is_updatable(trial_id, trial.state)
        mirror.check_kind(param_name, distribution)
        value = param_value_internal if isinstance(distribution, FloatDistribution) else int(param_value_internal)
        if param_name in trial.params:
            if trial.params[param_name] == distribution.to_external_repr(value):
                return
            raise ValueError(
                f"Trial {number} has the parameter {param_name!r} with the value {trial.params[param_name]!r} already; "
                "a parameter is set once."
            )
        self._write(study_id, TrialChange(number, params=[(param_name, distribution, value)]))

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        study_id, number = self.place_of(trial_id)
        state = TrialState(state)
        if state.is_finished():
            told = None if values is None else tuple(map(float, values))
            self._mirror(study_id).check_values(told)
            self._write(study_id, TrialChange(number, state=state, values=told, completed_us=now_us()))
            return True
        if state == TrialState.RUNNING and self.store.claim(study_id, number):
            return True
        current = self._synced(study_id).trial(number).state
        self.check_trial_is_updatable(trial_id, current)
        return current == state == TrialState.WAITING

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        study_id, number = self.place_of(trial_id)
        self._write(study_id, TrialChange(number, reports={int(step): float(intermediate_value)}))

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        study_id, number = self.place_of(trial_id)
        self._write(study_id, TrialChange(number, user_attrs={key: value}))

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        study_id, number = self.place_of(trial_id)
        if key == VOID_KEY:  # the one thing that may be said of a finished trial
            self.store.void(study_id, number, value)
            return
        self._write(study_id, TrialChange(number, system_attrs={key: value}))

    def _write(self, study_id: int, change: TrialChange) -> None:
        self.store.check(change)
        self.store.write(study_id, change)

    # Reading trials

    def get_trial(self, trial_id: int) -> FrozenTrial:
        study_id, number = self.place_of(trial_id)
        return self._synced(study_id).trial(number)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        trials = self._synced(study_id).history.trials(states)
        if not deepcopy:
            return trials
        with collector_paused():
            return [copy.deepcopy(trial) for trial in trials]

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        return self._synced(study_id).trial_id(trial_number)

    def get_trial_number_from_id(self, trial_id: int) -> int:
        return self.place_of(trial_id)[1]

    def get_n_trials(self, study_id: int, state: tuple[TrialState, ...] | TrialState | None = None) -> int:
        history = self._synced(study_id).history
        states = tuple(TrialState) if state is None else (state,) if isinstance(state, TrialState) else state
        with history.lock:
            return sum(history.count(s) for s in set(states))

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        history = self._synced(study_id).history
        with history.lock:
            if len(history.directions) == 1 and history.best_row >= 0 and not history.has_constraints(history.n):
                return history.trial(int(history.number.data[history.best_row]))
        return super().get_best_trial(study_id)

    # From ids to places

    def place_of(self, trial_id: int) -> tuple[int, int]:
        """The study and the number of a trial."""
        place = self._places.get(trial_id)
        if place is None:
            place = self._places[trial_id] = self.store.find_trial(trial_id)
        return place

    def _mirror(self, study_id: int) -> _Mirror:
        mirror = self._mirrors.get(study_id)
        if mirror is None:
            if isinstance(self.store, MemoryStore):
                study = self.store.study(study_id)
                mirror = _Mirror(study.record, study.history)
            else:
                record = self.store.summary(study_id).record
                mirror = _Mirror(record, History(record.directions))
            mirror = self._mirrors.setdefault(study_id, mirror)
        return mirror

    def _synced(self, study_id: int) -> _Mirror:
        """What is known of a study, brought up to date."""
        mirror = self._mirror(study_id)
        mirror.sync(self.store)
        return mirror


class _Mirror:
    """What this process has read of a study; for studies in memory it is the study itself."""

    def __init__(self, record: StudyRecord, history: History) -> None:
        self.record = record
        self.history = history
        self._cursor = 0
        self._lock = threading.Lock()

    def sync(self, store: Storage) -> None:
        """Take in what is new.

        Raises:
            StudyNotFoundError: The study is not there any more.
        """
        if isinstance(store, MemoryStore):
            self.history = store.study(self.record.study_id).history
            return
        with self._lock:
            delta = store.changes_since(self.record.study_id, self._cursor)
            self.history = take_in(self.history, delta.changes)
            self._cursor = delta.cursor

    def trial(self, number: int) -> FrozenTrial:
        """A snapshot of a trial, the caller's own.

        Raises:
            TrialNotFoundError: There is none of this number.
        """
        try:
            return self.history.trial(number)
        except KeyError:
            raise TrialNotFoundError(f"Study {self.record.name!r} has no trial {number}.") from None

    def trial_id(self, number: int) -> int:
        """The id of a trial; errors as in ``trial``."""
        history = self.history
        with history.lock:
            row = history.row_of(number)
            return history.trial_id.data[row] if row >= 0 else self.trial(number)._trial_id

    def check_kind(self, name: str, distribution: BaseDistribution) -> None:
        """Refuse to give a name a second meaning.

        Raises:
            ValueError: The study has a parameter of this name and of another kind.
        """
        first = self.history.tree.kind(name)
        if first is not None:
            check_distribution_compatibility(first, distribution)

    def check_values(self, values: Sequence[float] | None) -> None:
        """Refuse values that do not fit the study.

        Raises:
            ValueError: Their number is not that of the objectives.
        """
        n_objectives = len(self.record.directions)
        if values is not None and len(values) != n_objectives:
            raise ValueError(f"The study has {n_objectives} objective(s), but {len(values)} value(s) came.")


class InMemoryStorage(StorageFace):
    """Keep studies in the memory of this process; they end with it."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
