"""Whether there is any advice; without numpy, for the trials that do without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from optimist.distributions import BaseDistribution
from optimist.history.attributes import DEFAULTS_KEY, WARM_START_KEY
from optimist.history.view import View
from optimist.samplers.untried import Untried
from optimist.search_space.space import SearchSpace

_PERIOD: Final = 4

if TYPE_CHECKING:
    import numpy as np


def is_advised(view: View) -> bool:
    """Whether values were recommended, or earlier studies given, as far as this view knows."""
    attrs = view.system_attrs
    return isinstance(attrs.get(DEFAULTS_KEY), dict) or WARM_START_KEY in attrs


def follows_advice(number: int) -> bool:
    """Whether a trial before the model is drawn from the advice.

    One in four, so that the model begins with trials from everywhere; not before there are some to judge the advice by.
    """
    return number % _PERIOD == _PERIOD - 1


def advised_values(
    view: View, space: Mapping[str, BaseDistribution], rng: np.random.Generator, untried: Untried | None
) -> dict[str, Any] | None:
    """Internal values drawn from the advice, for a trial before the model; None if it says nothing, or nothing new.

    Args:
        view: The history.
        space: The parameters that are proposed together.
        rng: The trial's own.
        untried: What may be proposed in a finite space; None if any point may.
    """
    from optimist.samplers.advice import advise  # loads numpy

    advice = advise(view, SearchSpace(space))
    if advice is None:
        return None
    values = advice.draw(rng)
    return values if untried is None or untried.names != values.keys() or untried.contains(values) else None
