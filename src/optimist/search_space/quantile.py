"""The law of random search: each distribution as a function from a uniform number to a value.

Scalars in plain Python, because one value at a time is what a suggestion needs; ``encoding`` is the same map for arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution


def quantile_function(distribution: BaseDistribution) -> Callable[[float], float | int]:
    """Build the inverse cumulative distribution function of a parameter under random search.

    Returns:
        A function that maps u in [0, 1) to an internal value: a float, an int, or the index of a choice. Floats are
        uniform (in the logarithm, where ``log`` is set); steps, integers and choices are equally likely, and integers
        with ``log`` have the probability of their rounding interval in the logarithm.
    """
    if isinstance(distribution, CategoricalDistribution):
        n_choices = len(distribution.choices)
        return lambda u: int(u * n_choices)
    if isinstance(distribution, IntDistribution):
        return _int_quantile(distribution)
    if isinstance(distribution, FloatDistribution):
        return _float_quantile(distribution)
    raise TypeError(f"No law of random search is known for {distribution!r}.")


def _float_quantile(distribution: FloatDistribution) -> Callable[[float], float]:
    low, high = distribution.low, distribution.high
    if distribution.single():
        return lambda _: low
    if distribution.step is not None:
        n_cells = distribution.cardinality
        assert n_cells is not None
        return lambda u: distribution.value_at(int(u * n_cells))
    if distribution.log:
        log_low, log_width = math.log(low), math.log(high) - math.log(low)
        return lambda u: min(max(math.exp(log_low + u * log_width), low), high)
    width = high - low
    if math.isinf(width):  # the range is wider than a float can say
        return lambda u: min(max(low * (1.0 - u) + high * u, low), high)
    return lambda u: x if (x := low + u * width) < high else high


def _int_quantile(distribution: IntDistribution) -> Callable[[float], int]:
    low, high, step = distribution.low, distribution.high, distribution.step
    if distribution.log:
        log_low = math.log(low - 0.5)
        log_width = math.log(high + 0.5) - log_low
        return lambda u: min(max(round(math.exp(log_low + u * log_width)), low), high)
    n_cells = (high - low) // step + 1
    if n_cells > 2**53:  # u has 53 bits; spread them by exact integer arithmetic
        return lambda u: low + (int(u * 2**53) * n_cells >> 53) * step
    return lambda u: low + int(u * n_cells) * step
