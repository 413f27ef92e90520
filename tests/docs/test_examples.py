"""Every example runs, in its short form, in an empty directory, and a second run does as well."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import data
import pytest

import optimist
from tests.idx import write_data_set
from tests.servers import url_for
from tools.servers import Server

ROOT = Path(__file__).resolve().parents[2]
SHORT_FORMS = {
    "corrupted_mnist.py": ["--trials", "3", "--train-size", "500", "--epochs", "2"],
    "data.py": ["corrupted-mnist", "corrupted"],
    "digits_comparison.py": ["--trials", "3", "--repeats", "1", "--grid", "small"],
    "digits_forest.py": ["--grid", "small"],
    "fashion_trainer.py": ["--train-size", "500", "--epochs", "2"],
    "fashion_tune.py": ["--trials", "3", "--train-size", "500", "--epochs", "2", "--finalists", "2", "--retrain", "2"],
    "forest_on_cluster.py": ["--on", "dask", "--trials", "3"],
    "several_workers.py": ["--trials", "2", "--workers", "1", "2", "--storage", "sqlite:///workers.db"],
}
IMAGES = {
    "corrupted_mnist.py": data.MNIST,
    "data.py": data.MNIST,
    "fashion_trainer.py": data.FASHION_MNIST,
    "fashion_tune.py": data.FASHION_MNIST,
}
PRINTED = {
    "corrupted_mnist.py": r"Test accuracy of the best: 0\.\d+",
    "fashion_trainer.py": r"test accuracy 0\.[4-9]",  # chance is 0.1
    "fashion_tune.py": r"(?s)\d epochs, \d+% of the 6 without .*Test accuracy, mean of 2 seeds: 0\.\d+ .* 0\.\d+ tuned",
}
RUN_ON_THEIR_OWN = {"digits_forest.py"}
NEED_TORCH = {"corrupted_mnist.py", "fashion_trainer.py", "fashion_tune.py"}


def test_every_example_has_a_short_form() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(SHORT_FORMS)


@pytest.mark.slow
@pytest.mark.parametrize("example", sorted(SHORT_FORMS.keys() - RUN_ON_THEIR_OWN))
def test_example_runs_twice(example: str, tmp_path: Path) -> None:
    need_all_of(example)
    for _ in range(2):
        done = run([str(ROOT / "examples" / example), *SHORT_FORMS[example]], tmp_path)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert re.search(PRINTED.get(example, ""), done.stdout), done.stdout


def need_all_of(example: str) -> None:
    """Skip where what the example needs is not installed."""
    pytest.importorskip("sklearn", reason="the examples need scikit-learn: pip install --group examples")
    if example in NEED_TORCH and find_spec("torch") is None:
        pytest.skip("the example needs PyTorch: make .venv/has-images")
    if example == "forest_on_cluster.py":
        pytest.importorskip("distributed", reason="the example needs Dask: pip install 'optimist[dask]'")
    if example in IMAGES and data.find(IMAGES[example]) is None:
        pytest.skip(f"the example needs {IMAGES[example].title}: python examples/data.py fetch")


@pytest.mark.slow
def test_corrupted_mnist_is_tuned_through_mysql(
    tmp_path: Path, mariadb: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_all_of("corrupted_mnist.py")
    write_data_set(tmp_path / "images", n_train=600)  # made-up images do here
    monkeypatch.setenv("OPTIMIST_MNIST", str(tmp_path / "images"))
    url = url_for(mariadb, tmp_path)
    example = str(ROOT / "examples" / "corrupted_mnist.py")
    done = run([example, *SHORT_FORMS["corrupted_mnist.py"], "--storage", url], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 workers ended well" in done.stdout
    (study,) = optimist.get_all_study_summaries(url)
    assert study.n_trials == 3


@pytest.mark.slow
def test_digits_forest_goes_on_starts_again_and_prints_commands_that_work(tmp_path: Path) -> None:
    need_all_of("digits_forest.py")
    example = [str(ROOT / "examples" / "digits_forest.py"), *SHORT_FORMS["digits_forest.py"]]
    begun = []
    for n_trials in ("2", "3", "3"):  # stopped after two trials, as it were; gone on with; done, so from scratch
        done = run([*example, "--trials", n_trials], tmp_path)
        assert done.returncode == 0, done.stderr
        assert f"{n_trials} Bayesian trials" in done.stdout
        (store,) = tmp_path.glob("*.db")
        study = optimist.load_study(study_name="digits-bayesian", storage=f"sqlite:///{store}")
        assert len(study.trials) == int(n_trials)
        begun.append(study.trials[0].datetime_start)
    assert begun[0] == begun[1] != begun[2]
    commands = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("  ") and "--storage" in line]
    assert commands
    for arguments in commands:
        looked = run(["-c", "from optimist.cli import main; main()", *arguments], tmp_path)
        assert looked.returncode == 0, looked.stderr
        assert looked.stdout.strip()


def run(arguments: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error::UserWarning:optimist", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=300)
