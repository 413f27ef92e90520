"""A compacted journal says the same in fewer records, and nobody who works on it meanwhile notices."""

from __future__ import annotations

import math
import threading
from pathlib import Path

from optimist.exceptions import BudgetSpentError
from optimist.history.attributes import RESUMED_KEY
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection
from optimist.storages.base import Terms
from optimist.testing.storages.leases import wait_until_expired
from optimist.testing.storages.reader import Reader, read
from optimist.testing.storages.studies import PRUNED
from optimist.testing.storages.values import ATTRIBUTES, DELICATE_FLOATS
from optimist.testing.suite import raises
from tests.unit.storages.journal.stories import COMPLETE, FAIL, WAITING, X, facts, open_file, story

MINIMIZE = StudyDirection.MINIMIZE


def n_lines(directory: Path) -> int:
    return (directory / "study.journal").read_bytes().count(b"\n")


def test_compacted_journal_says_the_same(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    for step in story(storage):
        step()
    other = open_file(tmp_path)
    readers = [Reader(store, 0) for store in (storage, other)]
    readers[0].catch_up()
    before = facts(storage)
    times = str(read(storage, 0))
    n_before = n_lines(tmp_path)
    storage.compact()
    assert n_lines(tmp_path) < n_before
    for store in (storage, other, open_file(tmp_path)):
        assert facts(store) == before
        assert str(read(store, 0)) == times
    number = other.begin_trial(0, 0).number
    assert number == 3  # the one that waits
    other.write(0, TrialChange(number, state=COMPLETE, values=(0.125,)))
    for reader in readers:
        assert str(reader.catch_up()) == str(read(open_file(tmp_path), 0))
    assert storage.begin_trial(0, 0).number == 4


def test_cursors_of_before_miss_nothing(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    readers = []
    steps = story(storage)
    for step in steps:
        step()
        readers.append(Reader(storage, 0).catch_up())
    for _ in range(2):
        storage.compact()
        storage.begin_trial(0, 0)
    expected = str(read(open_file(tmp_path), 0))
    for reader in readers:
        assert str(reader.catch_up()) == expected


def test_strange_values_survive(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("strange", [MINIMIZE])
    attrs = {str(i): value for i, value in enumerate(ATTRIBUTES)}
    reports = dict(enumerate([*DELICATE_FLOATS, math.nan]))
    storage.write_study(0, StudyChange(dict(attrs), dict(attrs)))
    for i, value in enumerate(DELICATE_FLOATS):
        number = storage.begin_trial(0, 0).number
        storage.write(0, TrialChange(number, params=[("x", X, 0.5)], reports=reports, user_attrs={"i": attrs[str(i)]}))
        if i % 3:
            storage.write(0, TrialChange(number, state=COMPLETE, values=(value,), user_attrs={"i": attrs[str(i + 1)]}))
    before = facts(storage)
    storage.compact()
    assert facts(storage) == facts(open_file(tmp_path)) == before
    best = storage.summary(0).best
    assert best is not None
    assert best.values == (-math.inf,)


def test_leases_budget_and_ids_survive(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("gone", [MINIMIZE])
    study_id = storage.create_study("study", [MINIMIZE]).study_id
    storage.create_study("gone too", [MINIMIZE])
    terms = Terms(lease_s=0.2, total_trials=3)
    numbers = [storage.begin_trial(study_id, 0, terms).number for _ in range(2)]
    wait_until_expired(storage, study_id, numbers[0])
    assert storage.reclaim(study_id, TrialChange(numbers[0], state=FAIL), TrialChange(state=WAITING))
    for gone in ("gone", "gone too"):
        storage.delete_study(storage.load_study(gone).study_id)
    storage.compact()
    storage.compact()
    fresh = open_file(tmp_path)
    assert fresh.create_study("next", [MINIMIZE]).study_id == 3
    assert [fresh.begin_trial(study_id, 0, terms).number for _ in range(2)] == [2, 3]
    wait_until_expired(fresh, study_id, numbers[1])
    assert fresh.reclaim(study_id, TrialChange(numbers[1], state=FAIL))


def test_workers_and_readers_go_on(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    stores = [open_file(tmp_path) for _ in range(3)]
    readers = [Reader(store, 0) for store in stores]
    told: list[int] = []
    errors: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            store, reader = stores[worker], readers[worker]
            for i in range(40):
                number = reader.begin()
                store.write(0, TrialChange(number, reports={0: float(i)}, params=[("x", X, 0.5)]))
                store.write(0, TrialChange(number, state=COMPLETE, values=(float(number),)))
                told.append(number)
        except BaseException as error:  # noqa: BLE001  raised again below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    follower = Reader(storage, 0)
    n_compactions = 0
    while any(thread.is_alive() for thread in threads):
        storage.compact()
        n_compactions += 1
        follower.catch_up()
    for thread in threads:
        thread.join()
    assert errors == []
    assert n_compactions > 1
    assert sorted(told) == list(range(120))
    seen = follower.catch_up().trials
    assert all(seen[number].values == (float(number),) for number in told)
    whole = str(read(open_file(tmp_path), 0))
    assert [str(reader.catch_up()) for reader in (follower, *readers)] == [whole] * 4
    assert storage.journal.damaged == open_file(tmp_path).journal.damaged == []


def test_promotions_survive(tmp_path: Path) -> None:
    """What was promoted is not promoted again, and promotions, open ones too, still count in no budget."""
    storage = open_file(tmp_path)
    study_id = storage.create_study("s", [MINIMIZE]).study_id
    storage.begin_trial(study_id, 0)
    for number in range(2):  # trial 1 goes on from trial 0, and trial 2, which runs, from trial 1
        storage.write(study_id, TrialChange(number, state=PRUNED, values=(1.0,)))
        promotion = TrialChange(system_attrs={RESUMED_KEY: [number]})
        assert storage.promote(study_id, number, promotion, 0, Terms(lease_s=3600.0)) is not None
    storage.compact()
    for store in (storage, open_file(tmp_path)):
        assert [store.promote(study_id, number, TrialChange(), 0) for number in range(3)] == [None] * 3
        with raises(BudgetSpentError):
            store.begin_trial(study_id, 0, Terms(total_trials=1))
    other = open_file(tmp_path)
    end = TrialChange(2, state=FAIL, system_attrs={RESUMED_KEY: [1]})
    assert other.reclaim(study_id, end, is_lost=True)
    other.compact()
    for store in (storage, open_file(tmp_path)):
        with raises(BudgetSpentError):
            store.begin_trial(study_id, 0, Terms(total_trials=1))
