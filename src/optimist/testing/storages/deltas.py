"""What storages promise about what changed since a cursor."""

from __future__ import annotations

import random
from pathlib import Path

from optimist.distributions import FloatDistribution
from optimist.history.draft import StudyChange, TrialChange
from optimist.history.history import History
from optimist.testing.storages.reader import Reader, read
from optimist.testing.storages.studies import COMPLETE, FAIL, MINIMIZE, PRUNED, WAITING, StorageCase


class DeltaSuite(StorageCase):
    """Readers with cursors of their own; deep histories."""

    def test_nothing_new_is_nothing(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader = Reader(storage, study_id)
        for _ in range(2):
            reader.begin()
            cursor = reader.catch_up().cursor
            delta = storage.changes_since(study_id, cursor)
            assert (list(delta.changes), delta.cursor) == ([], cursor)

    def test_other_studies_do_not_show(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        other = storage.create_study("other", [MINIMIZE]).study_id
        reader = read(storage, study_id)
        storage.begin_trial(other, 0)
        storage.write_study(other, StudyChange({"a": 1}))
        storage.add_trials(other, [TrialChange(state=FAIL, params=[("x", FloatDistribution(0.0, 1.0), 0.5)])])
        assert list(storage.changes_since(study_id, reader.cursor).changes) == []

    def test_write_moves_the_cursor_past_itself_only(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        own, other = Reader(storage, study_id), Reader(storage, study_id)
        number = own.begin()
        own.cursor = storage.write(study_id, TrialChange(number, reports={0: 1.0}), own.cursor)
        assert list(storage.changes_since(study_id, own.cursor).changes) == []
        other.begin()
        behind = storage.write(study_id, TrialChange(number, reports={1: 1.0}), own.cursor)
        own.cursor = behind
        assert own.catch_up().trials.keys() == {0, 1}
        assert storage.write(study_id, TrialChange(number, reports={2: 1.0})) == 0  # without a cursor

    def test_readers_at_any_cursor_see_everything(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        rng = random.Random(1)
        readers = [Reader(storage, study_id) for _ in range(4)]
        running: list[tuple[Reader, int]] = []
        x = FloatDistribution(0.0, 1.0)
        for i in range(300):
            action = rng.random()
            reader = rng.choice(readers)
            if action < 0.3 or not running:
                running.append((reader, reader.begin()))
            elif action < 0.4:
                storage.add_trials(study_id, [TrialChange(state=WAITING, user_attrs={"i": i})])
            elif action < 0.45:
                storage.write_study(study_id, StudyChange({f"a{i % 3}": i}))
            elif action < 0.8:
                reader, number = rng.choice(running)
                change = TrialChange(number, params=[(f"x{i % 7}", x, i / 300)], reports={i: float(i)})
                reader.cursor = storage.write(study_id, change, reader.cursor)
                reader.take([change])
            else:
                state = rng.choice([COMPLETE, PRUNED, FAIL])
                _, number = running.pop(rng.randrange(len(running)))
                values = (rng.choice([1.0, 2.0, 3.0]),) if state == COMPLETE else None
                storage.write(study_id, TrialChange(number, state=state, values=values))
            if rng.random() < 0.2:
                assert str(reader.catch_up()) == str(read(storage, study_id))
        for reader in readers:
            assert str(reader.catch_up()) == str(read(storage, study_id))

    def test_reading_again_changes_nothing(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        history = History([MINIMIZE])
        x = FloatDistribution(0.0, 1.0)
        for i in range(20):
            number = storage.begin_trial(study_id, 0).number
            storage.write(study_id, TrialChange(number, params=[("x", x, i / 20)], reports={0: 1.0}))
            if i % 4:
                storage.write(study_id, TrialChange(number, state=COMPLETE, values=(float(i % 5),)))
            history.apply(storage.changes_since(study_id, 0).changes)  # all of it, each time
        once = History([MINIMIZE])
        once.apply(storage.changes_since(study_id, 0).changes)
        assert history.trials() == once.trials()
        assert history.counts == once.counts
        best = storage.summary(study_id).best
        assert best is not None
        for any_history in (history, once):
            assert any_history.number.data[any_history.best_row] == best.number

    def test_deep_history_is_read_whole(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        x = FloatDistribution(0.0, 1.0)
        storage.add_trials(
            study_id,
            [
                TrialChange(state=COMPLETE, values=(float(i),), params=[(f"x{j}", x, i / 2000) for j in range(5)])
                for i in range(2000)
            ],
        )
        number = storage.begin_trial(study_id, 0).number
        storage.write(study_id, TrialChange(number, params=[(f"p{j}", x, j / 1000) for j in range(1000)]))
        storage.write(study_id, TrialChange(number, reports={step: step / 7 for step in range(5000)}))
        for step in range(5000, 5200):
            storage.write(study_id, TrialChange(number, reports={step: step / 7}))
        seen = read(storage, study_id)
        assert len(seen.trials) == 2001
        assert [seen.trials[i].values for i in range(2000)] == [(float(i),) for i in range(2000)]
        for _ in range(2):
            seen = read(storage, study_id)
            assert [value for _, value in seen.trials[number].params.values()] == [j / 1000 for j in range(1000)]
            assert seen.trials[number].reports == {step: step / 7 for step in range(5200)}
            if not seen.trials[number].state.is_finished():
                storage.write(study_id, TrialChange(number, state=PRUNED))
