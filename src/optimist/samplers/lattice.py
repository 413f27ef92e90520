"""An order of the cells of a grid that spreads out: wherever it is stopped, the grid is covered evenly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from operator import mul
from typing import Final

_GOLDEN_SECTION: Final = (618_033_988_749_894_848, 10**18)  # (sqrt(5) - 1) / 2
_N_CANDIDATES: Final = 64


class LatticeOrder:
    """The order in which cell ``(start + p * leap) mod n`` comes at position p: a lattice of rank 1.

    The leap has no factor in common with n, so that every cell comes once. Then any stretch of r positions has each
    value of the last parameter once, where r is how many it has; any stretch of r * s each pair of values of the last
    two, and so on. How well shorter stretches are spread depends on the leap; see `_roughness`. The order starts in
    the middle of the grid.

    Args:
        sizes: How many values each parameter has; the last one runs fastest in the cells' numbers.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.n = math.prod(sizes)
        self._start = 0
        for size in sizes:
            self._start = self._start * size + size // 2
        periods = list(accumulate(reversed(sizes), mul))
        candidates = islice(_coprimes(self.n), _N_CANDIDATES)
        self._leap = min(candidates, key=lambda leap: _roughness(leap, periods))  # the first among equals
        self._back = pow(self._leap, -1, self.n)

    def cell(self, position: int) -> int:
        """The number of the cell at a position from 0 to n - 1."""
        return (self._start + position * self._leap) % self.n

    def position(self, cell: int) -> int:
        """The position of a cell."""
        return (cell - self._start) * self._back % self.n


def _coprimes(n: int) -> Iterator[int]:
    """The numbers from 1 to n that have no factor in common with n, by their distance from its golden section."""
    golden = n * _GOLDEN_SECTION[0] // _GOLDEN_SECTION[1]
    for distance in range(n + 1):
        for number in dict.fromkeys((golden + distance, golden - distance)):
            if 0 < number <= n and math.gcd(number, n) == 1:
                yield number


def _roughness(leap: int, periods: Sequence[int]) -> int:
    """How unevenly leaps of this length fall into each period; the golden section is the smoothest there is.

    A parameter's value is where the leaps stand in a period: the product of the sizes from this parameter on. They fall
    the more evenly, the smaller the largest partial quotient of the continued fraction of ``leap / period`` is
    (Niederreiter 1992, Random Number Generation and Quasi-Monte Carlo Methods, sec. 5.2).
    """
    return sum(_largest_quotient(leap % period, period) for period in periods)


def _largest_quotient(numerator: int, denominator: int) -> int:
    largest = 0
    while numerator:
        largest = max(largest, denominator // numerator)
        numerator, denominator = denominator % numerator, numerator
    return largest
