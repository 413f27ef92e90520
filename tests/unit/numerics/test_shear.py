"""Shear: distances are Mahalanobis's, volumes stay, and gradients are those of what it computes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from optimist.numerics.shear import Shear, n_entries

COLUMNS = np.array([0, 2, 3])
ENTRIES = [np.zeros(3), np.array([0.4, -0.3, 0.1]), np.array([2.0, -1.5, 3.0]), np.full(3, -0.5)]
"""The last has two equal eigenvalues."""


def matrix(entries: np.ndarray) -> np.ndarray:
    a, b, c = entries
    return np.asarray(expm(np.array([[0.0, a, b], [a, 0.0, c], [b, c, 0.0]])))


@pytest.mark.parametrize("entries", ENTRIES)
def test_columns_are_mixed_by_a_matrix_of_determinant_one(entries: np.ndarray) -> None:
    x = np.random.default_rng(0).normal(size=(6, 5))
    mixed = Shear(COLUMNS, entries).mixed(x)
    np.testing.assert_allclose(mixed[:, COLUMNS], x[:, COLUMNS] @ matrix(entries), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(mixed[:, [1, 4]], x[:, [1, 4]])
    assert np.linalg.det(Shear(np.arange(3), entries).mixed(np.eye(3))) == pytest.approx(1.0)


def test_no_entries_leave_all_as_it_is() -> None:
    x = np.random.default_rng(1).normal(size=(4, 5))
    np.testing.assert_allclose(Shear(COLUMNS, np.zeros(3)).mixed(x), x, rtol=1e-12)


@pytest.mark.parametrize("entries", ENTRIES)
def test_gradient_by_entries(entries: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    x, weights = rng.normal(size=(6, 5)), rng.normal(size=(6, 5))

    def loss(e: np.ndarray) -> float:
        return float(np.sum(weights * Shear(COLUMNS, e).mixed(x)))

    steps = 1e-6 * np.eye(3)
    numeric = [(loss(entries + step) - loss(entries - step)) / 2e-6 for step in steps]
    found = Shear(COLUMNS, entries).gradient_by_entries(x, weights)
    np.testing.assert_allclose(found, numeric, rtol=1e-6, atol=1e-7)


def test_number_of_entries() -> None:
    assert [n_entries(n) for n in range(5)] == [0, 0, 1, 3, 6]
