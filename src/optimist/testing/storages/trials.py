"""What storages promise about the life of a trial."""

from __future__ import annotations

from pathlib import Path

from optimist.distributions import FloatDistribution, IntDistribution
from optimist.exceptions import TrialNotFoundError, UpdateFinishedTrialError
from optimist.history.draft import TrialChange
from optimist.storages.base import Terms
from optimist.testing.storages.reader import Reader, read
from optimist.testing.storages.studies import COMPLETE, FAIL, MINIMIZE, PRUNED, RUNNING, WAITING, StorageCase
from optimist.testing.suite import needs, raises

X, N = FloatDistribution(0.0, 1.0), IntDistribution(1, 10)


class TrialSuite(StorageCase):
    """Trials: begun, written to, finished, queued."""

    def test_numbers_are_dense_in_each_study(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        other = storage.create_study("other", [MINIMIZE]).study_id
        assert [storage.begin_trial(study_id, 0).number for _ in range(3)] == [0, 1, 2]
        assert storage.begin_trial(other, 0).number == 0
        assert storage.add_trials(study_id, [TrialChange(state=FAIL), TrialChange(state=WAITING)]) == [3, 4]
        assert storage.add_trials(other, [TrialChange(state=RUNNING)]) == [1]
        assert storage.add_trials(other, []) == []
        storage.write(study_id, TrialChange(1, state=FAIL))
        assert storage.begin_trial(study_id, 0).number == 4  # the one that waits
        assert storage.begin_trial(study_id, 0).number == 5

    def test_ids_are_unique_in_the_store(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        other = storage.create_study("other", [MINIMIZE]).study_id
        for study in (study_id, other):
            storage.begin_trial(study, 0)
            storage.add_trials(study, [TrialChange(state=FAIL) for _ in range(3)])
        ids = [seen.trial_id for study in (study_id, other) for seen in read(storage, study).trials.values()]
        assert len(set(ids)) == 8
        assert min(ids) >= 0

    def test_trial_that_begins_is_in_its_delta(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader = Reader(storage, study_id)
        for _ in range(3):
            number = reader.begin()
            assert reader.trials[number].state == RUNNING
            assert reader.trials[number].started_us > 1_600_000_000_000_000
            assert reader.trials[number].trial_id >= 0
        assert str(reader) == str(read(storage, study_id))

    def test_trial_may_begin_as_another_one_finishes(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader, other = Reader(storage, study_id), Reader(storage, study_id)
        number = reader.begin()
        for i in range(6):
            if i % 2:
                reader.write(TrialChange(number, reports={0: 0.5}))
            if i % 3 == 2:
                other.begin()
            next_number = reader.finish_and_begin(
                TrialChange(number, state=COMPLETE, values=(9.5 - i,), params=[("x", X, 0.25)])
            )
            trials = read(storage, study_id).trials
            assert trials[number].state == COMPLETE
            assert trials[number].values == (9.5 - i,)
            if next_number is None:
                next_number = reader.begin()
            assert next_number == max(trials.keys() | {next_number})
            assert str(other.catch_up()) == str(read(storage, study_id))
            assert reader.catch_up().trials.keys() == other.trials.keys()
            assert reader.trials[next_number].state == RUNNING
            assert reader.trials[next_number].started_us > 1_600_000_000_000_000
            number = next_number
        best = storage.summary(study_id).best
        assert best is not None
        assert best.values == (4.5,)

    def test_no_trial_begins_past_the_queue_or_the_budget_as_another_one_finishes(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader = Reader(storage, study_id)
        number = reader.begin()
        [waiting] = storage.add_trials(study_id, [TrialChange(state=WAITING)])
        assert reader.finish_and_begin(TrialChange(number, state=FAIL)) is None
        assert reader.begin() == waiting
        assert reader.finish_and_begin(TrialChange(waiting, state=FAIL), Terms(total_trials=2)) is None
        reader.catch_up()
        assert [trial.state for trial in reader.trials.values()] == [FAIL, FAIL]

    def test_no_trial_begins_as_a_finished_one_is_finished_again(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader = Reader(storage, study_id)
        end = TrialChange(reader.begin(), state=FAIL)
        storage.write(study_id, end)
        with raises(UpdateFinishedTrialError):
            reader.finish_and_begin(end)
        with raises(TrialNotFoundError):
            reader.finish_and_begin(TrialChange(7, state=FAIL))
        assert len(read(storage, study_id).trials) == 1

    @needs("has_leases")
    def test_trial_that_begins_as_another_one_finishes_has_a_lease(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader = Reader(storage, study_id)
        terms = Terms(lease_s=60.0)
        number = reader.finish_and_begin(TrialChange(reader.begin(), state=FAIL), terms)
        if number is None:
            number = storage.begin_trial(study_id, reader.cursor, terms).number
        assert storage.leased(study_id) == [number]

    def test_trial_is_written_piece_by_piece(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader = Reader(storage, study_id)
        number = reader.begin()
        pieces = [
            TrialChange(number, params=[("x", X, 0.25)]),
            TrialChange(number, params=[("n", N, 3)], user_attrs={"a": 1, "b": 2}),
            TrialChange(number, reports={0: 1.5}, user_attrs={"a": "again"}),
            TrialChange(number, reports={1: 2.5}, system_attrs={"a": [1]}),
        ]
        for piece in pieces:
            storage.write(study_id, piece)
            assert str(reader.catch_up()) == str(read(storage, study_id))
        storage.write(
            study_id,
            TrialChange(
                number,
                state=COMPLETE,
                values=(9.5,),
                params=[("y", X, 0.75)],
                reports={2: 3.5},
                user_attrs={"b": None},
            ),
        )
        for seen in (reader.catch_up(), read(storage, study_id)):
            trial = seen.trials[number]
            assert trial.state == COMPLETE
            assert trial.values == (9.5,)
            assert list(trial.params.items()) == [("x", (X, 0.25)), ("n", (N, 3)), ("y", (X, 0.75))]
            assert trial.reports == {0: 1.5, 1: 2.5, 2: 3.5}
            assert trial.user_attrs == {"a": "again", "b": None}
            assert trial.system_attrs == {"a": [1]}
        assert str(reader) == str(read(storage, study_id))

    def test_trial_is_written_in_one_piece(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        for state, values in ((COMPLETE, (1.0,)), (PRUNED, (2.0,)), (PRUNED, None), (FAIL, None)):
            number = storage.begin_trial(study_id, 0).number
            change = TrialChange(number, state=state, values=values, params=[("x", X, 0.5)], reports={3: 4.0})
            storage.write(study_id, change)
            seen = read(storage, study_id).trials[number]
            assert (seen.state, seen.values) == (state, values)
            assert seen.params == {"x": (X, 0.5)}
            assert seen.reports == {3: 4.0}

    @needs("keeps_times")
    def test_times_are_those_of_the_writer(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        start, end = 1_700_000_000_000_001, 1_700_000_000_123_456
        storage.add_trials(study_id, [TrialChange(state=WAITING)])
        storage.write(study_id, TrialChange(0, state=RUNNING, started_us=start))
        assert read(storage, study_id).trials[0].started_us == start
        storage.write(study_id, TrialChange(0, state=COMPLETE, values=(1.0,), completed_us=end))
        seen = read(storage, study_id).trials[0]
        assert (seen.started_us, seen.completed_us) == (start, end)

    def test_finished_trials_do_not_change(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        for state in (COMPLETE, PRUNED, FAIL):
            number = storage.begin_trial(study_id, 0).number
            if state == PRUNED:
                storage.write(study_id, TrialChange(number, reports={0: 1.0}))
            values = (1.0,) if state == COMPLETE else None
            storage.write(study_id, TrialChange(number, state=state, values=values))
            before, cursor = str(read(storage, study_id)), read(storage, study_id).cursor
            for late in (
                TrialChange(number, state=state, values=values),
                TrialChange(number, state=COMPLETE, values=(2.0,)),
                TrialChange(number, reports={1: 1.0}),
                TrialChange(number, params=[("late", X, 0.5)]),
                TrialChange(number, user_attrs={"late": True}),
                TrialChange(number, state=RUNNING),
            ):
                with raises(UpdateFinishedTrialError, state.name):
                    storage.write(study_id, late)
            assert str(read(storage, study_id)) == before
            assert storage.changes_since(study_id, cursor).cursor == cursor
            assert storage.summary(study_id).counts[state] == 1

    def test_unknown_trials_are_reported(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.begin_trial(study_id, 0)
        before = str(read(storage, study_id))
        for change in (TrialChange(1, reports={0: 1.0}), TrialChange(1, state=FAIL), TrialChange(-1, state=FAIL)):
            with raises(TrialNotFoundError):
                storage.write(study_id, change)
        assert str(read(storage, study_id)) == before
        assert storage.begin_trial(study_id, 0).number == 1

    def test_whole_trials_are_added(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        trials = [
            TrialChange(
                state=state,
                values=(float(i),) if state == COMPLETE else None,
                started_us=None if state == WAITING else 1_700_000_000_000_000 + i,
                completed_us=1_700_000_001_000_000 + i if state.is_finished() else None,
                params=[("x", X, 0.5), ("n", N, i)],
                reports={0: 1.0},
                user_attrs={"i": i},
                system_attrs={"constraints:c": float(i)},
            )
            for i, state in enumerate((COMPLETE, RUNNING, WAITING, PRUNED, FAIL), 1)
        ]
        assert storage.add_trials(study_id, trials) == [0, 1, 2, 3, 4]
        for seen, trial in zip(read(storage, study_id).trials.values(), trials, strict=True):
            assert seen.state == trial.state
            assert seen.values == trial.values
            assert seen.started_us == (trial.started_us or -1)
            assert seen.completed_us == (trial.completed_us or -1)
            assert [(name, *rest) for name, rest in seen.params.items()] == trial.params
            assert seen.reports == trial.reports
            assert seen.user_attrs == trial.user_attrs
            assert seen.system_attrs == trial.system_attrs

    def test_added_running_trial_goes_on(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        start = 1_700_000_000_000_000
        storage.add_trials(study_id, [TrialChange(state=RUNNING, started_us=start, params=[("x", X, 0.5)])])
        storage.write(study_id, TrialChange(0, params=[("x", X, 0.75), ("n", N, 2)], user_attrs={"a": 1}))
        storage.write(study_id, TrialChange(0, state=COMPLETE, values=(1.0,)))
        seen = read(storage, study_id).trials[0]
        assert seen.params == {"x": (X, 0.5), "n": (N, 2)}  # of a parameter the first value counts
        assert seen.user_attrs == {"a": 1}
        assert (seen.state, seen.started_us) == (COMPLETE, start)

    # The queue

    def test_queue_is_served_first_and_in_order(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.begin_trial(study_id, 0)
        storage.add_trials(study_id, [TrialChange(state=WAITING, system_attrs={"fixed": i}) for i in range(3)])
        storage.add_trials(study_id, [TrialChange(state=WAITING, user_attrs={"last": True}, params=[("x", X, 0.5)])])
        storage.write(study_id, TrialChange(1, user_attrs={"touched": True}))  # keeps its place
        reader = Reader(storage, study_id)
        assert [reader.begin() for _ in range(5)] == [1, 2, 3, 4, 5]
        trials = reader.trials
        assert all(trials[number].state == RUNNING for number in range(6))
        assert all(trials[number].started_us > 0 for number in range(6))
        assert [trials[number].system_attrs for number in (1, 2, 3)] == [{"fixed": i} for i in range(3)]
        assert trials[1].user_attrs == {"touched": True}
        assert trials[4].params == {"x": (X, 0.5)}
        assert str(reader) == str(read(storage, study_id))
        assert storage.summary(study_id).counts[WAITING] == 0

    def test_claimed_trial_is_told_in_the_delta(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [TrialChange(state=WAITING, system_attrs={"fixed": {"x": 1}})])
        for reader in (Reader(storage, study_id), read(storage, study_id)):
            storage.add_trials(study_id, [TrialChange(state=WAITING, system_attrs={"fixed": {"x": 2}})])
            number = reader.begin()
            assert reader.trials[number].state == RUNNING
            assert reader.trials[number].system_attrs["fixed"]["x"] in (1, 2)
            assert str(reader.catch_up()) == str(read(storage, study_id))

    def test_waiting_trial_may_leave_the_queue_by_a_write(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [TrialChange(state=WAITING, user_attrs={"i": i}) for i in range(4)])
        storage.write(study_id, TrialChange(0, state=RUNNING, started_us=1_700_000_000_000_000))
        storage.write(study_id, TrialChange(2, state=FAIL, user_attrs={"why": "withdrawn"}))
        seen = read(storage, study_id).trials
        assert (seen[0].state, seen[0].user_attrs) == (RUNNING, {"i": 0})
        assert seen[0].started_us >= 1_700_000_000_000_000
        assert (seen[2].state, seen[2].user_attrs) == (FAIL, {"i": 2, "why": "withdrawn"})
        assert storage.summary(study_id).counts == {RUNNING: 1, COMPLETE: 0, PRUNED: 0, FAIL: 1, WAITING: 2}
        assert [storage.begin_trial(study_id, 0).number for _ in range(3)] == [1, 3, 4]
        storage.write(study_id, TrialChange(0, state=COMPLETE, values=(1.0,)))
        assert storage.summary(study_id).counts == {RUNNING: 3, COMPLETE: 1, PRUNED: 0, FAIL: 1, WAITING: 0}

    def test_waiting_trial_is_claimed_once(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader = Reader(storage, study_id)
        storage.add_trials(study_id, [TrialChange(state=WAITING, user_attrs={"i": i}) for i in range(3)])
        reader.catch_up()
        assert storage.claim(study_id, 1)
        assert not storage.claim(study_id, 1)
        seen = reader.catch_up().trials
        assert [seen[number].state for number in range(3)] == [WAITING, RUNNING, WAITING]
        assert seen[1].started_us > 1_600_000_000_000_000
        assert seen[1].user_attrs == {"i": 1}
        assert str(reader) == str(read(storage, study_id))
        counts = storage.summary(study_id).counts
        assert (counts[WAITING], counts[RUNNING]) == (2, 1)
        assert storage.summary(study_id).first_start_us == seen[1].started_us
        assert [storage.begin_trial(study_id, 0).number for _ in range(3)] == [0, 2, 3]
        storage.write(study_id, TrialChange(1, state=COMPLETE, values=(1.0,)))
        cursor = read(storage, study_id).cursor
        for number in range(4):  # none of them waits any more
            assert not storage.claim(study_id, number)
        assert storage.changes_since(study_id, cursor).cursor == cursor
        with raises(TrialNotFoundError):
            storage.claim(study_id, 4)
