"""The range that each parameter had last, kept from trial to trial."""

from __future__ import annotations

from optimist.distributions import BaseDistribution, json_to_distribution
from optimist.history.attributes import REFUSED_KEY
from optimist.history.history import History


class LatestRanges:
    """The distribution of each parameter in the latest finished trial that asked for it. A tracker of the history.

    Attributes:
        by_name: Parameters that a trial asked for without getting a value included.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, BaseDistribution] = {}
        self._n_seen = 0
        self._layout = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            layout = int(history.layout.data[row])
            if layout != self._layout:
                self._layout = layout
                self.by_name.update(history.tree.layouts[layout].distributions)
            refused = history.row_attrs.get(row, ({}, {}))[1].get(REFUSED_KEY)
            if refused:
                self.by_name.update({name: json_to_distribution(text) for name, text in refused.items()})
        self._n_seen = max(self._n_seen, n)
