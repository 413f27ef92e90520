"""Numbering: the cells of a finite search space, that is its points, numbered from 0.

The values of each parameter are numbered, and these are the digits of a cell's number; the last parameter runs fastest.
What is not a value of its parameter, such as one from a range that was used earlier, is no cell of the space and has
the number -1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import InvalidSpaceError
from optimist.search_space.space import SearchSpace

if TYPE_CHECKING:
    import numpy as np  # loaded by the first question about many cells
    from numpy.typing import ArrayLike, NDArray

_EXACT = 2**50
_TOLERANCE = 1e-8  # of a step: how far a float may be from the grid, as for `FloatDistribution.contains`


class ValueNumbers(Protocol):
    """The values of one parameter, numbered from 0 to ``n - 1``."""

    n: int

    def index(self, value: Any) -> int:
        """The number of an internal value; -1 if it is none of them."""

    def indices(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """(n,) the numbers of internal values (n,); only for n <= 2**50."""

    def value(self, index: int) -> float | int:
        """The internal value of a number."""


class CellNumbers:
    """The numbering of a finite space.

    Args:
        space: Its parameters; each has finitely many values.
        fixed: Internal values of parameters that have this one value only.

    Attributes:
        n: How many cells there are.

    Raises:
        ValueError: The space is infinite.
    """

    def __init__(self, space: Mapping[str, BaseDistribution], fixed: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.space = space if isinstance(space, SearchSpace) else SearchSpace(space)
        self._digits = {
            name: _Single(fixed[name]) if name in fixed else value_numbers(name, distribution)
            for name, distribution in self.space.items()
        }
        self.n = math.prod(digit.n for digit in self._digits.values())
        self._fits_int64 = self.n < 2**62 and all(digit.n <= _EXACT for digit in self._digits.values())

    def number(self, values: Mapping[str, Any]) -> int:
        """The number of the cell with these internal values; -1 if it is none. Other parameters are ignored."""
        number = 0
        for name, digit in self._digits.items():
            index = digit.index(values[name])
            if index < 0:
                return -1
            number = number * digit.n + index
        return number

    def numbers(self, columns: Mapping[str, ArrayLike]) -> list[int]:
        """The numbers of many cells at once.

        Args:
            columns: For each parameter (n,) internal values.

        Returns:
            n numbers, -1 where there is no such cell. A list, for a space may have more cells than 64 bits can say.
        """
        import numpy as np

        arrays = {name: np.asarray(columns[name]) for name in self._digits}
        if not self._fits_int64:
            rows = zip(*(array.tolist() for array in arrays.values()), strict=True)
            return [self.number(dict(zip(arrays, row, strict=True))) for row in rows]
        numbers: NDArray[np.int64] = np.zeros(1, np.int64)
        is_cell: NDArray[np.bool_] = np.ones(1, np.bool_)
        for name, digit in self._digits.items():
            indices = digit.indices(arrays[name])
            numbers = numbers * digit.n + indices
            is_cell = is_cell & (indices >= 0)
        found: list[int] = np.where(is_cell, numbers, -1).tolist()
        return found

    def values(self, number: int) -> dict[str, Any]:
        """The internal values of a cell, in the order of the space."""
        indices: dict[str, int] = {}
        for name, digit in reversed(self._digits.items()):
            number, indices[name] = divmod(number, digit.n)
        return {name: digit.value(indices[name]) for name, digit in self._digits.items()}

    def columns(self, numbers: list[int]) -> dict[str, NDArray[Any]]:
        """For each parameter (n,) the internal values of n cells: float64 for floats, else int64."""
        import numpy as np

        rows = [self.values(number) for number in numbers]
        return {
            name: np.array(
                [row[name] for row in rows], np.float64 if isinstance(distribution, FloatDistribution) else np.int64
            )
            for name, distribution in self.space.items()
        }


def value_numbers(name: str, distribution: BaseDistribution) -> ValueNumbers:
    """Number the values of a parameter.

    Raises:
        ValueError: There is no end to them.
    """
    if isinstance(distribution, CategoricalDistribution):
        return _Range(0, len(distribution.choices), 1)
    if isinstance(distribution, IntDistribution):
        return _Range(distribution.low, distribution.cardinality, distribution.step)
    if isinstance(distribution, FloatDistribution) and distribution.cardinality is not None:
        return _Single(distribution.low) if distribution.single() else _Steps(distribution)
    raise InvalidSpaceError(
        f"Parameter {name!r} has no end of values: {distribution!r}. Give it a step, or use integers or choices."
    )


class _Range:
    """Integers, and indices of choices."""

    def __init__(self, low: int, n: int, step: int) -> None:
        self.low, self.n, self.step = low, n, step

    def index(self, value: Any) -> int:
        index, rest = divmod(value - self.low, self.step)
        return -1 if rest or not 0 <= index < self.n else int(index)

    def indices(self, values: NDArray[Any]) -> NDArray[np.int64]:
        import numpy as np

        values = values.astype(np.int64, copy=False)
        high = self.low + (self.n - 1) * self.step
        is_inside = (values >= self.low) & (values <= high)
        index, rest = np.divmod(np.where(is_inside, values, self.low) - self.low, self.step)
        return np.where(is_inside & (rest == 0), index, -1)

    def value(self, index: int) -> int:
        return self.low + index * self.step


class _Single:
    """One value."""

    n = 1

    def __init__(self, only: Any) -> None:
        self.only = only

    def index(self, value: Any) -> int:
        return 0 if value == self.only else -1

    def indices(self, values: NDArray[Any]) -> NDArray[np.int64]:
        import numpy as np

        return np.where(values == self.only, 0, -1)

    def value(self, index: int) -> Any:
        return self.only


class _Steps:
    """Floats on a decimal grid."""

    def __init__(self, distribution: FloatDistribution) -> None:
        assert distribution.step is not None
        assert distribution.cardinality is not None
        self.distribution = distribution
        self.n = distribution.cardinality
        self.scale = 0.5 if math.isinf(distribution.high - distribution.low) else 1.0
        self.low, self.step = self.scale * distribution.low, self.scale * distribution.step

    def index(self, value: Any) -> int:
        if not self.distribution.low <= value <= self.distribution.high:
            return -1
        if self.n > _EXACT:
            return self._exact_index(value)
        cell = (self.scale * value - self.low) / self.step
        index = round(cell)
        return index if abs(cell - index) < _TOLERANCE or value == self.value(index) else -1

    def _exact_index(self, value: float) -> int:
        """Among so many steps the nearest one is what a float stands for."""
        grid = self.distribution.grid
        assert grid is not None
        numerator, denominator = Decimal(repr(float(value))).as_integer_ratio()
        offset, step = numerator * grid.scale - grid.low * denominator, grid.step * denominator
        index = min(max((2 * offset + step) // (2 * step), 0), self.n - 1)
        return index if self.value(index) == value else -1

    def indices(self, values: NDArray[Any]) -> NDArray[np.int64]:
        import numpy as np

        is_inside = (values >= self.distribution.low) & (values <= self.distribution.high)
        cells = (self.scale * np.where(is_inside, values, self.distribution.low) - self.low) / self.step
        nearest = np.rint(cells)
        is_near = is_inside & (np.abs(cells - nearest) < _TOLERANCE)
        found = np.where(is_near, nearest, -1.0).astype(np.int64)
        for i in np.flatnonzero(is_inside & ~is_near):  # rare: not on the grid, or noise beyond the tolerance
            found[i] = self.index(values[i].item())
        return found

    def value(self, index: int) -> float:
        return self.distribution.value_at(index)
