"""SearchSpace: parameters by name, in a fixed order, as one value that can be compared and used as a key."""

from __future__ import annotations

import math
from collections.abc import ItemsView, Iterable, Iterator, Mapping
from typing import Any

from optimist.distributions import BaseDistribution


class SearchSpace(Mapping[str, BaseDistribution]):
    """An ordered, immutable, hashable mapping from parameter names to distributions.

    Two spaces are equal if they hold the same parameters in the same order, for the order is that of columns. Against
    any other mapping the order does not count.

    Args:
        distributions: a mapping, or pairs of name and distribution; their order is kept.
    """

    __slots__ = ("_by_name", "_hash")

    def __init__(
        self, distributions: Mapping[str, BaseDistribution] | Iterable[tuple[str, BaseDistribution]] = ()
    ) -> None:
        self._by_name = dict(distributions)
        self._hash = hash(tuple(self._by_name.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """The parameter names in order."""
        return tuple(self._by_name)

    @property
    def cardinality(self) -> int | None:
        """The number of points: 1 for the empty space, None if there is no end to them."""
        counts = [distribution.cardinality for distribution in self._by_name.values()]
        return None if None in counts else math.prod(count for count in counts if count is not None)

    @property
    def is_finite(self) -> bool:
        """Whether every parameter has finitely many values."""
        return self.cardinality is not None

    def without_singles(self) -> SearchSpace:
        """Leave out the parameters that have only one value; this very space if there are none."""
        kept = {name: distribution for name, distribution in self._by_name.items() if not distribution.single()}
        return self if len(kept) == len(self._by_name) else SearchSpace(kept)

    def __getitem__(self, name: str) -> BaseDistribution:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def items(self) -> ItemsView[str, BaseDistribution]:
        """Pairs of name and distribution in order."""
        return self._by_name.items()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, SearchSpace):
            return self._hash == other._hash and list(self._by_name.items()) == list(other._by_name.items())
        return self._by_name == other if isinstance(other, Mapping) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return SearchSpace, (self._by_name,)  # the hash is computed anew, for it differs between processes

    def __repr__(self) -> str:
        return f"SearchSpace({self._by_name!r})"
