"""What a Gaussian process believes of the objective after some trials, in all of the search space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution
from optimist.history.records import FrozenTrial
from optimist.numerics.ascent import ascend
from optimist.numerics.gaussian_process import Factor, GaussianProcess, Kernel
from optimist.numerics.marginal_likelihood import Priors, fit_kernel
from optimist.search_space.encoding import Encoding, encoding_of
from optimist.search_space.intersection import intersection_search_space
from optimist.search_space.space import SearchSpace
from optimist.states import StudyDirection
from optimist.terminator.base import complete_losses

FloatArray = npt.NDArray[np.float64]

N_MOST: Final = 300
"""A process learns from so many trials at most, which bounds what a question costs."""
_N_CANDIDATES: Final = 2000
_N_CLIMBS: Final = 8
_COARSE: Final = 64.0  # values; a parameter with fewer stays where the candidates put it


@dataclass(frozen=True)
class Observed:
    """Complete trials as points.

    Attributes:
        space: The parameters that all of them have, without those of a single value.
        points: (n, f) features: numbers between 0 and 1, choices as one-hot rows.
        losses: (n,) finite, less is better.
    """

    space: SearchSpace
    points: FloatArray
    losses: FloatArray

    def __getitem__(self, rows: npt.NDArray[np.intp] | slice) -> Observed:
        return Observed(self.space, self.points[rows], self.losses[rows])

    def best(self, n: int) -> Observed:
        """The ``n`` with the least losses, in the order they came."""
        return self[np.sort(np.argsort(self.losses, kind="stable")[:n])]


def observe(trials: list[FrozenTrial], direction: StudyDirection, evaluator: str) -> Observed:
    """Read complete trials with finite values.

    Raises:
        ValueError: There are none, or they have no parameter in common that varies.
    """
    counted, losses = complete_losses(trials, direction)
    counted = [trial for trial, loss in zip(counted, losses, strict=True) if math.isfinite(loss)]
    finite = np.array([loss for loss in losses if math.isfinite(loss)])
    if not counted:
        raise ValueError(f"{evaluator} needs a complete trial with a finite value, but there is none.")
    common: dict[str, BaseDistribution] = intersection_search_space(counted)
    space = SearchSpace(common).without_singles()
    if not space:
        raise ValueError(
            f"{evaluator} needs a parameter that varies and that all complete trials have, with the same range each; "
            "there is none. BestValueStagnationEvaluator needs no parameters."
        )
    columns = {
        name: np.array([distribution.to_internal_repr(trial.params[name]) for trial in counted])
        for name, distribution in space.items()
    }
    return Observed(space, features(encoding_of(space, one_hot=True), columns), finite)


def features(encoding: Encoding, columns: dict[str, FloatArray]) -> FloatArray:
    """Return (n, f) points, in which two different choices are as far apart as the ends of a range."""
    points: FloatArray = encoding.encode(columns)
    points[:, encoding.is_categorical] *= math.sqrt(0.5)
    return points


class Belief:
    """The posterior of the objective.

    Args:
        observed: What is known; at least one trial, not all with the same loss.
        kernel: None to find the most probable one.
        is_deterministic: Whether equal parameters give equal values.

    Attributes:
        scale: What a standardised unit is worth, in units of the objective.
        gp: The process, of standardised losses.
    """

    def __init__(self, observed: Observed, *, is_deterministic: bool = False) -> None:
        self.observed = observed
        self.encoding = encoding_of(observed.space, one_hot=True)
        shift, self.scale = standard(observed.losses)
        y = (observed.losses - shift) / self.scale
        priors = Priors(max_noise=Priors().min_noise) if is_deterministic else Priors()
        groups = np.repeat(np.arange(len(self.encoding.widths)), self.encoding.widths)
        kernel = fit_kernel(observed.points, y, groups, priors)
        self.gp = GaussianProcess(Factor(observed.points, kernel), y)

    @property
    def kernel(self) -> Kernel:
        """Of the process."""
        return self.gp.kernel

    def before_last(self) -> GaussianProcess:
        """The process without the last trial, with the same kernel and scale."""
        return GaussianProcess(Factor(self.observed.points[:-1], self.kernel), self.gp.y[:-1])

    def regret_bound(self, gp: GaussianProcess, rng: np.random.Generator, delta: float) -> float:
        """Bound what is left to gain: the least upper bound at a trial minus the least lower bound anywhere.

        Args:
            gp: ``self.gp``, or what it was before the last trial.
            rng: Draws candidates for the least lower bound.
            delta: The chance that the bound fails.

        Returns:
            Standardised, at least 0.

        Source: Makarova et al. 2022, Automatic termination for hyperparameter optimization, AutoML-Conf; beta
        as there: 2 log(d n² pi² / (6 delta)) / 5 for d parameters and n trials, after Srinivas et al. 2010.
        """
        n, d = len(gp.y), len(self.observed.space)
        reach = math.sqrt(2.0 * math.log(d * n**2 * math.pi**2 / (6.0 * delta)) / 5.0)
        mean, variance = gp.posterior(gp.factor.x)
        deviation = np.sqrt(variance)
        least = min(float((mean - reach * deviation).min()), self._least_lower_bound(gp, reach, rng))
        return max(0.0, float((mean + reach * deviation).min()) - least)

    def _least_lower_bound(self, gp: GaussianProcess, reach: float, rng: np.random.Generator) -> float:
        def negative_bound(x: FloatArray) -> tuple[FloatArray, FloatArray]:
            mean, variance, by_mean, by_variance = gp.posterior_gradients(x)
            deviation = np.sqrt(variance)
            slope: FloatArray = reach * by_variance / (2.0 * deviation)[:, None] - by_mean
            return reach * deviation - mean, slope

        candidates = np.concatenate([gp.factor.x, self._spread(rng)])
        mean, variance = gp.posterior(candidates)
        starts = candidates[np.argsort(mean - reach * np.sqrt(variance))[:_N_CLIMBS]]
        movable = np.tile(self.encoding.n_cells > _COARSE, (len(starts), 1))
        movable &= ~self.encoding.is_categorical
        return -float(ascend(negative_bound, starts, movable=movable)[1].max())

    def _spread(self, rng: np.random.Generator) -> FloatArray:
        """Return (n_candidates, f) points all over the space."""
        plain = encoding_of(self.observed.space)
        return features(self.encoding, plain.decode(rng.random((_N_CANDIDATES, plain.n_columns))))


def standard(losses: FloatArray) -> tuple[float, float]:
    """Return the mean and the deviation of losses, whose squares may overflow; 1 where they do not deviate."""
    size = float(np.abs(losses).max()) or 1.0
    scaled = losses / size
    return float(scaled.mean()) * size, float(scaled.std()) * size or 1.0
