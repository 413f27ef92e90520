"""Surrogate: Gaussian processes of objectives and constraints, and the acquisition function that they add up to."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from optimist.numerics.acquisition import log_probability_below
from optimist.numerics.gaussian_process import Factor, GaussianProcess
from optimist.numerics.marginal_likelihood import NO_COLUMNS, fit_kernel
from optimist.numerics.pareto import undominated
from optimist.numerics.standardise import standardised
from optimist.samplers.gp.domain import Domain
from optimist.samplers.gp.evidence import Evidence
from optimist.samplers.gp.goals import Goal, Incumbent, goal_of
from optimist.samplers.gp.settings import Settings

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

_N_KEPT: Final = 64
_PATIENCE: Final = 5  # trials
_NOTHING: Final = 0.01  # of the standard deviation of the losses
_REAL_IMPROVEMENT: Final = 0.1

T = TypeVar("T")


class Memo:
    """Kernels and factors by what they were made of, so that the trials of one stage share them.

    They follow from their arguments alone: what is in the memo makes a proposal faster, never another one.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Any] = OrderedDict()

    def get(self, make: Callable[[], T], *parts: Any) -> T:
        """What was made of these parts before, or ``make()``."""
        digest = hashlib.blake2b(digest_size=16)
        for part in parts:
            digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
            digest.update(b"|")
        key = digest.digest()
        if key in self._kept:
            self._kept.move_to_end(key)
        else:
            self._kept[key] = make()
            if len(self._kept) > _N_KEPT:
                self._kept.popitem(last=False)
        found: T = self._kept[key]
        return found


@dataclass(frozen=True, eq=False)
class Surrogate:
    """What is believed of objectives and constraints, and what improves upon the trials so far.

    Attributes:
        domain: Of the parameters.
        objectives: A process for each.
        constraints: A process for each; feasible at 0 and below.
        goal: What there is to improve upon; None if no trial is feasible.
    """

    domain: Domain
    objectives: tuple[GaussianProcess, ...]
    constraints: tuple[GaussianProcess, ...]
    goal: Goal | None

    def believing(self, features: FloatArray) -> Surrogate:
        """The surrogate if pending trials (m, f) gave what is expected of them."""
        if not len(features):
            return self
        expected = np.stack([gp.mean(features) for gp in self.objectives], axis=1)
        return replace(
            self,
            objectives=tuple(gp.believing(features) for gp in self.objectives),
            constraints=tuple(gp.believing(features) for gp in self.constraints),
            goal=None if self.goal is None else self.goal.reached_by(expected),
        )

    # The acquisition function

    def value(self, features: FloatArray) -> FloatArray:
        """How promising points (n, f) are: (n,), larger is better."""
        predictions = [gp.posterior(features) for gp in (*self.objectives, *self.constraints)]
        mean = np.stack([mean for mean, _ in predictions])
        return self._combined(mean, np.sqrt(np.stack([variance for _, variance in predictions])))[0]

    def value_and_gradient(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The same, with the gradients (n, f)."""
        predictions = [gp.posterior_gradients(features) for gp in (*self.objectives, *self.constraints)]
        mean, std = np.stack([p[0] for p in predictions]), np.sqrt(np.stack([p[1] for p in predictions]))
        value, by_mean, by_std = self._combined(mean, std)
        gradient = np.zeros_like(features)
        for k, (_, _, mean_slopes, variance_slopes) in enumerate(predictions):
            gradient += by_mean[k][:, None] * mean_slopes
            gradient += (by_std[k] / (2.0 * std[k]))[:, None] * variance_slopes
        return value, gradient

    def _combined(self, mean: FloatArray, std: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Values (n,) and slopes (n_processes, n) of predictions (n_processes, n)."""
        m = len(self.objectives)
        by_mean, by_std = np.zeros_like(mean), np.zeros_like(std)
        value = np.zeros(mean.shape[1])
        if self.goal is not None:
            value, by_mean[:m], by_std[:m] = self.goal.improvement(mean[:m], std[:m])
        for k in range(m, len(mean)):
            feasible, by_mean[k], by_std[k] = log_probability_below(mean[k], std[k])
            value = value + feasible
        return value, by_mean, by_std


def build_surrogate(
    domain: Domain,
    evidence: Evidence,
    settings: Settings,
    memo: Memo,
    weights: FloatArray,
    *,
    boldness: float,
    n_running: int,
) -> Surrogate:
    """Fit what can be learned from the trials.

    Args:
        domain: Of the parameters.
        evidence: The trials.
        settings: Of the sampler.
        memo: Of what was fitted before.
        weights: (n_objectives,) positive, of the objectives where there are more than three.
        boldness: From 0, the boldest, to 1. Bold trials ask for a real improvement as soon as the latest brought next to
            none: a search that has found the bottom of one valley then looks into the others, instead of polishing for
            ever. Of three objectives they look beyond the ends of the front.
        n_running: How many trials run: about so many of the latest knew nothing of those just before them.
    """
    fit = _Fit(domain, evidence, settings, memo)
    objectives = fit.objectives()
    constraints = [fit.constraint(column) for column in evidence.constraints.T]
    if evidence.has_failed.any():
        constraints.append(fit.constraint(np.where(evidence.has_failed, 1.0, -1.0)))
    is_known = ~np.isnan(evidence.losses).any(axis=1)
    expected = np.stack([gp.fitted for gp in objectives], axis=1)[evidence.is_feasible[is_known]]
    goal = goal_of(expected, weights, looks_beyond=boldness < settings.beyond_share)
    if (
        isinstance(goal, Incumbent)
        and boldness < settings.bold_share
        and _stands_still(expected[:, 0], _PATIENCE + n_running)
    ):
        goal = Incumbent(goal.best - _REAL_IMPROVEMENT)
    return Surrogate(domain, objectives, tuple(constraints), goal)


def _stands_still(expected: FloatArray, n_latest: int) -> bool:
    """Whether the latest trials improved on those before by next to nothing; losses (n,) in the order of the trials."""
    before, latest = expected[:-n_latest], expected[-n_latest:]
    return len(before) > 0 and float(before.min() - latest.min()) < _NOTHING


class _Fit:
    """How outputs become processes.

    Args:
        domain: Of the parameters.
        evidence: The trials.
        settings: Of the sampler.
        memo: Of what was fitted before.
    """

    def __init__(self, domain: Domain, evidence: Evidence, settings: Settings, memo: Memo) -> None:
        n_dimensions = max(round(float(evidence.mask[: evidence.n_fitted or None].sum(axis=1).mean()), 1), 1.0)
        self._priors = replace(settings.priors, n_dimensions=n_dimensions)
        self._features = domain.features(evidence.points, evidence.mask)
        self._groups, self._n_fitted = domain.groups, evidence.n_fitted
        n_telling = _n_telling(domain, evidence, settings)
        self._bent = domain.number_columns if n_telling >= settings.n_before_warp else NO_COLUMNS
        self._mixed = domain.number_columns if n_telling >= settings.n_before_shear else NO_COLUMNS
        self._evidence, self._settings, self._memo = evidence, settings, memo

    def objectives(self) -> tuple[GaussianProcess, ...]:
        """The process of each objective.

        Of several, what is worst for one may be best for another: it is not cut off, and since the volume counts that a
        front covers, losses keep their proportions.
        """
        losses, tail = self._evidence.losses, self._settings.tail
        if losses.shape[1] == 1:
            return (self._process(losses[:, 0], lambda y: standardised(y, tail), self._bent, self._mixed),)
        is_known = ~np.isnan(losses).any(axis=1)
        good = _on_front(self._evidence)[is_known]
        return tuple(
            self._process(column, lambda y: standardised(y, tail, good=good[: len(y)], bends=False))
            for column in losses.T
        )

    def constraint(self, values: FloatArray) -> GaussianProcess:
        """The process of a constraint (n,), NaN where it was not reported; 0 stays the bound."""
        return self._process(values, _bounded)

    def _process(
        self,
        values: FloatArray,
        transform: Callable[[FloatArray], FloatArray],
        bent: IntArray = NO_COLUMNS,
        mixed: IntArray = NO_COLUMNS,
    ) -> GaussianProcess:
        known = ~np.isnan(values)
        x, y = self._features[known], values[known]
        n = int(known[: self._n_fitted].sum()) or len(x)
        first, outputs, priors = x[:n], transform(y[:n]), self._priors
        made_of = (priors, self._groups, bent, mixed, first, outputs)
        kernel = self._memo.get(
            lambda: fit_kernel(first, outputs, self._groups, priors, bent=bent, mixed=mixed), "kernel", *made_of
        )
        factor = self._memo.get(lambda: Factor(first, kernel), "factor", *made_of)
        return GaussianProcess(factor.extended(x[n:]), transform(y))


def _on_front(evidence: Evidence) -> BoolArray:
    """(n,) which of the trials that the kernel is fitted on are feasible, and dominated by no other such."""
    is_good = evidence.is_feasible.copy()
    is_good[evidence.n_fitted or None :] = False
    is_good[is_good] = undominated(evidence.losses[is_good])
    return is_good


def _n_telling(domain: Domain, evidence: Evidence, settings: Settings) -> int:
    """How many trials show whether the ranges of numbers are badly chosen, or belong together; 0 if that cannot be seen.

    With several objectives it cannot: trials crowd along the front, which looks like a corner where more happens.
    """
    if evidence.losses.shape[1] > 1 or domain.d > settings.max_warped:
        return 0
    return evidence.n_fitted or len(evidence.points)


def _bounded(values: FloatArray) -> FloatArray:
    """Constraint values (n,) in units of their usual size, none further than 3 from the bound at 0."""
    finite = np.clip(values, -1e300, 1e300)
    size = np.abs(finite)
    scale = float(np.median(size)) or float(size.max(initial=0.0)) or 1.0
    bounded: FloatArray = np.clip(finite / scale, -3.0, 3.0)
    return bounded
