"""NSGAIISampler: non-dominated sorting and crowding."""

from __future__ import annotations

import numpy as np

from optimist.numerics.pareto import constrained_ranks, crowding_distance
from optimist.samplers.evolution.genetic import FloatArray, GeneticSampler, IntArray


class NSGAIISampler(GeneticSampler):
    """Multi-objective search with the genetic algorithm NSGA-II.

    Generation after generation, the best trials so far become the parents of the next ones: those on better fronts, and
    within a front those that stand alone. Parents of a child win tournaments by the same order. Feasible trials come
    before infeasible ones, and those by how much they violate the constraints. It suits large budgets (a thousand
    trials and more) and cheap objectives; :class:`TPESampler` finds more in a few hundred.

    A generation is so many complete trials in order of finishing, whoever proposed them. Parameters that only some
    trials have are inherited from the parents that have them. In a finite space no point comes twice while others are
    left.

    Example:
        >>> import optimist
        >>> from optimist.samplers import NSGAIISampler, nsgaii
        >>> crossover, mutation = nsgaii.SBXCrossover(), nsgaii.PolynomialMutation()
        >>> sampler = NSGAIISampler(population_size=20, crossover=crossover, mutation=mutation, seed=1)
        >>> study = optimist.create_study(directions=["minimize", "minimize"], sampler=sampler)
        >>> def distances(trial):
        ...     x = trial.suggest_float("x", -5, 5)
        ...     return x**2, (x - 2) ** 2
        >>> study.optimize(distances, n_trials=100)
        >>> len(study.best_trials) > 20
        True

    Args:
        population_size: How many trials make a generation, and how many parents it has. The first generation is random,
            spread evenly over the range of each parameter.
        mutation: Changes numerical parameters, such as :class:`nsgaii.PolynomialMutation`; None: a mutating parameter
            is drawn anew. Categorical ones always are.
        mutation_prob: Probability that a parameter mutates. None: 1 / (number of parameters), at most
            1/2.
        crossover: Mixes the numerical parameters of parents; see :mod:`optimist.samplers.nsgaii`. None: uniform.
        crossover_prob: Probability that a child has several parents; else it is one parent's copy, but for mutations.
        swapping_prob: Probability that uniform crossover, or a categorical parameter, takes the other parent's value.
        seed: Fixes all random choices.
        constraints_func: Deprecated; use ``trial.set_constraint``. Returns one number for each constraint of a finished
            trial; above 0 is a violation.
        elite_population_selection_strategy: Chooses the parents, in place of fronts and crowding: takes the study, and
            the former parents and their generation; returns some of them. What it chooses must follow from these alone.
        child_generation_strategy: Makes a child, in place of crossover and mutation: takes the study, the search space
            and the parents; returns values by parameter.
        after_trial_strategy: Called with the study and each trial that ends, in place of ``constraints_func``.

    Raises:
        ValueError: ``population_size`` is below 2 or below the crossover's number of parents, or a probability is none.

    Source: Deb et al. 2002, A fast and elitist multiobjective genetic algorithm: NSGA-II, doi:10.1109/4235.996017.
    """

    def select(self, losses: FloatArray, violations: FloatArray, m: int, rng: np.random.Generator) -> IntArray:
        return np.sort(_crowded_order(losses, violations)[:m])

    def standing(self, losses: FloatArray, violations: FloatArray) -> IntArray:
        order = _crowded_order(losses, violations)
        standing = np.empty(len(order), np.int64)
        standing[order] = np.arange(len(order))
        return standing


def _crowded_order(losses: FloatArray, violations: FloatArray) -> IntArray:
    """(n,) positions, best first: by front, and the lonely ones of a front first."""
    ranks = constrained_ranks(losses, violations)
    crowding = np.empty(len(losses))
    for rank in range(int(ranks.max()) + 1):
        front = np.flatnonzero(ranks == rank)
        crowding[front] = crowding_distance(losses[front])
    return np.lexsort((-crowding, ranks))
