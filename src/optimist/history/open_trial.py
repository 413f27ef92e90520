"""OpenTrial: what an algorithm sees of a trial that is not finished."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from optimist.history.attributes import FIXED_PARAMS_KEY
from optimist.history.layout import Layout, internal_value
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState


@dataclass(frozen=True, slots=True)
class OpenTrial:
    """A waiting or running trial as it was when the view was taken.

    Attributes:
        number: Its number.
        state: WAITING or RUNNING.
        layout: The parameters it had.
        values: Their internal values, in the layout's order.
        reports: Intermediate value by step.
        system_attrs: By key.
        proposed: Internal values that the sampler of this process has proposed and the objective may yet ask for.
    """

    number: int
    state: TrialState
    layout: Layout
    values: tuple[Any, ...]
    reports: dict[int, float]
    system_attrs: dict[str, Any]
    proposed: Mapping[str, Any]

    def internal(self, name: str) -> Any:
        """The internal value of a parameter; None if the trial does not have it."""
        item = self.layout.items.get(name)
        return None if item is None else self.values[item[0]]

    def expected(self, space: SearchSpace) -> dict[str, Any] | None:
        """The internal values that the trial has, or will have, in a space; None as long as one of them is not known."""
        known = self.foreseen(space)
        return known if len(known) == len(space) else None

    def foreseen(self, space: SearchSpace) -> dict[str, Any]:
        """Those internal values that are known: the trial suggested them, the queue gave them, or the sampler proposed them."""
        given = self.system_attrs.get(FIXED_PARAMS_KEY, {})
        known: dict[str, Any] = {}
        for name, distribution in space.items():
            if name in self.layout.items:
                known[name] = self.internal(name)
            elif name in given:
                with suppress(TypeError, ValueError):  # not one of the choices: the trial will fail
                    known[name] = internal_value(distribution, given[name])
            elif name in self.proposed:
                known[name] = self.proposed[name]
        return known
