"""What CMA-ES and the genetic samplers proposed for one seed when this was written; see the one of TPE."""

from __future__ import annotations

from typing import Any

import pytest

import optimist
from optimist.samplers import BaseSampler, CmaEsSampler, NSGAIIISampler, NSGAIISampler, nsgaii
from optimist.trial import Trial


def objective(trial: Trial) -> float:
    x, rate = trial.suggest_float("x", -5, 5), trial.suggest_float("rate", 1e-5, 1, log=True)
    n, width = trial.suggest_int("n", 1, 100), trial.suggest_int("width", 8, 512, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    return x * x + abs(rate - 0.01) + abs(n - 30) / 30 + abs(width - 64) / 64 + (kind != "b")


RECORDED: dict[str, tuple[BaseSampler, int, dict[str, Any]]] = {
    "CMA-ES": (
        CmaEsSampler(seed=11, warn_independent_sampling=False),
        1,
        {"x": 0.7451467071780149, "rate": 0.006359517995517728, "n": 33, "width": 32, "kind": "a"},
    ),
    "CMA-ES with margin and restarts": (
        CmaEsSampler(seed=11, with_margin=True, restart_strategy="ipop", warn_independent_sampling=False),
        1,
        {"x": 0.3382860376632868, "rate": 0.0014469048800049916, "n": 23, "width": 74, "kind": "a"},
    ),
    "NSGA-II": (
        NSGAIISampler(seed=11, population_size=20),
        2,
        {"x": -1.7740490450856972, "rate": 0.07631990057652495, "n": 7, "width": 23, "kind": "a"},
    ),
    "NSGA-II with SBX": (
        NSGAIISampler(
            seed=11, population_size=20, crossover=nsgaii.SBXCrossover(), mutation=nsgaii.PolynomialMutation()
        ),
        2,
        {"x": -0.38840160991498696, "rate": 0.021465506497337725, "n": 71, "width": 35, "kind": "c"},
    ),
    "NSGA-III": (
        NSGAIIISampler(seed=11, population_size=20),
        3,
        {"x": -2.0958799631208684, "rate": 0.00469246315473263, "n": 14, "width": 404, "kind": "a"},
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_proposal(name: str) -> None:
    sampler, n_objectives, expected = RECORDED[name]
    study = optimist.create_study(directions=["minimize"] * n_objectives, sampler=sampler)
    study.optimize(
        lambda trial: (objective(trial), trial.params["x"], trial.params["rate"])[:n_objectives], n_trials=80
    )
    found = study.trials[-1].params
    for key, value in expected.items():
        assert found[key] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value)
