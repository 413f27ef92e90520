"""``optimist import`` and ``optimist export --to optuna``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import optimist
from optimist.cli import main
from optimist.trial import create_trial


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTIMIST_STORAGE", raising=False)
    before = optimist.logging.get_verbosity()
    yield
    optimist.logging.set_verbosity(before)


@pytest.fixture
def studies() -> None:
    for name, n_trials in (("a", 2), ("b", 1)):
        study = optimist.create_study(storage="ours.db", study_name=name)
        study.add_trials(create_trial(value=float(i)) for i in range(n_trials))


def test_there_and_back(studies: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: str) -> str:
        assert main([*words, "-q"]) == 0
        return capsys.readouterr().out

    assert run("export", "--to", "optuna", "optuna.db", "--storage", "ours.db") == "a: 2 trials\nb: 1 trial\n"
    assert run("export", "b", "--to", "optuna", "sqlite:///b.db", "--storage", "ours.db") == "b: 1 trial\n"
    assert run("import", "optuna.db", "--to", "back.db", "--study-name", "a") == "a: 2 trials\n"
    assert run("import", "sqlite:///optuna.db", "--storage", "back.db", "--skip-if-exists") == "b: 1 trial\n"
    assert run("import", "optuna.db", "--to", "back.db", "--skip-if-exists") == ""
    monkeypatch.setenv("OPTIMIST_STORAGE", "journal://back.journal")
    assert run("import", "optuna.db") == "a: 2 trials\nb: 1 trial\n"
    assert run("import", "optuna.db", "--to", "optuna.db") == "a: 2 trials\nb: 1 trial\n"
    for storage in ("back.db", "journal://back.journal", "optuna.db"):
        assert optimist.load_study(study_name="a", storage=storage).trials[1].value == 1.0


def test_mistakes(studies: None, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*words: str) -> str:
        assert main(words) == 1
        return capsys.readouterr().err

    assert "Which storage?" in fail("import", "optuna.db")
    assert "There is no file optuna.db." in fail("import", "optuna.db", "--to", "back.db")
    assert "holds no studies of Optuna" in fail("import", "ours.db", "--to", "back.db")
    assert "There is no file other.db" in fail("export", "--to", "optuna", "optuna.db", "--storage", "other.db")
    assert sorted(path.name for path in Path().glob("*.db")) == ["ours.db"]


def test_counter_on_a_terminal(
    studies: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["export", "--to", "optuna", "optuna.db", "--storage", "ours.db"]) == 0
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["import", "optuna.db", "--to", "back.db", "-q"]) == 0
    assert "a: 2 of 2 trials\r\x1b[Kb: 1 of 1 trials" in capsys.readouterr().err
