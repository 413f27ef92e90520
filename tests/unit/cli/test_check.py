"""``optimist check``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import optimist
from optimist.cli import main

SEARCH = """
import sys
import optimist

def objective(trial):
    return trial.suggest_float("x", 1e-4, 1) * float(sys.argv[1])

if __name__ == "__main__":
    study = optimist.MAKE
    study.optimize(objective, n_trials=50)
    raise AssertionError("optimize() was to be handed over")
"""


def script(directory: Path, text: str) -> str:
    path = directory / "train.py"
    path.write_text(text)
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    before, path, argv = optimist.logging.get_verbosity(), list(sys.path), sys.argv
    capsys.readouterr()
    code = main(("check", *words))
    optimist.logging.set_verbosity(before)
    assert sys.path == path
    assert sys.argv is argv
    return (code, *capsys.readouterr())


def test_new_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = tmp_path / "s.db"
    make = f'create_study(storage="sqlite:///{storage}", study_name="s")'
    code, out, _ = run(capsys, "-f", "json", script(tmp_path, SEARCH.replace("MAKE", make)), "3")
    found = json.loads(out)
    assert code == 0
    assert [(f["code"], f["parameter"]) for f in found["findings"][:2]] == [
        ("never-reports", None),
        ("log-missing", "x"),
    ]
    assert found["expected_seconds"] == pytest.approx(50 * found["seconds"])
    assert found["effects"] == {"x": True}
    assert not found["ok"]
    assert not storage.exists()


def test_study_that_exists_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = f"sqlite:///{tmp_path / 's.db'}"
    optimist.create_study(storage=storage, study_name="s", direction="maximize")
    make = f'load_study(storage="{storage}", study_name="s"); study.enqueue_trial({{"x": 0.5}})'
    code, out, _ = run(capsys, "--n-trials", "7", script(tmp_path, SEARCH.replace("MAKE", make)), "3")
    assert code == 0
    assert "Warning: x goes from 0.0001 to 1" in out
    assert "7 of them take" in out
    assert optimist.load_study(storage=storage, study_name="s").trials == []
    optimist.create_study().optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)  # the dry run is over


def test_function_of_a_script_that_only_defines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script(tmp_path, "def train(trial):\n    return None\n")
    code, out, _ = run(capsys, "--objective", "train", path)
    assert code == 1
    assert "Problem: The trial failed" in out
    code, _, err = run(capsys, path)
    assert code == 1
    assert "--objective NAME" in err
    assert "no function named 'other'" in run(capsys, "--objective", "other", path)[2]


def test_script_that_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, script(tmp_path, "raise SystemExit(2)"))
    assert code == 1
    assert "ended with exit code 2" in err
