"""Polynomial mutation: small changes often, large ones seldom."""

from __future__ import annotations

import numpy as np

from optimist.history.protocols import StudyLike
from optimist.samplers.nsgaii.base import BaseMutation, FloatArray


class PolynomialMutation(BaseMutation):
    """Move a parameter by a random part of its range, most often a small one, and never beyond its bounds.

    Args:
        eta: How small; at least 0. A change is about 1 / eta of the range.

    Raises:
        ValueError: ``eta`` is negative.

    Source: Deb and Agrawal 1999, A niched-penalty approach for constraint handling in genetic algorithms.
    """

    def __init__(self, eta: float = 20.0) -> None:
        super().__init__()
        if not eta >= 0.0:
            raise ValueError(
                f"PolynomialMutation needs eta >= 0, but got {eta!r}; the larger, the smaller the changes."
            )
        self._eta = eta

    def mutation(
        self, param: float, rng: np.random.RandomState, study: StudyLike, search_space_bounds: FloatArray
    ) -> float:
        low, high = (float(bound) for bound in search_space_bounds)
        width = high - low
        if width <= 0.0:
            return param
        u, power = rng.random_sample(), self._eta + 1.0
        if u < 0.5:
            room = max(1.0 - (param - low) / width, 0.0)
            change = (2.0 * u + (1.0 - 2.0 * u) * room**power) ** (1.0 / power) - 1.0
        else:
            room = max(1.0 - (high - param) / width, 0.0)
            change = 1.0 - (2.0 * (1.0 - u) + (2.0 * u - 1.0) * room**power) ** (1.0 / power)
        return float(min(max(param + change * width, low), high))
