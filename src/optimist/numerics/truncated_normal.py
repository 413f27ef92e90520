"""The normal distribution cut to the unit interval, and the normal mass of intervals.

A normal kernel on a bounded parameter would leak probability over the bounds; cutting it there and
scaling the rest up keeps every draw legal and every density honest.

Legend   m mean, in [0, 1]    s scale (standard deviation before the cut), in (0, 1]
         Phi the standard normal distribution function

Since the mean lies inside the interval and the scale is no wider than it, the cut keeps at least a third of the mass:
plain differences of Phi are exact to rounding there, and no tail needs logarithms.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_END_OF_PHI = 8.3  # standard deviations, beyond which 1 - Phi vanishes beside 1 in double precision


def inside_mass(m: FloatArray, s: FloatArray) -> FloatArray:
    """Return the mass that normal distributions have between 0 and 1.

    Args:
        m: means, contiguous.
        s: scales, same shape, contiguous.

    Returns:
        Masses in [0.34, 1], same shape.

    Cost: normal integrals only for the ends that lie within 8.3 scales of the mean, which are few where kernels are narrow.
    """
    from scipy.special import ndtr  # loaded on first use: the first trials of a study are random and need no scipy

    mass = np.ones(m.shape)
    flat = mass.reshape(-1)
    for distance in (m / s, (1.0 - m) / s):  # to the lower end, to the upper end
        near = np.flatnonzero(distance < _END_OF_PHI)
        flat[near] -= ndtr(-distance.reshape(-1)[near])
    return mass


def quantile(q: FloatArray, m: FloatArray, s: FloatArray) -> FloatArray:
    """Invert the distribution function of the cut normal distribution: uniform ``q`` gives draws from it.

    Args:
        q: probabilities in [0, 1].
        m: means, of a shape that goes with ``q``.
        s: scales, likewise.

    Returns:
        The points in [0, 1] below which lies the share ``q`` of the distribution.
    """
    from scipy.special import ndtr, ndtri

    below = ndtr(-m / s)
    above = ndtr((1.0 - m) / s)
    points = ndtri(below + q * (above - below))
    points *= s
    points += m
    inside: FloatArray = np.minimum(np.maximum(points, 0.0), 1.0)
    return inside


def interval_mass(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the standard normal mass between ``left`` and ``right``, accurate in both tails.

    Phi keeps its digits near 0 and loses them near 1, so an interval whose middle lies above 0 is mirrored first.

    Args:
        left: lower ends.
        right: upper ends, same shape, nowhere below ``left``.

    Returns:
        Probabilities, same shape; 0 beyond some 38 standard deviations, where floats end.
    """
    from scipy.special import ndtr

    half_width = 0.5 * (right - left)
    distance = np.abs(0.5 * (right + left))  # from 0 to the middle; mirrored, the middle lies at -distance
    mass: FloatArray = ndtr(half_width - distance)
    mass -= ndtr(-half_width - distance)
    return mass


def adjacent_mass(edges: FloatArray) -> FloatArray:
    """Return the standard normal mass of neighbouring intervals, accurate in the tail.

    Args:
        edges: (..., n + 1) ascending, at most the first below 0.

    Returns:
        (..., n) probabilities between one edge and the next.
    """
    from scipy.special import ndtr

    beyond = ndtr(-edges)
    mass: FloatArray = beyond[..., :-1] - beyond[..., 1:]
    return mass
