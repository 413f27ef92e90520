"""Samplers that model the objective must find better values than random search with the same budget.

Each problem is searched with 20 seeds by both. A sampler passes a problem if a one-sided Mann-Whitney test rejects
"no better than random" at 0.01; over six problems a sampler that is no better passes all of them with a probability
below 1e-11, so the suite does not fail or pass by luck. Everything is seeded: the outcome is the same in every run.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from scipy.stats import mannwhitneyu

import optimist
from optimist.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler

N_SEEDS, N_TRIALS = 20, 100


def sphere(trial: optimist.Trial) -> float:
    return sum((trial.suggest_float(f"x{i}", -5, 5) - 1) ** 2 for i in range(5))


def rosenbrock(trial: optimist.Trial) -> float:
    x, y = trial.suggest_float("x", -2, 2), trial.suggest_float("y", -1, 3)
    return 100 * (y - x**2) ** 2 + (1 - x) ** 2


def rates(trial: optimist.Trial) -> float:
    logs = [math.log10(trial.suggest_float(f"rate{i}", 1e-6, 1, log=True)) for i in range(3)]
    return sum((value + 2 + i) ** 2 for i, value in enumerate(logs))


def mixed(trial: optimist.Trial) -> float:
    x = trial.suggest_float("x", 0, 1)
    n = trial.suggest_int("n", 1, 64, log=True)
    kinds = [trial.suggest_categorical(f"kind{i}", ["a", "b", "c", "d"]) for i in range(3)]
    return abs(x - 0.3) + abs(math.log2(n) - 3) / 3 + sum(kind != "c" for kind in kinds)


def conditional(trial: optimist.Trial) -> float:
    if trial.suggest_categorical("model", ["line", "curve"]) == "line":
        return 1 + abs(trial.suggest_float("slope", -3, 3) - 1)
    return abs(trial.suggest_float("bend", 0, 4) - 2) + abs(trial.suggest_int("degree", 1, 9) - 4) / 4


def ranges(trial: optimist.Trial) -> float:
    return sum(abs(trial.suggest_int(f"n{i}", 0, 40, step=2) - 24) for i in range(4))


PROBLEMS: list[Callable[[optimist.Trial], float]] = [sphere, rosenbrock, rates, mixed, conditional, ranges]
SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "TPE": lambda seed: TPESampler(seed=seed),
    "TPE, one by one": lambda seed: TPESampler(seed=seed, multivariate=False),
    "TPE, grouped": lambda seed: TPESampler(seed=seed, group=True),
}


NUMERICAL: list[Callable[[optimist.Trial], float]] = [sphere, rosenbrock, rates, ranges]
STRATEGIES: dict[str, Callable[[int], BaseSampler]] = {
    "CMA-ES": lambda seed: CmaEsSampler(seed=seed),
    "CMA-ES, separable": lambda seed: CmaEsSampler(seed=seed, use_separable_cma=True),
    "CMA-ES, margin": lambda seed: CmaEsSampler(seed=seed, with_margin=True),
}


def best_values(
    objective: Callable[[optimist.Trial], float],
    make: Callable[[int], BaseSampler],
    n_seeds: int = N_SEEDS,
    n_trials: int = N_TRIALS,
) -> list[float]:
    found = []
    for seed in range(n_seeds):
        study = optimist.create_study(sampler=make(seed))
        study.optimize(objective, n_trials=n_trials)
        found.append(study.best_value)
    return found


@pytest.mark.filterwarnings("ignore:.*group=True:optimist.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("objective", PROBLEMS, ids=lambda f: f.__name__)
def test_better_than_random_search(objective: Callable[[optimist.Trial], float], sampler: str) -> None:
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    ours = best_values(objective, SAMPLERS[sampler])
    random = best_values(objective, lambda seed: RandomSampler(seed=1000 + seed))
    assert mannwhitneyu(ours, random, alternative="less").pvalue < 0.01


STRATEGY_CASES = [
    (objective, sampler)
    for objective in NUMERICAL
    for sampler in STRATEGIES
    if not (objective is rosenbrock and "separable" in sampler)  # a bent valley is what it cannot follow
]


@pytest.mark.parametrize(("objective", "sampler"), STRATEGY_CASES)
def test_strategies_better_than_random_search(objective: Callable[[optimist.Trial], float], sampler: str) -> None:
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    ours = best_values(objective, STRATEGIES[sampler], n_trials=3 * N_TRIALS)  # evolution takes its time
    random = best_values(objective, lambda seed: RandomSampler(seed=1000 + seed), n_trials=3 * N_TRIALS)
    assert mannwhitneyu(ours, random, alternative="less").pvalue < 0.01


def zdt1(trial: optimist.Trial) -> tuple[float, float]:
    x = [trial.suggest_float(f"x{i}", 0, 1) for i in range(6)]
    g = 1 + 9 * sum(x[1:]) / 5
    return x[0], g * (1 - math.sqrt(x[0] / g))


def hypervolumes(make: Callable[[int], BaseSampler]) -> list[float]:
    found = []
    for seed in range(N_SEEDS):
        study = optimist.create_study(directions=["minimize"] * 2, sampler=make(seed))
        study.optimize(zdt1, n_trials=200)
        front = sorted((t.values[0], t.values[1]) for t in study.best_trials)
        ends = [*(x for x, _ in front[1:]), 1.1]
        found.append(sum((end - x) * (11.0 - y) for (x, y), end in zip(front, ends, strict=True)))
    return found


@pytest.mark.parametrize(
    "make", [lambda s: NSGAIISampler(seed=s), lambda s: TPESampler(seed=s)], ids=["NSGA-II", "TPE"]
)
def test_better_fronts_than_random_search(make: Callable[[int], BaseSampler]) -> None:
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    random = hypervolumes(lambda seed: RandomSampler(seed=1000 + seed))
    assert mannwhitneyu(hypervolumes(make), random, alternative="greater").pvalue < 0.01


@pytest.mark.parametrize("objective", PROBLEMS, ids=lambda f: f.__name__)
def test_gaussian_processes_beat_random_search_with_twice_the_budget(
    objective: Callable[[optimist.Trial], float],
) -> None:
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    ours = best_values(objective, lambda seed: GPSampler(seed=seed), n_seeds=10, n_trials=40)
    random = best_values(objective, lambda seed: RandomSampler(seed=1000 + seed), n_trials=80)
    assert mannwhitneyu(ours, random, alternative="less").pvalue < 0.01
