"""What a study notes of how its trials came to be."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import optimist
from optimist.history.attributes import PROVENANCE_KEY
from optimist.pruners import NopPruner
from optimist.samplers import RandomSampler
from optimist.study.provenance import command


def objective(trial: optimist.Trial) -> float:
    return trial.suggest_float("x", 0, 1)


def test_optimize_notes_each_setting_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/train.py", "--trials", "3"])
    study = optimist.create_study(storage=str(tmp_path / "a.db"), sampler=RandomSampler(seed=7), pruner=NopPruner())
    for _ in range(2):
        study.optimize(objective, n_trials=1)
    study.sampler = optimist.samplers.TPESampler()
    study.optimize(objective, n_trials=1)
    notes = study.ledger.history.system_attrs[PROVENANCE_KEY]
    assert [(note["sampler"], note["seed"], note["pruner"]) for note in notes] == [
        ("RandomSampler", 7, "NopPruner"),
        ("TPESampler", None, "NopPruner"),
    ]
    assert notes[0]["command"] == "python train.py --trials 3"
    assert notes[0]["versions"]["optimist"] == optimist.__version__


def test_libraries_that_are_loaded_later_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    study = optimist.create_study(sampler=RandomSampler(seed=7))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    study.optimize(objective, n_trials=1)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(__version__="9.9"))
    study.optimize(objective, n_trials=1)
    (note,) = study.ledger.history.system_attrs[PROVENANCE_KEY]
    assert note["versions"]["torch"] == "9.9"
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(__version__="9.10"))
    study.optimize(objective, n_trials=1)
    assert len(study.ledger.history.system_attrs[PROVENANCE_KEY]) == 2


def test_notes_end_somewhere() -> None:
    study = optimist.create_study()
    for seed in range(30):
        study.sampler = RandomSampler(seed=seed)
        study.optimize(objective, n_trials=1)
    assert len(study.ledger.history.system_attrs[PROVENANCE_KEY]) == 20


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], None),
        ([""], None),
        (["-c"], None),
        (["/usr/lib/ipykernel/__main__.py"], None),
        (["/a b/my train.py", "a b"], "python 'my train.py' 'a b'"),
        (["tool", "mysql://me:pw@host/db"], "tool 'mysql://me:***@host/db'"),
        (["tool", "--token", "abc", "--n", "3"], "tool --token '***' --n 3"),
        (["tool", "--api-key=abc", "x"], "tool '--api-key=***' x"),
        (["tool", "--password", "--n"], "tool --password --n"),
    ],
)
def test_commands_keep_no_secrets(words: list[str], shown: str | None) -> None:
    assert command(words) == shown
