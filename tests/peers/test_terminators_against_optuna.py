"""Terminators decide as Optuna's; those that ask a Gaussian process see much the same gain."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import optuna.terminator
import pytest

import optimist

pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # Optuna will move its terminators
]
LIBRARIES = (optuna, optimist)


def make_study(library: ModuleType, values: Sequence[float], x: Any = None, direction: str = "minimize") -> Any:
    study = library.create_study(direction=direction)
    for i, value in enumerate(values):
        study.add_trial(
            library.trial.create_trial(
                value=value,
                params={"x": i / len(values) if x is None else x[i]},
                distributions={"x": library.distributions.FloatDistribution(0, 1)},
            )
        )
    return study


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("seed", range(3))
def test_stagnation(seed: int, direction: str) -> None:
    values = np.random.default_rng(seed).integers(0, 9, 25).astype(float).tolist()
    for m in (3, 24, 30):
        found = []
        for library in LIBRARIES:
            study = make_study(library, values, direction=direction)
            evaluator = library.terminator.BestValueStagnationEvaluator(m)
            found.append(
                (
                    evaluator.evaluate(study.trials, study.direction),
                    library.terminator.Terminator(evaluator).should_terminate(study),
                )
            )
        assert found[0] == found[1]


def test_cross_validation() -> None:
    found = []
    for library in LIBRARIES:
        study = library.create_study(sampler=library.samplers.RandomSampler(seed=0))
        for scores in ([0.1, 0.5, 0.9, 0.2], [0.1, 0.2], [0.4, 0.3, 0.6]):
            trial = study.ask()
            library.terminator.report_cross_validation_scores(trial, scores)
            study.tell(trial, float(np.mean(scores)))
        assert study.trials[1].system_attrs == {"terminator:cv_scores": [0.1, 0.2]}
        found.append(library.terminator.CrossValidationErrorEvaluator().evaluate(study.trials, study.direction))
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize("n", [5, 29, 30, 45])
def test_median(n: int) -> None:
    found = []
    for library in LIBRARIES:
        study = make_study(library, range(n))
        terminator = library.terminator
        evaluator = terminator.MedianErrorEvaluator(terminator.BestValueStagnationEvaluator(100), threshold_ratio=0.5)
        found.append(evaluator.evaluate(study.trials, study.direction))
    assert found[0] == found[1]


@pytest.mark.slow
def test_regret_bound_is_of_the_same_size() -> None:
    pytest.importorskip("torch", reason="Optuna's Gaussian process needs PyTorch")
    ratios = []
    for seed in range(3):
        x = np.random.default_rng(seed).random(15)
        ours, theirs = (
            library.terminator.RegretBoundEvaluator(seed=0).evaluate(study.trials, study.direction)
            for library in (optimist, optuna)
            for study in [make_study(library, np.sin(9 * x) + x, x)]
        )
        ratios.append(ours / theirs)
    assert 0.3 < np.median(ratios) < 3.0
