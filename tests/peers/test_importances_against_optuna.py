"""PED-ANOVA says of the same trials what Optuna's says; forests, which are random, say much the same."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest

import optimist


def make_study(library: ModuleType, n: int, directions: list[str], seed: int) -> Any:
    """Random trials with parameters of every kind, one of them conditional, one of a range that changes."""
    d, rng = library.distributions, np.random.default_rng(seed)
    always = {
        "x": d.FloatDistribution(0, 1),
        "lr": d.FloatDistribution(1e-5, 1, log=True),
        "k": d.IntDistribution(1, 9),
        "width": d.IntDistribution(1, 300, log=True),
        "step": d.FloatDistribution(0, 1, step=0.25),
        "many": d.IntDistribution(0, 999, step=3),
        "kind": d.CategoricalDistribution(("a", "b", None)),
        "one": d.IntDistribution(3, 3),
    }
    study = library.create_study(directions=directions)
    for u in rng.random((n, 12)).tolist():
        space = dict(always)
        params = {
            "x": u[0],
            "lr": max(1e-5, 10 ** (-5 * u[1])),
            "k": 1 + int(9 * u[2]),
            "width": int(300 ** u[3]),
            "step": int(5 * u[4]) / 4,
            "many": 3 * int(334 * u[5]),
            "kind": ("a", "b", None)[int(3 * u[6])],
            "one": 3,
        }
        if params["kind"] == "a":
            space["only for a"], params["only for a"] = d.FloatDistribution(0, 1), u[7]
        high = 1.0 if u[2] < 0.5 else 2.0
        space["changing"], params["changing"] = d.FloatDistribution(0, high), high * u[8]
        first = (u[0] - 0.3) ** 2 + 0.1 * u[1] + 0.05 * u[2] * (u[6] < 1 / 3) + 0.2 * params.get("only for a", 1.0)
        values = [first, u[0] + 0.2 * u[9], 1 - u[1] + 0.2 * u[10]][: len(directions)]
        study.add_trial(library.trial.create_trial(params=params, distributions=space, values=values))
    return study


def importances(library: ModuleType, study: Any, target: Any = None, **options: Any) -> dict[str, float]:
    evaluator = library.importance.PedAnovaImportanceEvaluator(**options)
    found: dict[str, float] = library.importance.get_param_importances(
        study, evaluator=evaluator, target=target, normalize=False
    )
    return found


def assert_alike(n: int, directions: list[str], options: dict[str, Any], target: Any = None) -> None:
    theirs = importances(optuna, make_study(optuna, n, directions, seed=n), target, **options)
    ours = importances(optimist, make_study(optimist, n, directions, seed=n), target, **options)
    assert ours.keys() == theirs.keys()
    assert ours == pytest.approx(theirs, abs=1e-9)


pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
    # Theirs names what we document: few trials of a range, a quantile without effect, and that low targets are good.
    pytest.mark.filterwarnings("ignore:Some regimes"),
    pytest.mark.filterwarnings("ignore:If `evaluate_on_local` is False"),
    pytest.mark.filterwarnings("ignore:PedAnovaImportanceEvaluator computes"),
]

OPTIONS = [
    {},
    {"target_quantile": 0.3},
    {"region_quantile": 0.5},
    {"evaluate_on_local": False},
    {"target_quantile": 0.05, "region_quantile": 0.7, "evaluate_on_local": False},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("n", [3, 10, 150])
def test_one_objective(n: int, options: dict[str, Any]) -> None:
    assert_alike(n, ["minimize"], options)


def test_maximised(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_alike(150, ["maximize"], {})


def test_target(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_alike(150, ["minimize"], {}, lambda trial: -trial.params["x"])
    assert_alike(150, ["minimize", "minimize"], {}, lambda trial: trial.values[1])


@pytest.mark.parametrize("options", [{}, {"target_quantile": 0.3, "region_quantile": 0.6}])
@pytest.mark.parametrize("directions", [["minimize", "maximize"], ["maximize", "minimize", "minimize"]])
@pytest.mark.parametrize("n", [10, 150])
def test_several_objectives(n: int, directions: list[str], options: dict[str, Any]) -> None:
    assert_alike(n, directions, options)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["FanovaImportanceEvaluator", "MeanDecreaseImpurityImportanceEvaluator"])
def test_forests(name: str) -> None:
    pytest.importorskip("sklearn", reason="Optuna's forests need scikit-learn: pip install --group examples")
    theirs, ours = (
        getattr(library.importance, name)(seed=0, n_trees=16).evaluate(make_study(library, 200, ["minimize"], seed=1))
        for library in (optuna, optimist)
    )
    assert ours.keys() == theirs.keys()
    total = sum(theirs.values())
    for parameter, importance in ours.items():
        assert importance / sum(ours.values()) == pytest.approx(theirs[parameter] / total, abs=0.1)
