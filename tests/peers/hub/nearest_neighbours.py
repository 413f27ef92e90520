"""Candidates judged by their nearest trials, pruned ones included, as a sampler that is shared for Optuna."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna


class NearestNeighboursSampler(optuna.samplers.BaseSampler):
    """Draws candidates at random and takes the one whose nearest trials were best, less a reward for being far away.

    Args:
        n_startup_trials: So many random trials first.
        n_candidates: How many are drawn.
        seed: Of the random numbers.
    """

    def __init__(self, *, n_startup_trials: int = 5, n_candidates: int = 32, seed: int | None = None) -> None:
        self._n_startup_trials, self._n_candidates = n_startup_trials, n_candidates
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._search_space = optuna.search_space.IntersectionSearchSpace(include_pruned=True)

    def __str__(self) -> str:
        return f"NearestNeighboursSampler(n_candidates={self._n_candidates})"

    def before_trial(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        # What is drawn depends on the trial alone, whoever asks.
        self._rng = np.random.default_rng([0 if self._seed is None else self._seed, trial.number])

    def infer_relative_search_space(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial
    ) -> dict[str, optuna.distributions.BaseDistribution]:
        return self._search_space.calculate(study)

    def sample_relative(
        self,
        study: optuna.Study,
        trial: optuna.trial.FrozenTrial,
        search_space: dict[str, optuna.distributions.BaseDistribution],
    ) -> dict[str, Any]:
        trials = study.get_trials(
            deepcopy=False, states=(optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
        )
        known = [(t, self._loss(study, t)) for t in trials if search_space.keys() <= t.params.keys()]
        known = [(t, loss) for t, loss in known if loss is not None]
        if len(known) < self._n_startup_trials or not search_space:
            return {}
        points = np.array([self._place(t.params, search_space) for t, _ in known])
        losses = np.array([loss for _, loss in known])
        candidates = [
            {name: self.sample_independent(study, trial, name, d) for name, d in search_space.items()}
            for _ in range(self._n_candidates)
        ]
        distances = np.array(
            [np.abs(points - self._place(candidate, search_space)).sum(axis=1) for candidate in candidates]
        )
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :3]
        judged = losses[nearest].mean(axis=1) - 0.1 * losses.std() * np.sort(distances, axis=1)[:, 0]
        return candidates[int(np.argmin(judged))]

    def _loss(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> float | None:
        value = trial.value
        if trial.state == optuna.trial.TrialState.PRUNED:
            value = trial.intermediate_values[trial.last_step] if trial.last_step is not None else None
        if value is None or not np.isfinite(value):
            return None
        return -value if study.direction == optuna.study.StudyDirection.MAXIMIZE else value

    def _place(
        self, params: dict[str, Any], search_space: dict[str, optuna.distributions.BaseDistribution]
    ) -> np.ndarray:
        place = []
        for name, distribution in search_space.items():
            if isinstance(distribution, optuna.distributions.CategoricalDistribution):
                place += [float(params[name] == choice) for choice in distribution.choices]
            else:
                internal = distribution.to_internal_repr(params[name])
                place.append((internal - distribution.low) / (distribution.high - distribution.low or 1.0))
        return np.array(place)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: optuna.trial.FrozenTrial,
        param_name: str,
        param_distribution: optuna.distributions.BaseDistribution,
    ) -> Any:
        u = self._rng.random()
        if isinstance(param_distribution, optuna.distributions.CategoricalDistribution):
            index = int(u * len(param_distribution.choices))
            return param_distribution.to_external_repr(index)
        low, high = param_distribution.low, param_distribution.high
        if isinstance(param_distribution, optuna.distributions.IntDistribution):
            return low + param_distribution.step * int(u * ((high - low) // param_distribution.step + 1))
        return low + u * (high - low)

    def after_trial(
        self,
        study: optuna.Study,
        trial: optuna.trial.FrozenTrial,
        state: optuna.trial.TrialState,
        values: Sequence[float] | None,
    ) -> None:
        study.set_user_attr("n_judged", study.user_attrs.get("n_judged", 0) + 1)
