"""Axes: where the values of a parameter or objective stand, and what is written beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimist.visualization.data.trials import FloatArray, Param

Kind = Literal["linear", "log", "category"]

_MARGIN = 0.04  # of an axis, beyond its outermost values
_N_TICKS = 5
_HUGE = 1e300  # what is larger counts as infinite: its differences overflow


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        label: What it shows.
        kind: "category": the values are positions in ``choices``.
        low, high: Its ends in the values' own unit, margins not included.
        choices: Names of the categories.
    """

    label: str
    kind: Kind
    low: float
    high: float
    choices: tuple[str, ...] = ()

    @property
    def limits(self) -> tuple[float, float]:
        """The ends with margins, so that no point lies on the frame."""
        if self.kind == "category":
            return -0.5, len(self.choices) - 0.5
        if self.kind == "log":
            low, high = math.log10(self.low), math.log10(self.high)
            pad = _pad(low, high)
            return 10.0 ** max(low - pad, -307.0), 10.0 ** min(high + pad, 307.0)
        pad = _pad(self.low, self.high)
        return self.low - pad, self.high + pad

    @property
    def n_decades(self) -> float:
        """How many powers of ten a logarithmic axis spans."""
        return math.log10(self.high) - math.log10(self.low)

    def positions(self, values: FloatArray) -> FloatArray:
        """(n,) where values stand between the ends: 0 at the low, 1 at the high one."""
        ends = np.array([self.low, self.high], float)
        values = np.asarray(values, float)
        if self.kind == "log":
            with np.errstate(divide="ignore", invalid="ignore"):
                ends, values = np.log10(ends), np.log10(values)
        if ends[0] == ends[1]:
            return np.full(len(values), 0.5)
        with np.errstate(over="ignore"):  # far beyond the axis
            positions: FloatArray = (values - ends[0]) / (ends[1] - ends[0])
        return positions

    def values_at(self, positions: FloatArray) -> FloatArray:
        """(n,) the values between the ends: the low one at 0, the high one at 1."""
        if self.kind == "log":
            low, high = math.log10(self.low), math.log10(self.high)
            return np.asarray(10.0 ** (low + positions * (high - low)), float)
        return np.asarray(self.low + positions * (self.high - self.low), float)

    def ticks(self) -> tuple[list[float], list[str]]:
        """Round values within the ends, and how they are written."""
        if self.kind == "category":
            return [float(i) for i in range(len(self.choices))], list(self.choices)
        if self.low == self.high:
            return [self.low], [tick_text(self.low)]
        if self.kind == "log" and self.n_decades >= 1:
            lowest, highest = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            every = max(1, math.ceil((highest - lowest + 1) / 7))
            decades = [10.0**e for e in range(lowest, highest + 1, every)]
            values = (
                decades if len(decades) > 2 else [f * d for d in [10.0 ** (lowest - 1), *decades] for f in (1, 2, 5)]
            )
            values = [v for v in values if self.low * (1 - 1e-9) <= v <= self.high * (1 + 1e-9)]
        else:
            values = _round_values(self.low, self.high)
        return values, [tick_text(v) for v in values]


def param_axis(param: Param) -> Axis:
    """The axis of a parameter: as wide as its search space, logarithmic where that is."""
    choices = param.choices
    if choices is not None:
        return Axis(param.name, "category", 0.0, len(choices) - 1.0, choices)
    low = min(float(d.low) for d in param.distributions)  # type: ignore[attr-defined]
    high = max(float(d.high) for d in param.distributions)  # type: ignore[attr-defined]
    return Axis(param.name, "log" if param.is_log and low > 0 else "linear", low, high)


def value_axis(label: str, values: FloatArray, is_minimized: bool | None) -> Axis:
    """The axis of objective values: all of the good ones, and the bad ones as far as they leave room to see the good.

    A single diverged trial would squeeze all others into a line. Bad values are left out from where they lie further
    beyond the better nine tenths than three times the spread of these.

    Args:
        label: What the values are.
        values: Finite ones count; there may be none.
        is_minimized: Whether less is better; None if neither is bad: then both ends are looked after.
    """
    finite = values[np.abs(values) <= _HUGE]
    if not len(finite):
        return Axis(label, "linear", 0.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if len(finite) >= 10:
        tenth, ninth = (float(q) for q in np.quantile(finite, [0.1, 0.9]))
        if is_minimized is not False:
            base = low if is_minimized else tenth
            high = float(finite[finite <= ninth + 3 * (ninth - base)].max()) if ninth > base else high
        if is_minimized is not True:
            base = high if is_minimized is False else ninth
            low = float(finite[finite >= tenth - 3 * (base - tenth)].min()) if base > tenth else low
    return Axis(label, "linear", low, high)


def beyond(axis: Axis, values: FloatArray) -> str:
    """What a subtitle says of the finite values beyond the ends of an axis; nothing if there are none."""
    n = int((np.isfinite(values) & ((values < axis.low) | (values > axis.high))).sum())
    return f"{n:,} {'value lies' if n == 1 else 'values lie'} beyond the picture" if n else ""


def tick_text(value: float) -> str:
    """A number as short as a tick allows: 0.001, 1e-06, 20,000."""
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        text = f"{value:.6g}"
        return f"{int(value):,}" if abs(value) >= 1e4 and value == int(value) else text
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def shortened(words: str, width: int = 28) -> str:
    """Words of at most ``width`` characters; by default what a legend has room for."""
    return words if len(words) <= width else words[: width - 1] + "…"


def _pad(low: float, high: float) -> float:
    if high > low:
        return _MARGIN * (high - low) if math.isfinite(high - low) else 0.0
    return 0.5 if low == 0 else 0.05 * abs(low)


def _round_values(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, about `_N_TICKS` of them."""
    rough = (high - low) / _N_TICKS
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 1e-300 else 1e-300
    step = next((m * power for m in (1, 2, 5) if m * power >= rough * 0.999), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12 - math.floor(math.log10(step))) for i in range(first, last + 1)]
