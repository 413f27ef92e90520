"""Encoding: the one place where parameter values become columns of the unit cube, and back.

A model sees every parameter as a number between 0 and 1, and every candidate it makes there is a valid value:

- A range of floats is stretched to [0, 1], in the logarithm where ``log`` is set.
- A range of n integers, steps or choices is cut into n cells of equal width; the centre of a cell stands for its
  value, and each point of the cell decodes to that value.
- Integers with ``log`` have the cell of what rounds to them, from x - 1/2 to x + 1/2, in the logarithm.
- With ``one_hot`` a categorical parameter whose choices have no order has a column per choice instead: 1 for the choice, 0 for the others; the
  largest column wins, the first among equals.
- A parameter with a single value is 0.5.

Ranges may change between trials: **a value outside the range counts as the nearest border, one between two steps as
the nearest step**. NaN in a float parameter stays NaN.

What comes back: ``decode(encode(x)) == x`` for the borders of every range, for choices, and for integers and steps of
up to 2**50 cells (2**40 with ``log``). Beyond that, and for continuous floats, a float64 between 0 and 1 cannot tell
all values apart; then x comes back to within a few units in the last place of the range's larger border (with
``log``: of x itself, times the range's width in powers of e).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimist.distributions import BaseDistribution
from optimist.distributions.categorical import is_unordered
from optimist.search_space.axes import Cells, FloatArray, Line, Values, as_int64, axis_of
from optimist.search_space.space import SearchSpace


class Encoding:
    """The map between the values of a search space and the unit cube.

    Args:
        space: the parameters; columns stand in its order.
        one_hot: whether a categorical parameter has one column per choice, not one in all.

    Attributes:
        space: the search space.
        n_columns: d, the number of columns.
        columns: the slice of columns of each parameter.
        widths: how many columns each parameter has.
        n_cells: (d,) the number of cells of each column; infinite for a continuous one, 2 for a one-hot one.
        is_categorical: (d,) whether the column belongs to a categorical parameter whose choices have no order.
    """

    def __init__(self, space: Mapping[str, BaseDistribution], *, one_hot: bool = False) -> None:
        self.space = space if isinstance(space, SearchSpace) else SearchSpace(space)
        self.columns: dict[str, slice] = {}
        self.n_columns = 0
        n_cells: list[float] = []
        is_categorical: list[bool] = []
        for name, distribution in self.space.items():
            categorical = is_unordered(distribution)
            width = int(distribution.cardinality or 0) if one_hot and categorical else 1
            self.columns[name] = slice(self.n_columns, self.n_columns + width)
            self.n_columns += width
            n_cells += [2.0] * width if one_hot and categorical else [_float_or_inf(distribution.cardinality)]
            is_categorical += [categorical] * width
        self.widths = tuple(columns.stop - columns.start for columns in self.columns.values())
        self.n_cells: FloatArray = np.array(n_cells, dtype=np.float64)
        self.is_categorical: NDArray[np.bool_] = np.array(is_categorical, dtype=np.bool_)
        self._blocks = self._make_blocks(one_hot)

    def _make_blocks(self, one_hot: bool) -> tuple[_Block, ...]:
        """Sort the parameters by kind of arithmetic, which is then done for all of a kind at once."""
        lines: dict[str, Line] = {}
        cells: dict[str, Cells] = {}
        blocks: list[_Block] = []
        for name, distribution in self.space.items():
            if one_hot and is_unordered(distribution):
                blocks.append(_OneHotBlock(name, self.columns[name], int(distribution.cardinality or 0)))
                continue
            axis = axis_of(name, distribution)
            if isinstance(axis, Line):
                lines[name] = axis
            else:
                cells[name] = axis
        if lines:
            blocks.append(_LineBlock(lines, [self.columns[name].start for name in lines]))
        if cells:
            blocks.append(_CellBlock(cells, [self.columns[name].start for name in cells]))
        return tuple(blocks)

    def encode(self, values: Mapping[str, ArrayLike]) -> FloatArray:
        """Turn columns of internal values into points of the unit cube.

        Args:
            values: for each parameter of the space (n,) internal values; other parameters are ignored.

        Returns:
            (n, d), within [0, 1].
        """
        points = np.empty((self._count(values), self.n_columns))
        for block in self._blocks:
            block.encode(values, points)
        return points

    def decode(self, points: ArrayLike) -> dict[str, Values]:
        """Turn points into columns of internal values, by parameter in the order of the space.

        Args:
            points: (n, d); what lies outside of [0, 1] counts as the border.

        Returns:
            (n,) for each parameter: float64 for floats, int64 for integers and for indices of choices.
        """
        points = np.clip(np.asarray(points, dtype=np.float64), 0.0, 1.0)
        decoded: dict[str, Values] = {}
        for block in self._blocks:
            block.decode(points, decoded)
        return {name: decoded[name] for name in self.space}

    def decode_one(self, point: ArrayLike) -> dict[str, float | int]:
        """Turn one point (d,) into internal values, as plain Python numbers."""
        decoded = self.decode(np.asarray(point, dtype=np.float64)[None, :])
        return {name: values[0].item() for name, values in decoded.items()}

    def to_external(self, row: Mapping[str, float | int]) -> dict[str, Any]:
        """Turn the internal values of one trial, such as those of `decode_one`, into what the user sees."""
        return {name: distribution.to_external_repr(row[name]) for name, distribution in self.space.items()}

    def snap(self, points: ArrayLike) -> FloatArray:
        """Move points (n, d) to the centre of their cells; continuous columns stay, but for rounding."""
        return self.encode(self.decode(points))

    def cells(self, values: Mapping[str, ArrayLike]) -> tuple[FloatArray, FloatArray]:
        """Return the lower and upper ends of the cells that values lie in, each (n, d).

        In continuous and in one-hot columns both are the encoded value itself.
        """
        shape = (self._count(values), self.n_columns)
        lower, upper = np.empty(shape), np.empty(shape)
        for block in self._blocks:
            block.cells(values, lower, upper)
        return lower, upper

    def _count(self, values: Mapping[str, ArrayLike]) -> int:
        for name in self.space:
            return len(np.asarray(values[name]))
        return 0


@functools.lru_cache(maxsize=256)
def encoding_of(space: SearchSpace, *, one_hot: bool = False) -> Encoding:
    """Return the encoding of a space, made once and kept while it is in use."""
    return Encoding(space, one_hot=one_hot)


class _Block(Protocol):
    """Some columns of the cube."""

    def encode(self, values: Mapping[str, ArrayLike], points: FloatArray) -> None:
        """Fill this block's columns of ``points`` (n, d)."""

    def decode(self, points: FloatArray, decoded: dict[str, Values]) -> None:
        """Add this block's parameters to ``decoded``."""

    def cells(self, values: Mapping[str, ArrayLike], lower: FloatArray, upper: FloatArray) -> None:
        """Fill this block's columns of ``lower`` and ``upper`` (n, d)."""


# --------------------------------------------------------------------------------------------------------------------
# Lines: parameters that are stretched to [0, 1]


class _LineBlock:
    """All lines of a space. In the arrays below they are rows, (n_lines, 1), against values (n_lines, n).

    u = (f(x) - f(low)) / (f(high) - f(low)) with f(x) = x * scale, or log(x / centre). ``scale`` is 1/2 where the
    width of the range would overflow, and ``centre`` keeps narrow ranges exact.
    """

    def __init__(self, lines: Mapping[str, Line], columns: list[int]) -> None:
        self.lines = lines
        self.columns = columns
        self.low = _rows([line.low for line in lines.values()])
        self.high = _rows([line.high for line in lines.values()])
        self.scale = _rows([0.5 if math.isinf(line.high - line.low) else 1.0 for line in lines.values()])
        is_log = np.array([line.log and _has_log_width(line) for line in lines.values()])
        self.i_log = np.flatnonzero(is_log)
        self.centre = _rows([_centre(line) for line in lines.values()])[self.i_log]
        self.start = self._bend(self.low)
        self.width = self._bend(self.high) - self.start

    def _bend(self, x: FloatArray) -> FloatArray:
        """F of the legend above."""
        x = x * self.scale
        if self.i_log.size:
            x[self.i_log] = np.log(x[self.i_log] / self.centre)
        return x

    def _to_unit(self, positions: list[FloatArray]) -> FloatArray:
        x = np.clip(np.array(positions), self.low, self.high)
        unit: FloatArray = np.clip((self._bend(x) - self.start) / self.width, 0.0, 1.0)
        return unit

    def encode(self, values: Mapping[str, ArrayLike], points: FloatArray) -> None:
        points[:, self.columns] = self._to_unit([line.position(values[name]) for name, line in self.lines.items()]).T

    def decode(self, points: FloatArray, decoded: dict[str, Values]) -> None:
        u = points[:, self.columns].T  # (n_lines, n)
        x = self.start + u * self.width
        with np.errstate(over="ignore"):  # the largest floats may round up to infinity, which is then clipped
            if self.i_log.size:
                x[self.i_log] = np.exp(x[self.i_log]) * self.centre
            x = np.clip(x / self.scale, self.low, self.high)
        x = np.where(u <= 0.0, self.low, np.where(u >= 1.0, self.high, x))
        for (name, line), positions in zip(self.lines.items(), x, strict=True):
            decoded[name] = line.value(positions)

    def cells(self, values: Mapping[str, ArrayLike], lower: FloatArray, upper: FloatArray) -> None:
        intervals = [line.interval(values[name]) for name, line in self.lines.items()]
        lower[:, self.columns] = self._to_unit([left for left, _ in intervals]).T
        upper[:, self.columns] = self._to_unit([right for _, right in intervals]).T


def _centre(line: Line) -> float:
    """The geometric mean of the ends; 1 where they are too far apart to divide them."""
    if not line.log or math.isinf(line.high / line.low):
        return 1.0
    return math.sqrt(line.low) * math.sqrt(line.high)


def _has_log_width(line: Line) -> bool:
    """Whether the logarithm can tell the ends apart; neighbouring floats are too close, and as good as linear."""
    return math.log(line.low / _centre(line)) < math.log(line.high / _centre(line))


def _rows(numbers: list[float]) -> FloatArray:
    return np.array(numbers, dtype=np.float64)[:, None]


# --------------------------------------------------------------------------------------------------------------------
# Cells: parameters with n values, each of which owns 1/n of [0, 1]


class _CellBlock:
    """All parameters of a space that have cells."""

    def __init__(self, axes: Mapping[str, Cells], columns: list[int]) -> None:
        self.axes = axes
        self.columns = columns
        self.n = _rows([float(axis.n) for axis in axes.values()])

    def _index(self, values: Mapping[str, ArrayLike]) -> FloatArray:
        return np.array([axis.index(values[name]) for name, axis in self.axes.items()], dtype=np.float64)

    def encode(self, values: Mapping[str, ArrayLike], points: FloatArray) -> None:
        points[:, self.columns] = ((self._index(values) + 0.5) / self.n).T

    def decode(self, points: FloatArray, decoded: dict[str, Values]) -> None:
        cells = np.floor(points[:, self.columns].T * self.n)
        for (name, axis), row in zip(self.axes.items(), cells, strict=True):
            last = axis.n - 1
            is_last = row >= float(last)
            decoded[name] = axis.value(
                np.where(is_last, np.uint64(last), np.where(is_last, 0.0, row).astype(np.uint64))
            )

    def cells(self, values: Mapping[str, ArrayLike], lower: FloatArray, upper: FloatArray) -> None:
        index = self._index(values)
        lower[:, self.columns] = (index / self.n).T
        upper[:, self.columns] = ((index + 1.0) / self.n).T


class _OneHotBlock:
    """One categorical parameter with a column per choice."""

    def __init__(self, name: str, columns: slice, n_choices: int) -> None:
        self.name, self.columns = name, columns
        self.eye = np.eye(n_choices) if n_choices > 1 else np.full((1, 1), 0.5)

    def encode(self, values: Mapping[str, ArrayLike], points: FloatArray) -> None:
        points[:, self.columns] = self.eye[np.clip(as_int64(values[self.name]), 0, len(self.eye) - 1)]

    def decode(self, points: FloatArray, decoded: dict[str, Values]) -> None:
        decoded[self.name] = np.argmax(points[:, self.columns], axis=1)

    def cells(self, values: Mapping[str, ArrayLike], lower: FloatArray, upper: FloatArray) -> None:
        self.encode(values, lower)
        upper[:, self.columns] = lower[:, self.columns]


def _float_or_inf(count: int | None) -> float:
    try:
        return math.inf if count is None else float(count)
    except OverflowError:
        return math.inf
