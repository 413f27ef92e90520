from __future__ import annotations

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimist.numerics.boxes import Boxes, undominated_boxes

REFERENCE = 1.25


def front_among(points: np.ndarray) -> np.ndarray:
    return np.unique(points[moocore.is_nondominated(points)], axis=0) if len(points) else points


def corners(boxes: Boxes) -> tuple[np.ndarray, np.ndarray]:
    """(b, m) the lower and the upper corner of each box."""
    pairs = [(edges[low], edges[high]) for edges, low, high in zip(boxes.edges, boxes.low, boxes.high, strict=True)]
    lower, upper = np.moveaxis(np.array(pairs), 0, 2)
    return lower, upper


# Coordinates that are often equal, so that edges fall together.
points = st.sampled_from([2, 3]).flatmap(
    lambda m: st.integers(0, 12).flatmap(
        lambda k: arrays(np.float64, (k, m), elements=st.integers(0, 8).map(lambda i: i / 8.0))
    )
)


@given(points, st.sampled_from([-10.0, -1e-3, 0.0]))
def test_boxes_share_out_what_no_point_dominates(points: np.ndarray, low: float) -> None:
    front, m = front_among(points), points.shape[1]
    boxes = undominated_boxes(front, np.full(m, low), np.full(m, REFERENCE))
    lower, upper = corners(boxes)
    assert np.all(lower < upper)
    assert len(lower) <= 2 * len(front) + 1

    grid = np.linspace(low, REFERENCE, 41)[1:-1] + 1e-4  # between the edges, which lie on eighths
    cells = np.stack(np.meshgrid(*[grid] * m, indexing="ij"), axis=-1).reshape(-1, m)
    n_holding = np.zeros(len(cells), np.intp)
    for lower_corner, upper_corner in zip(lower, upper, strict=True):
        n_holding += np.all((cells > lower_corner) & (cells < upper_corner), axis=1)
    is_dominated = np.zeros(len(cells), np.bool_)
    for point in front:
        is_dominated |= np.all(cells >= point, axis=1)
    np.testing.assert_array_equal(n_holding, ~is_dominated)

    covered = float(moocore.hypervolume(front, ref=np.full(m, REFERENCE))) if len(front) else 0.0
    assert np.prod(upper - lower, axis=1).sum() == pytest.approx((REFERENCE - low) ** m - covered, abs=1e-9)


def test_a_front_at_the_floor_leaves_nothing() -> None:
    boxes = undominated_boxes(np.zeros((1, 3)), np.zeros(3), np.ones(3))
    assert boxes.low.shape == boxes.high.shape == (3, 0)
