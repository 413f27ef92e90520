"""The normal distribution cut to the unit interval, and the normal mass of intervals.

A normal kernel on a bounded parameter would leak probability over the bounds; cutting it there and
scaling the rest up keeps every draw legal and every density honest.

Legend   m mean, in [0, 1]    s scale (standard deviation before the cut), in (0, 1]
         Phi the standard normal distribution function

Since the mean lies inside the interval and the scale is no wider than it, the cut keeps at least a third of the mass:
plain differences of Phi are exact to rounding there, and no tail needs logarithms.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

FloatArray = npt.NDArray[np.float64]

_END_OF_PHI: Final = 8.3  # standard deviations, beyond which 1 - Phi vanishes beside 1 in double precision


def cut(m: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Say what the cut to the unit interval leaves of normal distributions.

    Args:
        m: Means.
        s: Scales, same shape.

    Returns:
        The mass below 0 and the mass between 0 and 1, both of that shape; the latter is at least 0.34.

    Cost: normal integrals only for ends that lie within 8.3 scales of the mean: few, where kernels are narrow.
    """
    below = np.zeros(m.shape)
    inside = np.ones(m.shape)
    flat = inside.reshape(-1)
    distance = m / s
    near = np.flatnonzero(distance < _END_OF_PHI)
    tail = ndtr(-distance.reshape(-1)[near])
    below.reshape(-1)[near] = tail
    flat[near] = 1.0 - tail
    distance = (1.0 - m) / s
    near = np.flatnonzero(distance < _END_OF_PHI)
    flat[near] -= ndtr(-distance.reshape(-1)[near])
    return below, inside


def quantile(q: FloatArray, m: FloatArray, s: FloatArray, below: FloatArray, inside: FloatArray) -> FloatArray:
    """Invert the distribution function of cut normal distributions: uniform ``q`` gives draws from them.

    Args:
        q: Probabilities in [0, 1].
        m: Means, same shape.
        s: Scales, same shape.
        below: What ``cut`` says of them.
        inside: Likewise.

    Returns:
        The points in [0, 1] below which lies the share ``q`` of what is inside.
    """
    points: FloatArray = ndtri(below + q * inside)
    points *= s
    points += m
    np.maximum(points, 0.0, out=points)
    np.minimum(points, 1.0, out=points)
    return points


def interval_mass(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the standard normal mass between ``left`` and ``right``, accurate in both tails.

    Phi keeps its digits near 0 and loses them near 1, so an interval whose middle lies above 0 is mirrored first.

    Args:
        left: Lower ends.
        right: Upper ends, same shape, nowhere below ``left``.

    Returns:
        Probabilities, same shape; 0 beyond some 38 standard deviations, where floats end.
    """
    half_width = 0.5 * (right - left)
    distance = np.abs(0.5 * (right + left))  # from 0 to the middle; mirrored, the middle lies at -distance
    mass: FloatArray = ndtr(half_width - distance)
    mass -= ndtr(-half_width - distance)
    return mass


def adjacent_mass(edges: FloatArray) -> FloatArray:
    """Return the standard normal mass of neighbouring intervals, accurate in the upper tail.

    Args:
        edges: (..., n + 1) ascending, at most the first below 0.

    Returns:
        (..., n) probabilities between one edge and the next.
    """
    beyond = ndtr(-edges)
    mass: FloatArray = beyond[..., :-1] - beyond[..., 1:]
    return mass
