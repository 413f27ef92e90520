"""What storages promise about budgets and about the trials of workers that are not heard of any more."""

from __future__ import annotations

import time
from pathlib import Path

from optimist.exceptions import BudgetSpentError, StudyNotFoundError, TrialNotFoundError, UpdateFinishedTrialError
from optimist.history.draft import TrialChange
from optimist.storages.base import Storage, Terms
from optimist.testing.storages.reader import Reader, read
from optimist.testing.storages.sharing import in_threads
from optimist.testing.storages.studies import COMPLETE, FAIL, PRUNED, RUNNING, WAITING, StorageCase
from optimist.testing.suite import needs, raises

SHORT, LONG = Terms(lease_s=0.2), Terms(lease_s=3600.0)


def wait_until_expired(storage: Storage, study_id: int, number: int) -> None:
    """Watch a trial until its lease is over."""
    deadline = time.monotonic() + 20
    while storage.expired(study_id, [number]) != [number]:
        assert time.monotonic() < deadline, "The lease is never over."
        time.sleep(0.02)


class LeaseSuite(StorageCase):
    """Leases, reclaimed trials, and the budget of a study."""

    def test_trial_is_found_by_its_id(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = storage.begin_trial(study_id, 0).number
        storage.add_trials(study_id, [TrialChange(state=FAIL), TrialChange(state=WAITING)])
        for seen in read(storage, study_id).trials.values():
            assert storage.find_trial(seen.trial_id) == (study_id, seen.number)
        trial_id = read(storage, study_id).trials[number].trial_id
        storage.write(study_id, TrialChange(number, state=FAIL))
        assert storage.find_trial(trial_id) == (study_id, number)
        with raises(TrialNotFoundError):
            storage.find_trial(trial_id + 1_000_000)

    @needs("has_leases")
    def test_lease_is_over_after_its_length(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        without = storage.begin_trial(study_id, 0).number
        short = storage.begin_trial(study_id, 0, SHORT).number
        long = storage.begin_trial(study_id, 0, LONG).number
        start = time.monotonic()
        wait_until_expired(storage, study_id, short)
        assert time.monotonic() - start >= 0.15
        assert storage.expired(study_id, [without, short, long]) == [short]
        assert storage.expired(study_id, []) == []
        assert storage.leased(study_id) == [short, long]
        storage.write(study_id, TrialChange(long, state=FAIL))
        assert storage.leased(study_id) == [short]

    @needs("has_leases")
    def test_heartbeat_starts_the_lease_anew(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        numbers = [storage.begin_trial(study_id, 0, Terms(lease_s=2.0)).number for _ in range(2)]
        cursor = read(storage, study_id).cursor
        end = time.monotonic() + 3.0
        while time.monotonic() < end:
            storage.heartbeat(study_id, numbers)
            assert storage.expired(study_id, numbers) == []
            time.sleep(0.1)
        assert storage.changes_since(study_id, cursor).cursor == cursor  # nothing that readers have to read
        wait_until_expired(storage, study_id, numbers[0])

    def test_heartbeat_ignores_what_does_not_run(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [TrialChange(state=WAITING), TrialChange(state=FAIL)])
        before = str(read(storage, study_id))
        storage.heartbeat(study_id, [])
        storage.heartbeat(study_id, [0, 1, 99])
        assert str(read(storage, study_id)) == before
        assert storage.expired(study_id, [0, 1, 99]) == []

    @needs("has_leases")
    def test_claimed_trial_has_a_lease(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [TrialChange(state=WAITING)])
        assert storage.begin_trial(study_id, 0, SHORT).number == 0
        wait_until_expired(storage, study_id, 0)

    def test_finished_trial_has_none(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = storage.begin_trial(study_id, 0, SHORT).number
        storage.write(study_id, TrialChange(number, state=COMPLETE, values=(1.0,)))
        storage.expired(study_id, [number])
        time.sleep(0.3)
        assert storage.expired(study_id, [number]) == []
        assert not storage.reclaim(study_id, TrialChange(number, state=FAIL))

    @needs("has_leases")
    def test_reclaimed_trial_ends_and_is_queued_again(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader = Reader(storage, study_id)
        number = storage.begin_trial(study_id, 0, SHORT).number
        storage.write(study_id, TrialChange(number, reports={0: 1.5}, user_attrs={"kept": True}))
        wait_until_expired(storage, study_id, number)
        end = TrialChange(number, state=FAIL, completed_us=7, system_attrs={"why": "lost"})
        retry = TrialChange(state=WAITING, system_attrs={"retried_from": number})
        assert storage.reclaim(study_id, end, retry)
        assert not storage.reclaim(study_id, end, retry)
        trials = reader.catch_up().trials
        assert (trials[0].state, trials[0].reports, trials[0].user_attrs) == (FAIL, {0: 1.5}, {"kept": True})
        assert (trials[0].completed_us, trials[0].system_attrs) == (7, {"why": "lost"})
        assert (trials[1].state, trials[1].system_attrs) == (WAITING, {"retried_from": 0})
        assert str(reader) == str(read(storage, study_id))
        with raises(UpdateFinishedTrialError, "FAIL"):
            storage.write(study_id, TrialChange(number, state=COMPLETE, values=(1.0,)))
        assert storage.begin_trial(study_id, 0).number == 1
        assert storage.summary(study_id).counts == {RUNNING: 1, COMPLETE: 0, PRUNED: 0, FAIL: 1, WAITING: 0}

    @needs("has_leases")
    def test_trial_whose_worker_lives_is_not_reclaimed(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        without = storage.begin_trial(study_id, 0).number
        number = storage.begin_trial(study_id, 0, Terms(lease_s=1.0)).number
        assert storage.expired(study_id, [number]) == []
        assert not storage.reclaim(study_id, TrialChange(number, state=FAIL))
        wait_until_expired(storage, study_id, number)
        storage.heartbeat(study_id, [number])
        assert not storage.reclaim(study_id, TrialChange(number, state=FAIL))
        assert not storage.reclaim(study_id, TrialChange(without, state=FAIL))
        assert not storage.reclaim(study_id, TrialChange(99, state=FAIL))
        assert storage.summary(study_id).counts[RUNNING] == 2

    def test_trial_of_a_worker_that_is_known_to_be_gone_is_reclaimed_at_once(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        leased = storage.begin_trial(study_id, 0, LONG).number
        without = storage.begin_trial(study_id, 0).number
        waiting = storage.add_trials(study_id, [TrialChange(state=WAITING)])[0]
        for number in (leased, without):
            end = TrialChange(number, state=FAIL, system_attrs={"why": "lost"})
            retry = TrialChange(state=WAITING, system_attrs={"retried_from": number})
            assert storage.reclaim(study_id, end, retry, is_lost=True)
            assert not storage.reclaim(study_id, end, retry, is_lost=True)
        assert not storage.reclaim(study_id, TrialChange(99, state=FAIL), is_lost=True)
        trials = read(storage, study_id).trials
        assert [trials[number].state for number in (leased, without, waiting)] == [FAIL, FAIL, WAITING]
        retried = [trials[number].system_attrs.get("retried_from") for number in sorted(trials)]
        assert retried == [None, None, None, leased, without]
        if self.has_leases:
            assert storage.begin_trial(study_id, 0, Terms(total_trials=1)).number == waiting
            with raises(BudgetSpentError):
                storage.begin_trial(study_id, 0, Terms(total_trials=1))

    @needs("has_leases")
    def test_of_several_who_reclaim_one_succeeds(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        numbers = [storage.begin_trial(study_id, 0, SHORT).number for _ in range(5)]
        for number in numbers:
            wait_until_expired(storage, study_id, number)

        def reclaim() -> int:
            ends = [TrialChange(number, state=FAIL) for number in numbers]
            return sum(storage.reclaim(study_id, end, TrialChange(state=WAITING)) for end in ends)

        assert sum(in_threads([reclaim] * 4)) == 5
        counts = storage.summary(study_id).counts
        assert (counts[FAIL], counts[WAITING], counts[RUNNING]) == (5, 5, 0)

    @needs("has_leases")
    @needs("is_shared")
    def test_leases_are_seen_by_other_handles(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        other = self.make_storage(tmp_path)
        number = storage.begin_trial(study_id, 0, Terms(lease_s=2.0)).number
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            storage.heartbeat(study_id, [number])
            assert other.expired(study_id, [number]) == []
            time.sleep(0.1)
        wait_until_expired(other, study_id, number)
        assert other.reclaim(study_id, TrialChange(number, state=FAIL))
        with raises(UpdateFinishedTrialError):
            storage.write(study_id, TrialChange(number, state=COMPLETE, values=(1.0,)))

    # The budget

    def test_budget_counts_what_has_begun(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        terms = Terms(total_trials=5)
        storage.add_trials(study_id, [TrialChange(state=s) for s in (WAITING, FAIL, WAITING)])
        assert [storage.begin_trial(study_id, 0, terms).number for _ in range(2)] == [0, 2]
        storage.write(study_id, TrialChange(0, state=PRUNED))
        assert [storage.begin_trial(study_id, 0, terms).number for _ in range(2)] == [3, 4]
        before = str(read(storage, study_id))
        for _ in range(2):
            with raises(BudgetSpentError, "5"):
                storage.begin_trial(study_id, 0, terms)
        assert str(read(storage, study_id)) == before
        assert storage.begin_trial(study_id, 0, Terms(total_trials=6)).number == 5
        assert storage.begin_trial(study_id, 0).number == 6  # without a limit
        storage.add_trials(study_id, [TrialChange(state=WAITING)])
        with raises(BudgetSpentError):  # what waits, waits on
            storage.begin_trial(study_id, 0, terms)
        assert storage.begin_trial(study_id, 0).number == 7

    @needs("has_leases")
    def test_reclaimed_trial_gives_its_place_back(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        terms = Terms(lease_s=0.2, total_trials=2)
        assert [storage.begin_trial(study_id, 0, terms).number for _ in range(2)] == [0, 1]
        wait_until_expired(storage, study_id, 0)
        assert storage.reclaim(study_id, TrialChange(0, state=FAIL), TrialChange(state=WAITING))
        assert storage.begin_trial(study_id, 0, terms).number == 2
        with raises(BudgetSpentError):
            storage.begin_trial(study_id, 0, terms)
        wait_until_expired(storage, study_id, 1)
        assert storage.reclaim(study_id, TrialChange(1, state=FAIL))
        assert storage.begin_trial(study_id, 0, terms).number == 3

    def test_threads_meet_the_budget_exactly(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [TrialChange(state=WAITING) for _ in range(7)])

        def work() -> int:
            n = 0
            while True:
                try:
                    number = storage.begin_trial(study_id, 0, Terms(total_trials=40)).number
                except BudgetSpentError:
                    return n
                storage.write(study_id, TrialChange(number, state=COMPLETE, values=(1.0,)))
                n += 1

        assert sum(in_threads([work] * 6)) == 40
        assert storage.summary(study_id).counts[COMPLETE] == 40

    def test_leases_of_an_unknown_study(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        with raises(StudyNotFoundError):
            storage.begin_trial(study_id + 99, 0, Terms(lease_s=1.0, total_trials=3))
