"""Prior densities over the unit cube: where good values are expected before a study has shown any.

Legend   U (n, d) points, coordinates in [0, 1]          c (k, d) centres of the k components
         s (k, d) scales of their normals                e (k, d) the share of each factor that is uniform, in (0, 1]
         w (k,) weights, which add up to 1               m (d,) the number of choices; 0 for a coordinate with an order

A density is a mixture of products. A factor is uniform with share e; the rest is a normal cut to [0, 1], or, where values
have no order, the centre's own choice. All densities are relative to the uniform one: a factor that says nothing is 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimist.numerics import truncated_normal

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_SQRT_2PI = float(np.sqrt(2.0 * np.pi))


@dataclass(frozen=True, eq=False)
class PriorDensity:
    """A mixture; the attributes are c, s, e, w and m of the legend."""

    centres: FloatArray
    scales: FloatArray
    uniform: FloatArray
    weights: FloatArray
    n_choices: FloatArray

    def log_ratio(self, points: FloatArray, mask: BoolArray | None = None) -> FloatArray:
        """Return the (n,) logarithms of the density at points (n, d).

        Args:
            points: Where.
            mask: (n, d) which coordinates the points have; the others say nothing.
        """
        factors = self._factors(points)
        if mask is not None:
            factors = np.where(mask[:, None, :], factors, 1.0)
        log_products = np.log(factors).sum(axis=2) + np.log(self.weights)  # (n, k)
        largest = log_products.max(axis=1)
        log_ratio: FloatArray = largest + np.log(np.exp(log_products - largest[:, None]).sum(axis=1))
        return log_ratio

    def slopes(self, points: FloatArray) -> FloatArray:
        """Return the (n, d) derivatives of ``log_ratio``; 0 where values have no order."""
        factors = self._factors(points)
        log_products = np.log(factors).sum(axis=2) + np.log(self.weights)
        share = np.exp(log_products - log_products.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)  # (n, k) of which component a point is
        inward = (self.centres - points[:, None, :]) / self.scales**2
        by_factor = np.where(self.n_choices > 0, 0.0, (factors - self.uniform) * inward / factors)
        slopes: FloatArray = np.einsum("nk,nkd->nd", share, by_factor)
        return slopes

    def sample(self, uniforms: FloatArray) -> FloatArray:
        """Draw (n, d) points, from uniform numbers (n, 1 + 2 d) in [0, 1)."""
        n, d = len(uniforms), len(self.n_choices)
        cumulative = self.weights.cumsum()
        of = np.minimum(cumulative.searchsorted(uniforms[:, 0] * cumulative[-1], side="right"), len(cumulative) - 1)
        centres, scales = self.centres[of], self.scales[of]
        drawn = truncated_normal.quantile(
            uniforms[:, 1 : 1 + d], centres, scales, *truncated_normal.cut(centres, scales)
        )
        drawn = np.where(self.n_choices > 0, centres, drawn)
        points: FloatArray = np.where(uniforms[:, 1 + d :] < self.uniform[of], uniforms[:, 1 : 1 + d], drawn)
        return points.reshape(n, d)

    def _factors(self, points: FloatArray) -> FloatArray:
        """(n, k, d), above 0."""
        u = points[:, None, :]
        inside = truncated_normal.cut(self.centres, self.scales)[1]
        normal = np.exp(-0.5 * ((u - self.centres) / self.scales) ** 2) / (self.scales * inside * _SQRT_2PI)
        n_choices = np.maximum(self.n_choices, 1.0)
        own = np.floor(np.minimum(u * n_choices, n_choices - 0.5)) == np.floor(
            np.minimum(self.centres * n_choices, n_choices - 0.5)
        )
        density = np.where(self.n_choices > 0, n_choices * own, normal)
        factors: FloatArray = self.uniform + (1.0 - self.uniform) * density
        return factors
