"""Mixtures of product kernels over mixed parameters: the densities that TPE compares.

Each observation carries a kernel, a product over the axes: a normal cut to the unit interval on a continuous axis; the
mass of such a normal on a cell on a grid axis; on a categorical axis "the observed choice, or with a little
probability any other". One more kernel, the prior, fills the whole box, so that nothing untried is impossible.

Several mixtures over the same box, such as those of good and of bad trials, are evaluated side by side: an array
operation has its price, whether it serves one mixture or two.

Legend   K kernels: those of the first sample, of the next ..., and last the prior, which all mixtures share
         n points, which are columns, see ``axes``    z = (x - mu) / s
         mu, s (n_numeric, K) centres and scales of the normals

Sources: Bergstra et al. 2011, Algorithms for hyper-parameter optimization, sec. 4 (the kernels and their widths);
Bergstra et al. 2013, Making a science of model search; Watanabe 2023, arXiv:2304.11127 (the rules side by side).

The log densities of all normals together are a quadratic form in x, so for all points and kernels they are one matrix
product. A grid axis whose cells are narrow beside its kernels joins that product; other grids are looked up by cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.numerics import truncated_normal
from optimist.numerics.axes import Axes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_TINY: Final = 1e-300  # stands in for a probability that underflowed, so that logarithms stay finite
_NARROWEST: Final = 1e-6  # scale; below it the quadratic form would lose its digits
_FINE: Final = 0.02  # cells up to this many scales wide join the matrix product; log error z^4 (0.02 / 2)^4 / 180
_NEGLIGIBLE: Final = -200.0  # log density of a kernel beside the prior's; exp of much less is slow
_HUGE: Final = 650.0  # the same, upwards; exp of more overflows
_LOG_SQRT_2PI: Final = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class KernelRule:
    """How wide kernels are and how strong the prior is; the defaults are TPE's.

    Attributes:
        prior_weight: The weight of the prior; a recent observation has 1.
        magic_clip: Keep scales above 1 / min(100, n + 2) of the axis: n observations say little about details.
        endpoints: Let the outermost observations measure their distance to the ends of the axis too.
    """

    prior_weight: float = 1.0
    magic_clip: bool = True
    endpoints: bool = False


DEFAULT_RULE: Final = KernelRule()


@dataclass(slots=True)
class Sample:
    """The observations of one mixture.

    Attributes:
        weights: (n,) non-negative, on the scale of the prior's weight; they need not sum to anything.
        n_observations: How many observations the n points stand for. A few points with large weights can speak for
            many; the rules for kernels count those many.
        scale: The scale of all its kernels; None to measure it by neighbours.
        fineness: A factor of the magic clip.
    """

    weights: FloatArray
    n_observations: int
    scale: float | None = None
    fineness: float = 1.0


class ParzenMixtures:
    """Densities over one box: draw from them with ``sample``, evaluate them with ``log_pdfs``.

    Args:
        axes: The box.
        points: (n_axes, n) observations, those of the first sample first.
        samples: One for each mixture; their points add up to n. A sample may be empty.
        rule: Widths and prior.
    """

    def __init__(
        self, axes: Axes, points: FloatArray, samples: Sequence[Sample], rule: KernelRule = DEFAULT_RULE
    ) -> None:
        n = points.shape[1]
        self._axes = axes
        self._mu = mu = np.empty((axes.n_numeric, n + 1))
        self._s = s = np.empty((axes.n_numeric, n + 1))
        self._weights = np.zeros((len(samples), n + 1))
        mu[:, :n] = axes.coordinates(points)
        mu[:, n] = 0.5
        s[:, n] = 1.0
        self._even: list[tuple[slice, float]] = []  # the kernels of each sample whose scales are all the same
        start, narrowest = 0, 1.0
        for sample, weights in zip(samples, self._weights, strict=True):
            of_sample = slice(start, start + len(sample.weights))
            floor = sample.scale or narrowest_scale(sample, rule)
            if sample.scale is None:
                s[:, of_sample] = neighbour_scales(mu[:, of_sample], floor, rule.endpoints)
            else:
                s[:, of_sample] = sample.scale
                self._even.append((of_sample, sample.scale))
            weights[of_sample] = sample.weights
            weights[n] = rule.prior_weight if len(sample.weights) else 1.0
            start, narrowest = of_sample.stop, min(narrowest, floor)
        assert start == n
        self._log_totals = np.log(self._weights.sum(axis=1))

        self._is_fine: list[bool] = []
        if len(axes.cells):
            self._is_fine = ((axes.origins == 0.0) & (axes.cells * (narrowest * _FINE) >= 1.0)).tolist()
        self._has_fine = any(self._is_fine)
        self._coarse = [i for i, is_fine in enumerate(self._is_fine) if not is_fine]
        if self._coarse:
            is_uneven = np.ones(n + 1, np.bool_)
            for columns, _ in self._even:
                is_uneven[columns] = False
            self._uneven = np.flatnonzero(is_uneven)
        self._below, self._inside = truncated_normal.cut(mu, s)
        self._coefficients, self._constant = self._quadratic_form()
        self._cells = points[axes.n_continuous : axes.n_numeric]
        self._choices = points[axes.n_numeric :]
        if len(axes.n_choices):
            self._smooth_choices(samples, rule.prior_weight)

    def _smooth_choices(self, samples: Sequence[Sample], prior_weight: float) -> None:
        """Say how probable each kernel's own choice is, and how probable any one other.

        All choices start with the prior's weight over the number of kernels, the observed one has 1 more; then they are
        scaled to sum to one.
        """
        smoothing = np.repeat(
            [prior_weight / (sample.n_observations + 1.0) for sample in samples],
            [len(sample.weights) for sample in samples],
        )
        n_choices = self._axes.n_choices[:, None]
        total = 1.0 + smoothing * n_choices
        miss = np.maximum(smoothing / total, _TINY)  # (n_categorical, K - 1)
        self._own = 1.0 / total  # the probability of the own choice beyond that of any one other
        self._hit_gain = np.log((1.0 + smoothing) / total) - np.log(miss)
        self._constant[:-1] += np.log(miss).sum(axis=0)
        self._constant[-1] -= np.log(n_choices).sum()

    def sample(self, uniforms: FloatArray, mixture: int = 0) -> FloatArray:
        """Draw points: for each a kernel by its weight, then a point from the kernel.

        Args:
            uniforms: (1 + n_axes, n) uniform random numbers in [0, 1).
            mixture: Which density to draw from.

        Returns:
            (n_axes, n).
        """
        axes, q = self._axes, uniforms
        cumulative = self._weights[mixture].cumsum()
        kernel = cumulative.searchsorted(q[0] * cumulative[-1], side="right")
        np.minimum(kernel, len(cumulative) - 1, out=kernel)  # should the product round up to the sum
        points = q[1:].copy()
        if axes.n_numeric:
            numeric = points[: axes.n_numeric]
            of_kernels = (array.take(kernel, axis=1) for array in (self._mu, self._s, self._below, self._inside))
            numeric[...] = truncated_normal.quantile(numeric, *of_kernels)
            if len(axes.cells):
                numeric[axes.n_continuous :] = axes.cells_at(numeric[axes.n_continuous :])
        if len(axes.n_choices):
            points[axes.n_numeric :] = self._draw_choices(points[axes.n_numeric :], kernel)
        return points

    def _draw_choices(self, q: FloatArray, kernel: IntArray) -> FloatArray:
        """Turn uniform ``q`` (n_categorical, n) into choices: the kernel's own or any; the prior's are any."""
        n_choices = self._axes.n_choices[:, None]
        n_observed = self._choices.shape[1]
        if not n_observed:
            return np.minimum(np.floor(q * n_choices), n_choices - 1.0)
        observed = np.minimum(kernel, n_observed - 1)
        own = self._own[:, observed] * (kernel < n_observed)
        anyone = np.minimum(np.floor((q - own) / (1.0 - own) * n_choices), n_choices - 1.0)
        return np.where(q < own, self._choices[:, observed], anyone)

    def log_pdfs(self, points: FloatArray) -> FloatArray:
        """Evaluate the log densities at ``points`` (n_axes, n): per unit of continuous axes, per cell, per choice.

        Returns:
            (n, n_mixtures) log densities.

        Cost: O(n K n_axes), one matrix product; coarse grids add up to two normal integrals a point, kernel and axis.
        """
        axes = self._axes
        x = self._quadratic_coordinates(points)
        log_p = np.concatenate([x * x, x]).T @ self._coefficients  # (n, K)
        log_p += self._constant
        if self._coarse:
            self._add_cell_masses(log_p, points[axes.n_continuous : axes.n_numeric])
        if len(axes.n_choices):
            is_hit = points[axes.n_numeric :, :, None] == self._choices[:, None, :]
            log_p[:, :-1] += (is_hit * self._hit_gain[:, None, :]).sum(axis=0)
        prior = log_p[:, -1:].copy()
        log_p -= prior
        np.maximum(log_p, _NEGLIGIBLE, out=log_p)
        if axes.n_numeric > 100:  # only with so many axes can a kernel be that much higher than the prior
            np.minimum(log_p, _HUGE, out=log_p)
        densities: FloatArray = np.log(np.exp(log_p, out=log_p) @ self._weights.T)
        densities += prior - self._log_totals
        return densities

    # Normals as a quadratic form

    def _quadratic_coordinates(self, points: FloatArray) -> FloatArray:
        """Return the coordinates of ``points`` (n_axes, n) on the axes of the quadratic form."""
        axes = self._axes
        x = points[: axes.n_continuous]
        if not self._has_fine:
            return x
        return np.concatenate([x, axes.grid_positions(points[axes.n_continuous : axes.n_numeric])[self._is_fine]])

    def _quadratic_form(self) -> tuple[FloatArray, FloatArray]:
        """Write the sum of log densities of the normals as ``[x², x] @ coefficients + constant``.

        On a fine grid of cell width h s, the mass of a cell is the density at its middle times the width, corrected by
        h² (z² - 1) / 24 in the logarithm: quadratic in z again.

        Returns:
            coefficients (2 axes in the form, K), and constant (K,), which has the cut of all numeric axes in it.
        """
        axes, mu, s = self._axes, self._mu, self._s
        m = axes.n_continuous
        log_constant = np.log(self._inside)  # what is subtracted from the log densities, axis by axis
        if m < axes.n_numeric:
            if self._has_fine:
                rows = np.flatnonzero([True] * m + self._is_fine)
                mu, s = mu[rows], s[rows]
            else:
                mu, s = mu[:m], s[:m]
        curvature = -0.5 / (s * s)
        log_s = np.log(s)
        if self._has_fine:
            width = 1.0 / self._axes.cells[self._is_fine][:, None]
            h_squared = (width / s[m:]) ** 2
            curvature[m:] *= 1.0 - h_squared / 12.0
            log_s[m:] += h_squared / 24.0 - np.log(width)
        slope = mu * curvature
        log_s -= slope * mu
        slope *= -2.0
        constant = -log_constant.sum(axis=0) - log_s.sum(axis=0) - len(mu) * _LOG_SQRT_2PI
        return np.concatenate([curvature, slope]), constant

    # Grids by cell

    def _add_cell_masses(self, log_p: FloatArray, cells: FloatArray) -> None:
        """Add to ``log_p`` (n, K) the log masses that kernels' normals have on ``cells`` (n_grid, n) of coarse axes."""
        axes = self._axes
        edges = axes.grid_positions(cells, -0.5), axes.grid_positions(cells, 0.5)
        log_p[:, self._uneven] += self._log_mass(self._coarse, edges, self._uneven)
        for columns, scale in self._even:
            for i in self._coarse:
                if axes.origins[i] == 0.0 and axes.cells[i] <= log_p.size:
                    log_p[:, columns] += self._log_mass_by_distance(i, cells[i], self._cells[i, columns], scale)
                else:
                    log_p[:, columns] += self._log_mass([i], edges, columns)

    def _log_mass(
        self, grids: list[int], edges: tuple[FloatArray, FloatArray], columns: IntArray | slice
    ) -> FloatArray:
        """Integrate over cells.

        Args:
            grids: Some grid axes.
            edges: (n_grid, n) left and right ends of cells on all grid axes.
            columns: Some kernels.

        Returns:
            (n, n_columns) log masses, summed over the grid axes.
        """
        rows = [self._axes.n_continuous + i for i in grids]
        mu, s = self._mu[rows][:, None, columns], self._s[rows][:, None, columns]
        left, right = (edge[grids][:, :, None] for edge in edges)
        mass = truncated_normal.interval_mass((left - mu) / s, (right - mu) / s)
        log_mass: FloatArray = np.log(np.maximum(mass, _TINY, out=mass), out=mass).sum(axis=0)
        return log_mass

    def _log_mass_by_distance(self, i: int, cells: FloatArray, centres: FloatArray, scale: float) -> FloatArray:
        """Look masses up by their distance from the kernel, which is all that matters where scales are equal.

        Args:
            i: A grid axis with cells of equal width.
            cells: (n,) where to evaluate.
            centres: (n_kernels,) the cells of the kernels.
            scale: Their scale.

        Returns:
            (n, n_kernels) log masses.
        """
        n_cells = int(self._axes.cells[i])
        edges = np.arange(-0.5, n_cells + 0.5) / (n_cells * scale)
        table = np.log(np.maximum(truncated_normal.adjacent_mass(edges), _TINY))
        return table.take(np.abs(cells[:, None] - centres).astype(np.intp))


def narrowest_scale(sample: Sample, rule: KernelRule) -> float:
    """Return the lower bound of the scales of a sample's kernels."""
    clip = sample.fineness / min(100.0, sample.n_observations + 2.0) if rule.magic_clip else 0.0
    return max(clip, _NARROWEST)


def neighbour_scales(mu: FloatArray, narrowest: float, endpoints: bool = False) -> FloatArray:
    """Give each observation the distance to the farther of its neighbours as its scale, axis by axis.

    In a crowd kernels are narrow, in the open they are wide. Of equal observations the first is the left neighbour.

    Args:
        mu: (n_axes, n) coordinates in [0, 1].
        narrowest: Lower bound of the scales; the upper one is 1, the whole axis.
        endpoints: Whether the ends 0 and 1 are neighbours too. Without them, the outermost of several observations
            look inwards only; a lone one always looks to the ends.

    Returns:
        (n_axes, n) scales.
    """
    n_axes, n = mu.shape
    if n == 0:
        return np.ones((n_axes, 0))
    order = np.argsort(mu, axis=1, kind="stable")  # stable, for else equal ones would rank by the machine
    order += n * np.arange(n_axes)[:, None]  # positions in the flattened array
    ranked = np.empty((n_axes, n + 2))
    ranked[:, 0] = 0.0
    ranked[:, 1:-1] = mu.reshape(-1).take(order)
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
