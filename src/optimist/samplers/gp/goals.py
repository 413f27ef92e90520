"""Goals: what a proposal should improve upon, for one, two or more objectives. Losses are minimised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from optimist.numerics.acquisition import (
    log_expected_hypervolume_improvement,
    log_expected_improvement,
    log_expected_maximum_improvement,
)
from optimist.numerics.pareto import front_ranks

FloatArray = npt.NDArray[np.float64]

_MAX_FRONT: Final = 64
_BEYOND: Final = 0.25  # of the front's extent: so far below the lowest loss the ideal is


class Goal(Protocol):
    """What there is to improve upon."""

    def improvement(self, mean: FloatArray, std: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The logarithm of the expected improvement (n,) and its slopes, by predictions (n_objectives, n)."""

    def reached_by(self, losses: FloatArray) -> Goal:
        """The goal that is left when trials have reached these losses (n, n_objectives)."""


@dataclass(frozen=True, eq=False)
class Incumbent:
    """One objective: the lowest loss so far."""

    best: float

    def improvement(self, mean: FloatArray, std: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        value, by_mean, by_std = log_expected_improvement(mean[0], std[0], self.best)
        return value, by_mean[None], by_std[None]

    def reached_by(self, losses: FloatArray) -> Incumbent:
        return Incumbent(min(self.best, float(losses.min())))


@dataclass(frozen=True, eq=False)
class Hypervolume:
    """Two objectives: the volume that the front covers.

    Attributes:
        front: (k, 2) none dominated by another.
        reference: (2,) the point up to which volume counts.
    """

    front: FloatArray
    reference: FloatArray

    def improvement(self, mean: FloatArray, std: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        return log_expected_hypervolume_improvement(mean, std, self.front, self.reference)

    def reached_by(self, losses: FloatArray) -> Hypervolume:
        return Hypervolume(_front(np.concatenate([self.front, losses]), self.reference), self.reference)


@dataclass(frozen=True, eq=False)
class WeightedMaximum:
    """Any number of objectives: the largest of them, weighted; other weights in each trial lead all over the front.

    Source: Knowles 2006, ParEGO, doi:10.1109/TEVC.2005.851274.

    Attributes:
        weights: (n_objectives,) above 0.
        ideal: (n_objectives,) a loss of each that is out of reach.
        best: The lowest weighted maximum so far.
    """

    weights: FloatArray
    ideal: FloatArray
    best: float

    def improvement(self, mean: FloatArray, std: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        weights = self.weights[:, None]
        value, by_mean, by_std = log_expected_maximum_improvement(
            weights * (mean - self.ideal[:, None]), weights * std, self.best
        )
        return value, weights * by_mean, weights * by_std

    def reached_by(self, losses: FloatArray) -> WeightedMaximum:
        best = float((self.weights * (losses - self.ideal)).max(axis=1).min())
        return WeightedMaximum(self.weights, self.ideal, min(self.best, best))


def goal_of(losses: FloatArray, weights: FloatArray) -> Goal | None:
    """The goal of a proposal.

    Args:
        losses: (n, n_objectives) of the feasible trials.
        weights: (n_objectives,) above 0, for three and more objectives.
    """
    if not len(losses):
        return None
    if losses.shape[1] == 1:
        return Incumbent(float(losses.min()))
    worst, ideal = losses.max(axis=0), losses.min(axis=0)
    if losses.shape[1] == 2:
        reference = worst + 0.1 * (worst - ideal) + 1e-3
        return Hypervolume(_front(losses, reference), reference)
    # What is not worse than the front says how long it is; beyond its ends there may be better ones yet.
    span = np.maximum(losses[front_ranks(losses) == 0].max(axis=0) - ideal, 1e-2)
    weights, ideal = weights / span, ideal - _BEYOND * span
    return WeightedMaximum(weights, ideal, float((weights * (losses - ideal)).max(axis=1).min()))


def _front(losses: FloatArray, reference: FloatArray) -> FloatArray:
    losses = losses[np.all(losses < reference, axis=1)]
    front = np.unique(losses[front_ranks(losses) == 0], axis=0) if len(losses) else losses
    if len(front) > _MAX_FRONT:
        front = front[np.linspace(0, len(front) - 1, _MAX_FRONT).round().astype(np.intp)]
    return front
