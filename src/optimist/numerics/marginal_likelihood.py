"""Length scales, noise and variance of a Gaussian process: the most probable ones, given the data and priors.

Of the kernel's hyperparameters the variance s² is integrated out under an inverse-gamma prior; what is left is
maximised by L-BFGS-B over theta = (log ell of each group, log eta, log a and log b of each bent column).

Legend   as in ``gaussian_process`` and ``warp``, and    g groups of columns that share a length scale    w bent columns
         IG(a, b) the prior of s²    G = dLoss/dR (n, n)

    loss(theta) = 1/2 log|R| + (a + n/2) log(b + 1/2 yᵀ R⁻¹ y) - log prior(theta)

Sources: Rasmussen and Williams 2006, eq. 5.9 (gradients); Hvarfner, Hellsten and Nardi 2024, "Vanilla Bayesian
optimization performs great in high dimensions", arXiv:2402.02229 (length scales that grow with the root of the number
of dimensions).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack
from scipy.optimize import minimize

from optimist.numerics.gaussian_process import Kernel, matern, matern_slope, squared_distances
from optimist.numerics.warp import Warp

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_SQRT5: Final = math.sqrt(5.0)
_N_FREE: Final = 5.0  # dimensions
_WARP_GAIN: Final = 3.0
"""Columns are bent if that makes the data so many nats more probable, some twenty times; else it is taken for chance."""
_LOG_EXPONENT_BOUNDS: Final = (-2.0, 2.0)
NO_COLUMNS: Final[IntArray] = np.empty(0, np.intp)
_LOG_SCALE_BOUNDS: Final = (math.log(5e-3), math.log(1e3))


@dataclass(frozen=True)
class Priors:
    """What is believed of hyperparameters before there are data; outputs are taken to be standardised.

    Attributes:
        scale: The median of a length scale in one dimension, in units of the inputs; in d dimensions sqrt(d) times that.
        scale_spread: Standard deviation of its natural logarithm in up to five dimensions. With more, it shrinks with their
            root: there are more length scales to get wrong.
        min_spread: It shrinks no further than that.
        noise: The median of eta, the noise's share of the variance.
        noise_spread: Standard deviation of its natural logarithm.
        min_noise: Eta is no less than this, which keeps matrices well conditioned.
        max_noise: Eta is no more than this; equal to ``min_noise`` for outputs without noise.
        signal: (a, b) of the inverse-gamma prior of s².
        mean_variance: tau², of the constant mean.
        warp_spread: Standard deviation of the logarithms of a and b, which bend a column; their medians are 1.
        n_dimensions: d, if it is not the number of groups: how many parameters a point has on average.
    """

    scale: float = 0.15
    scale_spread: float = 1.0
    min_spread: float = 0.6
    noise: float = 1e-3
    noise_spread: float = 3.0
    min_noise: float = 1e-6
    max_noise: float = 10.0
    signal: tuple[float, float] = (1.5, 1.5)
    mean_variance: float = 1.0
    warp_spread: float = 0.5
    n_dimensions: float | None = None

    def spread(self, n_groups: int) -> float:
        """The standard deviation of the logarithm of a length scale."""
        n_dimensions = self.n_dimensions or max(n_groups, 1)
        return max(self.min_spread, self.scale_spread * min(1.0, math.sqrt(_N_FREE / n_dimensions)))

    def log_scale(self, n_groups: int) -> float:
        """The mean of the logarithm of a length scale."""
        return math.log(self.scale) + 0.5 * math.log(self.n_dimensions or max(n_groups, 1))


class MarginalLikelihood:
    """The loss that the best hyperparameters minimise, with its gradient.

    Args:
        x: (n, f) inputs.
        y: (n,) outputs, standardised.
        groups: (f,) the group of each column, from 0.
        priors: Of the hyperparameters.
        bent: (w,) the columns that may be bent.
    """

    def __init__(
        self, x: FloatArray, y: FloatArray, groups: IntArray, priors: Priors, bent: IntArray = NO_COLUMNS
    ) -> None:
        self._x, self._y = x, y
        self._groups, self._bent = groups, bent
        self._n_groups = int(groups.max(initial=-1)) + 1
        self._priors = priors
        self._diagonal = np.diag_indices(len(x))

    def start(self) -> FloatArray:
        """(g + 1 + 2w,) the medians of the priors, where the search begins."""
        low, high = self._noise_bounds
        noise = min(max(math.log(self._priors.noise), low), high)
        scales = np.full(self._n_groups, self._priors.log_scale(self._n_groups))
        return np.concatenate([scales, [noise], np.zeros(2 * len(self._bent))])

    @property
    def _noise_bounds(self) -> tuple[float, float]:
        return math.log(self._priors.min_noise), math.log(self._priors.max_noise)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Of each element of theta."""
        exponents = [_LOG_EXPONENT_BOUNDS] * (2 * len(self._bent))
        return [_LOG_SCALE_BOUNDS] * self._n_groups + [self._noise_bounds, *exponents]

    def _of_unit_signal(self, theta: FloatArray) -> Kernel:
        """The kernel with these hyperparameters and a variance of 1."""
        g, w = self._n_groups, len(self._bent)
        warp = Warp(self._bent, theta[g + 1 : g + 1 + w], theta[g + 1 + w :]) if w else None
        scales = np.exp(theta[:g])[self._groups]
        return Kernel(scales, 1.0, math.exp(theta[g]), self._priors.mean_variance, warp)

    def kernel(self, theta: FloatArray) -> Kernel:
        """The kernel with these hyperparameters, and with the variance s² that follows from them."""
        kernel = self._of_unit_signal(theta)
        u = kernel.scaled(self._x)
        correlation = kernel.correlation(u, u)
        correlation[self._diagonal] += kernel.noise
        factor, info = lapack.dpotrf(correlation, lower=1)
        if info != 0:
            return kernel
        return replace(kernel, signal=self._signal(self._y @ lapack.dpotrs(factor, self._y, lower=1)[0]))

    def _signal(self, quadratic: float) -> float:
        a, b = self._priors.signal
        return float((b + 0.5 * quadratic) / (a + 0.5 * len(self._y)))

    def loss(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss and its gradient (g + 1 + 2w,); the loss is infinite where R is not positive definite.

        Cost: O(n³ + n² f).
        """
        a, b = self._priors.signal
        kernel = self._of_unit_signal(theta)
        u = kernel.scaled(self._x)
        root = np.sqrt(5.0 * squared_distances(u, u))
        correlation = matern(root) + kernel.mean_variance
        correlation[self._diagonal] += kernel.noise
        factor, info = lapack.dpotrf(correlation, lower=1, overwrite_a=1)
        if info != 0:
            return math.inf, np.zeros_like(theta)
        alpha = lapack.dpotrs(factor, self._y, lower=1)[0]
        quadratic = float(self._y @ alpha)
        loss = float(np.log(np.diagonal(factor)).sum()) + (a + 0.5 * len(alpha)) * math.log(b + 0.5 * quadratic)

        inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)  # its lower triangle
        by_r = np.tril(inverse)
        by_r += np.tril(inverse, -1).T
        by_r -= np.outer(alpha, alpha / self._signal(quadratic))  # 2 G
        gradient = np.empty_like(theta)
        g, w = self._n_groups, len(self._bent)
        gradient[g] = 0.5 * kernel.noise * float(np.trace(by_r))
        by_r *= matern_slope(root)
        by_u = 2.0 * (by_r.sum(axis=1)[:, None] * u - by_r @ u)  # (n, f) of the loss
        gradient[:g] = -np.bincount(self._groups, weights=np.einsum("ij,ij->j", u, by_u), minlength=g)
        if kernel.warp is not None:
            by_bent = by_u[:, self._bent] / kernel.scales[self._bent]
            by_a, by_b = kernel.warp.slopes_by_exponents(self._x)
            gradient[g + 1 : g + 1 + w] = np.einsum("ij,ij->j", by_bent, by_a)
            gradient[g + 1 + w :] = np.einsum("ij,ij->j", by_bent, by_b)
        prior, slope = self._minus_log_prior(theta)
        return loss + prior, gradient + slope

    def _minus_log_prior(self, theta: FloatArray) -> tuple[float, FloatArray]:
        priors = self._priors
        g = self._n_groups
        z, spread = theta.copy(), np.full_like(theta, priors.warp_spread)
        z[:g] -= priors.log_scale(g)
        spread[:g] = priors.spread(g)
        z[g] -= math.log(priors.noise)
        spread[g] = priors.noise_spread
        z /= spread
        return 0.5 * float(z @ z), z / spread


def fit_kernel(
    x: FloatArray,
    y: FloatArray,
    groups: IntArray | None = None,
    priors: Priors = Priors(),
    *,
    bent: IntArray = NO_COLUMNS,
    starts: tuple[FloatArray, ...] = (),
    n_iterations: int = 50,
) -> Kernel:
    """Find the most probable kernel, given data and priors.

    Args:
        x: (n, f) inputs; n at least 1.
        y: (n,) outputs, standardised (mean near 0, variance near 1) and finite.
        groups: (f,) which columns share a length scale, numbered from 0; None if none do.
        priors: Of the hyperparameters.
        bent: (w,) columns that are bent (see ``warp``) where the data speak clearly for it; their values lie in [0, 1].
        starts: Where else to begin than at the priors' medians, each (g + 1,): log length scales and log noise.
        n_iterations: At most so many steps of L-BFGS-B from each start.

    Returns:
        The kernel; the priors' medians if nothing better can be found.

    Cost: O(n³ + n² f) a step.
    """
    groups = np.arange(x.shape[1]) if groups is None else groups
    straight = MarginalLikelihood(x, y, groups, priors)
    found = min((_minimum(straight, s, n_iterations) for s in (straight.start(), *starts)), key=lambda f: f[1])
    if len(bent):
        likelihood = MarginalLikelihood(x, y, groups, priors, bent)
        theta, loss = _minimum(likelihood, np.concatenate([found[0], np.zeros(2 * len(bent))]), n_iterations)
        if loss < found[1] - _WARP_GAIN:
            return likelihood.kernel(theta)
    return straight.kernel(found[0])


def _minimum(likelihood: MarginalLikelihood, start: FloatArray, n_iterations: int) -> tuple[FloatArray, float]:
    """Where L-BFGS-B ends, and the loss there; the start, at an infinite loss, if it got nowhere."""
    found = minimize(
        likelihood.loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=likelihood.bounds,
        options={"maxiter": n_iterations, "ftol": 1e-5, "gtol": 1e-3},
    )
    return (found.x, float(found.fun)) if found.fun < math.inf else (start, math.inf)
