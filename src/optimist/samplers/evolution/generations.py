"""Generations: the complete trials of a study in order of finishing, so many at a time."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Any

import numpy as np
import numpy.typing as npt

from optimist.history.columns import INT
from optimist.history.history import History
from optimist.states import TrialState

IntArray = npt.NDArray[np.int64]

_COMPLETE = int(TrialState.COMPLETE)


class Generations:
    """The generations of a study, as a tracker of the history.

    All workers see finished trials in one order, so they agree on the generations without a note on any trial, and
    every complete trial counts: added, queued or proposed by another sampler.

    Args:
        size: How many complete trials make a generation.

    Attributes:
        parents: The rows of the parent population of each generation, as far as they were chosen. Whoever chooses adds
            them; the choice must follow from the rows before.
        cache: What belongs to the latest parents and is costly to make; its owner says what for.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows = array(INT)
        self._n_seen = 0
        self.parents: dict[int, IntArray] = {0: np.empty(0, np.int64)}
        self.cache: dict[Any, tuple[int, Any]] = {}

    def advance(self, history: History, n: int) -> None:
        state = history.state.data
        for row in range(self._n_seen, n):
            if state[row] == _COMPLETE:
                self._rows.append(row)
        self._n_seen = max(self._n_seen, n)

    def at(self, n: int) -> int:
        """The generation of a trial that starts when ``n`` trials are finished."""
        return bisect_left(self._rows, n) // self._size

    def rows(self, generation: int, n: int) -> IntArray:
        """The rows of a generation among the first ``n``, ascending."""
        start = generation * self._size
        rows = np.array(self._rows[start : start + self._size], np.int64)
        return rows[rows < n]
