"""An order of the cells of a grid that spreads out: wherever it is stopped, the grid is covered evenly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

_GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


class LatticeOrder:
    """The order in which cell ``(start + p * leap) mod n`` comes at position p: a lattice of rank 1.

    The leap has no factor in common with n, so that every cell comes once. Then any stretch of r trials has each value
    of the last parameter once, where r is how many it has; any stretch of r * s trials each pair of values of the last
    two, and so on. The leap is close to the golden section of n, which spreads the first parameters evenly (the
    Kronecker sequence with the least discrepancy). It starts in the middle of the grid.

    Args:
        sizes: How many values each parameter has; the last one runs fastest in the cells' numbers.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.n = math.prod(sizes)
        self._start = 0
        for size in sizes:
            self._start = self._start * size + size // 2
        golden = int(_GOLDEN_RATIO * 2**53) * self.n >> 53
        self._leap = next(leap for leap in _around(golden) if math.gcd(leap, self.n) == 1)
        self._back = pow(self._leap, -1, self.n)

    def cell(self, position: int) -> int:
        """The number of the cell at a position from 0 to n - 1."""
        return (self._start + position * self._leap) % self.n

    def position(self, cell: int) -> int:
        """The position of a cell."""
        return (cell - self._start) * self._back % self.n


def _around(middle: int) -> Iterator[int]:
    """Whole numbers above 0 by their distance from the middle, down to 1."""
    for distance in range(middle + 1):
        yield middle + distance
        if middle - distance > 0:
            yield middle - distance
    yield 1
