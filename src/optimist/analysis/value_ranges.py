"""Ranges of a hyperparameter's values: its lowest, middle and highest third, or its choices one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optimist.search_space.encoding import encoding_of
from optimist.search_space.space import SearchSpace

Range = tuple[str, Callable[[Any], bool]]
"""A condition in words, such as "lr < 0.0003", and whether an external value meets it."""

_N_LISTED = 3
"""Integers and steps that have no more values are listed one by one."""


def ranges_of(name: str, distributions: Iterable[BaseDistribution]) -> list[Range]:
    """Cut the values of a parameter into a few ranges.

    Thirds are those of the range's encoding: equal parts of the logarithm where ``log`` is set. Where trials had several
    ranges, it is the hull of them that is cut.

    Args:
        name: The parameter.
        distributions: All that it had; at least one, and all of one kind.
    """
    several = list(distributions)
    first = several[0]
    if isinstance(first, CategoricalDistribution):
        return [(f"{name} = {choice!r}", _is_equal(choice)) for choice in first.choices]
    hull = _hull([d for d in several if isinstance(d, (FloatDistribution, IntDistribution))])
    encoding = encoding_of(SearchSpace({name: hull}))
    if hull.cardinality is not None and hull.cardinality <= _N_LISTED:
        values = dict.fromkeys(encoding.decode([[(i + 0.5) / _N_LISTED] for i in range(_N_LISTED)])[name].tolist())
        return [(f"{name} = {_text(value)}", _is_equal(value)) for value in values]
    lower, upper = encoding.decode([[1 / 3], [2 / 3]])[name].tolist()
    if isinstance(hull, FloatDistribution):
        lower, upper = _rounded(hull.low, lower, upper, hull.high)
    if not hull.low < lower < upper:
        return []
    return [
        (f"{name} < {_text(lower)}", lambda value: value < lower),
        (f"{_text(lower)} <= {name} < {_text(upper)}", lambda value: lower <= value < upper),
        (f"{name} >= {_text(upper)}", lambda value: value >= upper),
    ]


def _is_equal(expected: Any) -> Callable[[Any], bool]:
    return lambda value: (
        type(value) is type(expected) and (value == expected or (value != value and expected != expected))
    )


def _hull(distributions: list[FloatDistribution | IntDistribution]) -> FloatDistribution | IntDistribution:
    if len(set(distributions)) == 1:
        return distributions[0]
    low, high = min(d.low for d in distributions), max(d.high for d in distributions)
    log = all(d.log for d in distributions)
    if all(isinstance(d, IntDistribution) for d in distributions):
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def _rounded(low: float, lower: float, upper: float, high: float) -> tuple[float, float]:
    """The two inner borders with as few digits as tell them apart from each other and from the ends."""
    for n_digits in range(2, 6):
        a, b = float(f"{lower:.{n_digits}g}"), float(f"{upper:.{n_digits}g}")
        if low < a < b < high:
            return a, b
    return lower, upper


def _text(value: float) -> str:
    """A number as short as it can be written without becoming another."""
    short = str(value) if isinstance(value, int) else f"{value:g}"
    return short if float(short) == value else repr(value)
