"""NSGAIIISampler: non-dominated sorting and niches, for more than two or three objectives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.numerics.niching import associate, fill_niches, normalise, simplex_lattice
from optimist.numerics.pareto import constrained_ranks
from optimist.samplers.evolution.genetic import (
    AfterTrial,
    FloatArray,
    GeneticSampler,
    IntArray,
    MakeChild,
    SelectElites,
)
from optimist.samplers.nsgaii.base import BaseCrossover, BaseMutation


class NSGAIIISampler(GeneticSampler):
    """Many-objective search with the genetic algorithm NSGA-III.

    With many objectives nearly all trials lie on one front, and crowding tells little. So reference points divide the
    objective space into niches, and each niche keeps parents of its own. All else is as in :class:`NSGAIISampler`.

    Example:
        >>> import optimist
        >>> study = optimist.create_study(
        ...     directions=["minimize"] * 3, sampler=optimist.samplers.NSGAIIISampler(population_size=20, seed=1)
        ... )
        >>> def distances(trial):
        ...     x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        ...     return x, y, (1 - x) ** 2 + (1 - y) ** 2
        >>> study.optimize(distances, n_trials=60)
        >>> len(study.best_trials) > 20
        True

    Args:
        population_size: How many trials make a generation, and how many parents it has; about as many as there are
            reference points, or more.
        mutation: As in :class:`NSGAIISampler`; so are all arguments not named here.
        reference_points: (n_points, n_objectives), not negative, none of them all 0; for losses that are shifted and
            scaled to [0, 1]. None: an even lattice on the unit simplex.
        dividing_parameter: Into how many parts the lattice cuts each edge of the simplex; with 3 objectives 3 parts give
            10 points, 12 parts give 91.

    Raises:
        ValueError: As for :class:`NSGAIISampler`; or ``reference_points`` are not of that shape, or
            ``dividing_parameter`` is below 1.

    Source: Deb and Jain 2014, An evolutionary many-objective optimization algorithm using reference-point-based
        nondominated sorting approach, doi:10.1109/TEVC.2013.2281535.
    """

    def __init__(
        self,
        *,
        population_size: int = 50,
        mutation: BaseMutation | None = None,
        mutation_prob: float | None = None,
        crossover: BaseCrossover | None = None,
        crossover_prob: float = 0.9,
        swapping_prob: float = 0.5,
        seed: int | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        reference_points: FloatArray | None = None,
        dividing_parameter: int = 3,
        elite_population_selection_strategy: SelectElites | None = None,
        child_generation_strategy: MakeChild | None = None,
        after_trial_strategy: AfterTrial | None = None,
    ) -> None:
        super().__init__(
            population_size=population_size,
            mutation=mutation,
            mutation_prob=mutation_prob,
            crossover=crossover,
            crossover_prob=crossover_prob,
            swapping_prob=swapping_prob,
            seed=seed,
            constraints_func=constraints_func,
            elite_population_selection_strategy=elite_population_selection_strategy,
            child_generation_strategy=child_generation_strategy,
            after_trial_strategy=after_trial_strategy,
        )
        if dividing_parameter < 1:
            raise ValueError(
                f"NSGAIIISampler needs dividing_parameter to be at least 1, but got {dividing_parameter!r}."
            )
        self._dividing_parameter = dividing_parameter
        self._reference_points = None if reference_points is None else _checked_points(reference_points)

    def select(self, losses: FloatArray, violations: FloatArray, m: int, rng: np.random.Generator) -> IntArray:
        ranks = constrained_ranks(losses, violations)
        last = int(np.sort(ranks)[m - 1])
        kept, tied = np.flatnonzero(ranks < last), np.flatnonzero(ranks == last)
        if len(kept) + len(tied) == m:
            return np.sort(np.concatenate([kept, tied]))
        if violations[tied[0]] > 0.0:
            return np.sort(np.concatenate([kept, tied[: m - len(kept)]]))
        candidates = np.concatenate([kept, tied])
        references = self._references(losses.shape[1])
        niches, distances = associate(normalise(losses[candidates]), references)
        chosen = fill_niches(niches, distances, len(kept), m - len(kept), len(references), rng)
        return np.sort(np.concatenate([kept, candidates[chosen]]))

    def _references(self, n_objectives: int) -> FloatArray:
        points = self._reference_points
        if points is None:
            points = self._reference_points = simplex_lattice(n_objectives, self._dividing_parameter)
        if points.shape[1] != n_objectives:
            raise ValueError(
                f"NSGAIIISampler has reference_points for {points.shape[1]} objectives, but the study has {n_objectives}."
            )
        return points

    def standing(self, losses: FloatArray, violations: FloatArray) -> IntArray:
        return constrained_ranks(losses, violations)


def _checked_points(points: FloatArray) -> FloatArray:
    points = np.asarray(points, np.float64)
    if points.ndim != 2 or not len(points) or np.any(points < 0.0) or np.any(points.sum(axis=1) <= 0.0):
        raise ValueError(
            "NSGAIIISampler needs reference_points as an array (n_points, n_objectives) of numbers that are not negative, "
            f"with something above 0 in each row, but got {points!r}."
        )
    return points
