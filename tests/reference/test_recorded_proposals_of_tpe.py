"""What TPE proposed for one seed when this was written: a change of behaviour shall not go unnoticed.

Where a change is meant, record anew; what it does for the search belongs into the commit.
"""

from __future__ import annotations

from typing import Any

import pytest

import optimist
from optimist.samplers import TPESampler
from optimist.trial import Trial


def objective(trial: Trial) -> float:
    x, rate = trial.suggest_float("x", -5, 5), trial.suggest_float("rate", 1e-5, 1, log=True)
    n, width = trial.suggest_int("n", 1, 100), trial.suggest_int("width", 8, 512, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    return x * x + abs(rate - 0.01) + abs(n - 30) / 30 + abs(width - 64) / 64 + (kind != "b")


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {name: value for name, value in found.items() if not isinstance(value, float)} == {
        name: value for name, value in expected.items() if not isinstance(value, float)
    }
    floats = {name: value for name, value in expected.items() if isinstance(value, float)}
    assert {name: found[name] for name in floats} == pytest.approx(floats, rel=1e-6)  # machines differ in the last bits


def test_one_objective() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=11))
    study.optimize(objective, n_trials=160)
    recorded = {
        3: {"x": 4.107732033963893, "rate": 0.06547134679447508, "n": 82, "width": 212, "kind": "b"},
        10: {"x": -3.2014158800240238, "rate": 0.056096967311016065, "n": 19, "width": 67, "kind": "b"},
        11: {"x": 0.5240835192944377, "rate": 0.00033211313904942967, "n": 18, "width": 79, "kind": "b"},
        40: {"x": 0.5003443554479423, "rate": 0.013363948744705917, "n": 49, "width": 50, "kind": "b"},
        159: {"x": 0.14812951339011704, "rate": 0.0013298165480602464, "n": 30, "width": 63, "kind": "b"},
    }
    for number, params in recorded.items():
        check(study.trials[number].params, params)


def test_two_objectives() -> None:
    study = optimist.create_study(directions=["minimize", "maximize"], sampler=TPESampler(seed=11))
    study.optimize(lambda trial: (objective(trial), trial.params["x"]), n_trials=40)
    recorded = {
        12: {"x": 2.4441589380098483, "rate": 0.11117257009961433, "n": 53, "width": 49, "kind": "c"},
        39: {"x": 2.170264322320378, "rate": 8.32185767847334e-05, "n": 52, "width": 20, "kind": "b"},
    }
    for number, params in recorded.items():
        check(study.trials[number].params, params)
