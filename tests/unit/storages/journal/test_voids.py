"""A void in a journal outlives compaction, repair, the index and damage to other records."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimist.exceptions import BudgetSpentError
from optimist.history.attributes import LEASE_LOST_KEY
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import Storage, Terms
from optimist.storages.journal import journal
from optimist.storages.journal.storage import JournalStore
from optimist.testing.storages.reader import Reader, read
from tests.unit.storages.journal.stories import COMPLETE, FAIL, X, facts, open_file

MINIMIZE = StudyDirection.MINIMIZE


def whole(value: float, **more: object) -> TrialChange:
    return TrialChange(state=COMPLETE, values=(value,), params=[("x", X, value / 10)], **more)  # type: ignore[arg-type]


def best_of(storage: Storage) -> int | None:
    best = storage.summary(0).best
    return None if best is None else best.number


def n_free(storage: Storage, study_id: int = 0) -> int:
    """How many trials of those that have begun or ended count in no budget."""
    try:
        storage.begin_trial(study_id, 0, Terms(total_trials=0))
    except BudgetSpentError as error:
        n_counted = int(str(error).split(" has had ")[1].split()[0])
        counts = storage.summary(study_id).counts
        return sum(counts.values()) - counts[TrialState.WAITING] - n_counted
    raise AssertionError


def with_voids(directory: Path) -> JournalStore:
    """Trial 0 is reclaimed and void, 1 and 4 are void, 3 is reclaimed, 5 came void, 6 came reclaimed, 2 is the best."""
    storage = open_file(directory)
    storage.create_study("study", [MINIMIZE])
    for number in range(5):
        assert storage.begin_trial(0, 0).number == number
        storage.write(0, TrialChange(number, params=[("x", X, number / 10)], reports={0: 1.0}))
    lost = {LEASE_LOST_KEY: True}
    assert storage.reclaim(0, TrialChange(0, state=FAIL, system_attrs=lost), is_lost=True)
    storage.write(0, TrialChange(1, user_attrs={"big": "x" * 100_000}))  # too much to be said again at the end
    storage.write(0, TrialChange(1, state=COMPLETE, values=(1.0,)))
    storage.write(0, TrialChange(2, state=COMPLETE, values=(2.0,)))
    assert storage.reclaim(0, TrialChange(3, state=FAIL), is_lost=True)
    storage.write(0, TrialChange(4, state=COMPLETE, values=(0.5,)))
    storage.add_trials(0, [whole(0.1, void="came so"), TrialChange(state=FAIL, system_attrs=lost)])
    for number in (4, 1, 0):
        assert storage.void(0, number, f"void {number}")
    return storage


@pytest.mark.parametrize("is_compacted", [False, True])
def test_voids_outlive_compaction(tmp_path: Path, is_compacted: bool) -> None:
    storage = with_voids(tmp_path)
    before, times = facts(storage), str(read(storage, 0))
    assert n_free(storage) == 6
    for _ in range(2):
        if is_compacted:
            storage.compact()
        for store in (storage, open_file(tmp_path)):
            assert facts(store) == before
            assert str(read(store, 0)) == times
            assert best_of(store) == 2
            assert n_free(store) == 6
            assert {n: t.void for n, t in read(store, 0).trials.items() if t.void is not None} == {
                0: "void 0",
                1: "void 1",
                4: "void 4",
                5: "came so",
            }
            assert not any(store.void(0, number, "again") for number in (0, 1, 4, 5))
    assert storage.void(0, 3, "reclaimed before")
    assert storage.void(0, 6, "likewise")
    assert n_free(storage) == n_free(open_file(tmp_path)) == 6
    assert storage.void(0, 2, "the best")
    assert best_of(storage) is best_of(open_file(tmp_path)) is None


def test_cursors_of_before_learn_of_voids(tmp_path: Path) -> None:
    for n_compactions in range(3):
        directory = tmp_path / str(n_compactions)
        directory.mkdir()
        storage = open_file(directory)
        storage.create_study("study", [MINIMIZE])
        readers = []
        for number in range(4):
            readers += [Reader(storage, 0).catch_up(), Reader(storage, 0)]
            readers[-1].begin()
            storage.write(0, TrialChange(number, params=[("x", X, 0.5)]))
            readers.append(Reader(storage, 0).catch_up())
            storage.write(0, TrialChange(number, state=COMPLETE, values=(float(number),)))
            readers.append(Reader(storage, 0).catch_up())
            storage.void(0, number // 2 * 2, "r")
        for _ in range(n_compactions):
            storage.compact()
        expected = read(open_file(directory), 0)
        assert [trial.void for trial in expected.trials.values()] == ["r", None, "r", None]
        for reader in readers:
            assert str(reader.catch_up()) == str(expected)


def test_best_is_found_again(tmp_path: Path) -> None:
    storage, other = open_file(tmp_path), open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    infeasible = {"constraints:c": 1.0}
    storage.add_trials(
        0,
        [whole(3.0), whole(0.0), whole(0.5, system_attrs=infeasible), whole(2.0), whole(2.0), TrialChange(state=FAIL)],
    )
    for void, best in ((1, 3), (0, 3), (3, 4), (4, None)):
        storage.void(0, void, "r")
        assert best_of(open_file(tmp_path)) == best_of(storage) == best_of(other) == best
    storage.void(0, 2, "r")
    storage.write(0, TrialChange(storage.begin_trial(0, 0).number, state=COMPLETE, values=(7.0,)))
    assert best_of(storage) == best_of(other) == best_of(open_file(tmp_path)) == 6
    storage.void(0, 6, "r")
    for value in (9.0, 8.0):  # before anybody asks
        storage.write(0, TrialChange(storage.begin_trial(0, 0).number, state=COMPLETE, values=(value,)))
    assert best_of(storage) == best_of(other) == best_of(open_file(tmp_path)) == 8
    two = storage.create_study("two", [MINIMIZE, MINIMIZE]).study_id
    storage.add_trials(two, [TrialChange(state=COMPLETE, values=(1.0, 2.0))])
    storage.void(two, 0, "r")
    assert storage.summary(two).best is None


@pytest.mark.parametrize("is_asked", [False, True])
def test_index_knows_of_voids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_asked: bool) -> None:
    monkeypatch.setattr(journal, "INDEX_EVERY", 0)
    storage = with_voids(tmp_path)
    if is_asked:
        assert best_of(storage) == 2
    before = facts(storage)
    index = tmp_path / "study.journal.index"
    fresh = open_file(tmp_path)
    fresh.list_studies()
    assert index.exists()
    index_of_last = index.read_bytes()
    fresh = open_file(tmp_path)
    assert facts(fresh) == before
    assert n_free(fresh) == 6
    assert not fresh.void(0, 1, "again")
    assert fresh.void(0, 3, "reclaimed before")
    assert n_free(fresh) == 6
    index.write_bytes(index_of_last.replace(b"J1 index 2\n", b"J1 index\n"))  # one that knows of no voids
    assert facts(open_file(tmp_path)) == facts(fresh)


def test_repair_keeps_voids(tmp_path: Path) -> None:
    storage = with_voids(tmp_path)
    before = facts(storage)
    with (tmp_path / "study.journal").open("ab") as file:
        file.write(b"J1 torn\n")
    assert storage.repair().kept_as is not None
    assert facts(storage) == facts(open_file(tmp_path)) == before


def test_void_of_which_the_end_is_lost(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    storage.begin_trial(0, 0)
    storage.write(0, TrialChange(0, state=COMPLETE, values=(1.0,)))
    storage.add_trials(0, [whole(0.5)])
    for number in (0, 1):
        storage.void(0, number, "r")
    path = tmp_path / "study.journal"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"values"' not in line))
    fresh = open_file(tmp_path)
    (trial,) = read(fresh, 0).trials.values()
    assert (trial.state, trial.void) == (TrialState.RUNNING, None)
    fresh.write(0, TrialChange(0, state=COMPLETE, values=(2.0,)))
    for _ in range(2):
        assert read(fresh, 0).trials[0].void is None
        assert best_of(fresh) == 0
        fresh.compact()
    assert fresh.void(0, 0, "later")
    assert read(open_file(tmp_path), 0).trials[0].void == "later"
    assert fresh.begin_trial(0, 0).number == 2  # 1 is taken


def test_void_is_one_durable_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    storage.add_trials(0, [whole(1.0)])
    n_syncs = 0

    def count() -> None:
        nonlocal n_syncs
        n_syncs += 1

    monkeypatch.setattr(storage.journal.log, "make_durable", count)
    assert storage.void(0, 0, "wrong data set")
    assert n_syncs == 1
    assert not storage.void(0, 0, "again")
    assert n_syncs == 1
    last = (tmp_path / "study.journal").read_bytes().splitlines()[-1]
    assert b'"op":"void"' in last
    assert b'"trials":[{"number":0,"void":"wrong data set"}]' in last
