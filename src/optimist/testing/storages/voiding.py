"""What storages promise about trials that are voided."""

from __future__ import annotations

from pathlib import Path

from optimist.distributions import FloatDistribution
from optimist.exceptions import BudgetSpentError, StudyNotFoundError, TrialNotFinishedError, TrialNotFoundError
from optimist.history.attributes import LEASE_LOST_KEY
from optimist.history.draft import TrialChange
from optimist.history.history import History
from optimist.history.voiding import take_in
from optimist.storages.base import Terms
from optimist.testing.storages.leases import SHORT, wait_until_expired
from optimist.testing.storages.reader import Reader, read
from optimist.testing.storages.sharing import in_threads
from optimist.testing.storages.studies import COMPLETE, FAIL, MINIMIZE, PRUNED, RUNNING, WAITING, StorageCase
from optimist.testing.suite import needs, raises

X = FloatDistribution(0.0, 1.0)


def whole(value: float, **more: object) -> TrialChange:
    """A complete trial."""
    return TrialChange(state=COMPLETE, values=(value,), params=[("x", X, value / 10)], **more)  # type: ignore[arg-type]


class VoidSuite(StorageCase):
    """A voided trial stays as it is, and counts for nothing."""

    @needs("can_void")
    def test_voided_trial_keeps_all_but_its_place(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [whole(1.0, user_attrs={"a": 1}, reports={0: 2.0}), whole(2.0)])
        reader = read(storage, study_id)
        before = str(reader)
        assert storage.void(study_id, 0, "wrong data: 名前 🦜")
        trial = reader.catch_up().trials[0]
        assert trial.void == "wrong data: 名前 🦜"
        assert (trial.state, trial.values, trial.params) == (COMPLETE, (1.0,), {"x": (X, 0.1)})
        assert (trial.user_attrs, trial.reports, trial.system_attrs) == ({"a": 1}, {0: 2.0}, {})
        assert str(reader) == str(read(storage, study_id))
        trial.void = None
        assert str(reader) == before
        assert storage.summary(study_id).counts[COMPLETE] == 2

    @needs("can_void")
    def test_every_kind_of_finished_trial_can_be_voided(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        states = (COMPLETE, PRUNED, FAIL)
        for state in states:
            number = storage.begin_trial(study_id, 0).number
            storage.write(study_id, TrialChange(number, state=state, values=(1.0,) if state == COMPLETE else None))
            assert storage.void(study_id, number, f"a {state.name} trial")
        seen = read(storage, study_id).trials
        assert [seen[i].state for i in range(3)] == list(states)
        assert [seen[i].void for i in range(3)] == ["a COMPLETE trial", "a PRUNED trial", "a FAIL trial"]

    @needs("can_void")
    def test_first_reason_stays(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [whole(1.0)])
        assert storage.void(study_id, 0, "first")
        cursor = read(storage, study_id).cursor
        assert not storage.void(study_id, 0, "second")
        assert storage.changes_since(study_id, cursor).cursor == cursor
        assert read(storage, study_id).trials[0].void == "first"

    @needs("can_void")
    def test_only_finished_trials_can_be_voided(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.begin_trial(study_id, 0)
        storage.add_trials(study_id, [TrialChange(state=WAITING)])
        before = str(read(storage, study_id))
        with raises(TrialNotFinishedError, "RUNNING"):
            storage.void(study_id, 0, "r")
        with raises(TrialNotFinishedError, "WAITING"):
            storage.void(study_id, 1, "r")
        for number in (2, -1):
            with raises(TrialNotFoundError):
                storage.void(study_id, number, "r")
        with raises(StudyNotFoundError):
            storage.void(study_id + 99, 0, "r")
        assert str(read(storage, study_id)) == before

    @needs("can_void")
    def test_reason_is_text_that_every_store_holds(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [whole(1.0)])
        for reason in ("a\0b", "x" * 513, "\ud800"):
            with raises(ValueError):
                storage.void(study_id, 0, reason)
        assert read(storage, study_id).trials[0].void is None
        assert storage.void(study_id, 0, "x" * 512)

    @needs("can_void")
    def test_best_is_another_one(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [whole(1.0), whole(2.0), whole(3.0)])
        for best in (0, 1, 2):
            found = storage.summary(study_id).best
            assert found is not None
            assert found.number == best
            storage.void(study_id, best, "r")
        assert storage.summary(study_id).best is None

    @needs("can_void")
    def test_its_place_in_the_budget_is_free(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        terms = Terms(total_trials=3)
        for number in range(3):
            assert storage.begin_trial(study_id, 0, terms).number == number
            storage.write(study_id, TrialChange(number, state=COMPLETE, values=(1.0,)))
        for number in (1, 1, 0):
            storage.void(study_id, number, "r")
        assert storage.begin_trial(study_id, 0, terms).number == 3
        assert storage.begin_trial(study_id, 0, terms).number == 4
        with raises(BudgetSpentError, "3 trials of 3"):
            storage.begin_trial(study_id, 0, terms)

    @needs("has_leases")
    @needs("can_void")
    def test_reclaimed_trial_gives_its_place_back_once(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = storage.begin_trial(study_id, 0, SHORT).number
        wait_until_expired(storage, study_id, number)
        assert storage.reclaim(study_id, TrialChange(number, state=FAIL, system_attrs={LEASE_LOST_KEY: True}))
        assert storage.void(study_id, number, "r")
        assert storage.begin_trial(study_id, 0, Terms(total_trials=1)).number == 1
        with raises(BudgetSpentError, "1 trials of 1"):
            storage.begin_trial(study_id, 0, Terms(total_trials=1))

    @needs("can_void")
    def test_voided_trial_is_added(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [whole(1.0, void="elsewhere"), whole(2.0)])
        assert [trial.void for trial in read(storage, study_id).trials.values()] == ["elsewhere", None]
        best = storage.summary(study_id).best
        assert best is not None
        assert best.number == 1
        assert not storage.void(study_id, 0, "here")
        assert storage.begin_trial(study_id, 0, Terms(total_trials=2)).number == 2
        with raises(BudgetSpentError):
            storage.begin_trial(study_id, 0, Terms(total_trials=2))

    @needs("can_void")
    def test_voided_trial_does_not_change(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [whole(1.0)])
        storage.void(study_id, 0, "r")
        before = str(read(storage, study_id))
        for late in (TrialChange(0, state=COMPLETE, values=(2.0,)), TrialChange(0, user_attrs={"late": True})):
            with raises(RuntimeError, "COMPLETE"):
                storage.write(study_id, late)
        assert not storage.claim(study_id, 0)
        assert str(read(storage, study_id)) == before
        trial_id = read(storage, study_id).trials[0].trial_id
        assert storage.find_trial(trial_id) == (study_id, 0)

    @needs("can_void")
    def test_histories_agree_at_any_cursor(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        histories, cursors = [History([MINIMIZE]) for _ in range(3)], [0] * 3
        finished: list[int] = []
        for i in range(30):
            number = storage.begin_trial(study_id, 0).number
            storage.write(study_id, TrialChange(number, params=[("x", X, i / 30)], reports={0: float(i)}))
            if i % 5 != 4:
                storage.write(study_id, TrialChange(number, state=COMPLETE, values=(float(-i),)))
                finished.append(number)
            if i % 3 == 2:
                storage.void(study_id, finished.pop(-1 - i % 2), f"void {i}")
            for j in range(3):
                if i % (j * 4 + 1) == 0 or i == 29:
                    delta = storage.changes_since(study_id, cursors[j])
                    histories[j], cursors[j] = take_in(histories[j], delta.changes), delta.cursor
        fresh = take_in(History([MINIMIZE]), storage.changes_since(study_id, 0).changes)
        assert any(trial.void_reason for trial in fresh.trials())
        for history in histories:
            assert history.trials() == fresh.trials()
            assert history.counts == fresh.counts
            assert history.voided.keys() == fresh.voided.keys()
            assert history.number.data[history.best_row] == fresh.number.data[fresh.best_row]
        assert {number for number, draft in fresh.drafts.items() if draft.state == RUNNING} == {4, 9, 14, 19, 24, 29}

    @needs("can_void")
    def test_of_threads_that_void_a_trial_one_succeeds(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [whole(float(i)) for i in range(10)])

        def void() -> list[int]:
            return [number for number in range(10) if storage.void(study_id, number, "r")]

        assert sorted(number for own in in_threads([void] * 4) for number in own) == list(range(10))
        reader = Reader(storage, study_id).catch_up()
        assert all(trial.void == "r" for trial in reader.trials.values())
