from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import optimist
from optimist.distributions import FloatDistribution
from optimist.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    MeanDecreaseImpurityImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
    get_param_importances_with_uncertainty,
)

SPACE = dict.fromkeys("xyz", FloatDistribution(0, 1))
EVALUATORS = [
    PedAnovaImportanceEvaluator(),
    FanovaImportanceEvaluator(seed=0, n_trees=32),
    MeanDecreaseImpurityImportanceEvaluator(seed=0, n_trees=32),
]
each = pytest.mark.parametrize("evaluator", EVALUATORS, ids=["ped-anova", "fanova", "mdi"])


def make_study(n: int, seed: int) -> optimist.Study:
    study = optimist.create_study()
    for x, y, z in np.random.default_rng(seed).random((n, 3)).tolist():
        study.add_trial(
            optimist.create_trial(params={"x": x, "y": y, "z": z}, distributions=SPACE, value=x + 0.7 * y**2)
        )
    return study


@each
@pytest.mark.parametrize("normalize", [True, False])
def test_values_are_the_importances(evaluator: BaseImportanceEvaluator, normalize: bool) -> None:
    study = make_study(100, 0)
    estimates = get_param_importances_with_uncertainty(study, evaluator=evaluator, normalize=normalize, seed=1)
    values = get_param_importances(study, evaluator=evaluator, normalize=normalize)
    assert {name: estimate.value for name, estimate in estimates.items()} == values
    for estimate in estimates.values():
        assert 0.0 <= estimate.low <= estimate.value <= estimate.high
        assert estimate.standard_error > 0.0


@each
def test_intervals_hold_what_other_trials_say(evaluator: BaseImportanceEvaluator) -> None:
    estimates = [
        get_param_importances_with_uncertainty(make_study(80, k), evaluator=evaluator, seed=k) for k in range(20)
    ]
    for name in SPACE:
        mean = np.mean([e[name].value for e in estimates])
        assert np.mean([e[name].low <= mean <= e[name].high for e in estimates]) >= 0.75  # of 0.9


@each
def test_more_trials_are_surer(evaluator: BaseImportanceEvaluator) -> None:
    few, many = (
        get_param_importances_with_uncertainty(make_study(n, 3), evaluator=evaluator, seed=1)["x"].standard_error
        for n in (50, 1000)
    )
    assert many < 0.6 * few


def test_confidence_widens() -> None:
    study = make_study(100, 0)
    narrow, wide = (get_param_importances_with_uncertainty(study, confidence=c, seed=1)["y"] for c in (0.5, 0.99))
    assert wide.low <= narrow.low < narrow.high < wide.high


def test_too_few_trials_say_nothing() -> None:
    with pytest.warns(UserWarning, match="two complete trials"):
        estimate = get_param_importances_with_uncertainty(make_study(1, 0))["x"]
    assert estimate.value == pytest.approx(1 / 3)
    assert math.isnan(estimate.standard_error)
    assert (estimate.low, estimate.high) == (0.0, 1.0)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, math.nan])
def test_confidence_is_a_chance(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        get_param_importances_with_uncertainty(make_study(5, 0), confidence=confidence)


def test_foreign_evaluator_cannot_be_asked_again() -> None:
    class Foreign(BaseImportanceEvaluator):
        def evaluate(self, study: Any, params: Any = None, *, target: Any = None) -> dict[str, float]:
            return {"x": 3.0, "y": 1.0}

    study = make_study(5, 0)
    assert get_param_importances(study, evaluator=Foreign()) == {"x": 0.75, "y": 0.25}
    with pytest.raises(TypeError, match="must be one of"):
        get_param_importances_with_uncertainty(study, evaluator=Foreign())


@pytest.mark.parametrize("m", [2, 3])
def test_several_objectives(m: int) -> None:
    study = optimist.create_study(directions=["minimize"] * m)
    for x, y, z in np.random.default_rng(0).random((200, 3)).tolist():
        params = {"x": x, "y": y, "z": z}
        study.add_trial(
            optimist.create_trial(params=params, distributions=SPACE, values=[x + 0.1 * y, x + 0.1 * z, x][:m])
        )
    estimates = get_param_importances_with_uncertainty(study, seed=1)
    assert estimates["x"].low > estimates["y"].high
