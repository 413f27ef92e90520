"""The notes of launched copies: written by the loop, read by the launcher."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import optimist
from optimist.study import launched
from optimist.study.escort import Escort
from optimist.study.launch import Notebook, Tally
from optimist.study.launched import NOTES_VARIABLE, ON_TERM_VARIABLE, LaunchedEscort, output_length
from tests.unit.study.conftest import MakeStudy, states, suggest_all


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process takes itself for a launched copy."""
    path = tmp_path / "notes.jsonl"
    monkeypatch.setenv(NOTES_VARIABLE, str(path))
    return path


@pytest.fixture
def _term_is_put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
    launched._is_ending.clear()


def test_without_a_launcher_nobody_goes_along(study: optimist.Study) -> None:
    assert type(study.escort) is Escort


def test_trials_are_noted(notes: Path, make_study: MakeStudy) -> None:
    study = make_study(study_name="a")
    assert isinstance(study.escort, LaunchedEscort)
    study.optimize(lambda trial: trial.number + 1.0, n_trials=2)
    found = [json.loads(line) for line in notes.read_text().splitlines()]
    assert [(note["event"], note["study"], note["trial"]) for note in found] == [
        ("begun", "a", 0),
        ("ended", "a", 0),
        ("begun", "a", 1),
        ("ended", "a", 1),
    ]
    assert (found[-1]["state"], found[-1]["best"], found[-1]["pid"]) == ("COMPLETE", 1.0, os.getpid())


@pytest.mark.usefixtures("notes", "_term_is_put_back")
def test_sigterm_lets_the_trial_finish(make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ON_TERM_VARIABLE, "finish")
    study = make_study()

    def objective(trial: optimist.Trial) -> float:
        if trial.number == 1:
            signal.raise_signal(signal.SIGTERM)
        return 1.0

    study.optimize(objective, n_trials=5)
    study.optimize(objective, n_trials=5)
    assert states(study) == ["COMPLETE"] * 2


@pytest.mark.usefixtures("notes")
def test_a_script_that_handles_sigterm_keeps_its_handler(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ON_TERM_VARIABLE, "finish")
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    try:
        study = make_study()
        study.optimize(lambda trial: signal.raise_signal(signal.SIGTERM) or 1.0, n_trials=2)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert came == [signal.SIGTERM] * 2
    assert states(study) == ["COMPLETE"] * 2


def test_length_of_the_output(tmp_path: Path) -> None:
    kept = os.dup(1)
    try:
        with (tmp_path / "out").open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.write(1, b"12345")
            assert output_length() == 5
        read_end, write_end = os.pipe()
        os.dup2(write_end, 1)
        assert output_length() is None
        os.close(read_end)
        os.close(write_end)
    finally:
        os.dup2(kept, 1)
        os.close(kept)


# The launcher's side


def note(path: Path, **fields: object) -> None:
    with path.open("a") as file:
        file.write(json.dumps({"study": "a/b", "pid": 1, **fields}) + "\n")


def test_logs_by_trial(tmp_path: Path) -> None:
    notes, output, tally = tmp_path / "notes", tmp_path / "out", Tally()
    output.write_bytes(b"start|zero|one|two")
    book = Notebook(notes, output, None, tmp_path, tally)
    note(notes, event="begun", trial=0, at=6)
    book.read()
    note(notes, event="ended", trial=0, at=10, state="COMPLETE", best=0.5)
    note(notes, event="begun", trial=1, at=11)
    note(notes, event="ended", trial=1, at=14, state="PRUNED")
    note(notes, event="begun", trial=2, at=15)
    with notes.open("a") as file:
        file.write('{"event": "half a li')
    book.read()
    assert (tally.states, tally.best) == ({"COMPLETE": 1, "PRUNED": 1}, 0.5)
    assert book.close() == [2]
    logs = {path.name: path.read_text() for path in (tmp_path / "a_b").iterdir()}
    assert logs == {"trial-000000.log": "zero", "trial-000001.log": "one", "trial-000002.log": "two"}


def test_trials_of_dead_copies_are_handed_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    storage = str(tmp_path / "s.db")
    study = optimist.create_study(study_name="a/b", storage=storage)
    study.ask()
    notes = tmp_path / "notes"
    book = Notebook(notes, tmp_path / "out", storage, None, Tally())
    note(notes, event="begun", trial=0)
    assert book.close() == [0]
    assert states(study) == ["FAIL", "WAITING"]
    assert book.close() == []
    note(notes, event="begun", trial=7)
    assert book.close() == [7]  # there is none: a warning, no more


def test_the_best_of_several_objectives_is_not_noted(notes: Path, make_study: MakeStudy) -> None:
    study = make_study(directions=["minimize", "minimize"])
    study.optimize(lambda trial: (1.0, 2.0), n_trials=1)
    assert json.loads(notes.read_text().splitlines()[-1])["best"] is None


def test_names_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTIMIST_STORAGE", str(tmp_path / "s.db"))
    monkeypatch.setenv("OPTIMIST_STUDY_NAME", "named")
    assert optimist.create_study(load_if_exists=True).study_name == "named"
    assert optimist.create_study(load_if_exists=True).study_name == "named"
    assert optimist.create_study().study_name != "named"
    assert optimist.load_study().study_name == "named"
    study = optimist.load_study()
    study.optimize(suggest_all, n_trials=1)


def test_copies_that_were_asked_to_end_use_up_no_retry(tmp_path: Path) -> None:
    storage = str(tmp_path / "s.db")
    study = optimist.create_study(study_name="a/b", storage=storage)
    notes = tmp_path / "notes"
    for was_asked in (True,) * 5 + (False,):
        number = study.ask().number
        book = Notebook(notes, tmp_path / "out", storage, None, Tally())
        note(notes, event="begun", trial=number)
        assert book.close(was_asked=was_asked) == [number]
    assert states(study) == ["FAIL"] * 6
