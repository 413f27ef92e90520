"""Breeding: how the parameters of a child come from those of its parents.

Legend   p parents, d parameters    points (p, d) in the unit cube    standing (p,) smaller is better
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from optimist.history.protocols import StudyLike
from optimist.samplers.nsgaii.base import BaseCrossover, BaseMutation
from optimist.search_space.encoding import Encoding

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_N_TRIES: Final = 32  # to draw a child within the bounds, before it is clipped to them; and to draw one that is new
_MOST_MUTATE: Final = 0.5  # a child with a single parameter would else never take after its parents
_UNIT: Final = np.array([0.0, 1.0])


@dataclass(frozen=True)
class Heredity:
    """How children take after their parents.

    Attributes:
        crossover: Mixes numerical parameters.
        mutation: Changes numerical parameters; None: they are drawn anew.
        mutation_prob: Probability that a parameter mutates; None: one in each child on average, at most half of them.
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
        n_params: How many parameters they have on average, those outside of the space counted.
    """

    encoding: Encoding
    points: FloatArray
    standing: IntArray
    n_params: float

    @cached_property
    def numerical(self) -> IntArray:
        """The columns of numerical parameters."""
        return np.flatnonzero(~self.encoding.is_categorical)

    @cached_property
    def categorical(self) -> IntArray:
        """The columns of categorical parameters."""
        return np.flatnonzero(self.encoding.is_categorical)

    @cached_property
    def bounds(self) -> FloatArray:
        """(number of numerical parameters, 2) the ends of the unit cube."""
        return np.tile(_UNIT, (len(self.numerical), 1))


def breed(
    brood: Brood,
    heredity: Heredity,
    rng: np.random.RandomState,
    study: StudyLike,
    is_known: Callable[[Mapping[str, Any]], bool] = lambda _values: False,
) -> dict[str, Any]:
    """Make a child; return its internal values.

    Args:
        brood: At least as many parents as the crossover needs.
        heredity: How.
        rng: The trial's own random numbers.
        study: Handed on to the crossover and the mutation.
        is_known: Whether a child would teach nothing, such as the copy of a parent. Then another parameter mutates, and
            another, unless mutation is ruled out.
    """
    if rng.random_sample() < heredity.crossover_prob:
        child = _mix(brood, heredity, rng, study)
    else:
        child = brood.points[rng.randint(len(brood.points))].copy()
    d = len(child)
    probability = heredity.mutation_prob
    if probability is None:
        probability = min(1.0 / brood.n_params, _MOST_MUTATE)
    _mutate(child, np.flatnonzero(rng.random_sample(d) < probability), brood, heredity, rng, study)
    values = brood.encoding.decode_one(child)
    for _ in range(_N_TRIES if probability > 0.0 else 0):
        if not is_known(values):
            break
        _mutate(child, rng.randint(d, size=1), brood, heredity, rng, study)
        values = brood.encoding.decode_one(child)
    return values


def _mix(brood: Brood, heredity: Heredity, rng: np.random.RandomState, study: StudyLike) -> FloatArray:
    parents = brood.points[_tournaments(brood.standing, heredity.crossover.n_parents, rng)]
    child = np.empty(brood.points.shape[1])
    if len(brood.numerical):
        genes = parents[:, brood.numerical]
        mixed = heredity.crossover.crossover(genes, rng, study, brood.bounds)
        n_tries = 1
        while (mixed.min() < 0.0 or mixed.max() > 1.0) and n_tries < _N_TRIES:
            mixed = heredity.crossover.crossover(genes, rng, study, brood.bounds)
            n_tries += 1
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
    child: FloatArray,
    columns: IntArray,
    brood: Brood,
    heredity: Heredity,
    rng: np.random.RandomState,
    study: StudyLike,
) -> None:
    """Change some parameters of a child in place."""
    is_categorical = brood.encoding.is_categorical
    for column in columns.tolist():
        if heredity.mutation is None or is_categorical[column]:
            child[column] = rng.random_sample()  # each choice owns an equal part of [0, 1]
        else:
            changed = heredity.mutation.mutation(float(child[column]), rng, study, _UNIT)
            child[column] = min(max(changed, 0.0), 1.0)
