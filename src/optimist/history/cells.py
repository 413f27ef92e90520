"""Tried cells: which points of a finite search space were tried, and which are left.

A cell is tried by a trial that is complete, pruned, running or waiting. A failed trial leaves its cell to others, but it is
the turn of cells where nothing failed first.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from optimist.distributions import BaseDistribution
from optimist.history.history import History
from optimist.history.layout import Layout
from optimist.history.parameter_constraint import MAX_CELLS, ParameterConstraint
from optimist.history.trackers import LayoutFilter
from optimist.numerics.urn import Urn
from optimist.search_space.numbering import CellNumbers
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState

if TYPE_CHECKING:
    import numpy as np  # loaded by the first question about many cells
    from numpy.typing import ArrayLike, NDArray

_COMPLETE, _FAIL = int(TrialState.COMPLETE), int(TrialState.FAIL)


class TriedCells:
    """The cells of a finite space at one moment; made by ``View.tried_cells``.

    Args:
        cells: The numbering of the space.
        untried: What finished trials left; shared, and not to be changed here.
        open_cells: CellNumbers of running and waiting trials.
        lock: Held by whoever changes ``untried``.
        failed: How often trials failed, by cell; shared as well.

    Attributes:
        n_cells: How many cells the space has; there is no limit to it.
        n_left: How many of them are untried.
    """

    def __init__(
        self,
        cells: CellNumbers,
        untried: Urn,
        open_cells: Iterable[int],
        lock: threading.RLock,
        failed: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        self._cells = cells
        self._untried = untried
        self._lock = lock
        self._failed = failed
        self._open = {number for number in open_cells if number in untried}
        self.n_cells = cells.n
        self.n_left = untried.n_left - len(self._open)
        with lock:
            self._n_waiting = sum(number in untried and number not in self._open for number in failed)

    def contains(self, row: Mapping[str, Any]) -> bool:
        """Whether the cell of these internal values was tried. False for what is no cell of the space."""
        number = self._cells.number(row)
        return number >= 0 and not self._is_left(number)

    def comes_last(self, row: Mapping[str, Any]) -> bool:
        """Whether a trial failed in the cell of these internal values, while there are others where none did."""
        return self._n_waiting < self.n_left and self._cells.number(row) in self._failed

    def mask(self, columns: Mapping[str, ArrayLike]) -> NDArray[np.bool_]:
        """(n,) whether each row of internal values was tried: ``contains`` for many at once.

        Args:
            columns: For each parameter (n,) internal values; other parameters are ignored.
        """
        import numpy as np

        numbers = self._cells.numbers(columns)
        return np.array([number >= 0 and not self._is_left(number) for number in numbers], np.bool_)

    def draw(self, rng: np.random.Generator) -> dict[str, Any] | None:
        """The internal values of a random untried cell, each as likely as any other; None if there is none left."""
        found = self._draw(rng, 1)
        return self._cells.values(found[0]) if found else None

    def sample(self, rng: np.random.Generator, size: int) -> dict[str, NDArray[Any]]:
        """Columns of random untried cells, none of them twice: all that are left if these are at most ``size``.

        Those where trials failed are among them only if there are no others. Where more than ``size`` are left, up to
        ``size`` of them, for the same cell may be drawn more than once.
        """
        return self._cells.columns(self._draw(rng, size))

    def _is_left(self, number: int) -> bool:
        return number in self._untried and number not in self._open

    def _draw(self, rng: np.random.Generator, size: int) -> list[int]:
        with self._lock:
            if self.n_left <= max(size, len(self._open)):
                found = [number for number in self._untried if number not in self._open]
                if self._n_waiting == self.n_left:  # those that failed least come first
                    return sorted(found, key=lambda number: self._failed[number])[:size]
                if self._failed:
                    found = [number for number in found if number not in self._failed]
                return found if len(found) <= size else [found[i] for i in rng.choice(len(found), size, replace=False)]
            # More than half of the urn is left, so that 64 draws to spare fail once in 2**64 times.
            drawn = dict.fromkeys(self._untried.draw(rng, size + 64))
            found = [number for number in drawn if number not in self._open]
            return [number for number in found if number not in self._failed][:size] or found[:size]


class FinishedCells:
    """The tracker behind `TriedCells`: what finished trials left of a space.

    Args:
        space: A finite space.
        fixed: Internal values of some of its parameters; only cells with these count.
        constraint: What it forbids is not left either, in a space that is small enough to look through.
    """

    def __init__(
        self, space: SearchSpace, fixed: Mapping[str, Any], constraint: ParameterConstraint | None = None
    ) -> None:
        self.cells = CellNumbers(space, fixed)
        self.untried = Urn(self.cells.n)
        if constraint is not None and self.cells.n <= MAX_CELLS:
            for number in range(self.cells.n):
                if constraint.forbids(space, self.cells.values(number)):
                    self.untried.discard(number)
        self.failed: Counter[int] = Counter()
        self._filter = LayoutFilter(frozenset(space))
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        self._filter.advance(history, n)
        holds, layout, state = self._filter.mask, history.layout.data, history.state.data
        columns = {name: history.tree.columns.get(name) for name in self.cells.space}
        for row in range(self._n_seen, n):
            if holds[layout[row]]:
                values = {name: column.data[row] for name, column in columns.items() if column is not None}
                number = self.cells.number(values)
                if state[row] != _FAIL:
                    self.untried.discard(number)
                elif number >= 0:
                    self.failed[number] += 1
        self._n_seen = max(self._n_seen, n)


class CommonSpace:
    """The tracker behind ``View.finite_space``: the parameters of the complete trials, if these are all the same.

    Pruned trials may have fewer of them, for they may have stopped early, but no others.

    Attributes:
        space: Sorted by name; None if trials differ, or before the first is complete.
    """

    def __init__(self) -> None:
        self.space: SearchSpace | None = None
        self._complete: dict[str, BaseDistribution] | None = None
        self._pruned: dict[str, BaseDistribution] = {}
        self._differs = False
        self._seen: set[tuple[int, int]] = set()
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        state, layout = history.state.data, history.layout.data
        for row in range(self._n_seen, n):
            key = (int(state[row]), int(layout[row]))
            if key[0] != _FAIL and key not in self._seen and not self._differs:
                self._seen.add(key)
                self._add(key[0], history.tree.layouts[key[1]])
        self._n_seen = max(self._n_seen, n)

    def _add(self, state: int, layout: Layout) -> None:
        distributions = layout.distributions
        if state == _COMPLETE:
            self._differs = self._complete is not None and self._complete != distributions
            self._complete = distributions
        else:
            self._differs = any(self._pruned.get(name, d) != d for name, d in distributions.items())
            self._pruned.update(distributions)
        fits = self._complete is not None and all(self._complete.get(name) == d for name, d in self._pruned.items())
        if self._differs or not fits:
            self.space = None
        elif self.space is None and self._complete is not None:
            self.space = SearchSpace(sorted(self._complete.items()))
