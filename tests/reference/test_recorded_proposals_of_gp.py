"""What the Gaussian process proposed for one seed when this was written: a change of behaviour shall not go unnoticed.

Where a change is meant, record anew; what it does for the search belongs into the commit. Only early proposals are
recorded, for machines differ in the last bits, and every later proposal builds on those before it.
"""

from __future__ import annotations

from typing import Any

import pytest

import optimist
from optimist.samplers import GPSampler
from optimist.trial import Trial


def objective(trial: Trial) -> float:
    x, rate = trial.suggest_float("x", -5, 5), trial.suggest_float("rate", 1e-5, 1, log=True)
    n = trial.suggest_int("n", 1, 100)
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    return x * x + abs(rate - 0.01) + abs(n - 30) / 30 + (kind != "b")


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        if isinstance(value, str):
            assert found[name] == value
        else:
            assert found[name] == pytest.approx(value, rel=1e-2, abs=1e-2)


def test_one_objective() -> None:
    study = optimist.create_study(sampler=GPSampler(seed=11))
    study.optimize(objective, n_trials=7)
    recorded: dict[int, dict[str, Any]] = {
        0: {"x": 0.0, "rate": 0.003162277660168379, "n": 51, "kind": "c"},
        4: {"x": 1.5601946636974429, "rate": 0.18619444413262762, "n": 54, "kind": "c"},
        5: {"x": -0.6200404189554289, "rate": 0.00012678541043915938, "n": 52, "kind": "c"},
        6: {"x": -0.6682153492410094, "rate": 0.0032606738995791164, "n": 51, "kind": "a"},
    }
    for number, params in recorded.items():
        check(study.trials[number].params, params)


def test_two_objectives() -> None:
    study = optimist.create_study(directions=["minimize", "maximize"], sampler=GPSampler(seed=11))
    study.optimize(lambda trial: (objective(trial), trial.params["x"]), n_trials=7)
    recorded: dict[int, dict[str, Any]] = {
        5: {"x": 3.616287760389353, "rate": 0.011586458717343753, "n": 58, "kind": "b"},
        6: {"x": 1.0457789590834752, "rate": 0.010818839710152862, "n": 87, "kind": "b"},
    }
    for number, params in recorded.items():
        check(study.trials[number].params, params)
