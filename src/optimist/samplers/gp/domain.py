"""Domain: the parameters of a study as the model sees them, conditional ones included.

A *point* is a row of the unit cube, one coordinate per parameter (see ``search_space.encoding``); a *mask* says which
of its parameters are active. *Features* are what the kernel measures distances in:

- a number is one column, from 0 for the lowest value of its range to 1 for the highest;
- a choice out of an ordered list is such a number as well: its place; any other choice is a one-hot row, of a size that puts two different choices at a quarter of a range from each other;
- a number that is not active stands in the middle of its range, a choice that is not active is a row of zeros.

So trials of different branches are compared by what they have in common, and by the parameter that tells the branches
apart. Every distance is Euclidean: the kernel stays positive definite. Source of the idea: Lévesque et al. 2017,
"Bayesian optimization for conditional hyperparameter spaces", doi:10.1109/IJCNN.2017.7965867 (what is inactive in both
trials is no difference).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.search_space.encoding import encoding_of
from optimist.search_space.space import SearchSpace

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

_HALF: Final = 0.25 * math.sqrt(0.5)  # of a one-hot row: two choices are as far apart as a quarter of a range


class Domain:
    """Parameters, and the way from points to features and back.

    Args:
        space: Parameters with more than one value each.
        optional: Those that some trials do not have.

    Attributes:
        d: The number of parameters.
        f: The number of features.
        groups: (f,) the parameter that each feature belongs to.
        is_categorical, is_optional: (d,).
        n_cells: (d,) number of values; infinite for continuous parameters.
        is_smooth: (f,) which features are numbers that may take any value between 0 and 1 in a search.
        column: (d,) the first feature of each parameter.
        numbers: The parameters that are numbers to the model.
    """

    def __init__(self, space: SearchSpace, optional: frozenset[str]) -> None:
        self.space = space
        self.names = space.names
        self.encoding = encoding_of(space)
        self.d = len(space)
        self.is_categorical = self.encoding.is_categorical
        self.n_cells = self.encoding.n_cells
        self.is_optional: BoolArray = np.array([name in optional for name in self.names], np.bool_)
        self.n_choices = np.where(self.is_categorical, self.n_cells, 0.0).astype(np.intp)
        self.numbers = np.flatnonzero(~self.is_categorical)
        self._choices = np.flatnonzero(self.is_categorical)
        self._start, self._width = self._ends()
        widths = np.where(self.is_categorical, self.n_choices, 1)
        self.column: IntArray = np.cumsum(widths) - widths
        self.f = int(widths.sum())
        self.groups: IntArray = np.repeat(np.arange(self.d), widths)
        self.is_smooth: BoolArray = np.zeros(self.f, np.bool_)
        self.is_smooth[self.column[self.numbers]] = True

    def _ends(self) -> tuple[FloatArray, FloatArray]:
        """Where the ranges of numbers start in the cube, and how wide they are there; cells have their centre."""
        ends: list[tuple[float, float]] = [
            (0.0, len(d.choices) - 1.0) if isinstance(d, CategoricalDistribution) else (d.low, d.high)  # type: ignore[attr-defined]
            for d in self.space.values()
        ]
        low, high = (
            self.encoding.encode({n: np.array([e[i]]) for n, e in zip(self.names, ends, strict=True)})[0]
            for i in (0, 1)
        )
        width = np.where(self.is_categorical | (high <= low), 1.0, high - low)
        return low, width

    # Points and features

    def features(self, points: FloatArray, mask: BoolArray) -> FloatArray:
        """Return (n, f) features of points (n, d) and masks (n, d)."""
        features = np.zeros((len(points), self.f))
        numbers = self.numbers
        x = (points[:, numbers] - self._start[numbers]) / self._width[numbers]
        features[:, self.column[numbers]] = np.where(mask[:, numbers], x, 0.5)
        for j in self._choices.tolist():
            chosen = self.choice(points[:, j], j)
            rows = np.flatnonzero(mask[:, j])
            features[rows, self.column[j] + chosen[rows]] = _HALF
        return features

    def choice(self, coordinates: FloatArray, j: int) -> IntArray:
        """The index of the choice, or of the cell, of coordinates (n,) of parameter ``j``."""
        n = self.n_cells[j]
        choice: IntArray = np.minimum(coordinates * n, n - 1.0).astype(np.intp)
        return choice

    def points(self, features: FloatArray, points: FloatArray, mask: BoolArray) -> FloatArray:
        """Return ``points`` (n, d) with their active numbers as ``features`` (n, f) say, moved to values that exist."""
        moved = points.copy()
        numbers = self.numbers
        x = features[:, self.column[numbers]] * self._width[numbers] + self._start[numbers]
        moved[:, numbers] = np.where(mask[:, numbers], x, points[:, numbers])
        return self.encoding.snap(moved)

    @property
    def number_columns(self) -> IntArray:
        """The features that are numbers, in the order of ``numbers``."""
        return self.column[self.numbers]

    def numbers_at(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return points (n, d) with numbers as ``features`` (n, f) say, and how far coordinates move with their features.

        The latter is (n_numbers,). Choices are the first ones.
        """
        points = np.zeros((len(features), self.d))
        width = self._width[self.numbers]
        points[:, self.numbers] = features[:, self.number_columns] * width + self._start[self.numbers]
        return points, width

    def movable(self, mask: BoolArray) -> BoolArray:
        """Return (n, f): which features a search by gradients may change, by masks (n, d)."""
        movable: BoolArray = self.is_smooth & mask[:, self.groups]
        return movable

    def values(self, point: FloatArray) -> dict[str, Any]:
        """The internal values of a point (d,) by name."""
        return self.encoding.decode_one(point)


@functools.lru_cache(maxsize=64)
def domain_of(space: SearchSpace, optional: frozenset[str]) -> Domain:
    """Return the domain of a space, made once and kept while it is in use."""
    return Domain(space, optional)


def hull(distributions: Iterable[BaseDistribution]) -> BaseDistribution:
    """The smallest range that holds those that one parameter had in different trials; the range itself if it is one.

    Args:
        distributions: At least one; all of one kind, and choices all the same.
    """
    different = list(dict.fromkeys(distributions))
    first = different[0]
    if len(different) == 1 or isinstance(first, CategoricalDistribution):
        return different[-1]
    numeric: list[Any] = different
    low, high = min(d.low for d in numeric), max(d.high for d in numeric)
    log = all(d.log for d in numeric)
    if isinstance(first, IntDistribution):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)
