"""What is particular to the journal among storages."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from optimist.exceptions import StorageInternalError
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection
from optimist.storages.journal import BaseJournalBackend, JournalFileBackend
from optimist.storages.journal import journal as journal_module
from optimist.storages.journal.line import Place, frame
from optimist.storages.journal.storage import JournalStore
from optimist.storages.open import open_journal, open_storage
from optimist.testing.storages.reader import read
from tests.unit.storages.journal.stories import COMPLETE, X, facts, open_file, story

MINIMIZE = StudyDirection.MINIMIZE


def test_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url, name in (("journal://a.journal", "a.journal"), (f"journal://{tmp_path}/b ?%20#c", "b ?%20#c")):
        storage = open_storage(url)
        storage.create_study("study", [MINIMIZE])
        assert (tmp_path / name).stat().st_size > 0
        assert isinstance(open_journal(url), JournalStore)
        assert str(tmp_path / name) in repr(storage)
    with pytest.raises(ValueError, match="names no file"):
        open_storage("journal://")


def test_lines_can_be_searched(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("search me", [MINIMIZE])
    (line,) = (tmp_path / "study.journal").read_bytes().splitlines()
    assert line.startswith(b"J1 ")
    assert line.split(b" ")[2:4] == [b"00000000", b"000000000001"]
    assert b'"name":"search me"' in line


def test_index_is_used_and_may_be_lost_or_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "INDEX_EVERY", 3)
    storage = open_file(tmp_path)
    for step in story(storage):
        step()
    storage.begin_trial(0, 0)
    before = facts(storage)
    index = tmp_path / "study.journal.index"
    data = index.read_bytes()
    assert facts(open_file(tmp_path)) == before
    fresh = open_file(tmp_path)
    n_read = 0
    read_log = fresh.journal.log.read

    def count() -> Any:
        nonlocal n_read
        tail = read_log()
        n_read += len(tail.lines)
        return tail

    fresh.journal.log.read = count  # type: ignore[method-assign]
    assert facts(fresh) == before
    assert 0 < n_read < 8
    for wrong in (b"", data[:-1], data.replace(b"one", b"eno"), b"J1 index\nffffffff"):
        index.write_bytes(wrong)
        assert facts(open_file(tmp_path)) == before
    other = tmp_path / "other"
    other.mkdir()
    open_file(other).create_study("other", [MINIMIZE])
    (other / "study.journal.index").write_bytes(data)  # that of another journal
    assert [record.name for record in open_file(other).list_studies()] == ["other"]


def test_end_says_again_what_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    for limit in (2**16, 0):
        monkeypatch.setattr("optimist.storages.journal.storage.MAX_REPEATED_BYTES", limit)
        number = storage.begin_trial(0, 0).number
        for step in range(5):
            storage.write(0, TrialChange(number, reports={step: 1.0}, params=[("x", X, 0.5)]))
        storage.write(0, TrialChange(number, state=COMPLETE, values=(1.0,)))
    study = storage.journal.state.studies[0]
    assert len(storage.journal.records(study)) == 1 + 1 + 7
    trials = read(open_file(tmp_path), 0).trials
    assert [trial.reports for trial in trials.values()] == [dict.fromkeys(range(5), 1.0)] * 2


def test_record_of_a_newer_version_is_not_passed_over(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    with (tmp_path / "study.journal").open("ab") as file:
        file.write(frame(Place(0, 2), b'{"op":"write","study":0,"trials":"in another form"}') + b"\n")
    for store in (storage, storage, open_file(tmp_path)):
        with pytest.raises(StorageInternalError, match="If a newer version wrote it, use that one"):
            store.begin_trial(0, 0)


def test_interrupt_leaves_nothing_half_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, other = open_file(tmp_path), open_file(tmp_path)
    for step in story(storage):
        step()
    other.list_studies()
    storage.begin_trial(0, 0)
    take = type(other.journal.state).take

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(other.journal.state), "take", interrupted)
    for act in (other.list_studies, lambda: storage.begin_trial(0, 0)):
        with pytest.raises(KeyboardInterrupt):
            act()
    monkeypatch.setattr(type(other.journal.state), "take", take)
    assert facts(other) == facts(storage) == facts(open_file(tmp_path))


class FileOfLogs(BaseJournalBackend):
    """A backend of somebody else's, on top of the file backend's own two methods."""

    def __init__(self, path: Path) -> None:
        self.backend = JournalFileBackend(path)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.backend.append_logs(logs)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        return self.backend.read_logs(log_number_from)


def test_backend_of_somebody_else(tmp_path: Path) -> None:
    stores = [JournalStore(FileOfLogs(tmp_path / "logs")) for _ in range(2)]
    for step in story(stores[0]):
        step()
    assert stores[1].begin_trial(0, 0).number == 3
    assert facts(stores[0]) == facts(stores[1]) == facts(JournalStore(FileOfLogs(tmp_path / "logs")))
    with pytest.raises(StorageInternalError, match="can only append"):
        stores[0].compact()
    assert stores[0].repair().kept_as is None


def test_handles_are_pickled_by_their_place(tmp_path: Path) -> None:
    storage = open_file(tmp_path)
    storage.create_study("study", [MINIMIZE])
    data = pickle.dumps(storage)
    assert len(data) < 500
    assert facts(pickle.loads(data)) == facts(storage)
