"""Floats from a range: continuous, logarithmic or on a decimal grid."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, NamedTuple

from optimist.distributions.base import BaseDistribution, ImmutableDistribution, set_once
from optimist.distributions.bounds import finite_float, parse_float, warn_of_high
from optimist.exceptions import InvalidSpaceError


class DecimalGrid(NamedTuple):
    """The values ``(low + k * step) / scale`` in whole numbers: 0.3 is exactly cell 3 of low=0, step=1, scale=10."""

    low: int
    step: int
    scale: int


class FloatDistribution(ImmutableDistribution):
    """Floats between ``low`` and ``high``, both included.

    Args:
        low: the smallest value; above 0 if ``log``.
        high: the largest value. If ``step`` does not divide the range, the last value on the grid below it, with
            a warning.
        log: whether values are spread evenly over orders of magnitude; not together with ``step``.
        step: the distance of neighbouring values, counted from ``low``; None for a continuous range.

    Raises:
        ValueError: the range is empty or not finite, or the options contradict each other.
        TypeError: a bound or step that is not a number.
    """

    __slots__ = ("_grid", "_last_cell", "high", "log", "low", "step")
    low: float
    high: float
    log: bool
    step: float | None
    _grid: DecimalGrid | None
    _last_cell: int  # the number of the grid's last value; 0 if continuous

    def __init__(self, low: float, high: float, log: bool = False, step: float | None = None) -> None:
        low_given, high_given = low, high
        low, high, log = finite_float("low", low), finite_float("high", high), bool(log)
        step = None if step is None else finite_float("step", step)
        if log and step is not None:
            raise InvalidSpaceError(f"log=True and step={step!r} exclude each other. Drop one of them.")
        if low > high:
            raise InvalidSpaceError(f"low must not exceed high, but low={low_given!r} and high={high_given!r}.")
        if log and low <= 0.0:
            raise InvalidSpaceError(
                f"log=True needs low > 0, but low={low_given!r}. Use a small positive low, such as 1e-8, or drop log."
            )
        if step is not None:
            if step <= 0.0:
                raise InvalidSpaceError(f"step must be above 0, but step={step!r}. Use None for a continuous range.")
            high = _last_on_grid(low, high, step)
        self._fill(low, high, log, step)

    def _fill(self, low: float, high: float, log: bool, step: float | None) -> None:
        grid, last_cell = (None, 0) if step is None else _decimal_grid(low, high, step)
        set_once(self, "low", low)
        set_once(self, "high", high)
        set_once(self, "log", log)
        set_once(self, "step", step)
        set_once(self, "_grid", grid)
        set_once(self, "_last_cell", last_cell)
        set_once(self, "_hash", hash((type(self), low, high, log, step)))

    def _fields(self) -> tuple[float, float, bool, float | None]:
        return self.low, self.high, self.log, self.step

    def _asdict(self) -> dict[str, Any]:
        return {"step": self.step, "low": self.low, "high": self.high, "log": self.log}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, FloatDistribution):
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
    def cardinality(self) -> int | None:
        """The number of values on the grid; None for a continuous range."""
        if self.step is None and self.low != self.high:
            return None
        return self._last_cell + 1

    @property
    def grid(self) -> DecimalGrid | None:
        """The exact grid of a stepped range; None for a continuous one."""
        return self._grid

    def value_at(self, cell: int) -> float:
        """Return value number ``cell`` of a finite range: the float nearest to the decimal ``low + cell * step``.

        Raises:
            IndexError: there are not so many values, or the range is continuous.
        """
        if not 0 <= cell < (self.cardinality or 0):
            raise IndexError(f"{self} has no value number {cell}.")
        if cell == self._last_cell:
            return self.high
        assert self._grid is not None
        return (self._grid.low + cell * self._grid.step) / self._grid.scale

    def nearest(self, value: float) -> float:
        """Return the value of the range that is nearest to a number, by exact arithmetic."""
        grid = self._grid
        if grid is None or not self.low < value < self.high:
            return min(max(float(value), self.low), self.high)
        numerator, denominator = Decimal(repr(float(value))).as_integer_ratio()
        offset = numerator * grid.scale - grid.low * denominator  # from low, in units of 1 / (denominator * scale)
        cell = _nearest_quotient(offset, grid.step * denominator)
        return self.value_at(min(max(cell, 0), self._last_cell))

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        value = param_value_in_internal_repr
        if not self.low <= value <= self.high:
            return False
        step = self.step
        if step is None:
            return True
        cell = (value - self.low) / step
        if abs(cell) < 2.0**52 and abs(cell - round(cell)) < 1e-8:
            return True
        return self.nearest(value) == value  # exact, where float noise exceeds the tolerance above

    def contains(self, value: Any) -> bool:
        """Tell whether a number is in the range and on the grid."""
        if type(value) is float and self.step is None:
            return self.low <= value <= self.high
        return super().contains(value)

    def to_internal_repr(self, param_value_in_external_repr: float) -> float:
        """Turn whatever ``float()`` takes into a float; it must not be NaN, and above 0 if ``log``."""
        value = param_value_in_external_repr
        if type(value) is not float:
            value = parse_float(value)
        if value != value:
            raise InvalidSpaceError(f"A parameter cannot be NaN, but got {param_value_in_external_repr!r}.")
        if self.log and value <= 0.0:
            raise InvalidSpaceError(
                f"A parameter with log=True must be above 0, but got {param_value_in_external_repr!r}."
            )
        return value


def _last_on_grid(low: float, high: float, step: float) -> float:
    """Return ``high`` if it is ``low`` plus a multiple of ``step`` in decimals; else the last such value, and warn."""
    grid, last_cell = _decimal_grid(low, high, step)
    last = (grid.low + last_cell * grid.step) / grid.scale
    if last != high:
        warn_of_high(low, high, step, last)
    return last


def _decimal_grid(low: float, high: float, step: float) -> tuple[DecimalGrid, int]:
    """Return the grid and the number of its last cell, whose value is the float nearest to ``low + cell * step``."""
    fractions = [Decimal(repr(number)).as_integer_ratio() for number in (low, step, high)]
    scale = math.lcm(*(denominator for _, denominator in fractions))
    low_i, step_i, high_i = (numerator * (scale // denominator) for numerator, denominator in fractions)
    nearest = _nearest_quotient(high_i - low_i, step_i)
    if _divide(low_i + nearest * step_i, scale) == high:
        last_cell = nearest  # `high` itself may have been rounded to a float, down or up
    else:
        last_cell = (high_i - low_i) // step_i
    common = math.gcd(low_i, step_i, scale)
    return DecimalGrid(low_i // common, step_i // common, scale // common), last_cell


def _divide(numerator: int, denominator: int) -> float:
    """The float nearest to the quotient; infinite beyond the largest float."""
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf


def _nearest_quotient(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
