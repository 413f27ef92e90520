"""Promotions among many workers: a trial is gone on from once, and goes on from its checkpoint."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import optimist
from optimist.history.records import create_trial
from optimist.pruners import PromotionPruner
from optimist.samplers import RandomSampler
from optimist.states import TrialState

# Promotes all that it can, at the same moment as others; what it promoted goes to the standard output.
PROMOTES = """
import json, sys, time
import optimist
from optimist.pruners import PromotionPruner
from optimist.storages.base import ANY_TERMS
study = optimist.load_study(study_name="s", storage=sys.argv[1], pruner=PromotionPruner(9))
study.trials
print("ready", flush=True)
sys.stdin.readline()
numbers = []
while (draft := study.promotions.begin(ANY_TERMS)) is not None:
    numbers.append(draft.number)
    if len(numbers) % 2:
        study.ledger.sync()
print(json.dumps(numbers), flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_processes_promote_each_trial_once(kind: str, tmp_path: Path) -> None:
    url = f"{kind}:///{tmp_path}/study.db" if kind == "sqlite" else f"journal://{tmp_path}/study.journal"
    study = optimist.create_study(study_name="s", storage=url)
    study.add_trials(
        create_trial(state=TrialState.PRUNED, value=float(i), system_attrs={"completed_rung_0": float(i)})
        for i in range(90)
    )
    command = [sys.executable, "-c", PROMOTES, url]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    begun = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert all(process.returncode == 0 for process in processes)
    study.ledger.sync()
    firsts = [trial.resumed_from for trial in study.trials[90:]]
    assert sorted(firsts) == list(range(30))  # type: ignore[type-var]  # the best third, each once
    assert sorted(number for numbers in begun for number in numbers) == list(range(90, 120))


def objective(trial: optimist.Trial) -> float:
    """Goes on from its checkpoint, and notes from which step."""
    x = trial.suggest_float("x", 0, 1)
    start = 0
    if trial.resume_from is not None:
        start = int((trial.resume_from / "step").read_text())
    trial.set_user_attr("start", start)
    for step in range(start, trial.budget or 0):
        trial.report(x + 1 / (step + 1), step)
        (trial.checkpoint_dir / "step").write_text(str(step + 1))
        if trial.should_prune():
            raise optimist.TrialPruned
    return x


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_workers_share_promotions(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTIMIST_CHECKPOINTS", str(tmp_path / "checkpoints"))
    study = optimist.create_study(
        storage=None if kind == "memory" else f"sqlite:///{tmp_path}/study.db",
        sampler=RandomSampler(seed=1),
        pruner=PromotionPruner(9),
    )
    study.optimize(objective, total_trials=18, workers=3)
    trials = study.trials
    promotions = [trial for trial in trials if trial.resumed_from is not None]
    assert len(trials) - len(promotions) == 18
    assert len(promotions) >= 6
    assert max(Counter(trial.resumed_from for trial in promotions).values()) == 1
    for trial in promotions:
        first = trials[trial.resumed_from or 0]
        assert trial.params == first.params
        assert trial.user_attrs["start"] == (first.last_step or 0) + 1
    assert {trial.state for trial in trials} <= {TrialState.PRUNED, TrialState.COMPLETE}
