"""What storages promise about promotions: a pruned trial is gone on from once, by a trial that counts in no budget."""

from __future__ import annotations

from pathlib import Path

from optimist.distributions import FloatDistribution
from optimist.exceptions import BudgetSpentError, TrialNotFoundError
from optimist.history.attributes import RESUMED_KEY
from optimist.history.draft import TrialChange
from optimist.storages.base import Storage, Terms
from optimist.testing.storages.leases import LONG, SHORT, wait_until_expired
from optimist.testing.storages.reader import Reader, read
from optimist.testing.storages.sharing import in_threads
from optimist.testing.storages.studies import COMPLETE, FAIL, PRUNED, RUNNING, WAITING, StorageCase
from optimist.testing.suite import needs, raises

X = FloatDistribution(0.0, 1.0)


def promotion_of(number: int) -> TrialChange:
    """What goes on from a trial."""
    return TrialChange(params=[("x", X, 0.25)], user_attrs={"by": "hand"}, system_attrs={RESUMED_KEY: [number]})


def pruned(storage: Storage, study_id: int) -> int:
    """A trial that was begun, and pruned."""
    number = storage.begin_trial(study_id, 0).number
    storage.write(study_id, TrialChange(number, state=PRUNED, values=(1.0,), params=[("x", X, 0.25)]))
    return number


class PromotionSuite(StorageCase):
    """``Storage.promote``."""

    def test_pruned_trial_is_promoted_once(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number, other = pruned(storage, study_id), pruned(storage, study_id)
        reader = Reader(storage, study_id)
        cursor = reader.catch_up().cursor
        begun = storage.promote(study_id, number, promotion_of(number), cursor)
        assert begun is not None
        assert begun.number == 2
        reader.catch_up()
        for seen in (reader.trials[2], read(storage, study_id).trials[2]):
            assert (seen.state, seen.params, seen.user_attrs) == (RUNNING, {"x": (X, 0.25)}, {"by": "hand"})
            assert seen.system_attrs == {RESUMED_KEY: [number]}
            assert seen.started_us > 0
        assert [change.number for change in begun.delta.changes if isinstance(change, TrialChange)] == [2]
        assert storage.promote(study_id, number, promotion_of(number), 0) is None
        storage.write(study_id, TrialChange(2, state=PRUNED, values=(0.5,), reports={3: 0.5}))
        assert storage.promote(study_id, number, promotion_of(number), 0) is None
        for first in (2, other):
            assert storage.promote(study_id, first, promotion_of(first), 0) is not None
        assert [trial.state for trial in read(storage, study_id).trials.values()] == [PRUNED] * 3 + [RUNNING] * 2

    def test_only_pruned_trials_are_promoted(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        states = (COMPLETE, FAIL, RUNNING, WAITING)
        values = {COMPLETE: (1.0,)}
        storage.add_trials(study_id, [TrialChange(state=state, values=values.get(state)) for state in states])
        for number in range(4):
            assert storage.promote(study_id, number, promotion_of(number), 0) is None
        with raises(TrialNotFoundError):
            storage.promote(study_id, 4, promotion_of(4), 0)
        assert len(read(storage, study_id).trials) == 4

    @needs("can_void")
    def test_voided_trials_are_not_promoted(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = pruned(storage, study_id)
        storage.void(study_id, number, "wrong data")
        assert storage.promote(study_id, number, promotion_of(number), 0) is None

    def test_of_many_workers_one_promotes(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        numbers = [pruned(storage, study_id) for _ in range(5)]

        def promote_all() -> list[int]:
            begun = [storage.promote(study_id, number, promotion_of(number), 0) for number in numbers]
            return [each.number for each in begun if each is not None]

        found = [number for numbers_of_one in in_threads([promote_all] * 4) for number in numbers_of_one]
        assert sorted(found) == list(range(5, 10))
        resumed = [seen.system_attrs.get(RESUMED_KEY) for seen in read(storage, study_id).trials.values()]
        assert sorted(resumed[5:]) == [[number] for number in numbers]  # type: ignore[type-var]

    def test_promotions_count_in_no_budget(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number, budget = pruned(storage, study_id), Terms(total_trials=2)
        assert storage.promote(study_id, number, promotion_of(number), 0) is not None
        assert storage.begin_trial(study_id, 0, budget).number == 2
        storage.write(study_id, TrialChange(1, state=PRUNED, values=(1.0,)))
        assert storage.promote(study_id, 1, promotion_of(1), 0) is not None
        with raises(BudgetSpentError):
            storage.begin_trial(study_id, 0, budget)

    @needs("can_void")
    def test_voided_promotion_gives_no_place_back(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = pruned(storage, study_id)
        assert storage.promote(study_id, number, promotion_of(number), 0) is not None
        storage.write(study_id, TrialChange(1, state=PRUNED, values=(1.0,)))
        storage.void(study_id, 1, "wrong data")
        with raises(BudgetSpentError):
            storage.begin_trial(study_id, 0, Terms(total_trials=1))
        assert storage.promote(study_id, number, promotion_of(number), 0) is None

    def test_copied_promotions_count_in_no_budget(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        copied = TrialChange(state=PRUNED, values=(1.0,), system_attrs={RESUMED_KEY: [0]})
        storage.add_trials(study_id, [TrialChange(state=PRUNED, values=(1.0,)), copied])
        assert storage.begin_trial(study_id, 0, Terms(total_trials=2)).number == 2
        with raises(BudgetSpentError):
            storage.begin_trial(study_id, 0, Terms(total_trials=2))

    @needs("has_leases")
    def test_promotion_has_a_lease(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        first, second = pruned(storage, study_id), pruned(storage, study_id)
        for number, terms in ((first, SHORT), (second, LONG)):
            assert storage.promote(study_id, number, promotion_of(number), 0, terms) is not None
        assert storage.leased(study_id) == [2, 3]
        wait_until_expired(storage, study_id, 2)
        assert storage.expired(study_id, [2, 3]) == [2]

    @needs("has_leases")
    def test_retry_of_a_lost_promotion_counts_in_no_budget_either(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        budget = Terms(total_trials=3)
        for with_retry in (True, False):
            number = pruned(storage, study_id)
            begun = storage.promote(study_id, number, promotion_of(number), 0, LONG)
            assert begun is not None
            end = TrialChange(begun.number, state=FAIL, system_attrs={RESUMED_KEY: [number]})
            retry = TrialChange(state=WAITING, system_attrs={RESUMED_KEY: [number, begun.number]})
            assert storage.reclaim(study_id, end, retry if with_retry else None, is_lost=True)
            if with_retry:
                assert storage.begin_trial(study_id, 0).number == 2
                storage.write(study_id, TrialChange(2, state=PRUNED, values=(1.0,)))
        assert storage.begin_trial(study_id, 0, budget).number == 5
        with raises(BudgetSpentError):
            storage.begin_trial(study_id, 0, budget)

    @needs("is_shared")
    def test_another_handle_knows_what_was_promoted(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = pruned(storage, study_id)
        assert storage.promote(study_id, number, promotion_of(number), 0) is not None
        other = self.make_storage(tmp_path)
        assert other.promote(study_id, number, promotion_of(number), 0) is None
        with raises(BudgetSpentError):
            other.begin_trial(study_id, 0, Terms(total_trials=1))
        assert str(read(other, study_id)) == str(read(storage, study_id))
