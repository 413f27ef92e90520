"""How the best value of a study improved: by trials, by seconds, and when it came close to the best known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from optimist.history.view import View
from optimist.states import TrialState

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One study, trial by trial.

    Attributes:
        losses: (n,) of the finished trials in order of their numbers, less is better; infinite where a trial failed, was
            pruned or violates a constraint, for it cost a trial as well.
        seconds: The time in its trials, added up.
    """

    losses: FloatArray
    seconds: float

    @property
    def n(self) -> int:
        """Number of trials."""
        return len(self.losses)

    @property
    def best(self) -> FloatArray:
        """(n,) the least loss of the first 1, 2, ... trials."""
        lowest: FloatArray = np.minimum.accumulate(self.losses) if self.n else self.losses
        return lowest

    def best_after(self, n: int) -> float:
        """The least loss of the first ``n`` trials; of all if there are fewer, infinite if there is none."""
        return float(self.losses[:n].min()) if n > 0 and self.n else np.inf


def run_of(view: View) -> Run:
    """Take the finished trials of a study with one objective; an infinite value counts for none."""
    is_good = (view.states == TrialState.COMPLETE) & np.isfinite(view.values[:, 0])
    for key in view.constraint_keys:
        is_good &= ~(view.constraint(key) > 0)
    losses = np.where(is_good, view.losses[:, 0], np.inf)
    return Run(losses[np.argsort(view.numbers)], float(np.nansum(view.durations_s)))


def hits(run: Run, limit: float, n_max: int) -> FloatArray:
    """(n_max,) 1 from that number of trials on at which the best loss was at most ``limit``, 0 before.

    A run that ended earlier keeps what it had.
    """
    is_in = np.maximum.accumulate(run.losses <= limit) if run.n else np.zeros(0, np.bool_)
    last = bool(is_in[-1]) if run.n else False
    return np.append(is_in[:n_max], np.full(max(0, n_max - run.n), last)).astype(np.float64)


def chance_in_any_order(run: Run, limit: float, n_max: int) -> FloatArray:
    """(n_max,) the chance that the first 1, 2, ... trials would have met ``limit``, were they made in random order.

    Exact: that ``n`` of ``N`` trials, drawn without replacement, hold one of the ``K`` that meet it, is
    1 - C(N - K, n) / C(N, n).
    """
    n_all, n_good = run.n, int((run.losses <= limit).sum())
    n = np.minimum(np.arange(1, n_max + 1), n_all)
    if not n_good:
        return np.zeros(n_max)
    n_bad = n_all - n_good
    drawn = np.minimum(n, n_bad)
    log_none = gammaln(n_bad + 1) - gammaln(n_bad - drawn + 1) - gammaln(n_all + 1) + gammaln(n_all - drawn + 1)
    chance: FloatArray = np.where(n > n_bad, 1.0, -np.expm1(np.minimum(log_none, 0.0)))
    return chance


def mean_best_in_any_order(run: Run, n: int) -> float:
    """The mean least loss of the first ``n`` trials over all orders; infinite if an order has none there.

    Exact: the i-th best of ``N`` is the best of ``n`` drawn without replacement with a chance of C(N - i, n - 1) / C(N, n).
    """
    n_all, losses = run.n, np.sort(run.losses)
    n = min(n, n_all)
    if n < 1 or not np.isfinite(losses[n_all - n]):
        return np.inf
    ranks = np.arange(1, n_all - n + 2)
    log_chance = _log_choose(n_all - ranks, n - 1) - _log_choose(np.array(n_all), n)
    return float(np.exp(log_chance) @ losses[: n_all - n + 1])


def _log_choose(n: NDArray[np.int64], k: int) -> FloatArray:
    chosen: FloatArray = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return chosen
