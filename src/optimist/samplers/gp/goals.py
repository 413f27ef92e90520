"""Goals: what a proposal should improve upon, for one, two, three or more objectives. Losses are minimised, and standardised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from optimist.numerics.acquisition import (
    log_expected_hypervolume_improvement,
    log_expected_improvement,
    log_expected_maximum_improvement,
)
from optimist.numerics.boxes import Boxes, undominated_boxes
from optimist.numerics.pareto import epsilon_net, undominated

FloatArray = npt.NDArray[np.float64]

_MAX_FRONT: Final = 128
_MARGIN: Final = 0.1  # of an extent: so far beyond its worst losses volume counts
_BOTTOMLESS: Final = 1e3  # so far below the best losses nothing is expected
_SLIVER: Final = 1e-3  # of what is below the front is always left
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
    """Two or three objectives: the volume that the front covers.

    Attributes:
        front: (k, n_objectives) none dominated by another.
        floor: (n_objectives,) the point down to which volume counts.
        reference: (n_objectives,) the point up to which it does.
    """

    front: FloatArray
    floor: FloatArray
    reference: FloatArray

    @cached_property
    def _boxes(self) -> Boxes:
        return undominated_boxes(self.front, self.floor, self.reference)

    def improvement(self, mean: FloatArray, std: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        return log_expected_hypervolume_improvement(mean, std, self._boxes)

    def reached_by(self, losses: FloatArray) -> Hypervolume:
        floor = np.minimum(self.floor, losses.min(axis=0) - _SLIVER)
        return Hypervolume(_front(np.concatenate([self.front, losses]), self.reference), floor, self.reference)


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


def goal_of(losses: FloatArray, weights: FloatArray, *, looks_beyond: bool) -> Goal | None:
    """The goal of a proposal.

    Args:
        losses: (n, n_objectives) of the feasible trials.
        weights: (n_objectives,) above 0, for more than three objectives.
        looks_beyond: Whether a front of three objectives should grow beyond its ends, or be filled in between.
    """
    if not len(losses):
        return None
    if losses.shape[1] == 1:
        return Incumbent(float(losses.min()))
    if losses.shape[1] <= 3:
        return _hypervolume(losses, looks_beyond=looks_beyond or losses.shape[1] == 2)
    # What is not worse than the front says how long it is; beyond its ends there may be better ones yet.
    ideal = losses.min(axis=0)
    span = np.maximum(losses[undominated(losses)].max(axis=0) - ideal, 1e-2)
    weights, ideal = weights / span, ideal - _BEYOND * span
    return WeightedMaximum(weights, ideal, float((weights * (losses - ideal)).max(axis=1).min()))


def _hypervolume(losses: FloatArray, *, looks_beyond: bool) -> Hypervolume:
    """The volume up to the worst of all losses; or between the ends of the front, if it is one already.

    The ends of a front of three objectives are long edges. Where a model is not sure that an edge is the end, a tiny step
    beyond it, by all the volume along it, is more than any gap in the middle is worth; so not every proposal looks there.
    """
    ideal, worst = losses.min(axis=0), losses.max(axis=0)
    extent = worst - ideal
    reference = worst + _MARGIN * extent + 1e-3
    front = _front(losses, reference)
    if looks_beyond or len(front) < 2:
        return Hypervolume(front, ideal - _BOTTOMLESS, reference)
    length = np.ptp(front, axis=0)
    reference = np.where(length > 0.0, front.max(axis=0) + _MARGIN * length, reference)
    return Hypervolume(front, front.min(axis=0) - _SLIVER, reference)


def _front(losses: FloatArray, reference: FloatArray) -> FloatArray:
    losses = losses[np.all(losses < reference, axis=1)]
    front = np.unique(losses[undominated(losses)], axis=0) if len(losses) else losses
    return front[np.sort(epsilon_net(front, _MAX_FRONT))] if len(front) > _MAX_FRONT else front
