"""Numbers, times, distributions and parameters as people write them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

_N_CHOICES = 12


def number(value: float) -> str:
    """A number with the digits that matter to the eye."""
    return f"{value:.6g}"


def value_text(value: Any) -> str:
    """A parameter's value: a float shortened, all else as in code."""
    return number(value) if isinstance(value, float) else repr(value)


def count(n: int, noun: str) -> str:
    """A number of things: "1 trial", "1,200 trials"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time in the two units that matter: "3.2 s", "5 min 10 s", "2 h 5 min", "3 days 4 h"."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    for unit, length, smaller, part in (("days", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // part
            name = "day" if unit == "days" and whole // length == 1 else unit
            return f"{whole // length} {name}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def listing(words: Sequence[str]) -> str:
    """Words in a row: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def values_of(distribution: BaseDistribution) -> str:
    """Which values a parameter may have: "1e-05 to 1, logarithmic"."""
    if isinstance(distribution, CategoricalDistribution):
        shown = [repr(choice) for choice in distribution.choices[:_N_CHOICES]]
        left = len(distribution.choices) - len(shown)
        return "one of " + ", ".join(shown) + (f" and {left} more" if left else "")
    if isinstance(distribution, (FloatDistribution, IntDistribution)):
        low, high = value_text(distribution.low), value_text(distribution.high)
        if distribution.low == distribution.high:
            return f"{low} alone"
        has_step = distribution.step is not None and (
            isinstance(distribution, FloatDistribution) or distribution.step > 1
        )
        step = f", in steps of {value_text(distribution.step)}" if has_step else ""
        return f"{low} to {high}{step}" + (", logarithmic" if distribution.log else "")
    return str(distribution)


def code_of(value: Any) -> str:
    """A value as Python code that makes the same, all digits kept."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def dictionary(items: Mapping[str, Any], indent: str = "") -> str:
    """A dictionary as Python code, one line for each item."""
    if not items:
        return "{}"
    lines = [f"{indent}    {key!r}: {code_of(value)},\n" for key, value in items.items()]
    return "{\n" + "".join(lines) + indent + "}"
