"""Crossovers of two parents, gene by gene.

Legend   a, b (d,) the parents    c (d,) a child    u (d,) uniform numbers in [0, 1)    eta how close children stay
"""

from __future__ import annotations

from typing import Final

import numpy as np

from optimist.history.protocols import StudyLike
from optimist.samplers.nsgaii.base import BaseCrossover, FloatArray, check_probability, is_multi_objective

_ETA_SINGLE: Final = 2.0
_ETA_MULTI: Final = 20.0  # near a front, small steps pay
_LEAST_GAP: Final = 1e-10  # parents closer than this have the same gene


class UniformCrossover(BaseCrossover):
    """Take each parameter from one of the two parents.

    Args:
        swapping_prob: Probability to take it from the first parent; the others are the second's.

    Raises:
        ValueError: ``swapping_prob`` is no probability.

    Source: Syswerda 1989, Uniform crossover in genetic algorithms.
    """

    n_parents = 2

    def __init__(self, swapping_prob: float = 0.5) -> None:
        self._swapping_prob = check_probability("swapping_prob", swapping_prob)

    def crossover(
        self, parents_params: FloatArray, rng: np.random.RandomState, study: StudyLike, search_space_bounds: FloatArray
    ) -> FloatArray:
        a, b = parents_params
        child: FloatArray = np.where(rng.random_sample(len(a)) < self._swapping_prob, a, b)
        return child


class BLXAlphaCrossover(BaseCrossover):
    """Draw each parameter from the interval between the parents, lengthened at both ends.

    Args:
        alpha: By which part of the interval each end is lengthened; 0.5 keeps the spread of a population.

    Source: Eshelman and Schaffer 1993, doi:10.1016/B978-0-08-094832-4.50018-0.
    """

    n_parents = 2

    def __init__(self, alpha: float = 0.5) -> None:
        self._alpha = alpha

    def crossover(
        self, parents_params: FloatArray, rng: np.random.RandomState, study: StudyLike, search_space_bounds: FloatArray
    ) -> FloatArray:
        low, high = parents_params.min(axis=0), parents_params.max(axis=0)
        more = self._alpha * (high - low)
        child: FloatArray = low - more + rng.random_sample(len(low)) * (high - low + 2.0 * more)
        return child


class _BinaryCrossover(BaseCrossover):
    """What the simulated binary crossovers share: two children of which one is chosen, gene by gene or as a whole."""

    n_parents = 2

    def __init__(
        self, eta: float | None = None, uniform_crossover_prob: float = 0.5, use_child_gene_prob: float = 0.5
    ) -> None:
        if eta is not None and not eta >= 0.0:
            raise ValueError(
                f"{type(self).__name__} needs eta >= 0, but got {eta!r}; the larger, the closer to the parents."
            )
        self._eta = eta
        self._uniform_crossover_prob = check_probability("uniform_crossover_prob", uniform_crossover_prob)
        self._use_child_gene_prob = check_probability("use_child_gene_prob", use_child_gene_prob, above_zero=True)

    def _exponent(self, study: StudyLike) -> float:
        eta = self._eta
        if eta is None:
            eta = _ETA_MULTI if is_multi_objective(study) else _ETA_SINGLE
        return 1.0 / (eta + 1.0)

    def _choose(
        self, parents: FloatArray, children: tuple[FloatArray, FloatArray], rng: np.random.RandomState
    ) -> FloatArray:
        """Mix parents and children into one child: each gene is a child's or its parent's, of one of the two sides."""
        d = parents.shape[1]
        swaps, keeps = rng.random_sample((2, d))
        side = int(rng.random_sample() < 0.5)
        sides = np.where(swaps < self._uniform_crossover_prob, 1 - side, side)
        genes = np.where(keeps < self._use_child_gene_prob, np.stack(children), parents)
        return genes[sides, np.arange(d)]


class SBXCrossover(_BinaryCrossover):
    """Simulated binary crossover: children near either parent, in proportion to how far apart the parents are.

    They stay within the bounds.

    Args:
        eta: How close to the parents; at least 0. None: 20 for several objectives, 2 for one.
        uniform_crossover_prob: Probability that a gene comes from the other one of the two children.
        use_child_gene_prob: Probability of a child's gene; otherwise the parent's stays.

    Raises:
        ValueError: ``eta`` is negative, or a probability is none.

    Source: Deb and Agrawal 1995, Simulated binary crossover for continuous search space; bounded as in Deb's code.
    """

    def crossover(
        self, parents_params: FloatArray, rng: np.random.RandomState, study: StudyLike, search_space_bounds: FloatArray
    ) -> FloatArray:
        exponent = self._exponent(study)
        low, high = search_space_bounds.T
        a, b = parents_params.min(axis=0), parents_params.max(axis=0)
        gap = np.maximum(b - a, _LEAST_GAP)
        u = rng.random_sample(len(a))
        first = 0.5 * (a + b - _spread(u, (a - low) / gap, exponent) * gap)
        second = 0.5 * (a + b + _spread(u, (high - b) / gap, exponent) * gap)
        same = b - a <= _LEAST_GAP
        children = np.where(same, a, first), np.where(same, b, second)
        return self._choose(parents_params, children, rng)


def _spread(u: FloatArray, room: FloatArray, exponent: float) -> FloatArray:
    """How far apart children are, in units of their parents' gap, if there is ``room`` gaps to the bound."""
    alpha = 2.0 - (1.0 + 2.0 * room) ** (-1.0 / exponent)
    inner = (u * alpha) ** exponent
    outer = (1.0 / np.maximum(2.0 - u * alpha, 1e-300)) ** exponent
    return np.where(u <= 1.0 / alpha, inner, outer)


class VSBXCrossover(_BinaryCrossover):
    """A simulated binary crossover that leaves no region around the parents out, and may go far beyond them.

    Args:
        eta: How close to the parents; at least 0. None: 20 for several objectives, 2 for one.
        uniform_crossover_prob: Probability that a gene comes from the other one of the two children.
        use_child_gene_prob: Probability of a child's gene; otherwise the parent's stays.

    Raises:
        ValueError: ``eta`` is negative, or a probability is none.

    Source: Ballester and Carter 2004, doi:10.1007/978-3-540-24854-5_91. Children lie by as much about a parent as the
        gap between the parents says, wherever the origin is; in Optuna the spread also grows with the values.
    """

    def crossover(
        self, parents_params: FloatArray, rng: np.random.RandomState, study: StudyLike, search_space_bounds: FloatArray
    ) -> FloatArray:
        a, b = parents_params
        u = 1.0 - rng.random_sample(len(a))  # in (0, 1]
        # Outside of a parent for small u, inside for large; both as far from it as (beta - 1) / 2 gaps.
        nearer = np.maximum(np.minimum(u, 1.0 - u), 1e-12)
        reach = 0.5 * ((0.5 / nearer) ** self._exponent(study) - 1.0) * np.where(u <= 0.5, 1.0, -1.0)
        children = a + reach * (a - b), b + reach * (b - a)
        return self._choose(parents_params, children, rng)
