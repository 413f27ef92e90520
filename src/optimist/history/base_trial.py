"""BaseTrial: what every kind of trial offers to an objective."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeVar, overload

from optimist.distributions import BaseDistribution
from optimist.history.confidence import Confidence

CategoricalChoice = None | bool | int | float | str
ChoiceT = TypeVar("ChoiceT", bound=CategoricalChoice)

UNSET: Final = object()
"""In place of a value: none is given, or none is known. None may be a choice."""

CONSTRAINT_PREFIX = "constraints:"
"""A constraint is kept as the system attribute of this prefix and its key."""


class BaseTrial(ABC):
    """One experiment, seen by the objective: it suggests parameters and takes reports."""

    @abstractmethod
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
        """Suggest a value for a floating point parameter.

        Args:
            name: The parameter's name, the same in every trial.
            low: Lower end of the range, inclusive.
            high: Upper end of the range, inclusive.
            step: Spacing of the allowed values ``low, low + step, ...``; not together with ``log``.
            log: Search in the logarithm; needs ``low > 0``. Right for scales such as learning rates.
            default: The recommended value. The first trial of a study tries the defaults, and models search around them
                first; what trials show soon outweighs that.
            confidence: How sure the recommended value is, from 0 (try it, no more) to 1; or "low" (0.25), "medium" (0.5,
                which is what None stands for) or "high" (0.9).

        Raises:
            ValueError: The range is empty or not allowed, or the name was used with another kind of parameter.
        """

    @abstractmethod
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
        """Suggest a value for an integer parameter; arguments as in :meth:`suggest_float`, both ends inclusive."""

    @overload
    def suggest_categorical(
        self,
        name: str,
        choices: Sequence[None],
        *,
        default: None = ...,
        ordered: bool = ...,
        confidence: Confidence | None = ...,
    ) -> None: ...
    @overload
    def suggest_categorical(
        self,
        name: str,
        choices: Sequence[bool],
        *,
        default: bool = ...,
        ordered: bool = ...,
        confidence: Confidence | None = ...,
    ) -> bool: ...
    @overload
    def suggest_categorical(
        self,
        name: str,
        choices: Sequence[int],
        *,
        default: int = ...,
        ordered: bool = ...,
        confidence: Confidence | None = ...,
    ) -> int: ...
    @overload
    def suggest_categorical(
        self,
        name: str,
        choices: Sequence[float],
        *,
        default: float = ...,
        ordered: bool = ...,
        confidence: Confidence | None = ...,
    ) -> float: ...
    @overload
    def suggest_categorical(
        self,
        name: str,
        choices: Sequence[str],
        *,
        default: str = ...,
        ordered: bool = ...,
        confidence: Confidence | None = ...,
    ) -> str: ...
    @overload
    def suggest_categorical(
        self,
        name: str,
        choices: Sequence[CategoricalChoice],
        *,
        default: CategoricalChoice = ...,
        ordered: bool = ...,
        confidence: Confidence | None = ...,
    ) -> CategoricalChoice: ...
    def suggest_categorical(
        self,
        name: str,
        choices: Any,
        *,
        default: Any = UNSET,
        ordered: bool = False,
        confidence: Confidence | None = None,
    ) -> Any:
        """Suggest one of ``choices``: None, booleans, numbers or strings, the same in every trial.

        Args:
            name: The parameter's name, the same in every trial.
            choices: What to choose from; at least one.
            default: The recommended choice; see :meth:`suggest_float`, for ``confidence`` as well.
            ordered: Whether the choices stand in order, such as "small", "medium", "large"; models then take neighbours for
                alike, and random search makes no difference.

        Raises:
            ValueError: There are no choices, or others than before, or the name was used for another kind.
        """
        return self._suggest_choice(name, choices, default, confidence, ordered=ordered)

    def _suggest_choice(
        self, name: str, choices: Any, default: Any, confidence: Confidence | None, *, ordered: bool
    ) -> Any:
        """What ``suggest_categorical`` does; apart from it, so that its overloads are written once."""
        raise NotImplementedError

    @abstractmethod
    def report(self, value: float | dict[str, float], step: int) -> None:
        """Report an intermediate value of the objective, such as the accuracy after an epoch; or several, by name."""

    @abstractmethod
    def should_prune(self) -> bool:
        """Say whether the pruner judges the trial hopeless; then raise ``TrialPruned``."""

    @abstractmethod
    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a JSON-serialisable note with the trial."""

    @abstractmethod
    def set_constraint(self, key: str, value: float) -> None:
        """Report a constraint: the trial is feasible if every constraint's value is at most 0.

        Raises:
            ValueError: ``value`` is NaN.
        """

    @property
    def budget(self) -> int | None:
        """How many steps, such as epochs, the trial may run, those before its checkpoint included; None for no limit.

        Only a :class:`PromotionPruner` sets limits.
        """
        return None

    @property
    @abstractmethod
    def number(self) -> int:
        """The trial's number in its study: 0, 1, 2, ..."""

    @property
    @abstractmethod
    def params(self) -> dict[str, Any]:
        """The values suggested so far, by name."""

    @property
    @abstractmethod
    def distributions(self) -> dict[str, BaseDistribution]:
        """The distributions of the parameters suggested so far, by name."""

    @property
    @abstractmethod
    def user_attrs(self) -> dict[str, Any]:
        """The notes kept with the trial."""

    @property
    @abstractmethod
    def constraints(self) -> dict[str, float]:
        """The constraints reported so far, by key."""

    @property
    @abstractmethod
    def datetime_start(self) -> datetime | None:
        """When the trial started: local time, without a time zone."""

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """Deprecated: use :meth:`suggest_float`."""
        _warn_deprecated("suggest_uniform", "suggest_float(name, low, high)")
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """Deprecated: use :meth:`suggest_float` with ``log=True``."""
        _warn_deprecated("suggest_loguniform", "suggest_float(name, low, high, log=True)")
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """Deprecated: use :meth:`suggest_float` with ``step``."""
        _warn_deprecated("suggest_discrete_uniform", "suggest_float(name, low, high, step=q)")
        return self.suggest_float(name, low, high, step=q)


def read_constraints(system_attrs: dict[str, Any]) -> dict[str, float]:
    """Collect the constraints out of a trial's system attributes.

    The older form, one list under ``constraints``, is read as the keys "0", "1", ...
    """
    constraints = {
        key.removeprefix(CONSTRAINT_PREFIX): value
        for key, value in system_attrs.items()
        if key.startswith(CONSTRAINT_PREFIX)
    }
    if not constraints and system_attrs.get("constraints") is not None:
        constraints = {str(i): value for i, value in enumerate(system_attrs["constraints"])}
    return constraints


def checked_constraint(key: str, value: float) -> float:
    """Convert a constraint value to float, refusing NaN."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"Constraint {key!r} must be a number, but got {value!r} ({type(value).__name__}).") from None
    if math.isnan(value):
        raise ValueError(
            f"Constraint {key!r} must be a number, but got NaN. Report a positive value if it is violated."
        )
    return value


def _warn_deprecated(name: str, instead: str) -> None:
    warnings.warn(f"{name} is deprecated; use {instead}.", FutureWarning, stacklevel=3)
