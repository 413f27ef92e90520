"""Shear: inputs mixed with each other, so that the axes of a valley need not be those of the parameters.

With length scales alone, the distance that a step of one parameter covers does not depend on the steps of the others. Where
a larger learning rate goes with a larger batch, good values lie along a valley askew to both axes: a step along it changes
little, one across it much, and length scales can only take every step for a long one. Mahalanobis's distance tells them apart:

    r² = (u - v)ᵀ A² (u - v),    A = exp(S)    S (c, c) symmetric, with zeros on its diagonal

A is positive definite whatever S is, and its determinant is 1, so that volumes are up to the length scales. S = 0 leaves all
as it is.

Sources: Vivarelli and Williams 1999, "Discovering hidden features with Gaussian processes regression" (NIPS 11; a matrix in
the place of length scales); Daleckii and Krein 1965 (the derivative of a function of a symmetric matrix).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_EQUAL: Final = 1e-6  # half a difference of eigenvalues that counts for none


@dataclass(frozen=True, eq=False)
class Shear:
    """How some columns of points are mixed.

    Attributes:
        columns: (c,) which columns.
        entries: (c (c - 1) / 2,) of S, above its diagonal, row by row.
    """

    columns: IntArray
    entries: FloatArray

    def mixed(self, u: FloatArray) -> FloatArray:
        """Return points (..., n, f) with their columns mixed.

        A is symmetric, so the same brings gradients by mixed points to gradients by points.
        """
        mixed = u.copy()
        mixed[..., self.columns] = u[..., self.columns] @ self._matrix
        return mixed

    def gradient_by_entries(self, u: FloatArray, by_mixed: FloatArray) -> FloatArray:
        """Return the gradient (c (c - 1) / 2,) of a loss, given that (n, f) by the mixed points of u (n, f)."""
        values, vectors = self._spectrum
        by_matrix = by_mixed[:, self.columns].T @ u[:, self.columns]
        half = 0.5 * (values[:, None] - values)
        is_equal = np.abs(half) < _EQUAL
        # (exp(a) - exp(b)) / (a - b), for each pair of eigenvalues
        ratio = np.exp(0.5 * (values[:, None] + values)) * np.where(
            is_equal, 1.0, np.sinh(half) / np.where(is_equal, 1.0, half)
        )
        by_symmetric = vectors @ (ratio * (vectors.T @ (by_matrix + by_matrix.T) @ vectors)) @ vectors.T
        gradient: FloatArray = by_symmetric[np.triu_indices(len(values), 1)]
        return gradient

    @cached_property
    def _spectrum(self) -> tuple[FloatArray, FloatArray]:
        """Eigenvalues (c,) and eigenvectors (c, c) of S."""
        symmetric = np.zeros((len(self.columns), len(self.columns)))
        symmetric[np.triu_indices(len(symmetric), 1)] = self.entries
        values, vectors = np.linalg.eigh(symmetric + symmetric.T)
        return values, vectors

    @cached_property
    def _matrix(self) -> FloatArray:
        """A."""
        values, vectors = self._spectrum
        matrix: FloatArray = (vectors * np.exp(values)) @ vectors.T
        return matrix


def n_entries(n_columns: int) -> int:
    """Return how many entries a shear of so many columns has."""
    return n_columns * (n_columns - 1) // 2
