"""Gaussian-process regression with a Matérn-5/2 kernel: from inputs and outputs to means, variances and their gradients.

Inputs are points of a Euclidean space. What is no number becomes one before: a choice a one-hot row, whose columns share
one length scale. Outputs are losses or any other numbers, best standardised.

Legend   X (n, f) inputs    y (n,) outputs    ell (f,) length scale of each column
         u = A w(x) / ell, with w the warp and A the shear
         r distance of two points in u    M(r) = (1 + sqrt(5) r + 5/3 r²) exp(-sqrt(5) r), the kernel
         R (n, n) = tau² + M + eta I, the correlation of the outputs    s² the variance that scales it
         tau² variance of the unknown constant mean, in units of s²     eta variance of the noise, in units of s²
         L (n, n) lower Cholesky factor of R    W = L⁻¹    alpha = R⁻¹ y

The mean needs no estimate: a constant with a normal prior is the summand tau² of the kernel.

Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, ch. 2 and 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from optimist.numerics.shear import Shear
from optimist.numerics.warp import Warp

FloatArray = npt.NDArray[np.float64]

_SQRT5: Final = math.sqrt(5.0)
_MIN_VARIANCE: Final = 1e-12  # of a prediction, in units of s²
_BLOCK: Final = 96  # so many points are looked at together: what is computed for them stays in the cache
_JITTERS: Final = (0.0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)


@dataclass(frozen=True, eq=False)
class Kernel:
    """The covariance of the outputs as a function of the inputs.

    Attributes:
        scales: (f,) length scales, above 0, in units of the inputs.
        signal: s², above 0, in squared units of the outputs.
        noise: eta, the variance of the noise in units of ``signal``; at least 0.
        mean_variance: tau², the variance of the unknown mean in units of ``signal``.
        warp: How inputs are bent before distances are measured; None if they are not.
        shear: How they are then mixed, in units of length scales; None if they are not.
    """

    scales: FloatArray
    signal: float
    noise: float
    mean_variance: float = 1.0
    warp: Warp | None = None
    shear: Shear | None = None

    def scaled(self, x: FloatArray) -> FloatArray:
        """Return points (n, f) bent, in units of length scales, and mixed."""
        u = self.unmixed(x)
        return u if self.shear is None else self.shear.mixed(u)

    def unmixed(self, x: FloatArray) -> FloatArray:
        """Return points (n, f) bent, in units of length scales."""
        u: FloatArray = (x if self.warp is None else self.warp.bent(x)) / self.scales
        return u

    def scaled_and_slopes(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what ``scaled`` does, and the slopes (n, f) of each coordinate before it is mixed."""
        bent, slopes = (x, np.ones_like(x)) if self.warp is None else self.warp.bent_and_slopes(x)
        u = bent / self.scales
        return u if self.shear is None else self.shear.mixed(u), slopes / self.scales

    def gradients_by_points(self, slopes: FloatArray, by_scaled: FloatArray) -> FloatArray:
        """Return gradients (..., n, f) by points, given those by scaled points and the slopes (n, f) that go with these."""
        by_unmixed = by_scaled if self.shear is None else self.shear.mixed(by_scaled)
        return by_unmixed * slopes

    def correlation(self, u: FloatArray, other: FloatArray) -> FloatArray:
        """Return tau² + M between scaled points (n, f) and (m, f): (n, m), without noise."""
        correlation = matern(squared_distances(u, other))
        correlation += self.mean_variance
        return correlation

    @property
    def noise_variance(self) -> float:
        """The variance of the noise, in squared units of the outputs."""
        return self.signal * self.noise


def squared_distances(u: FloatArray, v: FloatArray) -> FloatArray:
    """Return (n, m) squared Euclidean distances between points u (n, f) and v (m, f)."""
    r2 = (-2.0 * u) @ v.T
    r2 += np.einsum("ij,ij->i", u, u)[:, None]
    r2 += np.einsum("ij,ij->i", v, v)
    return np.maximum(r2, 0.0, out=r2)


# Large arrays are changed in place where that can be done: to get memory for a new one takes as long as to fill it.


def matern(r2: FloatArray) -> FloatArray:
    """Return the Matérn-5/2 kernel at squared distances, in their place."""
    r2 *= 5.0
    root = np.sqrt(r2)
    r2 *= 1.0 / 3.0
    r2 += root
    r2 += 1.0
    np.negative(root, out=root)
    np.exp(root, out=root)
    r2 *= root
    return r2


def matern_and_slope(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the same, and its derivative by the squared distance; finite and negative also at 0."""
    root = np.sqrt(r2)
    root *= _SQRT5
    decay = np.negative(root)
    np.exp(decay, out=decay)
    root += 1.0
    root *= decay  # (1 + sqrt(5) r) exp(-sqrt(5) r)
    r2 *= 5.0 / 3.0
    r2 *= decay
    r2 += root
    root *= -5.0 / 6.0
    return r2, root


def cholesky(matrix: FloatArray) -> FloatArray:
    """Return the lower Cholesky factor (n, n), if need be of the matrix with a little more on its diagonal.

    Raises:
        numpy.linalg.LinAlgError: The matrix is not even close to positive definite.
    """
    size = float(np.mean(np.diagonal(matrix))) if len(matrix) else 1.0
    for jitter in _JITTERS:
        raised = matrix + jitter * size * np.eye(len(matrix)) if jitter else matrix
        factor, info = lapack.dpotrf(raised, lower=1, clean=1)
        if info == 0:
            return np.asarray(factor)
    raise np.linalg.LinAlgError(f"A covariance matrix of {len(matrix)} points is not positive definite.")


def triangular_inverse(factor: FloatArray) -> FloatArray:
    """Return the inverse (n, n) of a lower triangular matrix without zeros on its diagonal."""
    inverse, _ = lapack.dtrtri(factor, lower=1)
    return np.asarray(inverse)


class Factor:
    """What a Gaussian process knows of its inputs: the whitening matrix W. It serves any outputs at these inputs.

    Args:
        x: (n, f) inputs.
        kernel: Of the process.
        whitening: (n, n), if it is known.
    """

    def __init__(self, x: FloatArray, kernel: Kernel, whitening: FloatArray | None = None) -> None:
        self.x = x
        self.kernel = kernel
        if whitening is None:
            correlation = kernel.correlation(self.scaled, self.scaled)
            correlation[np.diag_indices_from(correlation)] += kernel.noise
            whitening = triangular_inverse(cholesky(correlation))
        self.whitening = whitening

    def extended(self, x: FloatArray) -> Factor:
        """Return the factor with m more inputs (m, f).

        Cost: O(m n² + m³), where a new one costs O((n + m)³).
        """
        n, m = len(self.x), len(x)
        if not m:
            return self
        u = self.kernel.scaled(x)
        cross = self.kernel.correlation(u, self.scaled) @ self.whitening.T  # (m, n), the new rows of L
        corner = self.kernel.correlation(u, u) - cross @ cross.T
        corner[np.diag_indices_from(corner)] += self.kernel.noise
        corner = triangular_inverse(cholesky(corner))
        whitening = np.zeros((n + m, n + m))
        whitening[:n, :n] = self.whitening
        whitening[n:, n:] = corner
        whitening[n:, :n] = -corner @ cross @ self.whitening
        return Factor(np.concatenate([self.x, x]), self.kernel, whitening)

    @cached_property
    def scaled(self) -> FloatArray:
        """The (n, f) inputs, bent, in units of length scales, and mixed."""
        return self.kernel.scaled(self.x)


class GaussianProcess:
    """The posterior of a function, given outputs at some inputs.

    Args:
        factor: The inputs and the kernel.
        y: (n,) outputs, finite.

    Example:
        >>> import numpy as np
        >>> x = np.linspace(0.0, 1.0, 5)[:, None]
        >>> gp = GaussianProcess(Factor(x, Kernel(np.array([0.5]), signal=1.0, noise=1e-6)), np.sin(3.0 * x[:, 0]))
        >>> mean, variance = gp.posterior(np.array([[0.3]]))
        >>> bool(abs(mean[0] - np.sin(0.9)) < 0.01), bool(variance[0] < 0.01)
        (True, True)
    """

    def __init__(self, factor: Factor, y: FloatArray) -> None:
        self.factor = factor
        self.kernel = factor.kernel
        self.y = y
        self.alpha: FloatArray = (factor.whitening @ y) @ factor.whitening

    @property
    def fitted(self) -> FloatArray:
        """(n,) the means of the function at the inputs, (R - eta I) alpha."""
        fitted: FloatArray = self.y - self.kernel.noise * self.alpha
        return fitted

    def mean(self, x: FloatArray) -> FloatArray:
        """Return means (m,) of the function at points (m, f).

        Cost: O(m n f).
        """
        return self._correlation(x) @ self.alpha

    def posterior(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return means and variances (m,) of the function, without noise, at points (m, f).

        Cost: O(m n (n + f)).
        """
        parts = [self._correlation(x[i : i + _BLOCK]) for i in range(0, max(len(x), 1), _BLOCK)]
        means, variances = zip(
            *[(c @ self.alpha, self._variance(c @ self.factor.whitening.T)) for c in parts], strict=True
        )
        return np.concatenate(means), np.concatenate(variances)

    def posterior_gradients(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return means and variances (m,) at points (m, f), and the gradients (m, f) of either by the point."""
        data, whitening = self.factor.scaled, self.factor.whitening
        u, slopes = self.kernel.scaled_and_slopes(x)
        correlation, slope = matern_and_slope(squared_distances(u, data))
        correlation += self.kernel.mean_variance
        whitened = correlation @ whitening.T
        slope *= 2.0  # of the derivative of r² by u
        by_correlation = np.stack([slope * self.alpha, slope * (whitened @ whitening)])  # of mean and variance
        by_scaled = by_correlation.sum(axis=2)[:, :, None] * u - by_correlation @ data
        by_scaled[1] *= -2.0 * self.kernel.signal
        mean_slopes, variance_slopes = self.kernel.gradients_by_points(slopes, by_scaled)
        return correlation @ self.alpha, self._variance(whitened), mean_slopes, variance_slopes

    def _correlation(self, x: FloatArray) -> FloatArray:
        return self.kernel.correlation(self.kernel.scaled(x), self.factor.scaled)

    def _variance(self, whitened: FloatArray) -> FloatArray:
        explained = np.einsum("ij,ij->i", whitened, whitened)
        prior = 1.0 + self.kernel.mean_variance
        variance: FloatArray = self.kernel.signal * np.maximum(prior - explained, _MIN_VARIANCE)
        return variance

    def covariance(self, x: FloatArray) -> FloatArray:
        """Return the posterior covariance (m, m) of the function at points (m, f)."""
        u = self.kernel.scaled(x)
        whitened = self._correlation(x) @ self.factor.whitening.T
        covariance: FloatArray = self.kernel.signal * (self.kernel.correlation(u, u) - whitened @ whitened.T)
        return covariance

    def extended(self, x: FloatArray, y: FloatArray) -> GaussianProcess:
        """Return the posterior with more inputs (m, f) and their outputs (m,)."""
        return GaussianProcess(self.factor.extended(x), np.concatenate([self.y, y]))

    def believing(self, x: FloatArray) -> GaussianProcess:
        """Return the posterior if points (m, f) that are still pending gave just what is expected of them.

        Means stay as they are, variances shrink around the pending points ("kriging believer").
        Source: Ginsbourger, Le Riche and Carraro 2010, doi:10.1007/978-3-642-10701-6_6.
        """
        return self.extended(x, self.mean(x))
