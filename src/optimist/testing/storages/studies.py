"""What storages promise about studies."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from optimist.exceptions import DuplicatedStudyError, StudyNotFoundError
from optimist.history.draft import StudyChange, TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import MAX_NAME_LENGTH, Storage
from optimist.testing.storages.reader import Reader, read
from optimist.testing.suite import Suite, raises

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
RUNNING, WAITING = TrialState.RUNNING, TrialState.WAITING

STRANGE_NAMES = (
    "",
    'it\'s a "name"; DROP TABLE studies --',
    "naïve 名前 🦜",
    "a",
    "A",
    "a ",
    " a",
    "%s %(x)s ? :x {x}",
    "back\\slash/../path",
    "line\nbreak\ttab",
    "x" * MAX_NAME_LENGTH,
)


class StorageCase(Suite):
    """What the parts of the suite have in common."""

    is_shared: ClassVar[bool] = True
    keeps_objects: ClassVar[bool] = False
    keeps_times: ClassVar[bool] = True
    has_leases: ClassVar[bool] = True
    can_void: ClassVar[bool] = True
    keeps_order: ClassVar[bool] = True

    def make_storage(self, directory: Path) -> Storage:
        """Open the store of one test; a shared store opens again when this is called again."""
        raise NotImplementedError

    def new_study(self, directory: Path) -> tuple[Storage, int]:
        """A store with a study that minimizes one objective."""
        storage = self.make_storage(directory)
        return storage, storage.create_study("study", [MINIMIZE]).study_id


class StudySuite(StorageCase):
    """Studies: made, found, listed, deleted; their attributes and their summary."""

    def test_studies_are_found_and_listed_in_order(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        made = [storage.create_study(name, [MINIMIZE]) for name in ("b", "a", "c")]
        assert storage.list_studies() == made
        assert [storage.load_study(record.name) for record in made] == made
        assert len({record.study_id for record in made}) == 3

    def test_directions_are_kept(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        for i, directions in enumerate([(MAXIMIZE,), (MINIMIZE, MAXIMIZE), (MINIMIZE,) * 20]):
            assert storage.create_study(str(i), directions).directions == directions
            assert storage.load_study(str(i)).directions == directions

    def test_strange_names_are_kept_apart(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        made = [storage.create_study(name, [MINIMIZE]) for name in STRANGE_NAMES]
        assert [record.name for record in storage.list_studies()] == list(STRANGE_NAMES)
        assert [storage.load_study(name) for name in STRANGE_NAMES] == made

    def test_unnamed_studies_get_different_names(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        names = {storage.create_study(None, [MINIMIZE]).name for _ in range(3)}
        assert len(names) == 3
        assert all(storage.load_study(name).name == name for name in names)

    def test_impossible_names_are_refused(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        for name in ("nul\0", "x" * (MAX_NAME_LENGTH + 1), "half \ud800"):
            with raises(ValueError, "name"):
                storage.create_study(name, [MINIMIZE])
        assert storage.list_studies() == []

    def test_taken_name_is_refused(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        with raises(DuplicatedStudyError, "'study'"):
            storage.create_study("study", [MAXIMIZE])
        assert [record.study_id for record in storage.list_studies()] == [study_id]
        assert storage.load_study("study").directions == (MINIMIZE,)

    def test_deleted_study_is_gone_and_its_name_free(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        other = storage.create_study("other", [MINIMIZE]).study_id
        for study in (study_id, other):
            storage.add_trials(study, [TrialChange(state=WAITING)])
            storage.write_study(study, StudyChange({"of": study}))
        storage.delete_study(study_id)
        assert [record.study_id for record in storage.list_studies()] == [other]
        again = storage.create_study("study", [MINIMIZE]).study_id
        assert again != study_id
        assert read(storage, again).trials == {}
        assert read(storage, again).user_attrs == {}
        assert read(storage, other).user_attrs == {"of": other}
        assert storage.summary(other).counts[WAITING] == 1

    def test_unknown_studies_are_reported(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        number = storage.begin_trial(study_id, 0).number
        with raises(StudyNotFoundError, "'nobody'"):
            storage.load_study("nobody")
        storage.delete_study(study_id)
        for unknown in (study_id, study_id + 1000):
            with raises(StudyNotFoundError):
                storage.delete_study(unknown)
            with raises(StudyNotFoundError):
                storage.summary(unknown)
            with raises(StudyNotFoundError):
                storage.write_study(unknown, StudyChange({"a": 1}))
            with raises(StudyNotFoundError):
                storage.add_trials(unknown, [TrialChange(state=RUNNING)])
            with raises(StudyNotFoundError):
                storage.begin_trial(unknown, 0)
            with raises(StudyNotFoundError):
                storage.claim(unknown, number)
            with raises(StudyNotFoundError):
                storage.write(unknown, TrialChange(number, state=FAIL))
            with raises(StudyNotFoundError):
                storage.changes_since(unknown, 0)
            with raises(KeyError):  # the built-in that a user would catch
                storage.changes_since(unknown, 3)

    def test_attributes_are_set_one_by_one(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        reader = Reader(storage, study_id)
        storage.write_study(study_id, StudyChange({"a": 1, "b": [1, "x"]}, {"a": "system"}))
        reader.catch_up()
        storage.write_study(study_id, StudyChange({"a": None}))
        storage.write_study(study_id, StudyChange({}, {"c": {"d": 2.5}}))
        for seen in (reader.catch_up(), read(storage, study_id)):
            assert seen.user_attrs == {"a": None, "b": [1, "x"]}
            assert seen.system_attrs == {"a": "system", "c": {"d": 2.5}}
        attrs = storage.summary(study_id).attrs
        assert attrs.user_attrs == reader.user_attrs
        assert attrs.system_attrs == reader.system_attrs

    def test_summary_counts(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        assert storage.summary(study_id).counts == dict.fromkeys(TrialState, 0)
        assert storage.summary(study_id).n_trials == 0
        assert storage.summary(study_id).first_start_us is None
        storage.add_trials(study_id, [TrialChange(state=WAITING) for _ in range(3)])
        for state in (COMPLETE, PRUNED, FAIL, FAIL):
            number = storage.begin_trial(study_id, 0).number
            storage.write(study_id, TrialChange(number, state=state, values=(1.0,) if state == COMPLETE else None))
        storage.begin_trial(study_id, 0)
        storage.add_trials(study_id, [TrialChange(state=state) for state in (WAITING, RUNNING, FAIL)])
        summary = storage.summary(study_id)
        assert summary.counts == {RUNNING: 2, COMPLETE: 1, PRUNED: 1, FAIL: 3, WAITING: 1}
        assert summary.n_trials == 8
        assert summary.record == storage.load_study("study")

    def test_summary_knows_the_first_start(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [TrialChange(state=WAITING)])
        assert storage.summary(study_id).first_start_us is None
        storage.begin_trial(study_id, 0)
        first = storage.summary(study_id).first_start_us
        assert first == read(storage, study_id).trials[0].started_us
        old = TrialChange(state=FAIL, started_us=1_000_000, completed_us=2_000_000)
        storage.add_trials(study_id, [TrialChange(state=RUNNING, started_us=5_000_000), old])
        assert storage.summary(study_id).first_start_us == 1_000_000
        storage.begin_trial(study_id, 0)
        assert storage.summary(study_id).first_start_us == 1_000_000

    def test_summary_names_the_best(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        low, high = (storage.create_study(d.name, [d]).study_id for d in (MINIMIZE, MAXIMIZE))
        infeasible = {"constraints:c": 0.1}
        told: list[tuple[TrialState, float | None, dict[str, float]]] = [
            (FAIL, None, {}),
            (PRUNED, -100.0, {}),
            (PRUNED, 100.0, {}),
            (COMPLETE, -50.0, infeasible),
            (COMPLETE, 50.0, infeasible),
            (COMPLETE, 2.0, {}),
            (COMPLETE, 7.0, {"constraints:c": 0.0, "constraints:d": -1.0}),
            (COMPLETE, 2.0, {"constraints:c": -1.0}),
            (COMPLETE, 7.0, {}),
        ]
        for study_id in (low, high):
            assert storage.summary(study_id).best is None
            for state, value, attrs in told:
                number = storage.begin_trial(study_id, 0).number
                values = None if value is None else (value,)
                if attrs and number % 2:  # constraints may come before the end
                    storage.write(study_id, TrialChange(number, system_attrs=dict(attrs)))
                    storage.write(study_id, TrialChange(number, state=state, values=values))
                else:
                    storage.write(study_id, TrialChange(number, state=state, values=values, system_attrs=dict(attrs)))
        for study_id, number in ((low, 5), (high, 6)):
            best = storage.summary(study_id).best
            assert best is not None
            assert best.number == number
            assert best.state == COMPLETE
            assert best.values == (told[number][1],)
            assert best.system_attrs == told[number][2]

    def test_infinite_values_can_be_best(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        for value in (float("inf"), 1.7976931348623157e308, float("-inf"), -1.7976931348623157e308):
            number = storage.begin_trial(study_id, 0).number
            storage.write(study_id, TrialChange(number, state=COMPLETE, values=(value,)))
            best = storage.summary(study_id).best
            assert best is not None
            assert best.number == min(number, 2)

    def test_first_to_finish_is_best_among_equals(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        numbers = [storage.begin_trial(study_id, 0).number for _ in range(3)]
        for number in (2, 0, 1):
            storage.write(study_id, TrialChange(numbers[number], state=COMPLETE, values=(1.0,)))
        best = storage.summary(study_id).best
        assert best is not None
        assert best.number == 2

    def test_several_objectives_have_no_best(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        study_id = storage.create_study("two", [MINIMIZE, MAXIMIZE]).study_id
        storage.add_trials(study_id, [TrialChange(state=COMPLETE, values=(1.0, 2.0), started_us=1, completed_us=2)])
        assert storage.summary(study_id).best is None
        assert read(storage, study_id).trials[0].values == (1.0, 2.0)
