"""What values a parameter may take: floats, integers or choices.

A distribution is made once, checked then, and never changes. It compares by value, hashes at no cost, prints as the
code that makes it, and keeps the JSON form that Optuna writes.

External value: what the user sees and `suggest_*` returns.
Internal value: what samplers and stores work with: float (`FloatDistribution`), int (`IntDistribution`),
    the index of the choice (`CategoricalDistribution`).
"""

from __future__ import annotations

from optimist.distributions.base import BaseDistribution
from optimist.distributions.categorical import CategoricalChoiceType, CategoricalDistribution
from optimist.distributions.compatibility import check_distribution_compatibility
from optimist.distributions.deprecated import (
    DiscreteUniformDistribution,
    IntLogUniformDistribution,
    IntUniformDistribution,
    LogUniformDistribution,
    UniformDistribution,
    replace_deprecated,
)
from optimist.distributions.floats import DecimalGrid, FloatDistribution
from optimist.distributions.integers import IntDistribution
from optimist.distributions.json_form import distribution_to_json, json_to_distribution

__all__ = [
    "BaseDistribution",
    "CategoricalChoiceType",
    "CategoricalDistribution",
    "DecimalGrid",
    "DiscreteUniformDistribution",
    "FloatDistribution",
    "IntDistribution",
    "IntLogUniformDistribution",
    "IntUniformDistribution",
    "LogUniformDistribution",
    "UniformDistribution",
    "check_distribution_compatibility",
    "distribution_to_json",
    "json_to_distribution",
    "replace_deprecated",
]
