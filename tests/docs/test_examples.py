"""Every example runs, in its short form, in an empty directory, and a second run does as well."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.idx import write_data_set

ROOT = Path(__file__).resolve().parents[2]
SHORT_FORMS = {
    "data.py": ["corrupted-mnist", "corrupted"],
    "digits_comparison.py": ["--trials", "3", "--repeats", "1", "--grid", "small"],
    "digits_forest.py": ["--trials", "3", "--grid", "small"],
    "distributed.py": ["--trials", "3", "--workers", "1", "2", "--storage", "sqlite:///distributed.db"],
    "fashion_trainer.py": ["--train-size", "40", "--epochs", "2"],
}
NEED_TORCH = {"fashion_trainer.py"}
RUNNABLE = [name for name in SHORT_FORMS if name not in NEED_TORCH or find_spec("torch")]


def test_every_example_has_a_short_form() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(SHORT_FORMS)


@pytest.mark.slow
@pytest.mark.parametrize("example", RUNNABLE)
def test_example_runs_twice(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_data_set(tmp_path / "images", n_train=50)  # made-up images do for a smoke run
    for variable in ("OPTIMIST_FASHION_MNIST", "OPTIMIST_MNIST"):
        monkeypatch.setenv(variable, str(tmp_path / "images"))
    pytest.importorskip("sklearn", reason="the examples need scikit-learn: pip install --group examples")
    for _ in range(2):
        done = run([str(ROOT / "examples" / example), *SHORT_FORMS[example]], tmp_path)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_digits_forest_continues_an_interrupted_run(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the examples need scikit-learn: pip install --group examples")
    example = str(ROOT / "examples" / "digits_forest.py")
    assert run([example, "--trials", "2", "--grid", "small"], tmp_path).returncode == 0
    done = run([example, "--trials", "3", "--grid", "small"], tmp_path)  # as if stopped after two of three
    assert done.returncode == 0, done.stderr
    assert "3 Bayesian trials" in done.stdout


@pytest.mark.slow
def test_digits_forest_prints_commands_that_work(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the examples need scikit-learn: pip install --group examples")
    done = run([str(ROOT / "examples" / "digits_forest.py"), "--trials", "2", "--grid", "small"], tmp_path)
    commands = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("  ") and "--storage" in line]
    assert commands
    for arguments in commands:
        looked = run(["-c", "from optimist.cli import main; main()", *arguments], tmp_path)
        assert looked.returncode == 0, looked.stderr
        assert looked.stdout.strip()


def run(arguments: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error::UserWarning:optimist", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=300)
