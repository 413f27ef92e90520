"""Layouts: which parameters a trial asked for, in which order, with which distributions.

Trials of one objective mostly ask for the same parameters in the same order. The layouts of a study form a tree: the
root is empty, and each edge is one suggestion. A running trial walks down the tree; the walk validates a suggestion
that was seen before with one dictionary look-up, and where it ends is all a finished trial has to remember.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
        tree: The tree it belongs to.
        index: Position in ``LayoutTree.layouts``; what the history's layout column holds.
        parent: The layout before the last suggestion; None for the root.
        edge: The last suggestion; None for the root.
        edges: The next suggestions by parameter name, as they were made last.
        children: The layouts one suggestion further.
    """

    __slots__ = ("_columns", "_items", "children", "edge", "edges", "index", "parent", "tree")

    def __init__(self, tree: LayoutTree, index: int, parent: Layout | None) -> None:
        self.tree = tree
        self.index = index
        self.parent = parent
        self.edge: Edge | None = None
        self.edges: dict[str, Edge] = {}
        self.children: dict[tuple[Any, ...], Layout] = {}
        self._columns: tuple[Column, ...] | None = None
        self._items: dict[str, tuple[int, Edge]] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _layout_at, (self.tree, self.index)

    def path(self) -> list[Edge]:
        """The suggestions from the root to here, in order."""
        edges: list[Edge] = []
        node: Layout | None = self
        while node is not None and node.edge is not None:
            edges.append(node.edge)
            node = node.parent
        edges.reverse()
        return edges

    def find(self, name: str) -> Edge | None:
        """The suggestion of a parameter; None if it is not among them. For layouts that are only passed through."""
        node: Layout | None = self
        while node is not None and node.edge is not None:
            if node.edge.name == name:
                return node.edge
            node = node.parent
        return None

    @property
    def items(self) -> dict[str, tuple[int, Edge]]:
        """Parameter name -> (position in the trial's value list, edge), in order of suggestion."""
        if self._items is None:
            self._items = {edge.name: (i, edge) for i, edge in enumerate(self.path())}
        return self._items

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the parameters, in order of suggestion."""
        if self._columns is None:
            self._columns = tuple(self.tree.columns[edge.name] for edge in self.path())
        return self._columns

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """The distributions by parameter name, in order of suggestion."""
        return {edge.name: edge.distribution for edge in self.path()}

    def params(self, values: list[Any]) -> dict[str, Any]:
        """External values by name, from the internal values in order of suggestion."""
        return {
            edge.name: value if edge.choices is None else edge.choices[int(value)]
            for value, edge in zip(values, self.path(), strict=False)
        }


class LayoutTree:
    """All layouts of a study, and the value columns that they share: one per parameter name.

    A name keeps its kind (float, integer, categorical with the same choices) for the life of the study; ranges may
    change between trials.
    """

    def __init__(self) -> None:
        self.root: Final = Layout(self, 0, None)
        self.layouts: list[Layout] = [self.root]
        self.columns: dict[str, Column] = {}
        self._first: dict[str, BaseDistribution] = {}

    def __getstate__(self) -> dict[str, Any]:
        # A list instead of the tree itself: pickling follows links recursively, and layouts may be hundreds deep.
        path = [
            (layout.parent.index, layout.edge.name, layout.edge.distribution)
            for layout in self.layouts
            if layout.parent is not None and layout.edge is not None
        ]
        return {"columns": self.columns, "path": path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]
        self.columns = state["columns"]
        for parent, name, distribution in state["path"]:
            self.extend(self.layouts[parent], name, distribution)

    def extend(self, node: Layout, name: str, distribution: BaseDistribution, signature: object = None) -> Edge:
        """Find or make the edge from ``node`` that suggests ``name`` from ``distribution``.

        A node of another tree stands for the node of this tree with the same suggestions.

        Raises:
            ValueError: The name was used with another kind of distribution, or with other choices.
        """
        self._check_kind(name, distribution)
        if node.tree is not self:
            node = self.layout_of(node.distributions)
        key: tuple[Any, ...] = (name, distribution)
        if isinstance(distribution, CategoricalDistribution):  # 1 == 1.0, but the user gets back what they wrote
            key += tuple(map(type, distribution.choices))
        child = node.children.get(key)
        if child is None:
            child = Layout(self, len(self.layouts), node)
            child.edge = Edge(signature, name, distribution, child)
            node.children[key] = child
            self.layouts.append(child)
        edge = child.edge
        assert edge is not None
        if signature is not None:
            edge.signature = signature
            node.edges[name] = edge
        return edge

    def layout_of(self, distributions: Mapping[str, BaseDistribution]) -> Layout:
        """The layout of a whole trial, parameters in the order of the mapping."""
        node = self.root
        for name, distribution in distributions.items():
            node = self.extend(node, name, distribution).target
        return node

    def kind(self, name: str) -> BaseDistribution | None:
        """The distribution that a parameter had first, which says what kind it is; None if it is new."""
        return self._first.get(name)

    def _check_kind(self, name: str, distribution: BaseDistribution) -> None:
        first = self._first.setdefault(name, distribution)
        if first is not distribution:
            check_distribution_compatibility(first, distribution)
        if name not in self.columns:
            self.columns[name] = Column(kind_of(distribution))


def _layout_at(tree: LayoutTree, index: int) -> Layout:
    return tree.layouts[index]


def kind_of(distribution: BaseDistribution) -> str:
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
