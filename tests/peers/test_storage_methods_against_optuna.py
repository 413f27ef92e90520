"""The same calls of storage methods, made of Optuna's storage in memory and of ours: the same answers, the same errors.

What differs on purpose is left out: see docs/compatibility.md on storages that are called by their methods.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import optimist
from optimist.storages.face import StorageFace
from optimist.storages.foreign import ForeignStorage
from optimist.storages.journal import JournalFileBackend

Call = tuple[Any, ...]

STATES = ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING")
ERRORS = (KeyError, ValueError, RuntimeError)

trials = st.integers(0, 5)
names = st.sampled_from("ab")
numbers = st.sampled_from((0.0, 1.0, -2.5, float("inf")))
notes = st.sampled_from((None, 1, "text", [1, {"deep": True}]))
calls = st.one_of(
    st.tuples(st.just("new"), st.none() | st.sampled_from(STATES), names, numbers),
    st.tuples(st.just("param"), trials, names, st.integers(0, 2)),
    st.tuples(st.just("state"), trials, st.sampled_from(STATES), numbers),
    st.tuples(st.just("report"), trials, st.integers(0, 2), numbers),
    st.tuples(st.just("user"), trials, names, notes),
    st.tuples(st.just("system"), trials, names, notes),
    st.tuples(st.just("study"), names, notes),
    st.tuples(st.just("best")),
    st.tuples(st.just("count"), st.none() | st.sampled_from(STATES)),
    st.tuples(st.just("get param"), trials, names),
    st.tuples(st.just("id"), st.integers(0, 6)),
)


class Player:
    """Makes the calls of one library's storage; trials are named by the order in which they were made."""

    def __init__(self, library: ModuleType, storage: Any) -> None:
        self.library = library
        self.storage = storage
        self.study_id = storage.create_new_study([library.study.StudyDirection.MAXIMIZE], "study")
        self.ids: list[int] = []
        d = library.distributions
        self.kinds = (d.FloatDistribution(0, 2), d.IntDistribution(0, 2), d.CategoricalDistribution(("x", "y", "z")))

    def answer(self, call: Call) -> Any:
        """What comes of a call: a value, or the family of the error."""
        try:
            return self.make(*call)
        except ERRORS as error:
            if isinstance(error, self.library.exceptions.UpdateFinishedTrialError):
                return "finished"
            return next(family.__name__ for family in ERRORS if isinstance(error, family))

    def make(self, what: str, *arguments: Any) -> Any:
        storage, states = self.storage, self.library.trial.TrialState
        if what == "new":
            state, name, value = arguments
            template = None if state is None else self.template(state, name, value)
            self.ids.append(storage.create_new_trial(self.study_id, template))
            return None
        if what == "study":
            storage.set_study_user_attr(self.study_id, *arguments)
            storage.set_study_system_attr(self.study_id, *arguments)
            return storage.get_study_user_attrs(self.study_id), storage.get_study_system_attrs(self.study_id)
        if what == "best":
            return storage.get_best_trial(self.study_id).value
        if what == "count":
            (state,) = arguments
            return storage.get_n_trials(self.study_id, None if state is None else states[state])
        if what == "id":
            return self.ids.index(storage.get_trial_id_from_study_id_trial_number(self.study_id, *arguments))
        trial_id = self.ids[arguments[0]] if arguments[0] < len(self.ids) else 10**6
        if what == "param":
            return self.set_param(trial_id, *arguments[1:])
        if what == "get param":
            return storage.get_trial_param(trial_id, arguments[1])
        if what == "state":
            _, state, value = arguments
            if state == "WAITING" and storage.get_trial(trial_id).state == states.RUNNING:
                return None  # ours keeps a running trial running
            return storage.set_trial_state_values(trial_id, states[state], [value] if state == "COMPLETE" else None)
        method = {
            "report": storage.set_trial_intermediate_value,
            "user": storage.set_trial_user_attr,
            "system": storage.set_trial_system_attr,
        }[what]
        return method(trial_id, *arguments[1:])

    def set_param(self, trial_id: int, name: str, kind: int) -> None:
        trial = self.storage.get_trial(trial_id)
        if name not in trial.params or trial.state.is_finished():  # ours takes a parameter once
            self.storage.set_trial_param(trial_id, name, 1.0, self.kinds[kind])

    def template(self, state: str, name: str, value: float) -> Any:
        now = datetime.datetime(2026, 3, 4, 5, 6, 7, 89)  # noqa: DTZ001  trials have local times
        return self.library.trial.FrozenTrial(
            number=77,
            trial_id=77,
            state=self.library.trial.TrialState[state],
            value=value if state == "COMPLETE" else None,
            datetime_start=None if state == "WAITING" else now,
            datetime_complete=now if state in ("COMPLETE", "PRUNED", "FAIL") else None,
            params={"other": 1},
            distributions={"other": self.kinds[1]},
            user_attrs={name: value},
            system_attrs={name: [value]},
            intermediate_values={0: value},
        )

    def all_trials(self) -> list[Any]:
        found = self.storage.get_all_trials(self.study_id)
        for trial in found:
            again = self.storage.get_trial(trial._trial_id)
            assert (again.number, again.params, again.state) == (trial.number, trial.params, trial.state)
        return [
            (
                trial.number,
                self.ids.index(trial._trial_id),
                trial.state.name,
                trial.values,
                trial.datetime_start is None,
                trial.datetime_complete is None,
                trial.params,
                {name: str(distribution) for name, distribution in trial.distributions.items()},
                trial.user_attrs,
                trial.system_attrs,
                trial.intermediate_values,
            )
            for trial in found
        ]


OURS: dict[str, Callable[[str], Any]] = {
    "memory": lambda _: optimist.storages.InMemoryStorage(),
    "there and back": lambda _: StorageFace(ForeignStorage(optimist.storages.InMemoryStorage())),
    "SQLite": lambda directory: optimist.storages.RDBStorage(f"sqlite:///{directory}/study.db"),
    "journal": lambda directory: optimist.storages.JournalStorage(JournalFileBackend(f"{directory}/study.journal")),
}


@pytest.mark.parametrize("name", OURS)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(script=st.lists(calls, min_size=5, max_size=30))
def test_same_calls_same_answers(name: str, script: list[Call]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        theirs = Player(optuna, optuna.storages.InMemoryStorage())
        storage = OURS[name](directory)
        ours = Player(optimist, storage)
        for call in [("new", None, "a", 0.0), *script]:
            assert ours.answer(call) == theirs.answer(call), call
        assert ours.all_trials() == theirs.all_trials()
        storage.store.close()
