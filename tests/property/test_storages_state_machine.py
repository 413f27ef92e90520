"""Storages do what a list of plain records does, whoever writes and whoever reads, in whatever order."""

from __future__ import annotations

import math
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import (
    DuplicatedStudyError,
    StudyNotFoundError,
    TrialNotFinishedError,
    TrialNotFoundError,
    UpdateFinishedTrialError,
)
from optimist.history.attributes import RESUMED_KEY
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import Storage
from optimist.storages.journal import JournalFileBackend
from optimist.storages.journal.storage import JournalStore
from optimist.storages.memory import MemoryStore
from optimist.storages.sql.storage import SQLStorage, create_database
from optimist.testing.storages.reader import Reader, Seen
from tests.servers import url_for

RUNNING, WAITING, COMPLETE = TrialState.RUNNING, TrialState.WAITING, TrialState.COMPLETE
FINAL = (COMPLETE, COMPLETE, TrialState.PRUNED, TrialState.FAIL)

Params = list[tuple[str, BaseDistribution, Any]]

PARAMS: Params = [
    ("x", FloatDistribution(0.0, 1.0), 0.25),
    ("x", FloatDistribution(0.0, 2.0), 1 / 3),
    ("n", IntDistribution(0, 2**62), 2**61 + 1),
    ("kind", CategoricalDistribution(("a", None, 2)), 2),
    ("y", FloatDistribution(0.0, 1e308), 5e-324),
]
numbers = st.sampled_from([0.0, -0.0, 1.0, 1.0, 2.0, -3.5, 1e300, math.inf, -math.inf])
params = st.lists(st.sampled_from(PARAMS), max_size=3, unique_by=lambda param: param[0])
reports = st.dictionaries(st.integers(0, 4), numbers | st.just(math.nan), max_size=2)
metric_names = st.sampled_from(((), (), ("loss",), ("loss", "acc"), ("loss", "lr", "acc")))


def named(reported: dict[int, float], names: tuple[str, ...]) -> dict[str, dict[int, float]]:
    """Metrics beside the one that is reported."""
    return {name: {} if name == "loss" else {k: -v for k, v in reported.items()} for name in names if reported}


attrs = st.dictionaries(
    st.sampled_from(["a", "b", "constraints:c"]),
    st.sampled_from([-1.0, 0.0, 1.0, math.inf]),
    max_size=2,
)
notes = st.dictionaries(
    st.sampled_from(["a", "é", ""]),
    st.sampled_from([None, True, 1, "text 🦜", [1, {"k": math.nan}], {"$json": 1}]),
    max_size=2,
)
# Indices are drawn large and taken modulo what there is, so that a smaller study shrinks well.
picks = st.integers(0, 1000)


@dataclass
class Study:
    """A study as it should be."""

    name: str
    directions: tuple[StudyDirection, ...]
    readers: list[Reader]
    trials: list[Seen] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    promoted: set[int] = field(default_factory=set)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)

    def best(self) -> int | None:
        """The first best feasible complete trial, by a pass over all."""
        sign = -1 if self.directions[0] == StudyDirection.MAXIMIZE else 1
        eligible = [
            (sign * self.trials[number].values[0], i, number)  # type: ignore[index]
            for i, number in enumerate(self.finished)
            if self.trials[number].state == COMPLETE
            and self.trials[number].void is None
            and all(v <= 0 for k, v in self.trials[number].system_attrs.items() if k.startswith("constraints:"))
        ]
        return min(eligible)[2] if eligible and len(self.directions) == 1 else None

    def expected(self) -> str:
        """What a reader should have seen."""
        reader = Reader(self.readers[0]._storage, 0)
        reader.trials = dict(enumerate(self.trials))
        reader.user_attrs, reader.system_attrs = self.user_attrs, self.system_attrs
        return str(reader)


class StorageMachine(RuleBasedStateMachine):
    """Writes to a store through its handles, and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.handles = self.open_handles()
        self.studies: dict[int, Study] = {}
        self.trial_ids: set[int] = set()

    def open_handles(self) -> list[Storage]:
        raise NotImplementedError

    def handle(self, pick: int) -> Storage:
        return self.handles[pick % len(self.handles)]

    def pick_study(self, pick: int) -> tuple[int, Study]:
        return list(self.studies.items())[pick % len(self.studies)]

    # Studies

    @rule(
        pick=picks,
        name=st.sampled_from(["s", "S", "t'\"", "🦜"]),
        directions=st.lists(
            st.sampled_from([StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE]), min_size=1, max_size=2
        ),
    )
    def create(self, pick: int, name: str, directions: list[StudyDirection]) -> None:
        if any(study.name == name for study in self.studies.values()):
            with pytest.raises(DuplicatedStudyError):
                self.handle(pick).create_study(name, directions)
            return
        record = self.handle(pick).create_study(name, directions)
        assert record.study_id not in self.studies
        readers = [Reader(handle, record.study_id) for handle in self.handles for _ in range(2)]
        self.studies[record.study_id] = Study(name, tuple(directions), readers)

    def has_studies(self) -> bool:
        return bool(self.studies)

    @precondition(has_studies)
    @rule(pick=picks, rarely=st.integers(0, 5))
    def delete(self, pick: int, rarely: int) -> None:
        if rarely:
            return
        study_id, _ = self.pick_study(pick)
        self.handle(pick).delete_study(study_id)
        del self.studies[study_id]
        for handle in self.handles:
            with pytest.raises(StudyNotFoundError):
                handle.changes_since(study_id, 0)
            with pytest.raises(StudyNotFoundError):
                handle.begin_trial(study_id, 1)

    @precondition(has_studies)
    @rule(pick=picks, user=notes, system=attrs)
    def write_study(self, pick: int, user: dict[str, Any], system: dict[str, Any]) -> None:
        study_id, study = self.pick_study(pick)
        self.handle(pick).write_study(study_id, StudyChange(dict(user), dict(system)))
        study.user_attrs.update(user)
        study.system_attrs.update(system)

    # Trials

    @precondition(has_studies)
    @rule(
        pick=picks,
        whole=st.lists(
            st.tuples(
                st.sampled_from((RUNNING, WAITING, WAITING, *FINAL)), params, reports, notes, attrs, metric_names
            ),
            min_size=1,
            max_size=3,
        ),
        value=numbers,
        start=st.integers(1, 10**15),
    )
    def add(self, pick: int, whole: list[tuple[Any, ...]], value: float, start: int) -> None:
        study_id, study = self.pick_study(pick)
        changes = [
            TrialChange(
                state=state,
                values=(value,) * len(study.directions) if state == COMPLETE else None,
                started_us=None if state == WAITING else start,
                completed_us=start + 1 if state.is_finished() else None,
                params=list(suggested),
                reports=dict(reported),
                user_attrs=dict(user),
                system_attrs=dict(system),
                metrics=named(reported, names),
            )
            for state, suggested, reported, user, system, names in whole
        ]
        n = len(study.trials)
        assert self.handle(pick).add_trials(study_id, changes) == list(range(n, n + len(changes)))
        for number, change in enumerate(changes, n):
            seen = Seen(number, state=WAITING if change.state == WAITING else RUNNING)
            seen.take(change)
            study.trials.append(seen)
            if seen.state.is_finished():
                study.finished.append(number)

    @precondition(has_studies)
    @rule(pick=picks, who=picks)
    def begin(self, pick: int, who: int) -> None:
        _, study = self.pick_study(pick)
        reader = study.readers[who % len(study.readers)]
        waiting = [trial.number for trial in study.trials if trial.state == WAITING]
        number = reader.begin()
        if waiting:
            assert number == waiting[0]
        else:
            assert number == len(study.trials)
            study.trials.append(Seen(number))
        trial = study.trials[number]
        trial.state, trial.started_us = RUNNING, reader.trials[number].started_us
        self.check_reader(study, reader)

    def pick_trial(self, study: Study, pick: int) -> Seen | None:
        return study.trials[pick % len(study.trials)] if study.trials else None

    @precondition(has_studies)
    @rule(
        pick=picks,
        trial_pick=picks,
        who=picks,
        state=st.sampled_from((None, None, None, RUNNING, WAITING, *FINAL)),
        value=numbers,
        suggested=params,
        reported=reports,
        user=notes,
        system=attrs,
        names=metric_names,
        then=st.booleans(),
    )
    def write(
        self,
        pick: int,
        trial_pick: int,
        who: int,
        state: TrialState | None,
        value: float,
        suggested: Params,
        reported: dict[int, float],
        user: dict[str, Any],
        system: dict[str, Any],
        names: tuple[str, ...],
        then: bool,
    ) -> None:
        """Change a trial; if that finishes it and ``then`` is set, the store may begin another one with it."""
        study_id, study = self.pick_study(pick)
        trial = self.pick_trial(study, trial_pick)
        number = len(study.trials) + pick if trial is None else trial.number
        change = TrialChange(
            number,
            state=state,
            values=(value,) * len(study.directions) if state == COMPLETE else None,
            completed_us=123_456_789 if state is not None and state.is_finished() else None,
            params=list(suggested),
            reports=dict(reported),
            user_attrs=dict(user),
            system_attrs=dict(system),
            metrics=named(reported, names),
        )
        reader = study.readers[who % len(study.readers)]
        storage = reader._storage
        if trial is None:
            with pytest.raises(TrialNotFoundError):
                storage.write(study_id, change)
        elif trial.state.is_finished():
            with pytest.raises(UpdateFinishedTrialError):
                storage.write(study_id, change)
        else:
            self.check_reader(study, reader.catch_up())
            begun = reader.finish_and_begin(change) if then and change.state in FINAL else reader.write(change)
            trial.take(change)
            if trial.state.is_finished():
                study.finished.append(number)
            if begun is not None:
                assert begun == len(study.trials)
                assert not any(trial.state == WAITING for trial in study.trials)
                study.trials.append(Seen(begun, started_us=reader.trials[begun].started_us))
            self.check_reader(study, reader)
            self.check_reader(study, reader.catch_up())

    @precondition(has_studies)
    @rule(pick=picks, trial_pick=picks, who=picks)
    def void(self, pick: int, trial_pick: int, who: int) -> None:
        study_id, study = self.pick_study(pick)
        trial = self.pick_trial(study, trial_pick)
        storage = study.readers[who % len(study.readers)]._storage
        if trial is None:
            with pytest.raises(TrialNotFoundError):
                storage.void(study_id, pick, "none")
        elif not trial.state.is_finished():
            with pytest.raises(TrialNotFinishedError):
                storage.void(study_id, trial.number, "early")
        else:
            assert storage.void(study_id, trial.number, f"{pick}") == (trial.void is None)
            trial.void = f"{pick}" if trial.void is None else trial.void
        self.check_reader(study, study.readers[pick % len(study.readers)].catch_up())

    @precondition(has_studies)
    @rule(pick=picks, trial_pick=picks, suggested=params, user=notes)
    def promote(self, pick: int, trial_pick: int, suggested: Params, user: dict[str, Any]) -> None:
        study_id, study = self.pick_study(pick)
        trial = self.pick_trial(study, trial_pick)
        number = pick if trial is None else trial.number
        change = TrialChange(params=list(suggested), user_attrs=dict(user), system_attrs={RESUMED_KEY: [number]})
        storage = self.handle(pick)
        if trial is None:
            with pytest.raises(TrialNotFoundError):
                storage.promote(study_id, number, change, 0)
            return
        begun = storage.promote(study_id, number, change, 0)
        may_be = trial.state == TrialState.PRUNED and trial.void is None and number not in study.promoted
        assert (begun is not None) == may_be
        if begun is not None:
            assert begun.number == len(study.trials)
            study.promoted.add(number)
            seen = Seen(begun.number)
            seen.take(change)
            study.trials.append(seen)
            reader = study.readers[pick % len(study.readers)].catch_up()
            seen.started_us = reader.trials[begun.number].started_us
            self.check_reader(study, reader)

    # Readers

    @precondition(has_studies)
    @rule(pick=picks, who=picks)
    def read(self, pick: int, who: int) -> None:
        study_id, study = self.pick_study(pick)
        i = who % len(study.readers)
        self.check_reader(study, study.readers[i].catch_up())
        if who % 3 == 0:
            study.readers[i] = Reader(study.readers[i]._storage, study_id)  # a worker starts anew

    def check_reader(self, study: Study, reader: Reader) -> None:
        for trial in study.trials:
            if trial.trial_id < 0:  # the store chooses it; from now on it must stay
                trial.trial_id = reader.trials[trial.number].trial_id
                assert trial.trial_id not in self.trial_ids
                self.trial_ids.add(trial.trial_id)
        assert str(reader) == study.expected()

    @rule(pick=picks)
    def close(self, pick: int) -> None:
        self.handle(pick).close()

    @precondition(has_studies)
    @rule(pick=picks)
    def summarize(self, pick: int) -> None:
        study_id, study = self.pick_study(pick)
        summary = self.handle(pick).summary(study_id)
        states = [trial.state for trial in study.trials]
        assert summary.counts == {state: states.count(state) for state in TrialState}
        starts = [trial.started_us for trial in study.trials if trial.started_us >= 0]
        assert summary.first_start_us == min(starts, default=None)
        assert repr(sorted(summary.attrs.user_attrs.items())) == repr(sorted(study.user_attrs.items()))
        assert (None if summary.best is None else summary.best.number) == study.best()
        if summary.best is not None:
            self.check_reader(study, study.readers[0].catch_up())
            best = Seen(summary.best.number)
            best.take(summary.best)
            assert str(best) == str(study.trials[summary.best.number])

    @invariant()
    def studies_are_listed(self) -> None:
        for handle in self.handles:
            listed = {record.study_id: (record.name, record.directions) for record in handle.list_studies()}
            assert listed == {i: (study.name, study.directions) for i, study in self.studies.items()}

    def teardown(self) -> None:
        for pick in range(len(self.handles)):
            for study_pick in range(len(self.studies)):
                _, study = self.pick_study(study_pick)
                for reader in study.readers:
                    self.check_reader(study, reader.catch_up())
            self.handle(pick).close()


class MemoryMachine(StorageMachine):
    def open_handles(self) -> list[Storage]:
        return [MemoryStore()]


class SQLiteMachine(StorageMachine):
    def open_handles(self) -> list[Storage]:
        self.directory = tempfile.TemporaryDirectory()
        handles = [SQLStorage(f"sqlite:///{Path(self.directory.name)}/study.db") for _ in range(2)]
        for handle in handles:
            handle.close()
            event.listen(handle.engine, "connect", do_not_wait_for_the_disk)
        return list(handles)

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            for handle in self.handles:
                handle.close()
            self.directory.cleanup()


class JournalMachine(StorageMachine):
    def open_handles(self) -> list[Storage]:
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "study.journal"
        return [JournalStore(JournalFileBackend(self.path)) for _ in range(2)]

    def has_records(self) -> bool:
        return bool(self.studies)

    @precondition(has_records)  # a file that begins with noise is none of ours
    @rule(garbage=st.binary(max_size=60), line=st.none() | picks, cut=picks, has_end=st.booleans())
    def damage(self, garbage: bytes, line: int | None, cut: int, has_end: bool) -> None:
        """Append what counts for nothing: noise, the beginning of a record, a record that comes too late."""
        lines = self.path.read_bytes().splitlines()
        if line is not None and lines:
            garbage = lines[line % len(lines)]
            garbage = garbage[: cut % (len(garbage) + 1)] if cut % 2 else garbage
        with self.path.open("ab") as file:
            file.write(garbage + b"\n" * has_end)

    @rule(pick=picks, rarely=st.integers(0, 2))
    def compact(self, pick: int, rarely: int) -> None:
        handle = self.handle(pick)
        assert isinstance(handle, JournalStore)
        if not rarely:
            handle.compact()

    @rule(pick=picks)
    def repair(self, pick: int) -> None:
        handle = self.handle(pick)
        assert isinstance(handle, JournalStore)
        handle.repair()
        assert handle.repair().damaged == []

    @rule(pick=picks)
    def open_anew(self, pick: int) -> None:
        fresh = JournalStore(JournalFileBackend(self.path))
        for study_id, study in self.studies.items():
            self.check_reader(study, Reader(fresh, study_id).catch_up())
        fresh.close()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.directory.cleanup()


class ServerMachine(StorageMachine):
    """On a server, one after the other in one database: names and ids go on, as they do in life."""

    url: str

    def open_handles(self) -> list[Storage]:
        handles = [SQLStorage(self.url) for _ in range(2)]
        for record in handles[0].list_studies():
            handles[0].delete_study(record.study_id)
        return list(handles)


@pytest.mark.slow
@pytest.mark.parametrize("server", ["mariadb", "postgresql"])
def test_servers(server: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = url_for(request.getfixturevalue(server), tmp_path)
    create_database(url)
    machine = type("Machine", (ServerMachine,), {"url": url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=15, stateful_step_count=40, deadline=None, derandomize=True)
    )


def do_not_wait_for_the_disk(driver_connection: sqlite3.Connection, _record: object) -> None:
    driver_connection.execute("PRAGMA synchronous = OFF")


TestMemory = MemoryMachine.TestCase
TestSQLite = SQLiteMachine.TestCase
TestJournal = JournalMachine.TestCase
TestMemory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)
TestJournal.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)
TestSQLite.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, derandomize=True)
