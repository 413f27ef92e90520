from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.distributions import BaseDistribution, FloatDistribution
from optimist.importance import PedAnovaImportanceEvaluator, get_param_importances
from tests.unit.importance.made_studies import UNIT, study_of, uniform_rows


def test_what_separates_good_trials_comes_first() -> None:
    study = study_of([(p, [(p["x"] - 0.3) ** 2 + 0.01 * p["y"]]) for p in uniform_rows()])
    importances = get_param_importances(study)
    assert list(importances) == ["x", "y"]
    assert importances["x"] > 0.8
    assert sum(importances.values()) == pytest.approx(1.0)


def test_maximising_is_minimising_the_negative() -> None:
    rows = uniform_rows()
    lower = study_of([(p, [p["x"] - 0.2 * p["y"]]) for p in rows])
    higher = study_of([(p, [0.2 * p["y"] - p["x"]]) for p in rows], directions=("maximize",))
    assert get_param_importances(lower, normalize=False) == get_param_importances(higher, normalize=False)


def test_target_replaces_the_objective() -> None:
    study = study_of([(p, [p["x"]]) for p in uniform_rows()])
    assert next(iter(get_param_importances(study, target=lambda trial: trial.params["y"]))) == "y"


def test_target_of_a_maximising_study_warns() -> None:
    study = study_of([(p, [p["x"]]) for p in uniform_rows()], directions=("maximize",))
    with pytest.warns(UserWarning, match="low values"):
        get_param_importances(study, target=lambda trial: trial.values[0])


def test_conditional_parameter_takes_part() -> None:
    rows = [({**p, "z": p["y"]} if p["x"] < 0.5 else p, [p["y"] if p["x"] < 0.5 else 2.0]) for p in uniform_rows()]
    importances = get_param_importances(study_of(rows))
    assert set(importances) == {"x", "y", "z"}
    assert importances["z"] > 0.1


def test_inactive_parameter_without_effect_gets_nothing() -> None:
    rows = [({**p, "rare": 0.5} if i == 7 else p, [p["x"]]) for i, p in enumerate(uniform_rows())]
    assert get_param_importances(study_of(rows))["rare"] == 0.0


def test_single_value_gets_nothing() -> None:
    rows = [({**p, "one": 3.0}, [p["x"]]) for p in uniform_rows()]
    assert get_param_importances(study_of(rows, {"one": FloatDistribution(3, 3)}))["one"] == 0.0


def test_several_objectives_together() -> None:
    rows = [(p, [p["x"], 0.1 * p["y"] + p["x"]]) for p in uniform_rows()]
    importances = get_param_importances(study_of(rows, directions=("minimize", "minimize")))
    assert importances["x"] > 0.8


@pytest.mark.parametrize("values", [[math.inf], [-math.inf]])
def test_infinite_values_are_left_out(values: list[float]) -> None:
    rows = [(p, [p["x"]]) for p in uniform_rows()]
    expected = get_param_importances(study_of(rows))
    assert get_param_importances(study_of([*rows, ({"x": 0.9, "y": 0.9}, values)])) == expected


def test_voided_trials_are_left_out() -> None:
    rows = [(p, [p["x"]]) for p in uniform_rows()]
    study = study_of([*rows, ({"x": 0.9, "y": 0.9}, [-5.0])])
    study.void(len(rows), "broken")
    assert get_param_importances(study) == get_param_importances(study_of(rows))
    by_target = get_param_importances(study, target=lambda trial: trial.value)
    assert by_target == get_param_importances(study_of(rows))


def test_order_of_finishing_does_not_matter() -> None:
    study = optimist.create_study()
    rows = uniform_rows(40)
    trials = [study.ask({"x": UNIT, "y": UNIT}) for _ in rows]
    for trial in reversed(trials):
        study.tell(trial, trial.params["x"])
    again = study_of([(trial.params, [trial.values[0]]) for trial in study.trials])
    assert get_param_importances(study) == get_param_importances(again)


def test_params_are_all_that_is_judged() -> None:
    study = study_of([(p, [p["x"]]) for p in uniform_rows()])
    assert get_param_importances(study, params=["y"]) == {"y": 1.0}
    assert get_param_importances(study, params=[]) == {}


def test_too_few_trials_give_equal_importances() -> None:
    with pytest.warns(UserWarning, match="two complete trials"):
        assert get_param_importances(optimist.create_study()) == {}
    with pytest.warns(UserWarning, match="two complete trials"):
        assert get_param_importances(study_of([({"x": 0.1, "y": 0.2}, [1.0])])) == {"x": 0.5, "y": 0.5}


def test_equal_values_give_equal_importances() -> None:
    study = study_of([(p, [1.0]) for p in uniform_rows(20)])
    with pytest.warns(UserWarning, match="all there are to compare"):
        assert get_param_importances(study) == {"x": 0.5, "y": 0.5}


@pytest.mark.parametrize(("target", "region"), [(0.0, 1.0), (0.5, 0.5), (0.5, 0.4), (0.1, 1.1), (-1.0, 1.0)])
def test_quantiles_must_be_ordered(target: float, region: float) -> None:
    with pytest.raises(ValueError, match="0 < target_quantile < region_quantile <= 1"):
        PedAnovaImportanceEvaluator(target_quantile=target, region_quantile=region)


@pytest.mark.parametrize("params", ["x", [1], {"x"}])
def test_params_must_be_a_list_of_names(params: Any) -> None:
    with pytest.raises(TypeError, match="list of parameter names"):
        get_param_importances(study_of([({"x": 0.5}, [1.0])] * 3), params=params)


def test_unknown_parameter_is_named() -> None:
    with pytest.raises(ValueError, match=r"has the parameters \['nope'\]"):
        get_param_importances(study_of([({"x": 0.5}, [1.0])] * 3), params=["x", "nope"])


def test_evaluator_must_be_one() -> None:
    evaluator: Any = 3
    with pytest.raises(TypeError, match="BaseImportanceEvaluator"):
        get_param_importances(optimist.create_study(), evaluator=evaluator)


def test_widest_range_of_floats() -> None:
    space: dict[str, BaseDistribution] = {"wide": FloatDistribution(-1.7e307, 1.7e308)}
    rows = [({"wide": (p["x"] - 0.5) * 3e307, "y": p["y"]}, [p["x"]]) for p in uniform_rows()]
    assert get_param_importances(study_of(rows, space))["wide"] > 0.9


def test_trials_of_other_workers_count(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    mine = optimist.create_study(storage=url, study_name="s", sampler=optimist.samplers.RandomSampler(seed=0))
    mine.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    theirs = optimist.load_study(storage=url, study_name="s")
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1), n_trials=3)
    assert set(get_param_importances(mine)) == {"x", "y"}
