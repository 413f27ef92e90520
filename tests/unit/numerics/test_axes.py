"""Axes: where cells lie, and which cell holds a coordinate."""

from __future__ import annotations

import numpy as np
import pytest

from optimist.numerics.axes import Axes

AXES = Axes(1, np.array([4.0, 3.0, 100.0]), np.array([0.0, 2.0, 1.0]), np.array([5.0]))


def test_counts() -> None:
    assert AXES.n_numeric == 4
    assert AXES.n_axes == 5


def test_even_cells_share_the_interval() -> None:
    positions = AXES.grid_positions(np.array([[0.0, 3.0], [0, 0], [0, 0]]))
    assert positions[0].tolist() == [0.125, 0.875]


def test_logarithmic_cells_reach_half_a_value_to_both_sides() -> None:
    cells = np.array([[0.0] * 3, [0, 1, 2], [0, 0, 99]])
    left, middle, right = (AXES.grid_positions(cells, shift)[1] for shift in (-0.5, 0.0, 0.5))
    width = np.log(4.5 / 1.5)
    assert left == pytest.approx(np.log(np.array([1.5, 2.5, 3.5]) / 1.5) / width)
    assert middle == pytest.approx(np.log(np.array([2, 3, 4]) / 1.5) / width)
    assert left[1:] == pytest.approx(right[:-1])
    assert (left[0], right[-1]) == pytest.approx((0, 1))


def test_a_cell_holds_its_middle_and_what_is_inside_its_edges() -> None:
    rng = np.random.default_rng(0)
    cells = np.floor(rng.random((3, 200)) * AXES.cells[:, None])
    assert np.array_equal(AXES.cells_at(AXES.grid_positions(cells)), cells)
    for shift in (-0.499999, 0.499999):
        assert np.array_equal(AXES.cells_at(AXES.grid_positions(cells, shift)), cells)


def test_the_ends_belong_to_the_outer_cells() -> None:
    assert AXES.cells_at(np.zeros((3, 1))).ravel().tolist() == [0, 0, 0]
    assert AXES.cells_at(np.ones((3, 1))).ravel().tolist() == [3, 2, 99]


def test_coordinates_leave_points_alone() -> None:
    points = np.array([[0.25], [1.0], [2.0], [0.0], [3.0]])
    coordinates = AXES.coordinates(points)
    assert coordinates.shape == (4, 1)
    assert coordinates[:2, 0].tolist() == [0.25, 0.375]
    assert points.ravel().tolist() == [0.25, 1, 2, 0, 3]
