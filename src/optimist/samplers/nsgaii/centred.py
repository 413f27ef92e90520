"""Crossovers of several parents that search around their centre, whatever way the axes lie."""

from __future__ import annotations

import math

import numpy as np

from optimist.history.protocols import StudyLike
from optimist.samplers.nsgaii.base import BaseCrossover, FloatArray


class SPXCrossover(BaseCrossover):
    """Simplex crossover: a uniform draw from the triangle of three parents, blown up about its centre.

    Args:
        epsilon: By how much it is blown up. None: sqrt(d + 2) for d parameters.

    Source: Tsutsui, Yamamura and Higuchi 1999, Multi-parent recombination with simplex crossover in real coded
        genetic algorithms.
    """

    n_parents = 3

    def __init__(self, epsilon: float | None = None) -> None:
        self._epsilon = epsilon

    def crossover(
        self, parents_params: FloatArray, rng: np.random.RandomState, study: StudyLike, search_space_bounds: FloatArray
    ) -> FloatArray:
        epsilon = math.sqrt(parents_params.shape[1] + 2) if self._epsilon is None else self._epsilon
        centre = parents_params.mean(axis=0)
        weights = rng.standard_exponential(len(parents_params))  # normalised, they are uniform on the simplex
        child: FloatArray = centre + epsilon * (weights / weights.sum() @ parents_params - centre)
        return child


class UNDXCrossover(BaseCrossover):
    """Unimodal normal distribution crossover: normal about the midpoint of two parents.

    It spreads along the line of the two by their distance, and across it by the distance of a third parent.

    Args:
        sigma_xi: Standard deviation along the line, in units of the parents' distance.
        sigma_eta: Standard deviation across it, in units of the third parent's distance from the line. None:
            0.35 / sqrt(d) for d parameters.

    Source: Ono and Kobayashi 1997, A real-coded genetic algorithm for function optimization using unimodal normal
        distribution crossover. The arguments are standard deviations as there; Optuna takes their squares for these.
    """

    n_parents = 3

    def __init__(self, sigma_xi: float = 0.5, sigma_eta: float | None = None) -> None:
        self._sigma_xi = sigma_xi
        self._sigma_eta = sigma_eta

    def crossover(
        self, parents_params: FloatArray, rng: np.random.RandomState, study: StudyLike, search_space_bounds: FloatArray
    ) -> FloatArray:
        a, b, third = parents_params
        sigma_eta = 0.35 / math.sqrt(len(a)) if self._sigma_eta is None else self._sigma_eta
        along = b - a
        length = math.sqrt(along @ along)
        axis = along / length if length > 0.0 else np.zeros(len(a))
        to_third = third - a
        distance = math.sqrt(max(to_third @ to_third - (to_third @ axis) ** 2, 0.0))
        across = rng.normal(0.0, sigma_eta, len(a))
        across -= (across @ axis) * axis  # normal on the plane across the line, whatever its basis
        child: FloatArray = 0.5 * (a + b) + rng.normal(0.0, self._sigma_xi) * along + distance * across
        return child
