"""Box: the parameters of a search space as axes of kernels, and the way of values there and back.

``search_space.encoding`` gives every parameter a column of the unit cube. Kernels want more: on integers and steps
they need the cells themselves, on choices no order at all. And they are asked in every trial, so that all parameters of
a kind are translated at once. What lies outside of a range counts as the nearest border here as well.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import InvalidSpaceTypeError
from optimist.numerics.axes import Axes
from optimist.search_space.space import SearchSpace

FloatArray = npt.NDArray[np.float64]

_MAX_CELLS = 2.0**50  # a grid finer than that is a continuous range


class Box:
    """The axes of a search space. Parameters with a single value have none, and must not be in the space.

    Args:
        space: The parameters.

    Attributes:
        axes: Their kinds; continuous parameters first, then those with cells, then choices.
        names: Of the parameters, in the order of the axes.
    """

    def __init__(self, space: SearchSpace) -> None:
        by_kind: tuple[list[str], list[str], list[str]] = ([], [], [])
        axes = {name: _in_order(distribution) for name, distribution in space.items()}
        for name, distribution in axes.items():
            by_kind[_kind(name, distribution)].append(name)
        self.names = [name for names in by_kind for name in names]
        self._distributions = [axes[name] for name in self.names]
        self._n_continuous, self._n_numeric = len(by_kind[0]), len(by_kind[0]) + len(by_kind[1])

        numeric: list[Any] = self._distributions[: self._n_numeric]
        lines, grids = numeric[: self._n_continuous], numeric[self._n_continuous :]
        self._low, self._high = _column([d.low for d in numeric]), _column([d.high for d in numeric])
        self._scale = _column([_scale(d) for d in numeric])
        self._halves_some = bool(np.any(self._scale != 1.0))
        self._is_log = [i for i, line in enumerate(lines) if _is_log(line)]
        self._start, stop = self._low * self._scale, self._high * self._scale
        for ends in (self._start, stop):
            ends[self._is_log] = np.log(ends[self._is_log])
        self._unit = stop - self._start  # of an axis: the width of a line, the step of a grid
        self._unit[self._n_continuous :, 0] = [grid.step * _scale(grid) for grid in grids]
        cells = _column([grid.cardinality for grid in grids])
        self.axes = Axes(
            self._n_continuous,
            cells[:, 0],
            np.array([float(grid.low) if grid.log else 0.0 for grid in grids]),
            np.array([float(d.cardinality or 0) for d in self._distributions[self._n_numeric :]]),
        )
        self._value_at = [_value_function(distribution) for distribution in self._distributions]

    def points(self, values: FloatArray) -> FloatArray:
        """Turn internal values into points.

        Args:
            values: (n_axes, n), a row for each of ``names``. They become the points, in place.

        Returns:
            (n_axes, n), see ``numerics.axes``.
        """
        if self._n_numeric:
            numeric = values[: self._n_numeric]
            np.maximum(numeric, self._low, out=numeric)
            np.minimum(numeric, self._high, out=numeric)
            if self._halves_some:
                numeric *= self._scale
            if self._is_log:
                numeric[self._is_log] = np.log(numeric[self._is_log])
            numeric -= self._start
            numeric /= self._unit
            if self._n_numeric > self._n_continuous:
                np.rint(numeric[self._n_continuous :], out=numeric[self._n_continuous :])
        return values

    # Coordinates in the unit cube, as ``search_space.encoding`` has them

    def unit(self, points: FloatArray) -> FloatArray:
        """(n_axes, n) coordinates of points; a cell or a choice lies at the middle of its share."""
        choices = (points[self._n_numeric :] + 0.5) / self.axes.n_choices[:, None]
        return np.concatenate([self.axes.coordinates(points), choices])

    def points_at(self, unit: FloatArray) -> FloatArray:
        """The points with coordinates (n_axes, n)."""
        points = unit.copy()
        if len(self.axes.cells):
            points[self._n_continuous : self._n_numeric] = self.axes.cells_at(
                unit[self._n_continuous : self._n_numeric]
            )
        n_choices = self.axes.n_choices[:, None]
        points[self._n_numeric :] = np.minimum(np.floor(unit[self._n_numeric :] * n_choices), n_choices - 1.0)
        return points

    def log_uniform(self, points: FloatArray) -> FloatArray:
        """(n,) the log density of random search: per unit of continuous axes, per cell, per choice."""
        cells = points[self._n_continuous : self._n_numeric]
        width = self.axes.grid_positions(cells, 0.5) - self.axes.grid_positions(cells, -0.5)
        log_width: FloatArray = np.log(width).sum(axis=0) - np.log(self.axes.n_choices).sum()
        return log_width

    def values(self, point: FloatArray) -> dict[str, float | int]:
        """Turn a point (n_axes,) into internal values by name, each valid in its distribution."""
        return {name: value_at(x) for name, value_at, x in zip(self.names, self._value_at, point.tolist(), strict=True)}


@functools.lru_cache(maxsize=256)
def box_of(space: SearchSpace) -> Box:
    """Return the box of a space, made once and kept while it is in use."""
    return Box(space)


def _in_order(distribution: BaseDistribution) -> BaseDistribution:
    """Ordered choices as the integers that are their places; any other distribution as it is."""
    if isinstance(distribution, CategoricalDistribution) and distribution.ordered:
        return IntDistribution(0, len(distribution.choices) - 1)
    return distribution


def _kind(name: str, distribution: BaseDistribution) -> int:
    """0 for a continuous axis, 1 for a grid, 2 for choices."""
    if isinstance(distribution, CategoricalDistribution):
        return 2
    if isinstance(distribution, FloatDistribution):
        cells = distribution.cardinality
        return 0 if cells is None or cells > _MAX_CELLS else 1
    if isinstance(distribution, IntDistribution):
        return 1
    raise InvalidSpaceTypeError(
        f"Parameter {name!r}: TPE knows floats, integers and choices, but not {distribution!r}."
    )


def _is_log(line: FloatDistribution) -> bool:
    """Whether the axis is logarithmic; where floats are too close for the logarithm to tell, even is as good."""
    return line.log and math.log(line.low) < math.log(line.high)


def _scale(distribution: FloatDistribution | IntDistribution) -> float:
    """What values are multiplied by, lest the width of the range overflow."""
    return 0.5 if math.isinf(float(distribution.high) - float(distribution.low)) else 1.0


def _value_function(distribution: BaseDistribution) -> Callable[[float], float | int]:
    """The way from a number of a point to an internal value; in plain Python, which is faster for one point."""
    if isinstance(distribution, IntDistribution):
        low, high, step = distribution.low, distribution.high, distribution.step
        return lambda cell: min(low + int(cell) * step, high)
    if not isinstance(distribution, FloatDistribution):
        return int
    if _kind("", distribution) == 1:
        return lambda cell: distribution.value_at(int(cell))
    ends, nearest, scale = (distribution.low, distribution.high), distribution.nearest, _scale(distribution)
    start, stop = ends[0] * scale, ends[1] * scale
    if _is_log(distribution):
        start, stop = math.log(start), math.log(stop)
        return lambda u: nearest(math.exp(start + u * (stop - start))) if 0.0 < u < 1.0 else ends[u > 0.5]
    return lambda u: nearest((start + u * (stop - start)) / scale)


def _column(numbers: list[Any]) -> FloatArray:
    return np.array(numbers, dtype=np.float64).reshape(-1, 1)
