"""Whole finished trials on their way into a history, many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optimist.distributions import BaseDistribution
from optimist.exceptions import InvalidSpaceError
from optimist.history.draft import SpaceParams, TrialChange
from optimist.history.layout import Layout, LayoutTree
from optimist.states import TrialState

Space = tuple[tuple[str, BaseDistribution], ...]


@dataclass(frozen=True, slots=True)
class WholeTrial:
    """A finished trial of which one change says everything.

    Attributes:
        layout: Its parameters.
        params: Their internal values.
        state: How it finished.
        change: All else.
    """

    layout: Layout
    params: list[Any]
    state: TrialState
    change: TrialChange


class Batch:
    """Gathers the whole trials among the changes of a store.

    Args:
        tree: The layouts of the study.
    """

    def __init__(self, tree: LayoutTree) -> None:
        self._tree = tree
        self._trials: dict[int, WholeTrial] = {}
        self._layouts: dict[int, tuple[Space, Layout | None]] = {}  # by identity of the space, which is kept alive

    def add(self, change: TrialChange) -> bool:
        """Gather a change about a trial that the history does not know; False if it must be taken step by step."""
        params, state = change.params, change.state
        if not isinstance(params, SpaceParams) or state is None or not state.is_finished():
            return False
        found = self._layouts.get(id(params.space))
        if found is None:
            found = self._layouts[id(params.space)] = (params.space, self._layout_of(params.space))
        layout = found[1]
        if layout is None:
            return False
        self._trials.setdefault(change.number, WholeTrial(layout, params.values, state, change))
        return True

    def take(self) -> list[WholeTrial]:
        """What was gathered since the last call, in order."""
        trials = list(self._trials.values())
        self._trials.clear()
        return trials

    def _layout_of(self, space: Space) -> Layout | None:
        """The layout of a space; None if it has a name twice, or one that stands for something else in the study."""
        distributions = dict(space)
        if len(distributions) < len(space):
            return None
        try:
            return self._tree.layout_of(distributions)
        except InvalidSpaceError:
            return None
