"""Growable typed columns: numpy arrays that double, so that appending a trial costs the same however many there are."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FLOAT: Final = np.float64
INT: Final = np.int64

_FIRST_CAPACITY: Final = 64


class Column:
    """A numpy array with room to grow, filled by row number; rows may be skipped.

    What ``head`` hands out never changes, because a written row is not written again.

    Args:
        dtype: The array's type.
        fill: What skipped rows hold. None leaves them undefined, and their memory untouched.

    Attributes:
        data: (capacity,) the storage itself. Writers on the hot path check ``len(data)`` and write into it.
    """

    __slots__ = ("_fill", "data")

    def __init__(self, dtype: type, fill: float | None = None) -> None:
        self.data: NDArray[Any] = np.empty(0, dtype)
        self._fill = fill

    def reserve(self, n: int) -> None:
        """Make room for ``n`` rows."""
        old = self.data
        if n > len(old):
            grown = np.empty(max(n, _FIRST_CAPACITY, 2 * len(old)), old.dtype)
            grown[: len(old)] = old
            if self._fill is not None:
                grown[len(old) :] = self._fill
            self.data = grown

    def set(self, row: int, value: float) -> None:
        """Write one row."""
        if row >= len(self.data):
            self.reserve(row + 1)
        self.data[row] = value

    def head(self, n: int) -> NDArray[Any]:
        """The first ``n`` rows, read-only: (n,)."""
        if n > len(self.data):
            self.reserve(n)
        rows = self.data[:n]
        rows.flags.writeable = False
        return rows
