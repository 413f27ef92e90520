"""fANOVA and mean decrease of impurity."""

from __future__ import annotations

import numpy as np
import pytest

import optimist
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    MeanDecreaseImpurityImportanceEvaluator,
    get_param_importances,
)
from tests.unit.importance.made_studies import UNIT, Row, study_of, uniform_rows

EVALUATORS = [FanovaImportanceEvaluator(seed=1), MeanDecreaseImpurityImportanceEvaluator(seed=1)]
both = pytest.mark.parametrize("evaluator", EVALUATORS, ids=["fanova", "mdi"])


@both
def test_what_moves_the_objective_comes_first(evaluator: BaseImportanceEvaluator) -> None:
    importances = get_param_importances(
        study_of([(p, [p["x"] - 0.3 * p["y"]]) for p in uniform_rows(100)]), evaluator=evaluator
    )
    assert list(importances) == ["x", "y"]
    assert importances["x"] == pytest.approx(1 / 1.09, abs=0.05)


@both
def test_conditional_parameters_only_by_name(evaluator: BaseImportanceEvaluator) -> None:
    rows = [({**p, "z": p["y"]} if p["x"] < 0.5 else p, [p["x"]]) for p in uniform_rows(100)]
    study = study_of(rows)
    assert set(get_param_importances(study, evaluator=evaluator)) == {"x", "y"}
    assert set(get_param_importances(study, evaluator=evaluator, params=["z", "x"])) == {"x", "z"}


@both
def test_kinds_of_parameters(evaluator: BaseImportanceEvaluator) -> None:
    rng = np.random.default_rng(2)
    space: dict[str, BaseDistribution] = {
        "kind": CategoricalDistribution(("a", "b", "c", None)),
        "flag": CategoricalDistribution((True, False)),
        "n": IntDistribution(1, 64, log=True),
        "one": IntDistribution(3, 3),
        "only": CategoricalDistribution(("always",)),
    }
    rows: list[Row] = []
    for _ in range(150):
        params = {
            "kind": ("a", "b", "c", None)[rng.integers(4)],
            "flag": bool(rng.integers(2)),
            "n": int(rng.integers(1, 65)),
            "one": 3,
            "only": "always",
        }
        rows.append((params, [3.0 * (params["kind"] is None) + (0.5 if params["flag"] else 0.0)]))
    importances = get_param_importances(study_of(rows, space), evaluator=evaluator)
    assert list(importances)[:2] == ["kind", "flag"]
    assert importances["one"] == importances["only"] == 0.0


@both
def test_several_objectives_need_a_target(evaluator: BaseImportanceEvaluator) -> None:
    study = study_of([(p, [p["x"], p["y"]]) for p in uniform_rows(100)])
    with pytest.raises(ValueError, match="target=lambda"):
        get_param_importances(study, evaluator=evaluator)
    importances = get_param_importances(study, evaluator=evaluator, target=lambda trial: trial.values[1])
    assert next(iter(importances)) == "y"


@both
def test_ranges_that_changed_are_refused_by_name(evaluator: BaseImportanceEvaluator) -> None:
    study = study_of([(p, [p["x"]]) for p in uniform_rows(100)])
    study.add_trial(
        optimist.create_trial(
            params={"x": 2.0, "y": 0.5}, distributions={"x": FloatDistribution(0, 2), "y": UNIT}, value=1.0
        )
    )
    assert set(get_param_importances(study, evaluator=evaluator)) == {"y"}
    with pytest.raises(ValueError, match="'x' has several ranges"):
        get_param_importances(study, evaluator=evaluator, params=["x"])


@both
def test_parameters_that_never_meet_are_refused(evaluator: BaseImportanceEvaluator) -> None:
    rows = [({"x": p["x"]} if i % 2 else {"y": p["y"]}, [p["x"]]) for i, p in enumerate(uniform_rows(100))]
    with pytest.raises(ValueError, match=r"has all of the parameters \['x', 'y'\]"):
        get_param_importances(study_of(rows), evaluator=evaluator, params=["x", "y"])


@both
@pytest.mark.parametrize("n", [0, 1, 5])
def test_nothing_to_explain(n: int, evaluator: BaseImportanceEvaluator) -> None:
    study = optimist.create_study()
    if n:
        study = study_of([(p, [1.0]) for p in uniform_rows(n)])
        with pytest.warns(UserWarning, match="two complete trials with different"):
            assert get_param_importances(study, evaluator=evaluator) == {"x": 0.5, "y": 0.5}
    else:
        assert get_param_importances(study, evaluator=evaluator) == {}


@both
@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_extreme_values(scale: float, evaluator: BaseImportanceEvaluator) -> None:
    study = study_of([(p, [scale * p["x"]]) for p in uniform_rows(100)])
    assert get_param_importances(study, evaluator=evaluator)["x"] > 0.9


@both
def test_seed_makes_it_repeatable(evaluator: BaseImportanceEvaluator) -> None:
    study = study_of([(p, [p["x"] + p["y"]]) for p in uniform_rows(100)])
    assert get_param_importances(study, evaluator=evaluator) == get_param_importances(study, evaluator=evaluator)


@pytest.mark.parametrize("options", [{"n_trees": 0}, {"max_depth": 0}])
def test_no_forest(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        FanovaImportanceEvaluator(**options)
