"""What the last trial changed: a bound on the gap between expected minimum regrets."""

from __future__ import annotations

import math

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.numerics.blas_threads import one_blas_thread
from optimist.states import StudyDirection
from optimist.terminator.base import BaseImprovementEvaluator
from optimist.terminator.belief import N_MOST, Belief, observe
from optimist.terminator.regret_bound import UNKNOWN


class EMMREvaluator(BaseImprovementEvaluator):
    """Bound how far the last trial moved the expected regret of the best one; it goes to 0 as the search converges.

    For a Gaussian process before and after the last trial, with x' and x the trials whose means are best, it is the sum
    of: the change of the best mean; what f(x) is expected to gain over f(x'), where it does; and the regret bound times
    sqrt(KL / 2), with KL the divergence of the process after from that before. Goes with :class:`MedianErrorEvaluator`.

    Cost: some hundred milliseconds; at most the 299 best trials are learned from, and the last one.

    Args:
        deterministic_objective: Whether the objective has no noise.
        delta: The chance that the regret bound in it fails.
        min_n_trials: Nothing is known before so many trials are complete; at least 2.
        seed: Of the search for the regret bound; None for another one each time.

    Raises:
        ValueError: ``min_n_trials`` is below 2, or ``delta`` not between 0 and 1.

    Source: Ishibashi, Karasuyama, Takeuchi and Hino 2023, A stopping criterion for Bayesian optimization by the gap of
    expected minimum simple regrets, AISTATS.
    """

    def __init__(
        self,
        deterministic_objective: bool = False,
        delta: float = 0.1,
        min_n_trials: int = 2,
        seed: int | None = None,
    ) -> None:
        if min_n_trials < 2:
            raise ValueError(f"min_n_trials must be at least 2, but is {min_n_trials!r}.")
        if not 0.0 < delta < 1.0:
            raise ValueError(f"delta must lie between 0 and 1, but is {delta!r}.")
        self._is_deterministic = deterministic_objective
        self._delta = delta
        self._min_n_trials = min_n_trials
        self._rng = np.random.default_rng(seed)

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the bound, in objective units; about 1e307 as long as there are too few trials.

        Raises:
            ValueError: No trial is complete with a finite value, or they have no parameter in common that varies.
        """
        observed = observe(trials, study_direction, type(self).__name__)
        n = len(observed.losses)
        if n < self._min_n_trials:
            return UNKNOWN
        if n > N_MOST:
            best = np.sort(np.argsort(observed.losses[:-1], kind="stable")[: N_MOST - 1])
            observed = observed[np.append(best, n - 1)]
        if np.ptp(observed.losses) == 0.0:
            return 0.0
        with one_blas_thread():
            belief = Belief(observed, is_deterministic=self._is_deterministic)
            return belief.scale * self._standardised(belief)

    def _standardised(self, belief: Belief) -> float:
        after, before = belief.gp, belief.before_last()
        mean_before, _ = before.posterior(before.factor.x)
        mean_after, _ = after.posterior(after.factor.x)
        old, new = int(np.argmin(mean_before)), int(np.argmin(mean_after))
        change = abs(float(mean_before[old] - mean_after[new]))
        covariance = after.covariance(after.factor.x[[new, old]])
        gain = expected_gain(
            float(mean_after[old] - mean_after[new]),
            float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1]),
        )
        last = after.factor.x[-1:]
        mean, variance = (float(moment[0]) for moment in before.posterior(last))
        divergence = divergence_by_observation(mean, variance, float(after.y[-1]), belief.kernel.noise_variance)
        return change + gain + belief.regret_bound(before, self._rng, self._delta) * math.sqrt(0.5 * divergence)


def expected_gain(mean: float, variance: float) -> float:
    """Return the mean of max(0, z) for a normal z."""
    if variance <= 0.0:
        return max(0.0, mean)
    deviation = math.sqrt(variance)
    g = mean / deviation
    density = math.exp(-0.5 * g * g) / math.sqrt(2.0 * math.pi)
    return deviation * density + mean * 0.5 * math.erfc(-g / math.sqrt(2.0))


def divergence_by_observation(mean: float, variance: float, y: float, noise: float) -> float:
    """Return the Kullback-Leibler divergence of a Gaussian process after an observation from that before.

    Given the function's value at the observed point, the rest is the same before and after. So it is the divergence of
    two normals: those of that value.

    Args:
        mean: Of the value, before.
        variance: Of the value, before.
        y: The observation.
        noise: The variance of its noise.
    """
    kept = noise / (variance + noise)  # variance after / variance before
    shift = variance / (variance + noise) * (y - mean)
    return max(0.0, 0.5 * (kept - 1.0 - math.log(kept) + shift * shift / variance))
