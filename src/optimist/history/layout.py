"""Layouts: which parameters a trial asked for, in which order, with which distributions.

Trials of one objective mostly ask for the same parameters in the same order. The layouts of a study form a tree: the
root is empty, and each edge is one suggestion. A running trial walks down the tree; the walk validates a suggestion
that was seen before with one dictionary look-up, and where it ends is all a finished trial has to remember.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    check_distribution_compatibility,
)
from optimist.history.columns import FLOAT, INT, Column
from optimist.search_space.quantile import quantile_function


class Edge:
    """One suggestion as seen from the layout before it.

    Attributes:
        signature: What the user wrote, to recognise the same call (see ``BaseTrial.suggest_float``).
        name: The parameter.
        distribution: Its distribution.
        quantile: Maps a uniform number in [0, 1) to an internal value; the law of random search.
        choices: The choices of a categorical parameter, else None (then internal and external values are the same).
        target: The layout after the suggestion.
    """

    __slots__ = ("choices", "distribution", "name", "quantile", "signature", "target")

    def __init__(self, signature: object, name: str, distribution: BaseDistribution, target: Layout) -> None:
        self.signature = signature
        self.name = name
        self.distribution = distribution
        self.quantile: Callable[[float], Any] = quantile_function(distribution)
        self.choices: tuple[Any, ...] | None = None
        if isinstance(distribution, CategoricalDistribution):
            self.choices = distribution.choices
        self.target = target

    def external(self, internal: Any) -> Any:
        """Translate an internal value into what the user sees."""
        return internal if self.choices is None else self.choices[int(internal)]


class Layout:
    """A node of the tree: the parameters suggested so far.

    Attributes:
        index: Position in ``LayoutTree.layouts``; what the history's layout column holds.
        edges: The next suggestions by parameter name, as they were made last.
    """

    __slots__ = ("_items", "children", "column", "columns", "depth", "edge", "edges", "index", "parent")

    def __init__(self, index: int, parent: Layout | None, column: Column | None) -> None:
        self.index = index
        self.parent = parent
        self.column = column
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.columns: tuple[Column, ...] = ()
        if parent is not None and column is not None:
            self.columns = (*parent.columns, column)
        self.edge: Edge | None = None  # the edge that leads here
        self.edges: dict[str, Edge] = {}
        self.children: dict[tuple[str, BaseDistribution], Layout] = {}
        self._items: dict[str, tuple[int, Edge]] | None = None

    @property
    def items(self) -> dict[str, tuple[int, Edge]]:
        """Parameter name -> (position in the trial's value list, edge), in order of suggestion."""
        if self._items is None:
            edges: list[Edge] = []
            node: Layout | None = self
            while node is not None and node.edge is not None:
                edges.append(node.edge)
                node = node.parent
            self._items = {edge.name: (i, edge) for i, edge in enumerate(reversed(edges))}
        return self._items

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """The distributions by parameter name, in order of suggestion."""
        return {name: edge.distribution for name, (_, edge) in self.items.items()}

    def params(self, values: list[Any]) -> dict[str, Any]:
        """External values by name, from the internal values in order of suggestion."""
        return {
            edge.name: value if edge.choices is None else edge.choices[int(value)]
            for value, (_, edge) in zip(values, self.items.values(), strict=False)
        }


class LayoutTree:
    """All layouts of a study, and the value columns that they share: one per parameter name.

    A name keeps its kind (float, integer, categorical with the same choices) for the life of the study; ranges may
    change between trials.
    """

    def __init__(self) -> None:
        self.root: Final = Layout(0, None, None)
        self.layouts: list[Layout] = [self.root]
        self.columns: dict[str, Column] = {}
        self._first: dict[str, BaseDistribution] = {}

    def extend(self, node: Layout, name: str, distribution: BaseDistribution, signature: object = None) -> Edge:
        """Find or make the edge from ``node`` that suggests ``name`` from ``distribution``.

        Raises:
            ValueError: The name was used with another kind of distribution, or with other choices.
        """
        column = self._column(name, distribution)
        key = (name, distribution)
        child = node.children.get(key)
        if child is None:
            child = Layout(len(self.layouts), node, column)
            child.edge = Edge(signature, name, distribution, child)
            node.children[key] = child
            self.layouts.append(child)
        edge = child.edge
        assert edge is not None
        if signature is not None:
            edge.signature = signature
            node.edges[name] = edge
        return edge

    def layout_of(self, distributions: dict[str, BaseDistribution]) -> Layout:
        """The layout of a whole trial, parameters in the order of the mapping."""
        node = self.root
        for name, distribution in distributions.items():
            node = self.extend(node, name, distribution).target
        return node

    def _column(self, name: str, distribution: BaseDistribution) -> Column:
        first = self._first.setdefault(name, distribution)
        if first is not distribution:
            check_distribution_compatibility(first, distribution)
        column = self.columns.get(name)
        if column is None:
            column = self.columns[name] = Column(kind_of(distribution))
        return column


def kind_of(distribution: BaseDistribution) -> type:
    """The column type of a distribution: integers and choice indices are exact int64, the rest float64."""
    return FLOAT if isinstance(distribution, FloatDistribution) else INT


def internal_value(distribution: BaseDistribution, external: Any) -> float | int:
    """Translate a user's value into what columns hold: a float, an int, or the index of a choice.

    Raises:
        ValueError: The distribution is categorical and has no such choice.
    """
    if isinstance(distribution, CategoricalDistribution):
        return int(distribution.to_internal_repr(external))
    return float(external) if isinstance(distribution, FloatDistribution) else int(external)
