"""The groups of parameters that always come together, kept from trial to trial."""

from __future__ import annotations

from optimist.history.history import History
from optimist.search_space.groups import Groups
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState

_FINISHED = (int(TrialState.COMPLETE), int(TrialState.PRUNED))


class GroupSpaces:
    """The groups of the complete and pruned trials, as a tracker of the history."""

    def __init__(self) -> None:
        self._groups = Groups()
        self._seen: set[int] = set()
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        layout, state = history.layout.data, history.state.data
        for row in range(self._n_seen, n):
            if layout[row] not in self._seen and state[row] in _FINISHED:
                self._seen.add(layout[row])
                self._groups.add(tuple(history.tree.layouts[layout[row]].distributions.items()))
        self._n_seen = max(self._n_seen, n)

    @property
    def spaces(self) -> tuple[SearchSpace, ...]:
        """One space per group, in the order in which they were found."""
        return self._groups.spaces
