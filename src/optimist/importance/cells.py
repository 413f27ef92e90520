"""The values of one parameter on a grid of few cells, one grid for each distribution that trials had for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import InvalidSpaceTypeError

IntArray = npt.NDArray[np.intp]

N_CELLS: Final = 50
"""A numeric parameter gets so many cells at most."""


@dataclass(frozen=True)
class Regime:
    """The trials that share a distribution of a parameter.

    Attributes:
        trials: (n,) their positions.
        cells: (n,) the cell of each one's value.
        n_cells: How many cells there are; 0 where there is nothing to tell apart: a single value, or no parameter.
        is_ordered: Whether neighbouring cells are alike; choices are not.
    """

    trials: IntArray
    cells: IntArray
    n_cells: int
    is_ordered: bool


def regimes(
    name: str, distributions: list[BaseDistribution | None], which: IntArray, values: npt.NDArray[Any]
) -> list[Regime]:
    """Sort trials by their distribution of a parameter, and put its values on a grid.

    Args:
        name: The parameter.
        distributions: The different ones; None for trials that do not have the parameter.
        which: (n,) the position of each trial's distribution.
        values: (n,) internal values.

    Raises:
        InvalidSpaceTypeError: A distribution is neither of floats, nor integers, nor choices.
    """
    found = []
    for i, distribution in enumerate(distributions):
        trials = np.flatnonzero(which == i)
        if distribution is None or distribution.single():
            found.append(Regime(trials, np.zeros(len(trials), np.intp), 0, is_ordered=False))
        elif isinstance(distribution, CategoricalDistribution):
            cells = values[trials].astype(np.intp)
            found.append(Regime(trials, cells, len(distribution.choices), is_ordered=False))
        elif isinstance(distribution, FloatDistribution | IntDistribution):
            cells, n_cells = _numeric_cells(distribution, values[trials])
            found.append(Regime(trials, cells, n_cells, is_ordered=True))
        else:
            raise InvalidSpaceTypeError(
                f"Parameter {name!r}: importances know floats, integers and choices, but not {distribution!r}."
            )
    return found


def _numeric_cells(distribution: FloatDistribution | IntDistribution, values: npt.NDArray[Any]) -> tuple[IntArray, int]:
    """Return the cell of each value, and the number of cells; a value on the border of two goes to the lower."""
    n_cells = _count_cells(distribution)
    low, high = float(distribution.low), float(distribution.high)
    position = values.astype(np.float64)
    if distribution.log:
        low, high, position = math.log(low), math.log(high), np.log(position)
    elif math.isinf(high - low):
        low, high, position = 0.5 * low, 0.5 * high, 0.5 * position
    width = (high - low) / (n_cells - 1)  # the ends are the middles of the outermost cells
    if width == 0.0:  # so narrow a range that the logarithm cannot tell its ends apart
        return np.zeros(len(values), np.intp), n_cells
    cells = np.ceil((position - low) / width - 0.5)
    return np.clip(cells, 0, n_cells - 1).astype(np.intp), n_cells


def _count_cells(distribution: FloatDistribution | IntDistribution) -> int:
    if isinstance(distribution, IntDistribution) and distribution.log:
        return min(N_CELLS, math.ceil(math.log(distribution.high - distribution.low + 1) / math.log(2)) + 1)
    if distribution.step is not None:
        return int(min(N_CELLS, round((distribution.high - distribution.low) / distribution.step) + 1))
    return N_CELLS
