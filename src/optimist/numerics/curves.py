"""A Gaussian process over learning curves: how good will a run be at its end, given its beginning and all other runs?

A curve is seen on the logarithm of time left: ``tau = log(T / t)`` for step t of T, so that tau is 0 at the end. Its values
are losses relative to the best final one, on a scale that is fine near it and coarse far from it. The covariance of two
observations, of runs i and j with hyperparameters x, is::

    common(tau, tau') + similarity(x_i, x_j) shared(tau, tau') + [i = j] own(tau, tau') + [same observation] noise

where ``common``, ``shared`` and ``own`` are sums of a level, a slope in tau and a process with exponential covariance. What a
low learning rate does to the shape of a curve is in ``shared``: curves of similar hyperparameters rise alike. A Gaussian
process over curves and hyperparameters stands in Swersky et al., "Freeze-thaw Bayesian optimization" (2014).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

Floats = NDArray[np.float64]

_COMMON_LEVEL: Final = 4.0
_COMMON_SLOPE: Final = 1.0
_SQRT5: Final = math.sqrt(5.0)
_JITTER: Final = 1e-8

# The prior of the parameters: median and standard deviation of the logarithm.
_SHARED: Final = ((0.8, 1.0), (0.3, 1.0), (0.1, 1.0))  # level, slope, process
_OWN: Final = ((0.5, 1.0), (0.5, 1.0), (0.2, 1.0))
_LENGTH: Final = (1.0, 0.5)  # of the processes, in tau
_NOISE: Final = (0.02, 1.0)
_SCALE_SD: Final = 0.7  # of the length scales of the hyperparameters; their median grows with the dimension


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen of some runs.

    Attributes:
        run: (n,) indices of runs.
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
        n_columns: d, the number of columns that hyperparameters are encoded in.
        theta: (8 + d,) logarithms of the parameters; None for the median of their prior.
    """

    def __init__(self, n_columns: int, theta: Floats | None = None) -> None:
        self.mean, self.sd = _prior(n_columns)
        self.theta = self.mean if theta is None else theta

    def covariance(self, a: Observations, xa: Floats, b: Observations, xb: Floats, *, same_runs: bool) -> Floats:
        """(n_a, n_b) the covariance of observations, without noise.

        Args:
            a, b: The observations.
            xa, xb: (n_runs, d) the hyperparameters of their runs.
            same_runs: Whether runs of the same index are the same run; else all are different.
        """
        p = np.exp(self.theta)
        level = _COMMON_LEVEL + _COMMON_SLOPE * np.outer(a.tau, b.tau)
        similarity = _matern(_distances(xa, xb, p[8:]))[np.ix_(a.run, b.run)]
        decay = np.exp(-np.abs(a.tau[:, None] - b.tau[None, :]) / p[6])
        slope = np.outer(a.tau, b.tau)
        cov = level + similarity * (p[0] + p[1] * slope + p[2] * decay)
        if same_runs:
            cov += (a.run[:, None] == b.run[None, :]) * (p[3] + p[4] * slope + p[5] * decay)
        found: Floats = cov
        return found

    @property
    def noise(self) -> float:
        """Variance of the noise."""
        return float(np.exp(self.theta[7]))

    def fitted(self, seen: Observations, x: Floats, max_iterations: int = 40) -> CurveProcess:
        """The process with the parameters that are most probable given some curves.

        Args:
            seen: The curves.
            x: (n_runs, d) their hyperparameters.
            max_iterations: Of L-BFGS.
        """
        posterior = _Posterior(seen, x, self.mean, self.sd)
        bounds = [(m - 3 * s, m + 3 * s) for m, s in zip(self.mean, self.sd, strict=True)]
        found = minimize(
            posterior, self.mean, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": max_iterations}
        )
        return CurveProcess(x.shape[1], found.x)


class Conditioned:
    """A process that knows some curves.

    Args:
        process: The process.
        seen: The curves.
        x: (n_runs, d) their hyperparameters.
    """

    def __init__(self, process: CurveProcess, seen: Observations, x: Floats) -> None:
        self._process, self._seen, self._x = process, seen, x
        cov = process.covariance(seen, x, seen, x, same_runs=True)
        cov[np.diag_indices_from(cov)] += process.noise + _JITTER
        self._factor = cholesky(cov, lower=True, check_finite=False)
        self._white = solve_triangular(self._factor, seen.z, lower=True, check_finite=False)

    def end_of(self, tau: Floats, z: Floats, x: Floats) -> tuple[float, float]:
        """Mean and variance of the value that a further run will end with, noise included.

        Args:
            tau, z: (n,) what was seen of it.
            x: (d,) its hyperparameters.
        """
        process = self._process
        new = Observations(np.zeros(len(tau) + 1, dtype=np.intp), np.append(tau, 0.0), np.append(z, 0.0))
        xs = x[None, :]
        cross = process.covariance(self._seen, self._x, new, xs, same_runs=False)
        prior = process.covariance(new, xs, new, xs, same_runs=True)
        v = solve_triangular(self._factor, cross, lower=True, check_finite=False)
        mean = v.T @ self._white
        cov = prior - v.T @ v
        inner = cov[:-1, :-1] + (process.noise + _JITTER) * np.eye(len(tau))
        factor = cholesky(inner, lower=True, check_finite=False)
        gain = cho_solve((factor, True), cov[:-1, -1], check_finite=False)
        end_mean = mean[-1] + gain @ (z - mean[:-1])
        end_variance = cov[-1, -1] - gain @ cov[:-1, -1]
        return float(end_mean), float(max(end_variance, 0.0) + process.noise)


class _Posterior:
    """Minus the logarithm of likelihood times prior, with its gradient."""

    def __init__(self, seen: Observations, x: Floats, mean: Floats, sd: Floats) -> None:
        self._seen, self._mean, self._sd = seen, mean, sd
        tau, run = seen.tau, seen.run
        self._slope = np.outer(tau, tau)
        self._gap = np.abs(tau[:, None] - tau[None, :])
        self._same = (run[:, None] == run[None, :]).astype(np.float64)
        self._common = _COMMON_LEVEL + _COMMON_SLOPE * self._slope
        self._squares = np.square(x[:, None, :] - x[None, :, :])  # (n_runs, n_runs, d)
        self._where = np.ix_(run, run)

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        p = np.exp(theta)
        n = len(self._seen)
        scaled = self._squares / np.square(p[8:])
        r = np.sqrt(scaled.sum(axis=2))
        similarity = _matern(r)[self._where]
        decay = np.exp(-self._gap / p[6])
        shared = p[0] + p[1] * self._slope + p[2] * decay
        own = p[3] + p[4] * self._slope + p[5] * decay
        cov = self._common + similarity * shared + self._same * own
        cov[np.diag_indices(n)] += p[7] + _JITTER
        try:
            factor = cholesky(cov, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(theta)
        weights = cho_solve((factor, True), self._seen.z, check_finite=False)
        inverse = cho_solve((factor, True), np.eye(n), check_finite=False)
        off = (theta - self._mean) / self._sd
        value = 0.5 * self._seen.z @ weights + np.log(np.diag(factor)).sum() + 0.5 * off @ off
        # d value / d cov
        slope_of = 0.5 * (inverse - np.outer(weights, weights))
        gradient = np.empty_like(theta)
        by_similarity, by_same = slope_of * similarity, slope_of * self._same
        d_decay = decay * self._gap / p[6]
        for i, weighted in ((0, by_similarity), (3, by_same)):
            gradient[i] = p[i] * weighted.sum()
            gradient[i + 1] = p[i + 1] * (weighted * self._slope).sum()
            gradient[i + 2] = p[i + 2] * (weighted * decay).sum()
        gradient[6] = ((p[2] * by_similarity + p[5] * by_same) * d_decay).sum()
        gradient[7] = p[7] * np.trace(slope_of)
        # d matern / d log(length of column k) = 5/3 (1 + sqrt(5) r) exp(-sqrt(5) r) scaled_k
        outer = slope_of * shared
        by_run = np.zeros_like(r)
        np.add.at(by_run, self._where, outer)
        factor_of_r = 5.0 / 3.0 * (1.0 + _SQRT5 * r) * np.exp(-_SQRT5 * r)
        gradient[8:] = np.einsum("ij,ijk->k", by_run * factor_of_r, scaled)
        return float(value), gradient + off / self._sd


def _prior(n_columns: int) -> tuple[Floats, Floats]:
    median_scale = 0.5 * math.sqrt(max(n_columns, 1))
    pairs = [*_SHARED, *_OWN, _LENGTH, _NOISE, *[(median_scale, _SCALE_SD)] * n_columns]
    medians, sds = np.array(pairs).T
    return np.log(medians), sds


def _distances(xa: Floats, xb: Floats, scales: Floats) -> Floats:
    differences = xa[:, None, :] / scales - xb[None, :, :] / scales
    found: Floats = np.sqrt(np.square(differences).sum(axis=2))
    return found


def _matern(r: Floats) -> Floats:
    """Matérn's correlation with nu = 5/2."""
    found: Floats = (1.0 + _SQRT5 * r + 5.0 / 3.0 * np.square(r)) * np.exp(-_SQRT5 * r)
    return found
