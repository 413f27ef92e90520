"""Axes: how the values of one parameter lie on its column of the unit cube.

A `Line` is stretched to [0, 1] as a whole; `Cells` are counted, and each gets its share. What is here is particular to
a kind of parameter; `encoding` does the arithmetic that all lines, and all cells, have in common.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import InvalidSpaceTypeError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Values = NDArray[Any]  # internal values of one parameter: float64, or int64 for integers and indices of choices

MAX_EXACT_CELLS = 2**50  # (k + 0.5) / n * n stays within cell k
MAX_EXACT_LOG_INT = 2**40  # exp(log(x)) rounds to x
_EXACT_INTEGERS = 2**53  # float64 holds all integers up to here


def axis_of(name: str, distribution: BaseDistribution) -> Line | Cells:
    """Choose the arithmetic of a parameter."""
    if isinstance(distribution, CategoricalDistribution):
        return _Choices(distribution)
    if isinstance(distribution, IntDistribution):
        # Where the range is that narrow, the logarithm is as good as linear, and float64 may not tell its ends apart.
        is_narrow = distribution.high - distribution.low <= 1e-9 * distribution.low
        return _LogInts(distribution) if distribution.log and not is_narrow else _Ints(distribution)
    if not isinstance(distribution, FloatDistribution):
        raise InvalidSpaceTypeError(
            f"Parameter {name!r}: the unit cube knows floats, integers and choices, but not {distribution!r}."
        )
    if distribution.single():
        return _Single(distribution.low)
    if distribution.step is None:
        return Line(distribution.low, distribution.high, distribution.log)
    assert distribution.cardinality is not None
    return _Steps(distribution) if distribution.cardinality <= MAX_EXACT_CELLS else _FineSteps(distribution)


class Line:
    """A range of floats from ``low`` to ``high``, low < high. Here: continuous values, which are their own position."""

    def __init__(self, low: float, high: float, log: bool) -> None:
        self.low, self.high, self.log = low, high, log

    def position(self, values: ArrayLike) -> FloatArray:
        """Where on the line values lie."""
        return np.asarray(values, dtype=np.float64)

    def interval(self, values: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """The ends of the piece of the line that belongs to each value."""
        position = self.position(values)
        return position, position

    def value(self, positions: FloatArray) -> Values:
        """The value at each position, within the range."""
        return positions


class _LogInts(Line):
    """Integers x, each with the piece of the line that rounds to it."""

    def __init__(self, distribution: IntDistribution) -> None:
        super().__init__(distribution.low - 0.5, distribution.high + 0.5, log=True)
        self.first, self.last = distribution.low, distribution.high

    def position(self, values: ArrayLike) -> FloatArray:
        lower, upper = self.interval(values)
        position = np.sqrt(lower) * np.sqrt(upper)  # the centre in the logarithm
        if self.last > MAX_EXACT_LOG_INT:  # there the border stands for itself, which is exact
            position = np.where(upper >= self.high, self.high, position)
        if self.first > MAX_EXACT_LOG_INT:
            position = np.where(lower <= self.low, self.low, position)
        return position

    def interval(self, values: ArrayLike) -> tuple[FloatArray, FloatArray]:
        x = np.clip(as_int64(values), self.first, self.last).astype(np.float64)
        return x - 0.5, x + 0.5

    def value(self, positions: FloatArray) -> Values:
        return _to_int64(np.floor(positions + 0.5), self.first, self.last)


class _FineSteps(Line):
    """Steps that are too many for cells: a continuous range whose values go to the nearest step."""

    def __init__(self, distribution: FloatDistribution) -> None:
        super().__init__(distribution.low, distribution.high, log=False)
        self.distribution = distribution

    def value(self, positions: FloatArray) -> Values:
        return np.array([self.distribution.nearest(x) for x in positions.tolist()])  # exact, and rare: worth a loop


class Cells(Protocol):
    """Values that can be counted, from cell 0 to cell n - 1."""

    n: int

    def index(self, values: ArrayLike) -> NDArray[Any]:
        """The cell of each value."""

    def value(self, cells: NDArray[np.uint64]) -> Values:
        """The value of each cell."""


class _Single:
    """One float."""

    def __init__(self, value: float) -> None:
        self.n, self.only = 1, value

    def index(self, values: ArrayLike) -> NDArray[Any]:
        return np.zeros(np.shape(values))

    def value(self, cells: NDArray[np.uint64]) -> Values:
        return np.full(cells.shape, self.only)


class _Choices:
    """The indices of choices."""

    def __init__(self, distribution: CategoricalDistribution) -> None:
        self.n = len(distribution.choices)

    def index(self, values: ArrayLike) -> NDArray[Any]:
        return np.clip(as_int64(values), 0, self.n - 1)

    def value(self, cells: NDArray[np.uint64]) -> Values:
        return cells.astype(np.int64)


class _Ints:
    """Integers. The distance of two may need 64 bits without a sign, in which sums may wrap around unharmed."""

    def __init__(self, distribution: IntDistribution) -> None:
        self.n = distribution.cardinality
        self.low, self.high = distribution.low, distribution.high
        self.origin, self.step = np.uint64(distribution.low % 2**64), np.uint64(distribution.step)

    def index(self, values: ArrayLike) -> NDArray[Any]:
        offset = np.clip(as_int64(values), self.low, self.high).astype(np.uint64) - self.origin
        if self.step == 1:
            return offset
        cell, rest = np.divmod(offset, self.step)
        return cell + (rest >= self.step - rest)

    def value(self, cells: NDArray[np.uint64]) -> Values:
        return (cells * self.step + self.origin).astype(np.int64)


class _Steps:
    """Floats on a decimal grid, each the float nearest to its decimal."""

    def __init__(self, distribution: FloatDistribution) -> None:
        assert distribution.step is not None
        assert distribution.cardinality is not None
        assert distribution.grid is not None
        self.distribution = distribution
        self.n = distribution.cardinality
        self.scale = 0.5 if math.isinf(distribution.high - distribution.low) else 1.0
        self.low, self.high, self.step = (
            self.scale * x for x in (distribution.low, distribution.high, distribution.step)
        )
        grid = distribution.grid
        # Then the division below is that of two exact numbers, and rounds correctly.
        self.is_exact = max(abs(grid.low), abs(grid.low + self.n * grid.step), grid.scale) <= _EXACT_INTEGERS

    def index(self, values: ArrayLike) -> NDArray[Any]:
        x = np.clip(self.scale * np.asarray(values, dtype=np.float64), self.low, self.high)
        return np.clip(np.rint((x - self.low) / self.step), 0, self.n - 1)

    def value(self, cells: NDArray[np.uint64]) -> Values:
        if not self.is_exact:
            return np.array([self.distribution.value_at(cell) for cell in cells.tolist()], dtype=np.float64)
        grid = self.distribution.grid
        assert grid is not None
        values: FloatArray = (grid.low + cells.astype(np.int64) * grid.step).astype(np.float64) / grid.scale
        return np.where(cells == self.n - 1, self.distribution.high, values)


def as_int64(values: ArrayLike) -> IntArray:
    """Take whole numbers as they are and round floats."""
    array = np.asarray(values)
    if array.dtype.kind == "f":
        array = _to_int64(np.rint(array), -(2**63), 2**63 - 1)
    return array.astype(np.int64, copy=False)


def _to_int64(whole: FloatArray, low: int, high: int) -> IntArray:
    """Convert whole floats to int64, clipped to [low, high], which float64 need not hold exactly."""
    is_low, is_high = whole <= float(low), whole >= float(high)
    inner = np.where(is_low | is_high, 0.0, whole).astype(np.int64)
    return np.where(is_low, low, np.where(is_high, high, inner))
