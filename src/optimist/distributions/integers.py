"""Integers from a range: evenly spaced or logarithmic."""

from __future__ import annotations

import operator
from typing import Any

from optimist.distributions.base import BaseDistribution, ImmutableDistribution, set_once
from optimist.distributions.bounds import int64, parse_float, warn_of_high
from optimist.exceptions import InvalidSpaceError


class IntDistribution(ImmutableDistribution):
    """Integers between ``low`` and ``high``, both included, within the 64 bits that stores can keep.

    Args:
        low: the smallest value; at least 1 if ``log``.
        high: the largest value. If ``step`` does not divide the range, the last value on the grid below it, with
            a warning.
        log: whether values are spread evenly over orders of magnitude; only with ``step=1``.
        step: the distance of neighbouring values, counted from ``low``.

    Raises:
        ValueError: the range is empty or not within 64 bits, or the options contradict each other.
        TypeError: a bound or step that is not a number.
    """

    __slots__ = ("high", "log", "low", "step")
    low: int
    high: int
    log: bool
    step: int

    def __init__(self, low: int, high: int, log: bool = False, step: int = 1) -> None:
        low, high, step, log = int64("low", low), int64("high", high), int64("step", step), bool(log)
        if log and step != 1:
            raise InvalidSpaceError(f"log=True needs step=1, but step={step!r}. Drop one of them.")
        if low > high:
            raise InvalidSpaceError(f"low must not exceed high, but low={low!r} and high={high!r}.")
        if log and low < 1:
            raise InvalidSpaceError(f"log=True needs low >= 1, but low={low!r}. Use low=1 or drop log.")
        if step <= 0:
            raise InvalidSpaceError(f"step must be above 0, but step={step!r}.")
        rest = (high - low) % step
        if rest:
            warn_of_high(low, high, step, high - rest)
            high -= rest
        self._fill(low, high, log, step)

    def _fill(self, low: int, high: int, log: bool, step: int) -> None:
        set_once(self, "low", low)
        set_once(self, "high", high)
        set_once(self, "log", log)
        set_once(self, "step", step)
        set_once(self, "_hash", hash((type(self), low, high, log, step)))

    def _fields(self) -> tuple[int, int, bool, int]:
        return self.low, self.high, self.log, self.step

    def _asdict(self) -> dict[str, Any]:
        return {"log": self.log, "step": self.step, "low": self.low, "high": self.high}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, IntDistribution):
            return False if isinstance(other, BaseDistribution) else NotImplemented
        return (
            self._hash == other._hash
            and type(self) is type(other)
            and self.low == other.low
            and self.high == other.high
            and self.log == other.log
            and self.step == other.step
        )

    __hash__ = ImmutableDistribution.__hash__

    def single(self) -> bool:
        """Tell whether ``low`` and ``high`` are the same value."""
        return self.low == self.high

    @property
    def cardinality(self) -> int:
        """The number of values on the grid."""
        return (self.high - self.low) // self.step + 1

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        value = param_value_in_internal_repr
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def to_external_repr(self, param_value_in_internal_repr: float) -> int:
        """Return the value as an int."""
        return int(param_value_in_internal_repr)

    def to_internal_repr(self, param_value_in_external_repr: int) -> float:
        """Turn a number, or the text of one, into an int; a fraction stays a float, which no range contains."""
        value: float = param_value_in_external_repr
        if type(value) is not int:
            value = _parse_int(value)
        if self.log and value <= 0:
            raise InvalidSpaceError(
                f"A parameter with log=True must be above 0, but got {param_value_in_external_repr!r}."
            )
        return value


def _parse_int(value: Any) -> float:
    """Return a whole number as int, however it was written; any other number stays a float outside every range."""
    try:
        return int(operator.index(value))
    except TypeError:
        number = parse_float(value)
    if number != number:
        raise InvalidSpaceError(f"A parameter cannot be NaN, but got {value!r}.")
    return int(number) if number.is_integer() else number
