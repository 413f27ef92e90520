"""A Gaussian process over learning curves: how good will a run be at its end, given its beginning and all other runs?

A curve is seen on the logarithm of time left: ``tau = log(T / t)`` for step t of T, so that tau is 0 at the end. Its values
are losses relative to the best final one, on a scale that is fine near it and coarse far from it. The covariance of two
observations, of runs i and j with hyperparameters x, is::

    common(tau, tau') + similarity(x_i, x_j) shared(tau, tau') + [i = j] own(tau, tau') + [same observation] noise

where ``common`` is a level and a slope in tau, ``shared`` has a smooth process besides (Matérn, nu = 5/2), and ``own`` is a
level, which may grow with time as ``(t / T)**growth``, and a smooth process. What a low learning rate does to the shape of a
curve is in ``shared``: curves of similar hyperparameters bend alike. A Gaussian process over curves and hyperparameters stands
in Swersky et al., "Freeze-thaw Bayesian optimization" (2014).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.linalg.blas import dsyr
from scipy.linalg.lapack import dpotri, dtrtri
from scipy.optimize import minimize

Floats = NDArray[np.float64]

_COMMON_LEVEL: Final = 4.0
_COMMON_SLOPE: Final = 1.0
_SQRT5: Final = math.sqrt(5.0)
_JITTER: Final = 1e-8

# The prior of the parameters: median and standard deviation of the logarithm.
_SHARED: Final = ((1.0, 1.0), (0.1, 1.0), (0.3, 1.0))  # level, slope, process
_OWN: Final = ((0.5, 1.0), (0.2, 1.0))  # level, process
_LENGTH: Final = (1.0, 0.5)  # of the processes, in tau
_NOISE: Final = (0.02, 1.5)
# Of the length scales of the hyperparameters; the medians grow with the square root of their number. For numbers it is short: until
# it is known which of them matter, a run that is unlike all others may turn out in any way. For categories it is long: most runs
# differ in one of them, so that with a short one hardly any run would tell of another, nor would the likelihood say that it should.
_SCALE_OF_NUMBER: Final = 0.06
_SCALE_OF_CATEGORY: Final = 0.5
_SCALE_SD: Final = 1.2
_N_SHAPES: Final = 7  # parameters come before the length scales, and say how curves look


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen of some runs.

    Attributes:
        run: (n,) indices of runs, in ascending order.
        tau: (n,) logarithm of the share of time left.
        z: (n,) values; smaller is better.
    """

    run: NDArray[np.intp]
    tau: Floats
    z: Floats

    def __len__(self) -> int:
        return len(self.z)


class CurveProcess:
    """The covariance of learning curves.

    Args:
        widths: (d,) how many columns each hyperparameter is encoded in: a number in one, a category in one for each choice.
        growth: The power of the share of time with which the level of a run's own grows.
        theta: (7 + d,) logarithms of the parameters; None for the median of their prior.
    """

    def __init__(self, widths: Sequence[int], growth: float = 0.0, theta: Floats | None = None) -> None:
        self.widths = tuple(widths)
        self.growth = growth
        self.mean, self.sd = _prior(self.widths)
        self.theta = self.mean if theta is None else theta

    def covariance(self, a: Observations, xa: Floats, b: Observations, xb: Floats, *, same_runs: bool) -> Floats:
        """(n_a, n_b) the covariance of observations, without noise.

        Args:
            a, b: The observations.
            xa, xb: (n_runs, n_columns) the hyperparameters of their runs.
            same_runs: Whether runs of the same index are the same run; else all are different.
        """
        p = np.exp(self.theta)
        taus_a, which_a = np.unique(a.tau, return_inverse=True)  # there are few: all runs are seen at the same moments
        taus_b, which_b = np.unique(b.tau, return_inverse=True)
        at = np.ix_(which_a, which_b)
        slope = np.outer(taus_a, taus_b)
        bend = _matern(np.abs(taus_a[:, None] - taus_b[None, :]) / p[5])
        scales = np.repeat(p[_N_SHAPES:], self.widths)
        similarity = _matern(_distances(xa, xb, scales))[np.ix_(a.run, b.run)]
        cov = (_COMMON_LEVEL + _COMMON_SLOPE * slope)[at] + similarity * (p[0] + p[1] * slope + p[2] * bend)[at]
        if same_runs:
            own = p[3] * _grown(taus_a, taus_b, self.growth) + p[4] * bend
            cov += (a.run[:, None] == b.run[None, :]) * own[at]
        found: Floats = cov
        return found

    @property
    def noise(self) -> float:
        """Variance of the noise."""
        return float(np.exp(self.theta[6]))

    def fitted(self, seen: Observations, x: Floats, max_iterations: int = 40) -> CurveProcess:
        """The process with the parameters that are most probable given some curves.

        Args:
            seen: The curves.
            x: (n_runs, n_columns) their hyperparameters.
            max_iterations: Of L-BFGS.
        """
        posterior = _Posterior(self, seen, x)
        bounds = [(m - 3 * s, m + 3 * s) for m, s in zip(self.mean, self.sd, strict=True)]
        found = minimize(
            posterior, self.mean, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": max_iterations}
        )
        return CurveProcess(self.widths, self.growth, found.x)

    def over(self, widths: Sequence[int], sources: NDArray[np.intp]) -> CurveProcess:
        """The process for other hyperparameters: some are gone, some are new.

        Args:
            widths: (d,) of theirs, see the class.
            sources: (d,) which hyperparameter of this process each of them is; -1 for a new one, with the prior's median.
        """
        theta = np.append(self.theta[:_N_SHAPES], _prior(widths)[0][_N_SHAPES:])
        is_known = sources >= 0
        theta[_N_SHAPES:][is_known] = self.theta[_N_SHAPES:][sources[is_known]]
        return CurveProcess(widths, self.growth, theta)


class Conditioned:
    """A process that knows some curves.

    Args:
        process: The process.
        seen: The curves.
        x: (n_runs, n_columns) their hyperparameters.
    """

    def __init__(self, process: CurveProcess, seen: Observations, x: Floats) -> None:
        self._process, self._seen, self._x = process, seen, x
        cov = process.covariance(seen, x, seen, x, same_runs=True)
        cov[np.diag_indices_from(cov)] += process.noise + _JITTER
        self._factor = cholesky(cov, lower=True, check_finite=False)
        self._white = solve_triangular(self._factor, seen.z, lower=True, check_finite=False)

    def ends_of(self, tau: Floats, z: Floats, x: Floats, looks: Sequence[NDArray[np.intp]]) -> tuple[Floats, Floats]:
        """Mean and variance of the value that a further run will end with, noise included, as told by parts of its curve.

        Args:
            tau, z: (n,) what was seen of it.
            x: (n_columns,) its hyperparameters.
            looks: Which observations to tell the end by; for each of these parts there is a mean and a variance.
        """
        process = self._process
        new = Observations(np.zeros(len(tau) + 1, dtype=np.intp), np.append(tau, 0.0), np.append(z, 0.0))
        xs = x[None, :]
        cross = process.covariance(self._seen, self._x, new, xs, same_runs=False)
        prior = process.covariance(new, xs, new, xs, same_runs=True)
        v = solve_triangular(self._factor, cross, lower=True, check_finite=False)
        mean, cov = v.T @ self._white, prior - v.T @ v
        cov[np.diag_indices_from(cov)] += process.noise + _JITTER
        ends = [_end(z[look], np.append(mean[look], mean[-1]), cov[np.ix_([*look, -1], [*look, -1])]) for look in looks]
        means, variances = np.array(ends).T
        return means, variances

    def mean_square_error(self, runs: Sequence[int]) -> float:
        """How far the ends of known runs are from what the process says without them: about 1 if it knows how well it knows.

        The end of each is told by all other runs and by its own first observation, its first two, and so on. Errors count in
        standard deviations.

        Args:
            runs: Indices of runs of which the last observation is their end.
        """
        inverse_factor = dtrtri(self._factor, lower=1)[0]
        weights = inverse_factor.T @ self._white
        errors = []
        for run in runs:
            where = np.flatnonzero(self._seen.run == run)
            if len(where) < 2:
                continue
            # The distribution of a run given all others, by blocks of the inverse; Rasmussen and Williams (2006), sec. 5.4.2
            block = inverse_factor[:, where]
            cov = np.linalg.inv(block.T @ block)
            off = cov @ weights[where]
            # The end given the first observation, the first two, ...: each adds what is new in it
            factor = cholesky(cov[:-1, :-1], lower=True, check_finite=False)
            parts = solve_triangular(factor, np.column_stack([cov[:-1, -1], off[:-1]]), lower=True, check_finite=False)
            left = off[-1] - np.cumsum(parts[:, 0] * parts[:, 1])
            variance = np.maximum(cov[-1, -1] - np.cumsum(np.square(parts[:, 0])), _JITTER)
            errors.append(np.mean(np.square(left) / variance))
        return float(np.mean(errors)) if errors else 1.0


def _end(z: Floats, mean: Floats, cov: Floats) -> tuple[float, float]:
    """Mean and variance of the last of some values, given the others."""
    gain = np.linalg.solve(cov[:-1, :-1], cov[:-1, -1])
    return float(mean[-1] + gain @ (z - mean[:-1])), float(max(cov[-1, -1] - gain @ cov[:-1, -1], _JITTER))


class _Posterior:
    """Minus the logarithm of likelihood times prior, with its gradient."""

    def __init__(self, process: CurveProcess, seen: Observations, x: Floats) -> None:
        self._z, self._mean, self._sd = seen.z, process.mean, process.sd
        squares = np.square(x[:, None, :] - x[None, :, :])
        firsts = np.array([0, *accumulate(process.widths)][:-1], dtype=np.intp)
        self._squares = np.add.reduceat(squares, firsts, axis=2)  # (n_runs, n_runs, d)
        run, n = seen.run, len(seen)
        self._run_pair = run[:, None] * len(x) + run[None, :]
        self._starts = np.flatnonzero(np.diff(run, prepend=-1))
        self._of_starts = np.ix_(run[self._starts], run[self._starts])
        taus, at = np.unique(seen.tau, return_inverse=True)
        self._tau_pair = at[:, None] * len(taus) + at[None, :]
        self._slope = np.outer(taus, taus)
        self._grown = _grown(taus, taus, process.growth)
        self._gap = np.abs(taus[:, None] - taus[None, :])
        self._common = (_COMMON_LEVEL + _COMMON_SLOPE * self._slope).take(self._tau_pair)
        self._same = np.flatnonzero(run[:, None] == run[None, :])  # pairs of observations of one run
        self._tau_pair_of_same = self._tau_pair.take(self._same)
        self._diagonal = np.arange(n) * (n + 1)

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        p = np.exp(theta)
        scaled = self._squares / np.square(p[_N_SHAPES:])
        r = np.sqrt(scaled.sum(axis=2))
        similarity = _matern(r).take(self._run_pair)
        gap = self._gap / p[5]
        bend = _matern(gap)
        shared = (p[0] + p[1] * self._slope + p[2] * bend).take(self._tau_pair)
        own = p[3] * self._grown + p[4] * bend
        cov = similarity * shared
        cov += self._common
        cov.reshape(-1)[self._same] += own.take(self._tau_pair_of_same)
        cov.reshape(-1)[self._diagonal] += p[6] + _JITTER
        try:
            factor = cholesky(cov, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        weights = cho_solve((factor, True), self._z, check_finite=False)
        off = (theta - self._mean) / self._sd
        value = 0.5 * self._z @ weights + np.log(np.diag(factor)).sum() + 0.5 * off @ off
        # Twice d value / d cov, one triangle of it, with half of the diagonal: what sums over it is a derivative of the value
        inverse = dpotri(factor, lower=1)[0]
        half = np.ascontiguousarray(dsyr(-1.0, weights, a=inverse, lower=1, overwrite_a=1).T)
        half.reshape(-1)[self._diagonal] *= 0.5
        of_same = np.bincount(self._tau_pair_of_same, half.take(self._same), gap.size).reshape(gap.shape)
        of_pairs = np.bincount(self._tau_pair.reshape(-1), (half * similarity).reshape(-1), gap.size).reshape(gap.shape)
        gradient = np.empty_like(theta)
        gradient[0] = p[0] * of_pairs.sum()
        gradient[1] = p[1] * np.vdot(of_pairs, self._slope)
        gradient[2] = p[2] * np.vdot(of_pairs, bend)
        gradient[3] = p[3] * np.vdot(of_same, self._grown)
        gradient[4] = p[4] * np.vdot(of_same, bend)
        gradient[5] = np.vdot(p[2] * of_pairs + p[4] * of_same, _matern_growth(gap) * np.square(gap))
        gradient[6] = p[6] * half.take(self._diagonal).sum()
        by_run = np.zeros_like(r)
        by_run[self._of_starts] = np.add.reduceat(
            np.add.reduceat(half * shared, self._starts, axis=0), self._starts, axis=1
        )
        gradient[_N_SHAPES:] = np.einsum("ij,ijk->k", by_run * _matern_growth(r), scaled)
        return float(value), gradient + off / self._sd


def _prior(widths: Sequence[int]) -> tuple[Floats, Floats]:
    scales = [math.sqrt(len(widths)) * (_SCALE_OF_NUMBER if width == 1 else _SCALE_OF_CATEGORY) for width in widths]
    pairs = [*_SHARED, *_OWN, _LENGTH, _NOISE, *[(scale, _SCALE_SD) for scale in scales]]
    medians, sds = np.array(pairs).T
    return np.log(medians), sds


def _grown(tau_a: Floats, tau_b: Floats, growth: float) -> Floats:
    found: Floats = np.exp(-growth * (tau_a[:, None] + tau_b[None, :]))
    return found


def _distances(xa: Floats, xb: Floats, scales: Floats) -> Floats:
    differences = xa[:, None, :] / scales - xb[None, :, :] / scales
    found: Floats = np.sqrt(np.square(differences).sum(axis=2))
    return found


def _matern(r: Floats) -> Floats:
    """Matérn's correlation with nu = 5/2."""
    found: Floats = (1.0 + _SQRT5 * r + 5.0 / 3.0 * np.square(r)) * np.exp(-_SQRT5 * r)
    return found


def _matern_growth(r: Floats) -> Floats:
    """How :func:`_matern` grows with the logarithm of a length, per square of the distance in that length."""
    found: Floats = 5.0 / 3.0 * (1.0 + _SQRT5 * r) * np.exp(-_SQRT5 * r)
    return found
