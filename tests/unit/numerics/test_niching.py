"""NSGA-III's niches: the lattice by counting, normalisation by hand, and who stays."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimist.numerics.niching import associate, fill_niches, normalise, simplex_lattice


@pytest.mark.parametrize(("m", "h"), [(1, 3), (2, 4), (3, 3), (4, 2)])
def test_the_lattice_lies_evenly_on_the_simplex(m: int, h: int) -> None:
    points = simplex_lattice(m, h)
    assert len(points) == (1 if m == 1 else math.comb(h + m - 1, m - 1))
    assert np.allclose(points.sum(axis=1), 1.0)
    assert len({tuple(point) for point in points.tolist()}) == len(points)
    if m > 1:
        assert np.allclose(points * h, np.round(points * h))


def test_the_plane_through_the_extremes_becomes_the_simplex() -> None:
    corners = np.array([[3.0, 10.0, 10.0], [1.0, 14.0, 10.0], [1.0, 10.0, 30.0], [1.5, 12.0, 15.0]])
    assert np.allclose(normalise(corners)[:3], np.eye(3))
    assert normalise(corners)[3].tolist() == pytest.approx([0.25, 0.5, 0.25])


@pytest.mark.parametrize(
    "losses",
    [
        np.ones((4, 2)),
        np.array([[0.0, np.inf], [1.0, 2.0], [-np.inf, 3.0]]),
        np.array([[np.inf, np.inf], [np.inf, np.inf]]),
        np.array([[1e308, -1e308], [-1e308, 1e308], [0.0, 0.0]]),
    ],
)
def test_any_losses_can_be_normalised(losses: np.ndarray) -> None:
    assert np.all(np.isfinite(normalise(losses)))


def test_each_point_belongs_to_the_direction_that_passes_closest() -> None:
    references = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    niches, distances = associate(np.array([[2.0, 0.1], [1.0, 1.0], [0.3, 3.0]]), references)
    assert niches.tolist() == [0, 1, 2]
    assert distances == pytest.approx([0.1, 0.0, 0.3], abs=1e-7)


def test_niches_that_have_fewest_are_served_first_and_by_their_closest() -> None:
    niches = np.array([0, 0, 1, 1, 1, 2, 0])  # the first two stay anyway
    distances = np.array([0.0, 0.0, 0.3, 0.1, 0.2, 0.5, 0.1])
    rng = np.random.default_rng(0)
    assert sorted(fill_niches(niches, distances, 2, 2, 4, rng).tolist()) == [3, 5]
    assert sorted(fill_niches(niches, distances, 2, 5, 4, rng).tolist()) == [2, 3, 4, 5, 6]
