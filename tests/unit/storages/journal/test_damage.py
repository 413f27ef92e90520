"""Any beginning of a journal opens; a damaged record is passed over, and no other with it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from optimist.exceptions import StorageInternalError
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.journal.line import HEADER_LENGTH, Place, frame
from optimist.storages.journal.storage import JournalStore
from optimist.testing.storages.reader import read
from tests.unit.storages.journal.stories import COMPLETE, X, facts, facts_after_each_step, open_file, story

MINIMIZE = StudyDirection.MINIMIZE


@pytest.fixture(autouse=True)
def be_quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "optimist")


def tell(storage: JournalStore, value: float) -> int:
    number = storage.begin_trial(0, 0).number
    storage.write(0, TrialChange(number, state=COMPLETE, values=(value,), params=[("x", X, value)]))
    return number


def test_any_prefix_opens_and_lacks_only_what_is_cut(tmp_path: Path) -> None:
    expected = facts_after_each_step(tmp_path / "whole")
    storage = open_file(tmp_path)
    for step in story(storage):
        step()
    storage.close()
    path = tmp_path / "study.journal"
    data = path.read_bytes()
    ends = [0, *(i + 1 for i, byte in enumerate(data) if byte == ord("\n"))]
    assert len(ends) == 13
    for n in range(0, len(data), 7):
        path.write_bytes(data[:n])
        cut = open_file(tmp_path)
        assert facts(cut) == expected[sum(end <= n for end in ends) - 1]
        cut.close()


def test_writing_goes_on_after_any_prefix(tmp_path: Path) -> None:
    expected = facts_after_each_step(tmp_path / "whole")
    storage = open_file(tmp_path)
    for step in story(storage)[:5]:
        step()
    storage.close()
    path = tmp_path / "study.journal"
    data = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(data) if byte == ord("\n")]
    for n in range(ends[0], len(data)):
        path.write_bytes(data[:n])
        one, other = open_file(tmp_path), open_file(tmp_path)
        assert read(other, 0).trials.keys() == read(one, 0).trials.keys()
        n_whole = sum(end <= n for end in ends)
        if n + 1 in ends:  # only the newline is missing: whoever ends the line makes the record whole
            n_whole += 1
        n_trials = len(read(one, 0).trials)
        assert one.add_trials(0, [TrialChange(state=TrialState.FAIL)])[0] in (n_trials, n_trials + 1)
        fresh = open_file(tmp_path)
        assert facts(other) == facts(one) == facts(fresh)
        kept = [trial for trial in read(fresh, 0).trials.values() if trial.state != TrialState.FAIL]
        assert len(kept) == (expected[n_whole][0].count("RUNNING'"))
        for handle in (one, other, fresh):
            handle.close()


def test_any_damaged_byte_costs_at_most_its_record(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    for value in (0.25, 0.5, 0.125):
        tell(storage, value)
    storage.close()
    path = tmp_path / "study.journal"
    data = path.read_bytes()
    whole = read(open_file(tmp_path), 0).trials
    for i in range(len(data)):
        path.write_bytes(data[:i] + bytes([data[i] ^ 0x15]) + data[i + 1 :])
        damaged = open_file(tmp_path)
        if i < data.index(b"\n"):
            assert [record.name for record in damaged.list_studies()] == ["study"]  # the next record says it again
        seen = read(damaged, 0).trials
        n_complete = 0
        for number, trial in seen.items():
            if trial.state == COMPLETE:
                n_complete += 1
                assert str(trial) == str(whole[number])
        assert n_complete >= 2
        assert tell(damaged, 1.0) in (2, 3)
        damaged.close()


def test_lost_distribution_is_told_again(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    for value in (0.25, 0.5, 0.75):
        tell(storage, value)
    storage.close()
    path = tmp_path / "study.journal"
    lines = path.read_bytes().splitlines(keepends=True)
    first_end = next(i for i, line in enumerate(lines) if b"params" in line)
    lines[first_end] = b"J1 garbage\n"
    path.write_bytes(b"".join(lines))
    seen = read(open_file(tmp_path), 0).trials
    assert [seen[number].params for number in (1, 2)] == [{"x": (X, 0.5)}, {"x": (X, 0.75)}]
    both = [line for line in lines if b'"space":[[' not in line]
    path.write_bytes(b"".join(both))
    (tmp_path / "study.journal.index").unlink(missing_ok=True)
    damaged = open_file(tmp_path)
    assert [trial.params for trial in read(damaged, 0).trials.values() if trial.state == COMPLETE] == [{}]


def test_damage_is_reported_once_with_the_remedy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    with (tmp_path / "study.journal").open("ab") as file:
        file.write(b"torn\n" * 3)
    heard: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("optimist")
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    try:
        assert len(storage.list_studies()) == len(storage.list_studies()) == 1
        storage.create_study("other", [MINIMIZE])
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.INFO)
    assert len(heard) == 1
    assert "optimist storage repair" in heard[0]
    assert "cut short" in heard[0]


def test_repair_keeps_every_record_that_counts(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    for step in story(storage):
        step()
    path = tmp_path / "study.journal"
    lines = path.read_bytes().splitlines(keepends=True)
    stale = lines[1]
    broken = lines[3][:60] + b"?" + lines[3][61:]
    path.write_bytes(b"".join([*lines[:3], broken, *lines[4:], stale, b"J1 torn tail"]))
    before = facts(open_file(tmp_path))
    reader = read(open_file(tmp_path), 0)
    done = open_file(tmp_path).repair()
    assert [(line, damage.kind) for line, damage in done.damaged] == [(4, "checksum"), (13, "stale"), (14, "torn")]
    assert done.kept_as is not None
    assert (
        Path(done.kept_as).read_bytes().startswith(b"".join([*lines[:3], broken, *lines[4:], stale, b"J1 torn tail"]))
    )
    assert facts(open_file(tmp_path)) == before
    assert facts(storage) == before
    assert str(reader.catch_up()) == str(read(storage, 0))
    again = storage.repair()
    assert (again.damaged, again.kept_as) == ([], None)


def test_fence_does_not_change_what_there_is(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    for step in story(storage):
        step()
    before = facts(storage)
    assert storage.repair().kept_as is None  # looking alone raises the epoch
    assert facts(storage) == facts(open_file(tmp_path)) == before
    line = (tmp_path / "study.journal").read_bytes().splitlines()[-1]
    assert line[:HEADER_LENGTH].split()[2] == b"00000001"


def test_fence_may_share_the_number_of_a_record_that_came_before_it(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    reader = read(storage, 0)
    other = open_file(tmp_path)
    tell(other, 0.5)  # landed just before the lock was taken from it
    fence = frame(Place(1, other.journal.last.seq), b'{"op":"fence","id":"thief"}')
    with (tmp_path / "study.journal").open("ab") as file:
        file.write(fence + b"\n")
    assert str(reader.catch_up()) == str(read(open_file(tmp_path), 0))
    assert reader.trials[0].values == (0.5,)
    assert tell(storage, 0.25) == 1
    assert str(reader.catch_up()) == str(read(open_file(tmp_path), 0))
    assert storage.journal.damaged == []


@pytest.mark.parametrize("content", [b'{"op_code": 0, "worker_id": "x"}\n', b"SQLite format 3\0\n\n"])
def test_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "study.journal"
    path.write_bytes(content)
    storage = open_file(tmp_path)
    for act in (storage.list_studies, lambda: storage.create_study("study", [MINIMIZE]), storage.compact):
        with pytest.raises(StorageInternalError, match="was not written by Optimist"):
            act()
    assert path.read_bytes() == content
