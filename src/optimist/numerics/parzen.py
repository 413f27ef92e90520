"""Mixtures of product kernels over mixed parameters: the two densities that TPE compares.

Each observation carries a kernel, a product over the axes: a normal cut to the unit interval on a continuous axis; the
mass of such a normal on a cell on a grid axis; on a categorical axis "the observed choice, or with a little
probability any other". One more kernel, the prior, fills the whole box, so that nothing untried is impossible.

Legend   K kernels, the prior last    n points    points are columns, see ``axes``
         mu, s (n_numeric, K) centres and scales of the normals    z = (x - mu) / s

Sources: Bergstra et al. 2011, Algorithms for hyper-parameter optimization, sec. 4 (the kernels and their widths);
Bergstra et al. 2013, Making a science of model search; Watanabe 2023, arXiv:2304.11127 (the rules side by side).

The log densities of all normals together are a quadratic form in x, so for all points and kernels they are one matrix
product. A grid axis whose cells are narrow beside its kernels joins that product; other grids are looked up by cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.numerics import truncated_normal
from optimist.numerics.axes import Axes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_TINY: Final = 1e-300  # stands in for a probability that underflowed, so that logarithms stay finite
_NARROWEST: Final = 1e-6  # scale without the magic clip; below it the quadratic form would lose its digits
_FINE: Final = 0.02  # cells up to this many scales wide join the matrix product; log error z^4 (0.02 / 2)^4 / 180
_NEGLIGIBLE: Final = -200.0  # log of a kernel's share in a density; exp of much less is slow


@dataclass(frozen=True)
class KernelRule:
    """How wide kernels are and how strong the prior is; the defaults are TPE's.

    Attributes:
        prior_weight: The weight of the prior; a recent observation has 1.
        magic_clip: Keep scales above 1 / min(100, K + 1) of the axis: few observations say little about details.
        endpoints: Let the outermost observations measure their distance to the ends of the axis too.
    """

    prior_weight: float = 1.0
    magic_clip: bool = True
    endpoints: bool = False


DEFAULT_RULE: Final = KernelRule()


class ParzenMixture:
    """A density over a box: draw from it with ``sample``, evaluate it with ``log_pdf``.

    Args:
        axes: The box.
        points: (n_axes, n) observations; there may be none.
        weights: (n,) non-negative, on the scale of the prior's weight; they need not sum to anything.
        n_observations: How many observations the points stand for. A few points with large weights can speak for
            many observations; kernels are then as narrow as those of all of them would be. None: as many as points.
        rule: Widths and prior.
    """

    def __init__(
        self,
        axes: Axes,
        points: FloatArray,
        weights: FloatArray,
        n_observations: int | None = None,
        rule: KernelRule = DEFAULT_RULE,
    ) -> None:
        n = points.shape[1]
        n_kernels = (n if n_observations is None else n_observations) + 1  # as the rules count them
        prior_weight = rule.prior_weight if n else 1.0
        w = np.append(weights, prior_weight)
        self._axes = axes
        self._cumulative_w = np.cumsum(w)
        log_p = np.log(np.maximum(w / self._cumulative_w[-1], _TINY))

        narrowest = 1.0 / min(100.0, n_kernels + 1.0) if rule.magic_clip else _NARROWEST
        self._mu = np.empty((axes.n_numeric, n + 1))
        self._s = np.empty((axes.n_numeric, n + 1))
        self._mu[:, :n] = axes.coordinates(points)
        self._mu[:, n] = 0.5
        self._s[:, :n] = neighbour_scales(self._mu[:, :n], narrowest, rule.endpoints)
        self._s[:, n] = 1.0
        self._quadratic = _quadratic_axes(axes, narrowest)
        if axes.n_numeric:
            log_p -= np.log(truncated_normal.inside_mass(self._mu, self._s)).sum(axis=0)
        self._coefficients, constant = _quadratic_form(axes, self._mu, self._s, self._quadratic)
        self._constant = log_p + constant

        self._cells = points[axes.n_continuous : axes.n_numeric]
        self._choices = points[axes.n_numeric :]
        self._log_hit, self._log_miss = _choice_log_probabilities(axes.n_choices, prior_weight / n_kernels, n)

    def sample(self, rng: np.random.Generator, size: int) -> FloatArray:
        """Draw points, (n_axes, size): for each a kernel by its weight, then a point from the kernel."""
        axes = self._axes
        q = rng.random((1 + axes.n_axes, size))
        kernel = np.searchsorted(self._cumulative_w, q[0] * self._cumulative_w[-1], side="right")
        kernel = np.minimum(kernel, len(self._cumulative_w) - 1)  # should the product round up to the sum
        points = q[1:]
        if axes.n_numeric:
            numeric = points[: axes.n_numeric]
            numeric[...] = truncated_normal.quantile(numeric, self._mu[:, kernel], self._s[:, kernel])
            if len(axes.cells):
                numeric[axes.n_continuous :] = axes.cells_at(numeric[axes.n_continuous :])
        if len(axes.n_choices):
            points[axes.n_numeric :] = self._draw_choices(points[axes.n_numeric :], kernel)
        return points

    def log_pdf(self, points: FloatArray) -> FloatArray:
        """Evaluate the log density at ``points`` (n_axes, n): per unit of continuous axes, per cell, per choice.

        Returns:
            (n,) log densities.

        Cost: O(n K n_axes), one matrix product; coarse grids add up to two normal integrals a point, kernel and axis.
        """
        axes = self._axes
        x = _on_quadratic(axes, points, self._quadratic)
        log_p = np.concatenate([x * x, x]).T @ self._coefficients  # (n, K)
        log_p += self._constant
        for i, is_fine in enumerate(self._quadratic):
            if not is_fine:
                log_p += self._log_cell_mass(i, points[axes.n_continuous + i])
        if len(axes.n_choices):
            self._add_choices(log_p, points[axes.n_numeric :])
        highest = log_p.max(axis=1)
        log_p -= highest[:, None]
        np.maximum(log_p, _NEGLIGIBLE, out=log_p)
        total: FloatArray = np.log(np.exp(log_p, out=log_p).sum(axis=1))
        total += highest
        return total

    def _log_cell_mass(self, i: int, cells: FloatArray) -> FloatArray:
        """Return (n, K): the log mass that each kernel's normal has on each of ``cells`` (n,) of grid axis ``i``."""
        axes, row = self._axes, self._axes.n_continuous + i
        n_pairs = len(cells) * self._mu.shape[1]
        if axes.origins[i] == 0.0 and 4.0 * axes.cells[i] < n_pairs:
            scales, of_kernel = np.unique(self._s[row, :-1], return_inverse=True)
            if len(scales) * axes.cells[i] < n_pairs:
                return self._log_cell_mass_by_distance(i, cells, scales, of_kernel)
        which = np.zeros((len(axes.cells), len(cells)))
        which[i] = cells
        left, right = axes.grid_positions(which, -0.5)[i], axes.grid_positions(which, 0.5)[i]
        mu, s = self._mu[row], self._s[row]
        mass = truncated_normal.interval_mass((left[:, None] - mu) / s, (right[:, None] - mu) / s)
        return np.log(np.maximum(mass, _TINY, out=mass), out=mass)

    def _log_cell_mass_by_distance(
        self, i: int, cells: FloatArray, scales: FloatArray, of_kernel: IntArray
    ) -> FloatArray:
        """Do the same from a table: on equally wide cells, mass depends on the distance in cells and on the scale.

        Args:
            i: Grid axis.
            cells: (n,) where to evaluate.
            scales: The different scales that occur, few because observations keep whole cells apart.
            of_kernel: (K - 1,) which of them each observation's kernel has.
        """
        n_cells, n = int(self._axes.cells[i]), len(of_kernel)
        edges = (np.arange(n_cells + 1) - 0.5) / n_cells
        table = np.log(np.maximum(truncated_normal.adjacent_mass(edges / scales[:, None]), _TINY))
        entry = np.abs(cells[:, None] - self._cells[i])
        entry += n_cells * of_kernel
        log_mass = np.empty((len(cells), n + 1))
        log_mass[:, :n] = table.reshape(-1)[entry.astype(np.intp)]
        left = cells / n_cells - 0.5
        log_mass[:, n] = np.log(truncated_normal.interval_mass(left, left + 1.0 / n_cells))  # the prior
        return log_mass

    def _add_choices(self, log_p: FloatArray, choices: FloatArray) -> None:
        """Add to ``log_p`` (n, K) the log probabilities that kernels give to ``choices`` (n_categorical, n)."""
        observed = log_p[:, :-1]
        for axis, choice in enumerate(choices):
            gain = self._log_hit[axis] - self._log_miss[axis]
            observed += gain * (choice[:, None] == self._choices[axis])
        observed += self._log_miss.sum()
        log_p[:, -1] -= np.log(self._axes.n_choices).sum()

    def _draw_choices(self, q: FloatArray, kernel: IntArray) -> FloatArray:
        """Turn uniform ``q`` (n_categorical, n) into choices: the kernel's own or any; the prior's are any."""
        n_observed = self._choices.shape[1]
        n_choices = self._axes.n_choices[:, None]
        own = (np.exp(self._log_hit) - np.exp(self._log_miss))[:, None] * (kernel < n_observed)
        drawn = np.minimum(np.floor((q - own) / (1.0 - own) * n_choices), n_choices - 1.0)
        if n_observed:
            drawn = np.where(q < own, self._choices[:, np.minimum(kernel, n_observed - 1)], drawn)
        return drawn


def neighbour_scales(mu: FloatArray, narrowest: float, endpoints: bool = False) -> FloatArray:
    """Give each observation the distance to the farther of its neighbours as its scale, axis by axis.

    In a crowd kernels are narrow, in the open they are wide.

    Args:
        mu: (n_axes, n) coordinates.
        narrowest: Lower bound of the scales; the upper one is 1, the whole axis.
        endpoints: Whether the ends 0 and 1 are neighbours too. Without them, the outermost of several observations
            look inwards only; a lone one always looks to the ends.

    Returns:
        (n_axes, n) scales.
    """
    n_axes, n = mu.shape
    order = np.argsort(mu, axis=1)
    order += n * np.arange(n_axes)[:, None]  # positions in the flattened array
    ranked = np.empty((n_axes, n + 2))
    ranked[:, 0] = 0.0
    ranked[:, 1:-1] = mu.reshape(-1)[order]
    ranked[:, -1] = 1.0
    gaps = ranked[:, 1:] - ranked[:, :-1]
    farther = np.maximum(gaps[:, :-1], gaps[:, 1:])
    if n > 1 and not endpoints:
        farther[:, 0] = gaps[:, 1]
        farther[:, -1] = gaps[:, -2]
    np.maximum(farther, narrowest, out=farther)
    np.minimum(farther, 1.0, out=farther)
    scales = np.empty((n_axes, n))
    scales.reshape(-1)[order] = farther
    return scales


def _quadratic_axes(axes: Axes, narrowest: float) -> list[bool]:
    """Say of each grid axis whether all its cells are narrow beside the narrowest kernel."""
    is_even = axes.origins == 0.0
    return (is_even & (axes.cells * narrowest * _FINE >= 1.0)).tolist()


def _on_quadratic(axes: Axes, points: FloatArray, quadratic: list[bool]) -> FloatArray:
    """Return the coordinates (axes in the form, n) of ``points`` (n_axes, n)."""
    x = points[: axes.n_continuous]
    if not any(quadratic):
        return x
    return np.concatenate([x, axes.grid_positions(points[axes.n_continuous : axes.n_numeric])[quadratic]])


def _quadratic_form(
    axes: Axes, mu: FloatArray, s: FloatArray, quadratic: list[bool]
) -> tuple[FloatArray, FloatArray]:
    """Write the sum of normal log densities as ``[x², x] @ coefficients + constant``.

    On a fine grid of cell width h s, the mass of a cell is the density at its middle times the width, corrected by
    h² (z² - 1) / 24 in the logarithm: quadratic in z again.

    Returns:
        coefficients (2 axes in the form, K) and constant (K,).
    """
    m = axes.n_continuous
    if any(quadratic):
        rows = np.flatnonzero([True] * m + quadratic)
        mu, s = mu[rows], s[rows]
        width = 1.0 / axes.cells[quadratic][:, None]
    elif m == 0:
        return np.empty((0, mu.shape[1])), np.zeros(mu.shape[1])
    else:
        mu, s = mu[:m], s[:m]
        width = np.empty((0, 1))
    curvature = -0.5 / (s * s)
    log_scale = np.log(s)
    if len(width):
        h_squared = (width / s[m:]) ** 2
        curvature[m:] *= 1.0 - h_squared / 12.0
        log_scale[m:] += h_squared / 24.0 - np.log(width)
    slope = -2.0 * curvature * mu
    constant = (curvature * mu * mu - log_scale).sum(axis=0) - len(mu) * 0.5 * math.log(2.0 * math.pi)
    return np.concatenate([curvature, slope]), constant


def _choice_log_probabilities(
    n_choices: FloatArray, smoothing: float, n_observations: int
) -> tuple[FloatArray, FloatArray]:
    """Return the log probabilities (n_categorical,) of the observed choice and of any one other choice.

    All choices start with ``smoothing``, the observed one has 1 more; then they are scaled to sum to one.
    """
    if not n_observations:
        return -np.log(n_choices), -np.log(n_choices)
    total = 1.0 + smoothing * n_choices
    return np.log((1.0 + smoothing) / total), np.log(np.maximum(smoothing / total, _TINY))
