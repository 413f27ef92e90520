"""Short lives of a journal that the tests of this directory replay, and what should be in it after each step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from optimist.distributions import CategoricalDistribution, FloatDistribution
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import Storage
from optimist.storages.journal import JournalFileBackend
from optimist.storages.journal.storage import JournalStore
from optimist.testing.storages.reader import read

X, KIND = FloatDistribution(0.0, 1.0), CategoricalDistribution(("a", "b"))
COMPLETE, FAIL, WAITING = TrialState.COMPLETE, TrialState.FAIL, TrialState.WAITING


def open_file(directory: Path) -> JournalStore:
    return JournalStore(JournalFileBackend(directory / "study.journal"))


def facts(storage: Storage) -> list[str]:
    """All that a store holds, but for times."""
    found = []
    for record in storage.list_studies():
        seen = read(storage, record.study_id)
        for trial in seen.trials.values():
            trial.started_us = -1
        best = storage.summary(record.study_id).best
        counts = storage.summary(record.study_id).counts
        found.append(f"{record} {counts} {None if best is None else best.number} {seen}")
    return found


def story(storage: Storage) -> list[Callable[[], object]]:
    """Steps of which each is one commit or none; they are taken in order."""
    return [
        lambda: storage.create_study("one", [StudyDirection.MINIMIZE]),
        lambda: storage.write_study(0, StudyChange({"a": 1}, {"b": [2.5, "🦜"]})),
        lambda: storage.begin_trial(0, 0),
        lambda: storage.write(0, TrialChange(0, params=[("x", X, 0.25)], reports={0: 1.5})),
        lambda: storage.begin_trial(0, 0),
        lambda: storage.write(0, TrialChange(0, state=COMPLETE, values=(1.5,), params=[("kind", KIND, 1)])),
        lambda: storage.add_trials(0, [TrialChange(state=WAITING, user_attrs={"i": i}) for i in range(2)]),
        lambda: storage.write(0, TrialChange(1, state=COMPLETE, values=(0.5,), params=[("x", X, 0.5)])),
        lambda: storage.create_study("two", [StudyDirection.MAXIMIZE]),
        lambda: storage.begin_trial(1, 0),
        lambda: storage.begin_trial(0, 0),
        lambda: storage.write(0, TrialChange(2, state=FAIL, system_attrs={"why": "lost"})),
    ]


def ending(storage: Storage) -> list[Callable[[], object]]:
    """More steps after ``story``: what rewrites the file."""
    assert isinstance(storage, JournalStore)
    return [
        storage.compact,
        lambda: storage.begin_trial(0, 0),
        lambda: storage.delete_study(1),
        storage.compact,
        lambda: storage.write(0, TrialChange(3, state=COMPLETE, values=(0.25,), params=[("x", X, 0.125)])),
    ]


def facts_after_each_step(directory: Path) -> list[list[str]]:
    """What a store holds before the first step, and after each."""
    directory.mkdir(parents=True)
    storage = open_file(directory)
    found = [facts(storage)]
    for step in [*story(storage), *ending(storage)]:
        step()
        found.append(facts(storage))
    return found
