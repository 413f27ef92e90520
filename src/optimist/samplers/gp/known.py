"""What finished trials asked for: the parameters of a study, kept from trial to trial."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution
from optimist.history.history import History
from optimist.samplers.gp.domain import Domain, domain_of, hull
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState

_COMPLETE, _PRUNED = int(TrialState.COMPLETE), int(TrialState.PRUNED)


class KnownParameters:
    """All parameters of the complete trials, as a tracker of the history; of the pruned ones until one is complete.

    A parameter's range is the smallest that holds all of its ranges. Those with a single value are left out.
    """

    def __init__(self) -> None:
        self._n_seen = 0
        self._restart(has_complete=False)

    def _restart(self, *, has_complete: bool) -> None:
        self._has_complete = has_complete
        self._seen: set[int] = set()
        self._ranges: dict[str, BaseDistribution] = {}
        self._n_having: dict[str, int] = {}
        self._positions: dict[str, int] = {}  # sums over layouts
        self._known: tuple[SearchSpace, frozenset[str]] | None = None

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            state, layout = history.state.data[row], history.layout.data[row]
            if state == _COMPLETE and not self._has_complete:
                self._restart(has_complete=True)
            if state == (_COMPLETE if self._has_complete else _PRUNED) and layout not in self._seen:
                self._seen.add(layout)
                self._add(history.tree.layouts[layout].distributions)
        self._n_seen = max(self._n_seen, n)

    def _add(self, distributions: dict[str, BaseDistribution]) -> None:
        for position, (name, distribution) in enumerate(distributions.items()):
            known = self._ranges.get(name)
            self._ranges[name] = distribution if known is None else hull([known, distribution])
            self._n_having[name] = self._n_having.get(name, 0) + 1
            self._positions[name] = self._positions.get(name, 0) + position
        self._known = None

    @property
    def space(self) -> SearchSpace:
        """The parameters, sorted by name; the same object until it changes."""
        return self._spaces()[0]

    @property
    def domain(self) -> Domain:
        """The parameters as the model sees them; there is at least one."""
        return domain_of(*self._spaces())

    @property
    def order(self) -> npt.NDArray[np.float64]:
        """(d,) the average position at which each parameter is asked for."""
        return np.array([self._positions[name] / self._n_having[name] for name in self.space])

    def _spaces(self) -> tuple[SearchSpace, frozenset[str]]:
        if self._known is None:
            space = SearchSpace((name, self._ranges[name]) for name in sorted(self._ranges)).without_singles()
            optional = frozenset(name for name in space if self._n_having[name] < len(self._seen))
            self._known = space, optional
        return self._known
