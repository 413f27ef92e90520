"""Growable typed columns, doubled when they are full, so that a trial costs the same however many there are.

Single values are written and read here, all values at once in numpy. The memory is a plain ``array``, which is faster
for single values and spares a process that only runs a trial or two the time to load numpy.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from numpy.typing import NDArray  # numpy is loaded when a column is first read as a whole

FLOAT: Final = "d"
INT: Final = "q"
INT32: Final = "i"
INT8: Final = "b"

_FIRST_CAPACITY: Final = 64


class Column:
    """A typed array with room to grow, filled by row number; rows may be skipped.

    What ``head`` hands out never changes, because a written row is not written again.

    Args:
        typecode: FLOAT (float64), INT (int64), INT32 or INT8.
        fill: What skipped rows hold. Without it they hold zeros.

    Attributes:
        data: (capacity,) the memory itself. Writers on the hot path check ``len(data)`` and write into it.
    """

    __slots__ = ("_fill", "data")

    def __init__(self, typecode: str, fill: float = 0) -> None:
        self.data: array[Any] = array(typecode)
        self._fill = fill

    def reserve(self, n: int) -> None:
        """Make room for ``n`` rows."""
        old = self.data
        if n > len(old):
            # A new array, because the old one may be lent out to numpy.
            grown = array(old.typecode, [self._fill]) * max(n, _FIRST_CAPACITY, 2 * len(old))
            grown[: len(old)] = old
            self.data = grown

    def set(self, row: int, value: float) -> None:
        """Write one row."""
        if row >= len(self.data):
            self.reserve(row + 1)
        self.data[row] = value

    def head(self, n: int) -> NDArray[Any]:
        """The first ``n`` rows, read-only: (n,). Where the column may be shorter, the caller holds the history's lock."""
        import numpy as np

        if n == 0:
            return np.empty(0, self.data.typecode)
        self.reserve(n)
        rows = np.frombuffer(self.data, self.data.typecode)[:n]
        rows.flags.writeable = False
        return rows
