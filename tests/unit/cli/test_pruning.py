"""``optimist audit`` and ``optimist replay``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import optimist
from optimist.cli import main
from optimist.pruners import AuditedPruner, MedianPruner, NopPruner
from optimist.samplers import RandomSampler


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optimist.logging.get_verbosity()
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    yield
    optimist.logging.set_verbosity(before)


def objective(trial: optimist.Trial) -> float:
    x = trial.suggest_float("x", 0, 1)
    for step in range(4):
        trial.report(x + math.sin(9 * x + step), step)
        if trial.should_prune():
            raise optimist.TrialPruned
    return x


@pytest.fixture
def storage(tmp_path: Path) -> str:
    url = str(tmp_path / "studies.db")
    for name, pruner in (("a", AuditedPruner(MedianPruner(n_startup_trials=2), 0.5)), ("b", NopPruner())):
        study = optimist.create_study(study_name=name, storage=url, pruner=pruner, sampler=RandomSampler(1))
        study.optimize(objective, n_trials=12)
    return url


def test_audit_says_it_in_sentences_and_a_table(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "a", "--storage", storage]) == 0
    printed = capsys.readouterr().out
    audit = optimist.load_study(study_name="a", storage=storage).pruning_audit()
    for sentence in audit.sentences:
        assert sentence in printed
    assert "| condemned with " in printed
    assert "x < 0.33" in printed


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_audit_for_scripts(storage: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "a", "b", "--storage", storage, "--format", form]) == 0
    text = capsys.readouterr().out
    found = json.loads(text) if form == "json" else yaml.safe_load(text)
    first, second = (optimist.load_study(study_name=name, storage=storage) for name in "ab")
    audit = first.pruning_audit(second)
    assert found["studies"] == ["a", "b"]
    assert (found["n_wrong"], found["n_wrong_of"]) == (audit.wrong.n_hits, audit.wrong.n)
    assert (found["wrong_low"], found["wrong_high"]) == audit.wrong.interval
    assert found["steps_saved"] == audit.steps.saved
    assert [one["condition"] for one in found["values"]] == [one.condition for one in audit.values]
    assert found["sentences"] == list(audit.sentences)


def test_audit_of_a_study_that_was_not_audited(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "b", "--storage", storage]) == 0
    assert "nothing to audit" in capsys.readouterr().out
    assert main(["audit", "c", "--storage", storage]) == 1
    assert "Error" in capsys.readouterr().err
    assert main(["audit", "--storage", storage]) == 1  # there are two
    assert main(["audit", "b", "--storage", storage, "-f", "value"]) == 0


def test_the_only_study_needs_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = str(tmp_path / "one.db")
    optimist.create_study(study_name="only", storage=url)
    assert main(["audit", "--storage", url]) == 0
    assert "only: 0 trials" in capsys.readouterr().out
    assert main(["replay", "--storage", url]) == 1
    assert "at least two complete trials" in capsys.readouterr().err


def test_replay_recommends(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "b", "--storage", storage, "--orders", "2"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Recommended: ")
    assert "| PatientPruner(MedianPruner(), patience=1) " in printed


def test_replay_for_scripts(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--orders", "2", "--tolerance", "0", "--most-leads-stopped", "0", "--seed", "3"]
    assert main(["replay", "b", "--storage", storage, "-f", "json", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n_runs"], found["n_left_out"], found["tolerance"], found["most_leads_stopped"]) == (12, 0, 0, 0)
    assert found["recommended"] in {one["pruner"] for one in found["pruners"]}
    steps = [one["steps"] for one in found["pruners"]]
    assert steps == sorted(steps)
