"""The tree of everything that an objective can ask for, as far as trials have shown it, and what of it is untried.

A branch is where a trial stands after some suggestions. What it asks for next expands the branch: it gets a child for
each value. Where trials ended, nothing is left; where nobody has been, one thing is left, until it turns out to be more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from optimist.distributions import BaseDistribution, json_to_distribution
from optimist.exceptions import InvalidSpaceError
from optimist.history.attributes import REFUSED_KEY
from optimist.history.history import History
from optimist.history.layout import Layout
from optimist.history.parameter_constraint import MAX_CELLS, ParameterConstraint
from optimist.numerics.urn import Urn
from optimist.search_space.numbering import ValueNumbers, value_numbers
from optimist.states import TrialState

Step = tuple[str, BaseDistribution, Any]  # a suggestion: name, distribution, internal value

_MAX_FAILURES: Final = 2  # a branch on which so many trials failed is given up


class Branch:
    """A node of the tree.

    Args:
        parent: The branch before; None for the root.
        index: The number of the value that leads here.

    Attributes:
        name: The parameter that it asks for; None as long as that is not known.
        n_left: How many combinations below it are untried, as far as is known.
        n_values: How many values the parameter has.
        unfinished: The numbers of those below which something is left.
    """

    __slots__ = (
        "_distribution",
        "_n_failures",
        "_numbers",
        "children",
        "index",
        "n_left",
        "name",
        "parent",
        "unfinished",
    )

    def __init__(self, parent: Branch | None = None, index: int = 0) -> None:
        self.parent = parent
        self.index = index
        self.name: str | None = None
        self.n_left = 1
        self.unfinished = _NONE
        self.children: dict[int, Branch] = {}
        self._distribution: BaseDistribution | None = None
        self._numbers: ValueNumbers | None = None
        self._n_failures = 0

    def expand(self, name: str, distribution: BaseDistribution) -> bool:
        """Note what is asked for here. What is known of values stays, where a range has changed.

        Returns:
            Whether that is new.

        Raises:
            ValueError: There is no end of values.
        """
        if name == self.name and distribution == self._distribution:
            return False
        numbers = value_numbers(name, distribution)
        children: dict[int, Branch] = {}
        if name == self.name and self._numbers is not None:
            for index, child in self.children.items():
                child.index = numbers.index(self._numbers.value(index))
                children[child.index] = child
            children.pop(-1, None)
        self.name, self._distribution, self._numbers, self.children = name, distribution, numbers, children
        self.unfinished = Urn(numbers.n)
        for index, child in children.items():
            if child.n_left == 0:
                self.unfinished.discard(index)
        self._leave(numbers.n - len(children) + sum(child.n_left for child in children.values()))
        return True

    def close(self, index: int) -> None:
        """Note that nothing is to be tried below the value of this number."""
        child = self.children.get(index)
        if child is None:
            child = self.children[index] = Branch(self, index)
        child._leave(0)

    def params(self) -> dict[str, Any]:
        """The parameters that lead here, as the user sees them."""
        steps: list[tuple[str, Any]] = []
        branch = self
        while branch.parent is not None:
            index, branch = branch.index, branch.parent
            assert branch.name is not None
            steps.append((branch.name, branch.external(index)))
        return dict(reversed(steps))

    def end(self, *, failed: bool) -> None:
        """Note that a trial ended here; if others went further, it only stopped early."""
        self._n_failures = self._n_failures + 1 if failed else _MAX_FAILURES
        if self.name is None:
            self._leave(0)

    def retry(self) -> None:
        """Open a branch again where all trials failed, but not yet too many of them."""
        if self.name is None and self._n_failures < _MAX_FAILURES:
            self._leave(1)

    def _leave(self, n_left: int) -> None:
        """Set what is left here, and so on all branches before."""
        branch = self
        while n_left != branch.n_left:
            change = n_left - branch.n_left
            branch.n_left = n_left
            parent = branch.parent
            if parent is None:
                return
            if n_left == 0:
                parent.unfinished.discard(branch.index)
            elif n_left == change:
                parent.unfinished.add(branch.index)
            branch, n_left = parent, parent.n_left + change

    def next(self, value: Any) -> Branch | None:
        """The branch that a value of the parameter leads to; None if it is none of its values."""
        assert self._numbers is not None
        index = self._numbers.index(value)
        if index < 0:
            return None
        child = self.children.get(index)
        if child is None:
            child = self.children[index] = Branch(self, index)
        return child

    def next_given(self, given: Any) -> Branch | None:
        """The same for a value as the user sees it."""
        assert self._distribution is not None
        try:
            return self.next(self._distribution.to_internal_repr(given))
        except ValueError:
            return None

    @property
    def n_values(self) -> int:
        return 0 if self._numbers is None else self._numbers.n

    def value(self, index: int) -> Any:
        """The internal value of a number."""
        assert self._numbers is not None
        return self._numbers.value(index)

    def external(self, index: int) -> Any:
        """The value of a number, as the user sees it."""
        assert self._distribution is not None
        return self._distribution.to_external_repr(self.value(index))


_NONE: Final = Urn()  # shared by all branches that are not expanded


class BranchTree:
    """The tracker that holds the tree.

    Args:
        pinned: Parameters that are fixed, and so no part of the tree; trials with other values of them do not count.
        constraint: Below what it forbids nothing is left.

    Attributes:
        root: Where trials begin.
    """

    def __init__(self, pinned: Mapping[str, Any], constraint: ParameterConstraint | None = None) -> None:
        self.root = Branch()
        self._pinned = pinned
        self._constraint = constraint
        self._failed: list[Branch] = []
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            layout = history.tree.layouts[history.layout.data[row]]
            branch = self.follow(_steps(layout, [column.data[row] for column in layout.columns]))
            if branch is not None:
                refused = history.row_attrs.get(row, ({}, {}))[1].get(REFUSED_KEY, {}) if self._constraint else {}
                for name, text in refused.items():
                    self.expand(branch, name, json_to_distribution(text))
                failed = history.state.data[row] == TrialState.FAIL
                branch.end(failed=failed)
                if failed:
                    self._failed.append(branch)
            if self.root.n_left == 0:  # failed trials are made up for when all others are done
                for branch in self._failed:
                    branch.retry()
                self._failed.clear()
        self._n_seen = max(self._n_seen, n)

    def expand(self, branch: Branch, name: str, distribution: BaseDistribution) -> None:
        """Note what is asked for at a branch; see ``Branch.expand``. What the constraint forbids is closed.

        Raises:
            ValueError: There is no end of values.
        """
        if not branch.expand(name, distribution) or self._constraint is None or branch.n_values > MAX_CELLS:
            return
        params = {**self._pinned, **branch.params()}
        for index in range(branch.n_values):
            if self._constraint.judge({**params, name: branch.external(index)}) is False:
                branch.close(index)

    def follow(self, steps: Iterable[Step]) -> Branch | None:
        """Where these suggestions lead; None if a value, or an infinite range, leads out of the tree.

        What they ask for expands the tree.
        """
        branch: Branch | None = self.root
        for name, distribution, value in steps:
            if name in self._pinned:
                if distribution.to_external_repr(value) != self._pinned[name]:
                    return None
                continue
            assert branch is not None
            try:
                self.expand(branch, name, distribution)
            except InvalidSpaceError:
                return None
            branch = branch.next(value)
            if branch is None:
                return None
        return branch

    def follow_open(
        self, layout: Layout, values: Iterable[Any], expected: Mapping[str, Any], given: Mapping[str, Any]
    ) -> Branch | None:
        """Where an open trial stands, or will stand as far as that is known.

        Args:
            layout: What it has suggested.
            values: Internal values of these.
            expected: Internal values of what it will suggest.
            given: Values of what it will suggest, as the user sees them.
        """
        branch = self.follow(_steps(layout, values))
        while branch is not None:
            name = branch.name
            if name is not None and name in given:
                branch = branch.next_given(given[name])
            elif name is not None and name in expected:
                branch = branch.next(expected[name])
            else:
                break
        return branch


def _steps(layout: Layout, values: Iterable[Any]) -> Iterator[Step]:
    return ((edge.name, edge.distribution, value) for edge, value in zip(layout.path(), values, strict=False))
