"""FixedTrial: a trial with given parameters, to call an objective without a study."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Sequence
from typing import Any, overload

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    check_distribution_compatibility,
)
from optimist.history.base_trial import CONSTRAINT_PREFIX, BaseTrial, CategoricalChoice, read_constraints
from optimist.history.records import checked_constraint


class FixedTrial(BaseTrial):
    """A trial that suggests the parameters it was made with.

    Args:
        params: The values by parameter name.
        number: What ``number`` shall say.
    """

    def __init__(self, params: dict[str, Any], number: int = 0) -> None:
        self._params = params
        self._number = number
        self._suggested: dict[str, Any] = {}
        self._distributions: dict[str, BaseDistribution] = {}
        self._user_attrs: dict[str, Any] = {}
        self._system_attrs: dict[str, Any] = {}
        self._datetime_start = datetime.datetime.now()  # noqa: DTZ005  local, as all times of a trial

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
        default: float | None = None,
    ) -> float:
        return float(self._suggest(name, FloatDistribution(low, high, log=log, step=step)))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False, default: int | None = None
    ) -> int:
        return int(self._suggest(name, IntDistribution(low, high, log=log, step=step)))

    @overload
    def suggest_categorical(self, name: str, choices: Sequence[None], *, default: None = ...) -> None: ...
    @overload
    def suggest_categorical(self, name: str, choices: Sequence[bool], *, default: bool = ...) -> bool: ...
    @overload
    def suggest_categorical(self, name: str, choices: Sequence[int], *, default: int = ...) -> int: ...
    @overload
    def suggest_categorical(self, name: str, choices: Sequence[float], *, default: float = ...) -> float: ...
    @overload
    def suggest_categorical(self, name: str, choices: Sequence[str], *, default: str = ...) -> str: ...
    @overload
    def suggest_categorical(
        self, name: str, choices: Sequence[CategoricalChoice], *, default: CategoricalChoice = ...
    ) -> CategoricalChoice: ...
    def suggest_categorical(self, name: str, choices: Any, *, default: Any = None) -> Any:
        return self._suggest(name, CategoricalDistribution(choices))

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name not in self._params:
            raise ValueError(
                f"The FixedTrial has no value for the parameter {name!r}. Give one: FixedTrial({{{name!r}: ..., ...}})."
            )
        value = self._params[name]
        if name in self._distributions:
            check_distribution_compatibility(self._distributions[name], distribution)
        if not distribution._contains(distribution.to_internal_repr(value)):
            warnings.warn(f"Parameter {name!r} has the value {value!r}, which is not in {distribution}.", stacklevel=3)
        self._distributions[name] = distribution
        self._suggested[name] = value
        return value

    def report(self, value: float, step: int) -> None:
        """Do nothing."""

    def should_prune(self) -> bool:
        """False."""
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        self._user_attrs[key] = value

    def set_constraint(self, key: str, value: float) -> None:
        self._system_attrs[CONSTRAINT_PREFIX + key] = checked_constraint(key, value)

    @property
    def number(self) -> int:
        return self._number

    @property
    def params(self) -> dict[str, Any]:
        return self._suggested

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return self._distributions

    @property
    def user_attrs(self) -> dict[str, Any]:
        return self._user_attrs

    @property
    def system_attrs(self) -> dict[str, Any]:
        """Notes of the library; constraints are kept here."""
        return self._system_attrs

    @property
    def constraints(self) -> dict[str, float]:
        return read_constraints(self._system_attrs)

    @property
    def datetime_start(self) -> datetime.datetime | None:
        return self._datetime_start
