"""Groups: a conditional search space taken apart into parameters that always come together.

If some trials have (x, y) and others (x, z), the groups are (x), (y) and (z); within a group every trial has all the
parameters or none, so that a model of the group can use each trial that has it.
"""

from __future__ import annotations

from collections.abc import Iterable

from optimist.distributions import BaseDistribution
from optimist.search_space.space import SearchSpace


class Groups:
    """The coarsest such grouping for the trials added so far. Groups split as trials come in, and never merge."""

    def __init__(self) -> None:
        self._groups: list[frozenset[str]] = []
        self._distributions: dict[str, BaseDistribution] = {}
        self._seen: set[frozenset[str]] = set()
        self._last_layout: object = None
        self._spaces: tuple[SearchSpace, ...] | None = ()

    def add(self, layout: Iterable[tuple[str, BaseDistribution]]) -> None:
        """Take in the parameters of a trial. The same tuple twice in a row costs nothing.

        A parameter's distribution is the one that was added last, where ranges change between trials.
        """
        if layout is self._last_layout:
            return
        self._last_layout = layout
        by_name = dict(layout)
        for name, distribution in by_name.items():
            if self._distributions.get(name) != distribution:
                self._distributions[name] = distribution
                self._spaces = None
        names = frozenset(by_name)
        if names not in self._seen:
            self._seen.add(names)
            self._split(names)
            self._spaces = None

    def _split(self, names: frozenset[str]) -> None:
        parts = [part for group in self._groups for part in (group & names, group - names)]
        parts.append(names.difference(*self._groups))
        self._groups = [part for part in parts if part]

    @property
    def spaces(self) -> tuple[SearchSpace, ...]:
        """One space per group, sorted by name within; the same objects until something changes."""
        if self._spaces is None:
            self._spaces = tuple(
                SearchSpace((name, self._distributions[name]) for name in sorted(group)) for group in self._groups
            )
        return self._spaces
