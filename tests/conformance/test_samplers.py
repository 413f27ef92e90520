"""Every sampler of `optimist.samplers` keeps the contract, and so does one that knows only Optuna's hooks."""

from __future__ import annotations

import inspect
import math
import random
import warnings
from typing import Any

import optimist as optuna
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import ExperimentalWarning
from optimist.samplers import (
    AutoSampler,
    BaseGASampler,
    BaseSampler,
    BruteForceSampler,
    CmaEsSampler,
    ColumnSampler,
    FocusedSampler,
    GPSampler,
    GridSampler,
    NSGAIIISampler,
    NSGAIISampler,
    PartialFixedSampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optimist.testing import SamplerSuite
from optimist.testing.spaces import Space


class TestRandomSampler(SamplerSuite):
    avoids_duplicates = False

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return RandomSampler(seed)


class TestQMCSampler(SamplerSuite):
    avoids_duplicates = False

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return QMCSampler(scramble=True, seed=seed)


class TestTPESampler(SamplerSuite):
    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return TPESampler(seed=seed)


class TestTPESamplerParameterByParameter(SamplerSuite):
    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return TPESampler(seed=seed, multivariate=False)


class TestTPESamplerInGroups(SamplerSuite):
    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return TPESampler(seed=seed, multivariate=True, group=True)


class TestAutoSampler(SamplerSuite):
    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return AutoSampler(seed=seed)


class TestNSGAIISampler(SamplerSuite):
    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return NSGAIISampler(population_size=6, seed=seed)


class TestNSGAIISamplerOfManyParents(SamplerSuite):
    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        crossover, mutation = optuna.samplers.nsgaii.UNDXCrossover(), optuna.samplers.nsgaii.PolynomialMutation()
        return NSGAIISampler(population_size=4, crossover=crossover, mutation=mutation, seed=seed)


class TestNSGAIIISampler(SamplerSuite):
    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return NSGAIIISampler(population_size=6, seed=seed)


class TestCmaEsSampler(SamplerSuite):
    takes_several_objectives = False

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return CmaEsSampler(seed=seed, warn_independent_sampling=False)


class TestCmaEsSamplerWithMarginAndRestarts(SamplerSuite):
    takes_several_objectives = False

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return CmaEsSampler(
            seed=seed, with_margin=True, restart_strategy="bipop", popsize=4, warn_independent_sampling=False
        )


class TestGPSampler(SamplerSuite):
    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return GPSampler(seed=seed)


def few_values(distribution: BaseDistribution) -> list[Any]:
    """Values for a grid: all of a short range, else some from one end to the other."""
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    low, high, n = distribution.low, distribution.high, distribution.cardinality
    if isinstance(distribution, IntDistribution):
        cells = range(n) if n <= 20 else [0, n // 3, n - 1]  # type: ignore[operator]
        return [low + cell * distribution.step for cell in cells]
    if distribution.step is not None:
        assert n is not None
        return [distribution.value_at(cell) for cell in (range(n) if n <= 30 else (0, n // 3, n - 1))]
    return [low, low / 2 + high / 2, high]


class TestGridSampler(SamplerSuite):
    is_seeded = False
    follows_ranges = False
    fills_queue = False
    ends = True

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return GridSampler({name: few_values(distribution) for name, distribution in space.items()}, seed)


class TestBruteForceSampler(SamplerSuite):
    takes_infinite = False
    ends = True

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return BruteForceSampler(seed)


class TestPartialFixedSamplerAroundRandom(SamplerSuite):
    avoids_duplicates = False

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return PartialFixedSampler({"never asked for": 1}, RandomSampler(seed))


class TestPartialFixedSamplerAroundBruteForce(SamplerSuite):
    takes_infinite = False
    ends = True

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return PartialFixedSampler({"never asked for": 1}, BruteForceSampler(seed))


class HillClimber(optuna.samplers.BaseSampler):
    """Steps from the best trial to its neighbourhood, with nothing but what Optuna documents for samplers."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._independent = optuna.samplers.RandomSampler(seed=seed)

    def reseed_rng(self) -> None:
        self._rng = random.Random()

    def infer_relative_search_space(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial
    ) -> dict[str, BaseDistribution]:
        space = optuna.search_space.intersection_search_space(study.get_trials(deepcopy=False))
        return {name: distribution for name, distribution in space.items() if not distribution.single()}

    def sample_relative(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if not search_space or not complete or trial.number % 4 == 0:
            return {}
        sign = -1 if study.directions[0] == optuna.study.StudyDirection.MAXIMIZE else 1
        best = min(complete, key=lambda t: sign * t.values[0])
        return {
            name: self._neighbour(best.params[name], distribution)
            for name, distribution in search_space.items()
            if self._rng.random() < 0.8
        }

    def _neighbour(self, value: Any, distribution: BaseDistribution) -> Any:
        if isinstance(distribution, CategoricalDistribution):
            return self._rng.choice(distribution.choices)
        if isinstance(distribution, IntDistribution):
            cell = (value - distribution.low) // distribution.step + self._rng.choice([-1, 1])
            return distribution.low + min(max(cell, 0), distribution.cardinality - 1) * distribution.step
        assert isinstance(distribution, FloatDistribution)
        if distribution.step is not None:
            return distribution.nearest(value + self._rng.choice([-1, 1]) * distribution.step)
        if distribution.log:
            return min(max(value * math.exp(self._rng.gauss(0, 0.1)), distribution.low), distribution.high)
        width = distribution.high / 2 - distribution.low / 2
        return min(max(value + self._rng.gauss(0, 0.1) * width, distribution.low), distribution.high)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: optuna.trial.FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._independent.sample_independent(study, trial, param_name, param_distribution)


class TestFocusedSamplerAroundTPE(SamplerSuite):
    """Without a focus."""

    def make_sampler(self, space: Space | None = None, seed: int | None = None) -> BaseSampler:
        return FocusedSampler(TPESampler(seed=seed))


class TestPartialFixedSamplerAroundTPE(SamplerSuite):
    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return PartialFixedSampler({"never asked for": 1}, TPESampler(seed=seed))


class TestSamplerOfPublicHooks(SamplerSuite):
    avoids_duplicates = False

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        return HillClimber(seed)

    # Its random numbers are drawn as they come, so a new sampler, or a second one, starts over.
    test_interrupting_and_resuming_changes_nothing = None  # type: ignore[assignment]
    test_two_workers_with_one_seed_do_not_repeat_each_other = None  # type: ignore[assignment]


def test_every_sampler_runs_the_suite() -> None:
    public = {cls for name in dir(optuna.samplers) if inspect.isclass(cls := getattr(optuna.samplers, name))}
    made = {
        type(suite().make_sampler({"x": IntDistribution(0, 1)}, 0))
        for suite in list(globals().values())  # a warning adds to them
        if inspect.isclass(suite) and issubclass(suite, SamplerSuite) and suite is not SamplerSuite
    }
    assert public - {BaseSampler, ColumnSampler, BaseGASampler} <= made
