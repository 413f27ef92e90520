"""Differential evolution over the floats of a space, as a sampler that is shared for Optuna.

Source: Storn and Price 1997, doi:10.1023/A:1008202821328.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState


class DifferentialEvolutionSampler(BaseSampler):
    """A child takes from the best of each place in the population, moved by the difference of two others.

    Args:
        population_size: Trial k belongs to place k modulo this.
        weight: Of the difference.
        crossover: The chance of each parameter to come from the moved parent.
        seed: Of the random numbers.
    """

    def __init__(
        self, population_size: int = 8, weight: float = 0.7, crossover: float = 0.9, seed: int | None = None
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._size, self._weight, self._crossover = population_size, weight, crossover

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        space = optuna.search_space.intersection_search_space(
            study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        )
        return {name: d for name, d in space.items() if isinstance(d, FloatDistribution)}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(complete) < self._size or not search_space:
            return {}
        sign = 1.0 if study.directions[0] == StudyDirection.MINIMIZE else -1.0
        population: dict[int, FrozenTrial] = {}
        for other in complete:
            place = other.number % self._size
            if place not in population or sign * other.value < sign * population[place].value:
                population[place] = other
        if len(population) < 4:
            return {}
        places = sorted(population)
        parent = population.get(trial.number % self._size, population[places[0]])
        a, b, c = (population[places[i]] for i in self._rng.choice(len(places), 3, replace=False))
        child = {}
        for name, distribution in search_space.items():
            low, high = distribution.low, distribution.high
            moved = a.params[name] + self._weight * (b.params[name] - c.params[name])
            value = moved if self._rng.random() < self._crossover else parent.params[name]
            child[name] = float(np.clip(value, low, high))
        trial_id = trial._trial_id
        study._storage.set_trial_system_attr(trial_id, "differential_evolution:place", trial.number % self._size)
        return child

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        if isinstance(param_distribution, FloatDistribution):
            return float(self._rng.uniform(param_distribution.low, param_distribution.high))
        if isinstance(param_distribution, IntDistribution):
            n = (param_distribution.high - param_distribution.low) // param_distribution.step
            return param_distribution.low + param_distribution.step * int(self._rng.integers(n + 1))
        return param_distribution.choices[int(self._rng.integers(len(param_distribution.choices)))]
