"""Length scales, noise and variance of a Gaussian process: the most probable ones, given the data and priors.

Of the kernel's hyperparameters the variance s² is integrated out under an inverse-gamma prior; what is left is
maximised by L-BFGS-B over theta = (log ell of each group, log eta, log a and log b of each bent column, the entries of S).

Legend   as in ``gaussian_process``, ``warp`` and ``shear``, and    g groups of columns that share a length scale
         w bent columns    c mixed columns, e = c (c - 1) / 2 entries of S
         IG(a, b) the prior of s²    G = dLoss/dR (n, n)

    loss(theta) = 1/2 log|R| + (a + n/2) log(b + 1/2 yᵀ R⁻¹ y) - log prior(theta)

Sources: Rasmussen and Williams 2006, eq. 5.9 (gradients); Hvarfner, Hellsten and Nardi 2024, "Vanilla Bayesian
optimization performs great in high dimensions", arXiv:2402.02229 (length scales that grow with the root of the number
of dimensions).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack
from scipy.optimize import OptimizeResult, minimize

from optimist.numerics.gaussian_process import Kernel, matern_and_slope, squared_distances
from optimist.numerics.shear import Shear, n_entries
from optimist.numerics.warp import Warp

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_N_FREE: Final = 5.0  # dimensions
_REAL_GAIN: Final = 3.0
"""Columns are bent if that makes the data so many nats more probable, some twenty times; else it is taken for chance."""
_GAIN_PER_ENTRY: Final = 0.5
"""For columns to be mixed, as much again for each entry of S: where nothing is mixed, 60 to 100 points in 5 to 12 dimensions
gain 0.1 to 0.3."""
_MILESTONES: Final = {4: 0.25, 8: 0.5}
"""After so many steps a search must have made that share of the gain, or it is given up. Of those that make all of it in the end,
nearly each has almost half after four and two thirds after eight; half of the others have less than 0.4 after eight."""
_BLOCK: Final = 64  # rows
_LOG_EXPONENT_BOUNDS: Final = (-2.0, 2.0)
_ENTRY_BOUNDS: Final = (-3.0, 3.0)
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
        shear_spread: Standard deviation of the entries of S, which mix two columns; their medians are 0.
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
    shear_spread: float = 0.25
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
        mixed: (c,) the columns that may be mixed.

    Attributes:
        bent: See above.
    """

    def __init__(
        self,
        x: FloatArray,
        y: FloatArray,
        groups: IntArray,
        priors: Priors,
        bent: IntArray = NO_COLUMNS,
        mixed: IntArray = NO_COLUMNS,
    ) -> None:
        self._x, self._y = x, y
        self.bent = bent
        self._groups, self._mixed = groups, mixed
        self._n_groups = int(groups.max(initial=-1)) + 1
        self._priors = priors
        self._diagonal = np.diag_indices(len(x))
        self._sizes = (self._n_groups, 1, len(bent), len(bent), n_entries(len(mixed)))

    def start(self) -> FloatArray:
        """(g + 1 + 2w + e,) the medians of the priors, where the search begins."""
        medians, _ = self._prior
        medians[self._n_groups] = np.clip(medians[self._n_groups], *self._noise_bounds)
        return medians

    @property
    def _noise_bounds(self) -> tuple[float, float]:
        return math.log(self._priors.min_noise), math.log(self._priors.max_noise)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Of each element of theta."""
        kinds = _LOG_SCALE_BOUNDS, self._noise_bounds, _LOG_EXPONENT_BOUNDS, _LOG_EXPONENT_BOUNDS, _ENTRY_BOUNDS
        return [bounds for bounds, size in zip(kinds, self._sizes, strict=True) for _ in range(size)]

    @property
    def _prior(self) -> tuple[FloatArray, FloatArray]:
        """Medians and standard deviations of the elements of theta."""
        priors, g = self._priors, self._n_groups
        medians = priors.log_scale(g), math.log(priors.noise), 0.0, 0.0, 0.0
        spreads = priors.spread(g), priors.noise_spread, priors.warp_spread, priors.warp_spread, priors.shear_spread
        return np.repeat(medians, self._sizes), np.repeat(spreads, self._sizes)

    def _of_unit_signal(self, theta: FloatArray) -> Kernel:
        """The kernel with these hyperparameters and a variance of 1."""
        log_scales, log_noise, log_a, log_b, entries = np.split(theta, np.cumsum(self._sizes[:-1]))
        warp = Warp(self.bent, log_a, log_b) if len(self.bent) else None
        shear = Shear(self._mixed, entries) if len(self._mixed) else None
        scales = np.exp(log_scales)[self._groups]
        return Kernel(scales, 1.0, math.exp(log_noise[0]), self._priors.mean_variance, warp, shear)

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
        """Return the loss and its gradient (g + 1 + 2w + e,); the loss is infinite where R is not positive definite.

        Cost: O(n³ + n² f).
        """
        a, b = self._priors.signal
        kernel = self._of_unit_signal(theta)
        unmixed = kernel.unmixed(self._x)
        u = unmixed if kernel.shear is None else kernel.shear.mixed(unmixed)
        correlation, slope = _lower_matern_and_slope(u)
        correlation += kernel.mean_variance
        correlation[self._diagonal] += kernel.noise
        factor, info = lapack.dpotrf(correlation.T, lower=0, overwrite_a=1, clean=0)  # in place
        if info != 0:
            return math.inf, np.zeros_like(theta)
        alpha = lapack.dpotrs(factor, self._y, lower=0)[0]
        quadratic = float(self._y @ alpha)
        loss = float(np.log(np.diagonal(factor)).sum()) + (a + 0.5 * len(alpha)) * math.log(b + 0.5 * quadratic)

        inverse, _ = lapack.dpotri(factor, lower=0, overwrite_c=1)
        by_r = inverse.T  # its lower half
        by_r -= np.outer(alpha, alpha / self._signal(quadratic))  # 2 G
        by_noise = 0.5 * kernel.noise * float(np.trace(by_r))
        by_r *= slope
        total = by_r.sum(axis=0) + by_r.sum(axis=1)  # of each row of the whole; what is on the diagonal cancels below
        by_scaled = 2.0 * (total[:, None] * u - by_r @ u - by_r.T @ u)  # (n, f) of the loss
        gradient = np.concatenate([*self._gradient(kernel, unmixed, by_scaled, by_noise)])
        medians, spreads = self._prior
        z = (theta - medians) / spreads
        return loss + 0.5 * float(z @ z), gradient + z / spreads

    def _gradient(self, kernel: Kernel, u: FloatArray, by_scaled: FloatArray, by_noise: float) -> Iterator[FloatArray]:
        """The parts of the gradient by theta, without the prior, given that (n, f) by scaled inputs and that by log eta.

        Inputs u (n, f) are scaled, and not mixed.
        """
        by_unmixed = by_scaled if kernel.shear is None else kernel.shear.mixed(by_scaled)
        by_column = np.einsum("ij,ij->j", u, by_unmixed)
        yield np.asarray(-np.bincount(self._groups, by_column, self._n_groups), np.float64)
        yield np.array([by_noise])
        if kernel.warp is not None:
            by_bent = by_unmixed[:, self.bent] / kernel.scales[self.bent]
            for slopes in kernel.warp.slopes_by_exponents(self._x):
                yield np.einsum("ij,ij->j", by_bent, slopes)
        if kernel.shear is not None:
            yield kernel.shear.gradient_by_entries(u, by_scaled)


def _lower_matern_and_slope(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The lower halves of the kernel between points (n, f) and of its slope by squared distances, (n, n).

    Above the diagonal slopes are 0, and kernels not to be used.
    """
    value, slope = np.zeros((2, len(u), len(u)))
    for start in range(0, len(u), _BLOCK):
        stop = start + _BLOCK
        rows = slice(start, stop), slice(0, stop)
        value[rows], slope[rows] = matern_and_slope(squared_distances(u[start:stop], u[:stop]))
    return value, np.tril(slope)


def fit_kernel(
    x: FloatArray,
    y: FloatArray,
    groups: IntArray | None = None,
    priors: Priors = Priors(),
    *,
    bent: IntArray = NO_COLUMNS,
    mixed: IntArray = NO_COLUMNS,
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
        mixed: (c,) columns that are mixed (see ``shear``) where the data speak clearly for it.
        starts: Where else to begin than at the priors' medians, each (g + 1,): log length scales and log noise.
        n_iterations: At most so many steps of L-BFGS-B from each start.

    Returns:
        The kernel; the priors' medians if nothing better can be found.

    Cost: O(n³ + n² f) a step.
    """
    groups = np.arange(x.shape[1]) if groups is None else groups
    plain = MarginalLikelihood(x, y, groups, priors)
    found = min((_minimum(plain, start, n_iterations) for start in (plain.start(), *starts)), key=lambda f: f.loss)
    if len(bent):
        bending = MarginalLikelihood(x, y, groups, priors, bent)
        found = _with_more(found, bending, n_iterations, _REAL_GAIN)
    if len(mixed) > 1:
        mixing = MarginalLikelihood(x, y, groups, priors, found.likelihood.bent, mixed)
        found = _with_more(found, mixing, 2 * n_iterations, _REAL_GAIN + _GAIN_PER_ENTRY * n_entries(len(mixed)))
    return found.likelihood.kernel(found.theta)


class _Found(NamedTuple):
    """Where a search ended."""

    likelihood: MarginalLikelihood
    theta: FloatArray
    loss: float


def _with_more(found: _Found, likelihood: MarginalLikelihood, n_iterations: int, gain: float) -> _Found:
    """The minimum with more hyperparameters behind those of ``found``, if it is lower by the gain; else ``found``."""
    more = likelihood.start()[len(found.theta) :]
    milestones = {n: found.loss - share * gain for n, share in _MILESTONES.items()}
    other = _minimum(likelihood, np.concatenate([found.theta, more]), n_iterations, milestones)
    return other if other.loss < found.loss - gain else found


def _minimum(
    likelihood: MarginalLikelihood, start: FloatArray, n_iterations: int, milestones: dict[int, float] | None = None
) -> _Found:
    """Where L-BFGS-B ends, and the loss there; the start, at an infinite loss, if it got nowhere.

    By milestones, after so many steps the loss must be no higher than that, or the search ends there.
    """
    n_steps = 0

    def look(intermediate_result: OptimizeResult) -> None:
        nonlocal n_steps
        n_steps += 1
        if milestones and intermediate_result.fun > milestones.get(n_steps, math.inf):
            raise StopIteration

    found = minimize(
        likelihood.loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=likelihood.bounds,
        callback=look,
        options={"maxiter": n_iterations, "ftol": 1e-5, "gtol": 1e-3},
    )
    is_found = found.fun < math.inf
    return _Found(likelihood, found.x if is_found else start, float(found.fun) if is_found else math.inf)
