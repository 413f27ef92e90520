"""Simulated annealing, as a sampler that is shared for Optuna."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import optuna


class SimulatedAnnealingSampler(optuna.samplers.BaseSampler):
    """Walks from a trial to a neighbour; a worse one is accepted with a chance that falls with the temperature.

    Args:
        temperature: At the beginning.
        cooling: What it is multiplied with after each trial.
        seed: Of the random numbers.
    """

    def __init__(self, temperature: float = 10.0, cooling: float = 0.95, seed: int | None = None) -> None:
        self._rng = np.random.RandomState(seed)
        self._search_space = optuna.search_space.IntersectionSearchSpace()
        self._temperature = temperature
        self._cooling = cooling
        self._current: optuna.trial.FrozenTrial | None = None

    def reseed_rng(self) -> None:
        self._rng.seed()

    def infer_relative_search_space(
        self, study: optuna.study.Study, trial: optuna.trial.FrozenTrial
    ) -> dict[str, optuna.distributions.BaseDistribution]:
        return {name: d for name, d in self._search_space.calculate(study).items() if not d.single()}

    def sample_relative(
        self,
        study: optuna.study.Study,
        trial: optuna.trial.FrozenTrial,
        search_space: dict[str, optuna.distributions.BaseDistribution],
    ) -> dict[str, Any]:
        if not search_space or self._current is None:
            return {}
        return {name: self._neighbour(d, self._current.params[name]) for name, d in search_space.items()}

    def _neighbour(self, distribution: optuna.distributions.BaseDistribution, value: Any) -> Any:
        if isinstance(distribution, optuna.distributions.FloatDistribution):
            if distribution.log:
                low, high = math.log(distribution.low), math.log(distribution.high)
                moved = math.log(value) + 0.1 * (high - low) * self._rng.normal()
                return float(np.exp(np.clip(moved, low, high)).clip(distribution.low, distribution.high))
            width = distribution.high - distribution.low
            moved = float(np.clip(value + 0.1 * width * self._rng.normal(), distribution.low, distribution.high))
            if distribution.step is not None:
                moved = distribution.low + distribution.step * round((moved - distribution.low) / distribution.step)
            return moved
        if isinstance(distribution, optuna.distributions.IntDistribution):
            moved = value + distribution.step * int(self._rng.randint(-1, 2))
            return int(np.clip(moved, distribution.low, distribution.high))
        assert isinstance(distribution, optuna.distributions.CategoricalDistribution)
        return distribution.choices[self._rng.randint(len(distribution.choices))]

    def sample_independent(
        self,
        study: optuna.study.Study,
        trial: optuna.trial.FrozenTrial,
        param_name: str,
        param_distribution: optuna.distributions.BaseDistribution,
    ) -> Any:
        if isinstance(param_distribution, optuna.distributions.CategoricalDistribution):
            return param_distribution.choices[0]
        return param_distribution.low

    def after_trial(
        self,
        study: optuna.study.Study,
        trial: optuna.trial.FrozenTrial,
        state: optuna.trial.TrialState,
        values: list[float] | None,
    ) -> None:
        if state != optuna.trial.TrialState.COMPLETE or values is None:
            return
        sign = 1.0 if study.direction == optuna.study.StudyDirection.MINIMIZE else -1.0
        if self._current is not None:
            worse_by = sign * (values[0] - self._current.user_attrs["loss"])
            if worse_by > 0 and self._rng.rand() >= math.exp(-worse_by / self._temperature):
                return
        self._temperature *= self._cooling
        self._current = optuna.trial.create_trial(
            value=values[0],
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={"loss": values[0]},
        )
