"""The ledger: what is committed when, and what happens when a commit fails."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import optimist
from optimist.exceptions import StorageInternalError, UpdateFinishedTrialError
from optimist.history.draft import StudyChange, TrialChange
from optimist.samplers import RandomSampler
from optimist.states import StudyDirection, TrialState
from optimist.storages import Storage
from optimist.storages.base import ANY_TERMS, Begun, Delta, StudyRecord, Summary, Terms
from optimist.storages.memory import MemoryStore
from optimist.study import ledgers as module
from optimist.study.ledger import refuse_finished
from optimist.study.ledgers import MemoryLedger, StoredLedger, open_ledger


class Store(Storage):
    """A store that others might use as well; it counts what is asked of it, and fails when it is told to."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.calls: list[str] = []
        self.writes: list[TrialChange] = []
        self.n_failures = 0

    def create_study(self, name: str | None, directions: Sequence[StudyDirection]) -> StudyRecord:
        return self.memory.create_study(name, directions)

    def load_study(self, name: str) -> StudyRecord:
        return self.memory.load_study(name)

    def list_studies(self) -> list[StudyRecord]:
        return self.memory.list_studies()

    def delete_study(self, study_id: int) -> None:
        self.memory.delete_study(study_id)

    def summary(self, study_id: int) -> Summary:
        self.calls.append("summary")
        return self.memory.summary(study_id)

    def write_study(self, study_id: int, change: StudyChange) -> None:
        self.calls.append("write_study")
        self.memory.write_study(study_id, change)

    def add_trials(self, study_id: int, trials: Sequence[TrialChange]) -> list[int]:
        self.calls.append("add_trials")
        return self.memory.add_trials(study_id, trials)

    def begin_trial(self, study_id: int, cursor: int, terms: Terms = ANY_TERMS) -> Begun:
        self.calls.append("begin_trial")
        return self.memory.begin_trial(study_id, cursor, terms)

    def promote(
        self, study_id: int, number: int, trial: TrialChange, cursor: int, terms: Terms = ANY_TERMS
    ) -> Begun | None:
        self.calls.append("promote")
        return self.memory.promote(study_id, number, trial, cursor, terms)

    def claim(self, study_id: int, number: int) -> bool:
        self.calls.append("claim")
        return self.memory.claim(study_id, number)

    def write(self, study_id: int, change: TrialChange, cursor: int = 0) -> int:
        self.calls.append("write")
        if self.n_failures:
            self.n_failures -= 1
            raise StorageInternalError("The disk is full.")
        self.writes.append(pickle.loads(pickle.dumps(change)))
        return self.memory.write(study_id, change, cursor)

    def void(self, study_id: int, number: int, reason: str) -> bool:
        self.calls.append("void")
        return self.memory.void(study_id, number, reason)

    def changes_since(self, study_id: int, cursor: int) -> Delta:
        self.calls.append("changes_since")
        return self.memory.changes_since(study_id, cursor)

    def find_trial(self, trial_id: int) -> tuple[int, int]:
        return self.memory.find_trial(trial_id)

    def heartbeat(self, study_id: int, numbers: Sequence[int]) -> None:
        self.memory.heartbeat(study_id, numbers)

    def leased(self, study_id: int) -> list[int]:
        return self.memory.leased(study_id)

    def expired(self, study_id: int, numbers: Sequence[int]) -> list[int]:
        return self.memory.expired(study_id, numbers)

    def reclaim(
        self, study_id: int, end: TrialChange, retry: TrialChange | None = None, *, is_lost: bool = False
    ) -> bool:
        self.calls.append("reclaim")
        return self.memory.reclaim(study_id, end, retry, is_lost=is_lost)

    def commits(self) -> list[str]:
        """What was written since the last question."""
        commits = [call for call in self.calls if call not in ("changes_since", "summary")]
        self.calls.clear()
        return commits


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def study(store: Store) -> optimist.Study:
    return optimist.create_study(storage=store, study_name="a", sampler=RandomSampler(seed=0))


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.005)


def test_which_ledger(store: Store) -> None:
    memory = MemoryStore()
    assert isinstance(open_ledger(memory, memory.create_study(None, [StudyDirection.MINIMIZE])), MemoryLedger)
    assert isinstance(open_ledger(store, store.create_study(None, [StudyDirection.MINIMIZE])), StoredLedger)


# Commits


def test_a_trial_without_reports_costs_two_commits(study: optimist.Study, store: Store) -> None:
    def objective(trial: optimist.Trial) -> float:
        trial.set_user_attr("a", 1)
        trial.set_constraint("c", 0.0)
        return sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(10))

    study.optimize(objective, n_trials=3)
    assert store.commits() == ["write_study"] + ["begin_trial", "write"] * 3  # first how the trials come to be
    last = store.writes[-1]
    assert last.state == TrialState.COMPLETE
    assert [name for name, _, _ in last.params] == [f"x{i}" for i in range(10)]
    assert (last.user_attrs, last.system_attrs) == ({"a": 1}, {"constraints:c": 0.0})


def test_a_report_commits_all_that_is_pending(
    study: optimist.Study, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REPORT_INTERVAL_S", 0.0)

    def objective(trial: optimist.Trial) -> float:
        trial.suggest_float("x", 0, 1)
        trial.set_user_attr("a", 1)
        trial.report(0.5, 3)
        trial.suggest_float("y", 0, 1)
        trial.report(0.25, 4)
        return 1.0

    study.optimize(objective, n_trials=1)
    assert store.commits() == ["write_study", "begin_trial", "write", "write", "write"]
    first, second, last = store.writes
    assert ([p[0] for p in first.params], first.user_attrs, first.reports) == (["x"], {"a": 1}, {3: 0.5})
    assert ([p[0] for p in second.params], second.user_attrs, second.reports) == (["y"], {}, {4: 0.25})
    assert (last.params, last.reports, last.values) == ([], {}, (1.0,))


def test_reports_in_quick_succession_travel_together(study: optimist.Study, store: Store) -> None:
    def objective(trial: optimist.Trial) -> float:
        for step in range(5):
            trial.report(step / 4, step)
            if step == 2:
                time.sleep(0.15)
        return 1.0

    study.optimize(objective, n_trials=1)
    assert store.commits() == ["write_study", "begin_trial", "write", "write"]
    assert [write.reports for write in store.writes] == [{0: 0.0, 1: 0.25, 2: 0.5, 3: 0.75}, {4: 1.0}]


def test_an_asked_trial_writes_everything_at_once(study: optimist.Study, store: Store) -> None:
    trial = study.ask()
    assert store.commits() == ["begin_trial"]
    for change in (
        lambda: trial.suggest_float("x", 0, 1),
        lambda: trial.suggest_categorical("c", [1, 2]),
        lambda: trial.set_user_attr("a", 1),
        lambda: trial.set_constraint("b", 1),
        lambda: trial.report(1.0, 0),
        lambda: study.tell(trial, 1.0),
    ):
        change()
        assert store.commits() == ["write"]
    trial_of_store = store.memory.study(0).history.trial(0)
    assert trial_of_store.params == trial.params
    assert trial_of_store.user_attrs == {"a": 1}


def test_what_is_pending_for_long_is_committed_in_the_background(
    study: optimist.Study, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FLUSH_INTERVAL_S", 0.01)

    def objective(trial: optimist.Trial) -> float:
        trial.suggest_float("x", 0, 1)
        trial.set_user_attr("a", 1)
        wait_until(lambda: any(change.params and change.user_attrs for change in store.writes))
        return 1.0

    study.optimize(objective, n_trials=1)
    assert store.writes[-1].params == []
    assert store.memory.study(0).history.trial(0).params == study.trials[0].params


# Commits that fail


def test_a_failed_commit_can_be_tried_again(study: optimist.Study, store: Store) -> None:
    trial = study.ask()
    store.n_failures = 2
    with pytest.raises(StorageInternalError):
        trial.suggest_float("x", 0, 1)
    with pytest.raises(StorageInternalError):
        study.tell(trial, 1.0)
    assert study.trials[0].state == TrialState.RUNNING
    study.tell(trial, 1.0)
    assert store.memory.study(0).history.trial(0).params == {"x": study.trials[0].params["x"]}


def test_the_flusher_survives_what_fails(
    study: optimist.Study, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_FLUSH_INTERVAL_S", 0.01)
    optimist.logging.set_verbosity(optimist.logging.WARNING)

    def objective(trial: optimist.Trial) -> float:
        store.n_failures = 2
        trial.suggest_float("x", 0, 1)
        wait_until(lambda: any(change.params for change in store.writes))
        return 1.0

    study.optimize(objective, n_trials=1)
    assert capsys.readouterr().err.count("could not be saved in the background: The disk is full.") == 2
    assert store.memory.study(0).history.trial(0).params == study.trials[0].params


def test_a_trial_told_elsewhere_is_noticed_by_the_flusher(
    study: optimist.Study, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FLUSH_INTERVAL_S", 0.01)
    other = optimist.load_study(study_name="a", storage=store)

    def objective(trial: optimist.Trial) -> float:
        other.tell(trial.number, 5.0)
        trial.suggest_float("x", 0, 1)
        wait_until(lambda: trial.draft.state == TrialState.COMPLETE)
        with pytest.raises(UpdateFinishedTrialError):
            trial.set_user_attr("a", 1)
        return 1.0

    study.optimize(objective, n_trials=2)
    assert [trial.value for trial in study.trials] == [5.0, 5.0]


def test_refuse_finished(study: optimist.Study) -> None:
    trial = study.ask()
    refuse_finished(trial.draft)
    study.tell(trial, 1.0)
    with pytest.raises(UpdateFinishedTrialError, match="Trial 0 is COMPLETE"):
        refuse_finished(trial.draft)


# Reading


def test_the_best_trial_needs_no_history(store: Store, study: optimist.Study) -> None:
    study.optimize(lambda trial: 1.0, n_trials=2)
    store.calls.clear()
    reader = optimist.load_study(study_name="a", storage=store)
    assert not reader.ledger.is_loaded
    assert reader.best_value == 1.0
    assert store.calls == ["summary"]
    assert len(reader.trials) == 2
    assert reader.ledger.is_loaded
    assert reader.best_value == 1.0


def test_no_best_trial_without_history(store: Store) -> None:
    study = optimist.create_study(storage=store)
    with pytest.raises(ValueError, match="No trials"):
        _ = study.best_value
    assert study.ledger.best_trial() is None


def test_pruning_reads_the_store_now_and_then(
    study: optimist.Study, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = study.ask()
    store.calls.clear()
    for step in range(5):
        trial.report(1.0, step)
        trial.should_prune()
    assert "changes_since" not in store.calls
    monkeypatch.setattr(module, "_SYNC_INTERVAL_S", -1.0)
    trial.should_prune()
    assert "changes_since" in store.calls


def test_a_pickled_ledger_reads_the_store_anew(study: optimist.Study, store: Store) -> None:
    study.optimize(lambda trial: 1.0, n_trials=2)
    twin = pickle.loads(pickle.dumps(study.ledger))
    assert isinstance(twin, StoredLedger)
    assert not twin.is_loaded
    assert twin.history.n == 2


def test_a_trial_of_another_process(study: optimist.Study, store: Store) -> None:
    other = optimist.load_study(study_name="a", storage=store)
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    draft = other.ledger.open(trial.number)
    assert draft is not None
    other.ledger.report(draft, 0, 0.5, at_once=True)
    other.ledger.finish(draft, TrialState.PRUNED, [0.5])
    assert other.ledger.open(trial.number) is None
    assert study.trials[0].intermediate_values == {0: 0.5}
    assert store.memory.study(0).history.trial(0).params == trial.params


def test_attributes_of_the_study(study: optimist.Study, store: Store) -> None:
    study.ledger.set_study_attr("a", 1, is_system=False)
    study.ledger.set_study_attr("b", 2, is_system=True)
    assert store.commits() == ["write_study", "write_study"]
    assert (study.ledger.history.user_attrs, study.ledger.history.system_attrs) == ({"a": 1}, {"b": 2})


def test_what_cannot_be_stored_is_not_noted(study: optimist.Study, store: Store) -> None:
    trial = study.ask()
    for key in ("a\0", "x" * 513):
        with pytest.raises(ValueError, match="name"):
            trial.set_user_attr(key, 1)
        with pytest.raises(ValueError, match="name"):
            trial.suggest_float(key, 0, 1)
    study.tell(trial, 1.0)
    finished: Any = study.trials[0]
    assert (finished.user_attrs, finished.params) == ({}, {})


def test_news_leave_what_is_pending_alone(study: optimist.Study) -> None:
    other = optimist.load_study(study_name=study.study_name, storage=study.ledger.storage)
    ledger = study.ledger
    draft = ledger.begin()
    ledger.set_trial_attr(draft, "note", "committed", is_system=False)
    other.ask()  # so that this commit comes back with the news
    ledger.flush(draft)
    ledger.set_trial_attr(draft, "note", "newer", is_system=False)
    ledger.sync()
    assert draft.user_attrs == {"note": "newer"}
    ledger.finish(draft, TrialState.COMPLETE, [1.0])
    assert study.trials[0].user_attrs == other.trials[0].user_attrs == {"note": "newer"}


def test_a_trial_that_is_lent_keeps_its_lease_and_comes_back_as_it_is() -> None:
    store = Store()
    study_id = store.create_study("s", [StudyDirection.MINIMIZE]).study_id
    ledger = StoredLedger(store, store.load_study("s"))
    draft = ledger.begin(Terms(lease_s=60))
    ledger.set_trial_attr(draft, "a", 1, is_system=False)
    ledger.lend(draft)
    assert [change.user_attrs for change in store.writes] == [{"a": 1}]  # all that was pending
    assert ledger.foreign_drafts() == []  # it runs in our name
    beaten: list[Sequence[int]] = []
    store.heartbeat = lambda study_id, numbers: beaten.append(list(numbers))  # type: ignore[method-assign]
    ledger._beat()
    store.memory.write(study_id, TrialChange(draft.number, user_attrs={"b": 2}))
    back = ledger.open(draft.number)
    assert back is not None
    assert back.user_attrs == {"a": 1, "b": 2}
    ledger._beat()
    ledger.finish(back, TrialState.COMPLETE, [1.0])
    assert store.writes[-1].user_attrs == {}  # what others have written is not written again
    ledger._beat()
    assert beaten == [[0], [0], []]

    lost = ledger.begin(Terms(lease_s=60))
    ledger.lend(lost)
    assert store.memory.reclaim(study_id, TrialChange(1, state=TrialState.FAIL), is_lost=True)
    assert ledger.open(1) is None
    ledger._beat()
    assert beaten[-1] == []
