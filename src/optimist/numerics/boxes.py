"""What a front leaves to be won: the losses that none of its points dominates, cut into boxes.

Legend   k points of a front, m = 2 or 3 objectives, all minimised    b boxes, at most 2k + 1

Source: Lacour, Klamroth and Fonseca 2017, "A box decomposition algorithm to compute the hypervolume indicator",
doi:10.1016/j.cor.2016.06.021 (boxes by a sweep, and how many there are).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Boxes:
    """Disjoint boxes.

    Attributes:
        edges: For each objective the (n_edges,) losses at which boxes begin or end, ascending.
        low: (m, b) at which of them each box begins.
        high: (m, b) at which it ends.
    """

    edges: tuple[FloatArray, ...]
    low: IntArray
    high: IntArray


class _Stripe(NamedTuple):
    """A part of the plane of two objectives, from the floor up to ``top``; there from the height ``begin`` on."""

    left: float
    right: float
    top: float
    begin: float


def undominated_boxes(front: FloatArray, floor: FloatArray, reference: FloatArray) -> Boxes:
    """Cut what lies between floor and reference, and is dominated by no point of the front, into boxes.

    A sweep over the last objective: between the heights of two points, the plane of the other two is cut into stripes below
    a staircase. Each point ends some stripes, and begins two.

    Args:
        front: (k, m) none dominated by another, nowhere below the floor, below the reference; k may be 0, m is 2 or 3.
        floor: (m,) finite.
        reference: (m,) above the floor.

    Cost: O(k²).
    """
    if front.shape[1] == 2:  # all points at one height: what ends there has no volume
        front, floor = np.insert(front, 2, 0.0, axis=1), np.append(floor, 0.0)
        flat = undominated_boxes(front, floor, np.append(reference, 1.0))
        return Boxes(flat.edges[:2], flat.low[:2], flat.high[:2])
    stripes = [_Stripe(float(floor[0]), float(reference[0]), float(reference[1]), float(floor[2]))]
    ended: list[tuple[_Stripe, float]] = []
    for x, y, z in front[np.lexsort((front[:, 0], front[:, 2]))].tolist():
        over = [stripe for stripe in stripes if stripe.right > x and stripe.top > y]
        if not over:
            continue
        ended += [(stripe, z) for stripe in over]
        first = stripes.index(over[0])
        left = _Stripe(over[0].left, x, over[0].top, z)
        right = _Stripe(x, over[-1].right, y, z)
        stripes[first : first + len(over)] = [left, right]
    ended += [(stripe, float(reference[2])) for stripe in stripes]
    low = np.array([(stripe.left, floor[1], stripe.begin) for stripe, _ in ended])
    high = np.array([(stripe.right, stripe.top, end) for stripe, end in ended])
    has_volume = np.all(low < high, axis=1)
    corners = np.stack([low[has_volume], high[has_volume]])  # (2, b, m)
    edges, places = zip(*(np.unique(column, return_inverse=True) for column in np.moveaxis(corners, 2, 0)), strict=True)
    low_places, high_places = np.stack([place.reshape(2, -1) for place in places], axis=1)
    return Boxes(edges, low_places, high_places)
