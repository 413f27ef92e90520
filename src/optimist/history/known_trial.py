"""KnownTrial: what trials have in common whose parameters are known beforehand."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    check_distribution_compatibility,
)
from optimist.exceptions import warn_user
from optimist.history.base_trial import CONSTRAINT_PREFIX, BaseTrial, checked_constraint
from optimist.history.confidence import Confidence


class KnownTrial(BaseTrial):
    """A trial that suggests the values it has, so that an objective can be called with it."""

    _params: dict[str, Any]
    _distributions: dict[str, BaseDistribution]
    _user_attrs: dict[str, Any]
    _system_attrs: dict[str, Any]

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
        default: float | None = None,
        confidence: Confidence | None = None,
    ) -> float:
        return float(self._suggest(name, FloatDistribution(low, high, log=log, step=step)))

    def suggest_int(
        self,
        name: str,
        low: int,
        high: int,
        *,
        step: int = 1,
        log: bool = False,
        default: int | None = None,
        confidence: Confidence | None = None,
    ) -> int:
        return int(self._suggest(name, IntDistribution(low, high, log=log, step=step)))

    def _suggest_choice(
        self, name: str, choices: Any, default: Any, confidence: Confidence | None, *, ordered: bool
    ) -> Any:
        return self._suggest(name, CategoricalDistribution(choices, ordered))

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name not in self._params:
            raise ValueError(self._missing(name))
        value = self._params[name]
        if name in self._distributions:
            check_distribution_compatibility(self._distributions[name], distribution)
        if not distribution._contains(distribution.to_internal_repr(value)):
            warn_user(f"Parameter {name!r} has the value {value!r}, which is not in {distribution}.")
        self._distributions[name] = distribution
        return value

    @abstractmethod
    def _missing(self, name: str) -> str:
        """What to say when a parameter is asked for that the trial does not have."""

    def report(self, value: float | dict[str, float], step: int) -> None:
        """Do nothing."""

    def should_prune(self) -> bool:
        """False."""
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        self._user_attrs[key] = value

    def set_constraint(self, key: str, value: float) -> None:
        self._system_attrs[CONSTRAINT_PREFIX + key] = checked_constraint(key, value)
