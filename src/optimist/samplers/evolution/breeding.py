"""Breeding: how the parameters of a child come from those of its parents.

Legend   p parents, d parameters    points (p, d) in the unit cube    standing (p,) smaller is better
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from optimist.history.protocols import StudyLike
from optimist.samplers.nsgaii.base import BaseCrossover, BaseMutation
from optimist.search_space.encoding import Encoding

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_N_TRIES: Final = 32  # to draw a child within the bounds, before it is clipped to them


@dataclass(frozen=True)
class Heredity:
    """How children take after their parents.

    Attributes:
        crossover: Mixes numerical parameters.
        mutation: Changes numerical parameters; None: they are drawn anew.
        mutation_prob: Probability that a parameter mutates; None: one in each child on average.
        crossover_prob: Probability that a child has several parents; else it is a copy of one, but for mutations.
        swapping_prob: Probability that a categorical parameter is the last parent's, not the first's.
    """

    crossover: BaseCrossover
    mutation: BaseMutation | None
    mutation_prob: float | None
    crossover_prob: float
    swapping_prob: float


@dataclass(frozen=True)
class Brood:
    """Parents, ready to breed in one space.

    Attributes:
        encoding: Of the space.
        points: Their parameters.
        standing: How good they are; whoever stands better wins a tournament, and chance decides between equals.
        bounds: (number of numerical parameters, 2), the ends of the unit cube.
        numerical, categorical: Which columns are what.
    """

    encoding: Encoding
    points: FloatArray
    standing: IntArray
    bounds: FloatArray = field(init=False)
    numerical: IntArray = field(init=False)
    categorical: IntArray = field(init=False)

    def __post_init__(self) -> None:
        is_categorical = self.encoding.is_categorical
        derived = {
            "numerical": np.flatnonzero(~is_categorical),
            "categorical": np.flatnonzero(is_categorical),
            "bounds": np.tile([0.0, 1.0], (int((~is_categorical).sum()), 1)),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)


def breed(brood: Brood, heredity: Heredity, rng: np.random.RandomState, study: StudyLike) -> dict[str, Any]:
    """Make a child; return its internal values.

    Args:
        brood: At least as many parents as the crossover needs.
        heredity: How.
        rng: The trial's own random numbers.
        study: Handed on to the crossover and the mutation.
    """
    if rng.random_sample() < heredity.crossover_prob:
        child = _mix(brood, heredity, rng, study)
    else:
        child = brood.points[rng.randint(len(brood.points))].copy()
    _mutate(child, brood, heredity, rng, study)
    return brood.encoding.decode_one(child)


def _mix(brood: Brood, heredity: Heredity, rng: np.random.RandomState, study: StudyLike) -> FloatArray:
    parents = brood.points[_tournaments(brood.standing, heredity.crossover.n_parents, rng)]
    child = np.empty(brood.points.shape[1])
    if len(brood.numerical):
        genes = parents[:, brood.numerical]
        for _ in range(_N_TRIES):
            mixed = heredity.crossover.crossover(genes, rng, study, brood.bounds)
            if mixed.min() >= 0.0 and mixed.max() <= 1.0:
                break
        child[brood.numerical] = np.clip(mixed, 0.0, 1.0)
    if len(brood.categorical):
        swaps = rng.random_sample(len(brood.categorical)) < heredity.swapping_prob
        child[brood.categorical] = np.where(swaps, parents[-1, brood.categorical], parents[0, brood.categorical])
    return child


def _tournaments(standing: IntArray, n: int, rng: np.random.RandomState) -> list[int]:
    """Choose ``n`` different parents: each is the better one of two that were drawn."""
    order = rng.permutation(len(standing)).tolist()
    winners = []
    for i in range(n):
        # The two of a pair are drawn without replacement; where there are too few parents, there is no rival.
        first, rival = order[i], order[n + i] if n + i < len(order) else order[i]
        winners.append(rival if standing[rival] < standing[first] else first)
    return winners


def _mutate(
    child: FloatArray, brood: Brood, heredity: Heredity, rng: np.random.RandomState, study: StudyLike
) -> None:
    d = len(child)
    probability = 1.0 / d if heredity.mutation_prob is None else heredity.mutation_prob
    mutates = rng.random_sample(d) < probability
    if not mutates.any():
        return
    fresh = rng.random_sample(d)
    for i, column in enumerate(brood.numerical):
        if mutates[column]:
            if heredity.mutation is None:
                child[column] = fresh[column]
            else:
                changed = heredity.mutation.mutation(float(child[column]), rng, study, brood.bounds[i])
                child[column] = min(max(changed, 0.0), 1.0)
    drawn = mutates[brood.categorical]
    child[brood.categorical[drawn]] = fresh[brood.categorical[drawn]]  # each choice owns an equal part of [0, 1]
