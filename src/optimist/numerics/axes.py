"""Axes: the kinds of sides that a box of mixed parameters has, and where its cells lie.

A point is a column of numbers: a coordinate in [0, 1] on a continuous axis, the number of a cell on a grid axis, the
index of a choice on a categorical axis; the axes stand in this order. A set of points is an array (n_axes, n_points).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Axes:
    """The sides of a box, by kind.

    Attributes:
        n_continuous: How many continuous axes come first.
        cells: (n_grid,) how many cells each grid axis has; the cells fill the unit interval.
        origins: (n_grid,) 0 where all cells are equally wide. A positive origin ``a`` says that cell ``k`` stands for
            the value ``a + k``, and reaches from ``a + k - 1/2`` to ``a + k + 1/2`` on a logarithmic scale.
        n_choices: (n_categorical,) how many choices each categorical axis has.
    """

    n_continuous: int
    cells: FloatArray
    origins: FloatArray
    n_choices: FloatArray

    @cached_property
    def n_numeric(self) -> int:
        """How many axes have coordinates: the continuous ones and the grids."""
        return self.n_continuous + len(self.cells)

    @cached_property
    def n_axes(self) -> int:
        """How many axes there are."""
        return self.n_numeric + len(self.n_choices)

    @cached_property
    def _log_grids(self) -> tuple[npt.NDArray[np.intp], FloatArray, FloatArray]:
        """The logarithmic grids: which they are (n,), their lower end (n, 1) in values, and their log width (n, 1)."""
        which = np.flatnonzero(self.origins > 0.0)
        start = self.origins[which, None] - 0.5
        return which, start, np.log1p(self.cells[which, None] / start)

    def coordinates(self, points: FloatArray) -> FloatArray:
        """Return where ``points`` lie on the numeric axes, (n_numeric, n_points); a cell lies at its middle."""
        found = points[: self.n_numeric].copy()
        if len(self.cells):
            found[self.n_continuous :] = self.grid_positions(found[self.n_continuous :])
        return found

    def grid_positions(self, cells: FloatArray, shift: float = 0.0) -> FloatArray:
        """Return where cells lie on the unit interval.

        Args:
            cells: (n_grid, n_points) cell numbers.
            shift: -1/2 asks for the left edges, 0 for the middles (in values), 1/2 for the right edges.

        Returns:
            (n_grid, n_points) coordinates.
        """
        steps = cells + (0.5 + shift)
        positions: FloatArray = steps / self.cells[:, None]
        which, start, width = self._log_grids
        if len(which):
            positions[which] = np.log1p(steps[which] / start) / width
        return positions

    def cells_at(self, coordinates: FloatArray) -> FloatArray:
        """Return which cells (n_grid, n_points) hold the ``coordinates`` (n_grid, n_points)."""
        steps = coordinates * self.cells[:, None]
        which, start, width = self._log_grids
        if len(which):
            steps[which] = start * np.expm1(coordinates[which] * width)
        held: FloatArray = np.minimum(np.maximum(np.floor(steps), 0.0), self.cells[:, None] - 1.0)
        return held
