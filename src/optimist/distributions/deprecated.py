"""The five classes of Optuna 2. They differ from today's in name and JSON form only."""

from __future__ import annotations

from typing import Any

from optimist.distributions.base import BaseDistribution
from optimist.distributions.floats import FloatDistribution
from optimist.distributions.integers import IntDistribution
from optimist.exceptions import warn_user


def _warn_deprecated(name: str, replacement: str) -> None:
    warn_user(f"{name} is deprecated since Optuna 3. Use {replacement} instead.", FutureWarning)


class UniformDistribution(FloatDistribution):
    """Deprecated: use ``FloatDistribution(low, high)``."""

    __slots__ = ()

    def __init__(self, low: float, high: float) -> None:
        _warn_deprecated("UniformDistribution", "FloatDistribution(low, high)")
        super().__init__(low, high)

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


class LogUniformDistribution(FloatDistribution):
    """Deprecated: use ``FloatDistribution(low, high, log=True)``."""

    __slots__ = ()

    def __init__(self, low: float, high: float) -> None:
        _warn_deprecated("LogUniformDistribution", "FloatDistribution(low, high, log=True)")
        super().__init__(low, high, log=True)

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


class DiscreteUniformDistribution(FloatDistribution):
    """Deprecated: use ``FloatDistribution(low, high, step=q)``."""

    __slots__ = ()

    def __init__(self, low: float, high: float, q: float) -> None:
        _warn_deprecated("DiscreteUniformDistribution", "FloatDistribution(low, high, step=q)")
        super().__init__(low, high, step=q)

    @property
    def q(self) -> float:
        """The step."""
        assert self.step is not None
        return self.step

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "q": self.step}


class IntUniformDistribution(IntDistribution):
    """Deprecated: use ``IntDistribution(low, high, step=step)``."""

    __slots__ = ()

    def __init__(self, low: int, high: int, step: int = 1) -> None:
        _warn_deprecated("IntUniformDistribution", "IntDistribution(low, high, step=step)")
        super().__init__(low, high, step=step)

    def _asdict(self) -> dict[str, Any]:
        return {"step": self.step, "low": self.low, "high": self.high}


class IntLogUniformDistribution(IntDistribution):
    """Deprecated: use ``IntDistribution(low, high, log=True)``."""

    __slots__ = ()

    def __init__(self, low: int, high: int, step: int = 1) -> None:
        _warn_deprecated("IntLogUniformDistribution", "IntDistribution(low, high, log=True)")
        super().__init__(low, high, log=True, step=step)

    def _asdict(self) -> dict[str, Any]:
        return {"step": self.step, "low": self.low, "high": self.high}


def replace_deprecated(distribution: BaseDistribution) -> BaseDistribution:
    """Return the modern distribution of the same values; any that is not deprecated comes back as it is."""
    if isinstance(distribution, (UniformDistribution, LogUniformDistribution, DiscreteUniformDistribution)):
        return FloatDistribution(distribution.low, distribution.high, distribution.log, distribution.step)
    if isinstance(distribution, (IntUniformDistribution, IntLogUniformDistribution)):
        return IntDistribution(distribution.low, distribution.high, distribution.log, distribution.step)
    return distribution
