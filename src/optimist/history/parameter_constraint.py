"""The parameter constraint of a study: a rule over parameters that no proposal may break.

It is a plain function over a dictionary of parameters as the user sees them. Where an objective asks for its parameters one
by one, it is called with those known so far: if it looks up one that is not there yet, it cannot tell, and is called again
when that one is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from optimist.distributions import BaseDistribution

Predicate = Callable[[dict[str, Any]], bool]

MAX_CELLS: Final = 50_000
"""A finite space of at most so many points is looked through once, so that forbidden ones count as done."""


class NotKnownYet(KeyError):
    """The constraint looked up a parameter that is not known yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Asked(dict[str, Any]):
    """Parameters that tell which one was looked up and is missing."""

    def __missing__(self, name: str) -> Any:
        raise NotKnownYet(name)


class ParameterConstraint:
    """A user's rule, as samplers ask it.

    Args:
        predicate: Takes parameters by name, returns whether the objective may be called with them.

    Raises:
        TypeError: It is no function.
    """

    def __init__(self, predicate: Predicate) -> None:
        if not callable(predicate):
            raise TypeError(
                f"parameter_constraint must be a function that takes a dictionary of parameters, but got {predicate!r}."
            )
        self.predicate = predicate

    def judge(self, params: Mapping[str, Any]) -> bool | str:
        """Say whether parameters are allowed; if that cannot be told yet, the name of a parameter that is needed.

        Args:
            params: Values as the user sees them. The function gets a dictionary of its own.
        """
        try:
            return bool(self.predicate(_Asked(params)))
        except NotKnownYet as missing:
            return missing.name

    def forbids(self, space: Mapping[str, BaseDistribution], values: Mapping[str, Any]) -> bool:
        """Whether internal values of some parameters are forbidden; False if that cannot be told yet."""
        return self.judge({name: space[name].to_external_repr(value) for name, value in values.items()}) is False
