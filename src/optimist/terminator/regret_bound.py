"""What is left to gain, by a bound that holds with high probability."""

from __future__ import annotations

import math
import sys
from typing import Final

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.numerics.blas_threads import one_blas_thread
from optimist.states import StudyDirection
from optimist.terminator.base import BaseImprovementEvaluator
from optimist.terminator.belief import N_MOST, Belief, observe

UNKNOWN: Final = 0.1 * sys.float_info.max
"""Stands for a gain that nothing is known of; finite, so that it can be kept and drawn."""
_DELTA: Final = 0.1  # the chance that the bound fails


class RegretBoundEvaluator(BaseImprovementEvaluator):
    """Bound how much better the objective could become than at the best trial.

    A Gaussian process learns the objective from the better part of the trials; the bound is the distance from the least
    upper confidence bound at a trial to the least lower confidence bound in the search space.

    Cost: some hundred milliseconds; at most the 300 best trials are learned from.

    Args:
        top_trials_ratio: The share of the trials to learn from, the best first; where they are bad matters little.
        min_n_trials: Learn from so many at least, where there are.
        seed: Of the search for the least lower bound; None for another one each time.

    Raises:
        ValueError: ``top_trials_ratio`` is not above 0.

    Source: Makarova et al. 2022, Automatic termination for hyperparameter optimization, AutoML-Conf.
    """

    def __init__(self, top_trials_ratio: float = 0.5, min_n_trials: int = 20, seed: int | None = None) -> None:
        if not top_trials_ratio > 0.0:
            raise ValueError(f"top_trials_ratio must be above 0, but is {top_trials_ratio!r}.")
        self._ratio, self._min_n_trials = top_trials_ratio, min_n_trials
        self._rng = np.random.default_rng(seed)

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the bound, in objective units; about 1e307 for a single trial, which says nothing.

        Raises:
            ValueError: No trial is complete with a finite value, or they have no parameter in common that varies.
        """
        observed = observe(trials, study_direction, type(self).__name__)
        n = len(observed.losses)
        if n < 2:
            return UNKNOWN
        observed = observed.best(min(N_MOST, max(2, self._min_n_trials, math.ceil(self._ratio * n))))
        if np.ptp(observed.losses) == 0.0:
            return 0.0
        with one_blas_thread():
            belief = Belief(observed)
            return belief.scale * belief.regret_bound(belief.gp, self._rng, _DELTA)
