"""NSGA-II, NSGA-III and CMA-ES beside Optuna's: the same laws of crossovers, the same operators accepted, as good results."""

from __future__ import annotations

import inspect
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest

import optimist

PARENTS = np.array([[0.2, 0.3, 0.6], [0.5, 0.4, 0.2], [0.7, 0.9, 0.5]])
BOUNDS = np.tile([0.0, 1.0], (3, 1))
N_DRAWS = 4000

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


def draws(library: ModuleType, name: str, options: dict[str, Any], n_objectives: int) -> np.ndarray:
    crossover = getattr(library.samplers.nsgaii, name)(**options)
    study = library.create_study(directions=["minimize"] * n_objectives)
    rng = np.random.RandomState(3)
    parents = PARENTS[: crossover.n_parents]
    return np.array([crossover.crossover(parents, rng, study, BOUNDS) for _ in range(N_DRAWS)])


@pytest.mark.parametrize("n_objectives", [1, 2])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("UniformCrossover", {}),
        ("UniformCrossover", {"swapping_prob": 0.2}),
        ("BLXAlphaCrossover", {}),
        ("BLXAlphaCrossover", {"alpha": 0.1}),
        ("SPXCrossover", {}),
        ("SBXCrossover", {}),
        ("SBXCrossover", {"eta": 5.0, "use_child_gene_prob": 0.9}),
        ("VSBXCrossover", {"eta": 50.0}),
        ("UNDXCrossover", {}),
    ],
)
def test_crossovers_have_the_same_moments(name: str, options: dict[str, Any], n_objectives: int) -> None:
    ours_options = options
    if name == "UNDXCrossover":  # Optuna takes the squares for standard deviations
        ours_options = {"sigma_xi": 0.5**2, "sigma_eta": 0.35**2 / 3}
    ours, theirs = draws(optimist, name, ours_options, n_objectives), draws(optuna, name, options, n_objectives)
    spread = theirs.std(axis=0)
    assert ours.mean(axis=0) == pytest.approx(theirs.mean(axis=0), abs=4.0 * float(spread.max()) * (2 / N_DRAWS) ** 0.5)
    assert ours.std(axis=0) == pytest.approx(spread, rel=0.06)


@pytest.mark.parametrize("param", [0.02, 0.5, 0.9])
def test_the_mutation_has_the_same_moments(param: float) -> None:
    found = []
    for library in (optimist, optuna):
        mutation, study = library.samplers.nsgaii.PolynomialMutation(), library.create_study()
        rng = np.random.RandomState(5)
        found.append([mutation.mutation(param, rng, study, BOUNDS[0]) for _ in range(N_DRAWS)])
    ours, theirs = np.array(found)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.005)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.08)


@pytest.mark.parametrize("name", ["NSGAIISampler", "NSGAIIISampler", "CmaEsSampler", "BaseGASampler"])
def test_arguments_and_defaults(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(library.samplers, name)) for library in (optimist, optuna))
    assert list(ours.parameters) == list(theirs.parameters)
    for key, parameter in theirs.parameters.items():
        assert ours.parameters[key].default == parameter.default
        assert ours.parameters[key].kind == parameter.kind


def zdt1(trial: Any) -> tuple[float, float]:
    x = [trial.suggest_float(f"x{i}", 0, 1) for i in range(4)]
    g = 1 + 3 * sum(x[1:])
    return x[0], g * (1 - (x[0] / g) ** 0.5)


@pytest.mark.parametrize(
    "crossover",
    ["UniformCrossover", "BLXAlphaCrossover", "SPXCrossover", "SBXCrossover", "VSBXCrossover", "UNDXCrossover"],
)
def test_optunas_crossovers_run_in_our_sampler(crossover: str) -> None:
    theirs = getattr(optuna.samplers.nsgaii, crossover)()

    class Bridge(optimist.samplers.nsgaii.BaseCrossover):
        """Optuna's crossover under our base class: what a user's own crossover becomes by changing the import."""

        n_parents = theirs.n_parents

        def crossover(
            self, parents_params: np.ndarray, rng: Any, study: Any, search_space_bounds: np.ndarray
        ) -> np.ndarray:
            plain = optuna.create_study(directions=["minimize"] * len(study.directions))
            return theirs.crossover(parents_params, rng, plain, search_space_bounds)

    study = optimist.create_study(
        directions=["minimize"] * 2,
        sampler=optimist.samplers.NSGAIISampler(population_size=6, crossover=Bridge(), seed=0),
    )
    study.optimize(zdt1, n_trials=24)
    assert len({tuple(t.params.values()) for t in study.trials}) == 24


def hypervolume(library: ModuleType, seed: int) -> float:
    study = library.create_study(
        directions=["minimize"] * 2, sampler=library.samplers.NSGAIISampler(population_size=20, seed=seed)
    )
    study.optimize(zdt1, n_trials=160)
    front = sorted(tuple(t.values) for t in study.best_trials)
    ends = [*(x for x, _ in front[1:]), 1.1]
    return sum((min(end, 1.1) - x) * (11.0 - y) for (x, y), end in zip(front, ends, strict=True) if x < 1.1)


def test_nsga2_finds_as_good_a_front() -> None:
    ours, theirs = ([hypervolume(library, seed) for seed in range(6)] for library in (optimist, optuna))
    assert np.mean(ours) > np.mean(theirs) - 2.0 * np.std(theirs) / 6**0.5


def valley(trial: Any) -> float:
    x, y, z = (trial.suggest_float(name, -2, 2) for name in "xyz")
    return float(100 * (y - x**2) ** 2 + (1 - x) ** 2 + z**2)


def best_of_cmaes(library: ModuleType, seed: int, options: dict[str, Any]) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = library.create_study(sampler=library.samplers.CmaEsSampler(seed=seed, **options))
    study.optimize(valley, n_trials=150)
    return float(np.log(study.best_value))


@pytest.mark.parametrize("options", [{}, {"use_separable_cma": True}, {"lr_adapt": True}, {"with_margin": True}])
def test_cmaes_finds_as_good_values(options: dict[str, Any]) -> None:
    ours, theirs = ([best_of_cmaes(library, seed, options) for seed in range(6)] for library in (optimist, optuna))
    assert np.median(ours) < np.median(theirs) + 2.0 * np.std(theirs) / 6**0.5
