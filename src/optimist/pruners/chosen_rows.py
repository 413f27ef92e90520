"""Which finished trials the forecasts look at: a number of them that does not grow with the history."""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from dataclasses import dataclass
from typing import Final

from optimist.history.history import History
from optimist.states import TrialState

_COMPLETE, _PRUNED = int(TrialState.COMPLETE), int(TrialState.PRUNED)
_N_BEST: Final = 20
_N_LATEST: Final = 20
_N_PRUNED: Final = 48
_FIRST_FIT: Final = 3
_FIT_FACTOR: Final = 1.2


@dataclass(frozen=True, slots=True)
class Rows:
    """The choice at one moment.

    Attributes:
        complete: Rows of complete trials, the best and the latest ones, in order of finishing.
        pruned: Rows of the latest pruned trials, in order of finishing.
        best: The smallest final loss of all complete trials; infinite if none has a finite one.
        n_complete: How many complete trials there are, those that were not chosen included.
    """

    complete: tuple[int, ...] = ()
    pruned: tuple[int, ...] = ()
    best: float = math.inf
    n_complete: int = 0


class ChosenRows:
    """The choice of a history that grows, and what it was when the process was last to be fitted.

    Trials without a report, and complete ones without a finite value, are left out.

    Attributes:
        n: The number of rows that were taken in.
        at_fit: The choice at the last point of the schedule of fits; None before the first.
    """

    def __init__(self) -> None:
        self.n = 0
        self.at_fit: Rows | None = None
        self._best: list[tuple[float, int]] = []  # loss and row, ascending
        self._latest: deque[int] = deque(maxlen=_N_BEST + _N_LATEST)
        self._pruned: deque[int] = deque(maxlen=_N_PRUNED)
        self._n_complete = self._n_finished = 0

    def advance(self, history: History, n: int) -> None:
        """Take in the rows up to ``n`` that were not seen yet."""
        for row in range(self.n, n):
            start, stop = history.curve_range(row)
            if start == stop:
                continue
            if history.state.data[row] == _PRUNED:
                self._pruned.append(row)
            elif history.state.data[row] == _COMPLETE:
                loss = history.values[0].data[row] * history.signs[0]
                if not math.isfinite(loss):
                    continue
                self._take_complete(row, loss)
            else:
                continue
            self._n_finished += 1
            if last_fit(self._n_finished) == self._n_finished and self._n_complete:
                self.at_fit = self.now
        self.n = max(self.n, n)

    @property
    def now(self) -> Rows:
        """The choice by the rows that were taken in."""
        if not self._best:
            return Rows()
        best = {row for _, row in self._best}
        others = [row for row in self._latest if row not in best]
        complete = sorted([*best, *others[-_N_LATEST:]])
        return Rows(tuple(complete), tuple(self._pruned), self._best[0][0], self._n_complete)

    def _take_complete(self, row: int, loss: float) -> None:
        self._n_complete += 1
        insort(self._best, (loss, row))
        del self._best[_N_BEST:]
        self._latest.append(row)


def last_fit(n_finished: int) -> int:
    """The last number of finished trials at which the process is fitted anew; 0 before the first."""
    point, following = 0, _FIRST_FIT
    while following <= n_finished:
        point, following = following, math.ceil(_FIT_FACTOR * following)
    return point
