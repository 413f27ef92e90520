"""What trials before the model take from advice, if there is any; without numpy, for the trials that do without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from optimist.distributions import BaseDistribution
from optimist.history.attributes import DEFAULTS_KEY, WARM_START_KEY
from optimist.history.view import View
from optimist.numerics.streams import TrialStreams
from optimist.samplers.untried import Untried
from optimist.search_space.space import SearchSpace

_PERIOD: Final = 4
_ADVICE_LANE: Final = 2**20

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


def values_before_model(
    view: View, space: Mapping[str, BaseDistribution], streams: TrialStreams, number: int, untried: Untried | None
) -> dict[str, Any]:
    """Internal values for a trial before the model: from the advice, or a point of a finite space that is new.

    Args:
        view: The history.
        space: The parameters that are proposed together.
        streams: Of the sampler.
        number: Of the trial.
        untried: What may be proposed in a finite space; None if any point may.

    Returns:
        Values by name; none where there is no advice and any point will do.
    """
    if follows_advice(number) and is_advised(view):
        advised = _advised_values(view, space, streams.generator(number, _ADVICE_LANE), untried)
        if advised is not None:
            return advised
    drawn = None if untried is None else untried.draw()
    return {} if drawn is None else {name: drawn[name] for name in space if name in drawn}


def _advised_values(
    view: View, space: Mapping[str, BaseDistribution], rng: np.random.Generator, untried: Untried | None
) -> dict[str, Any] | None:
    """Internal values drawn from the advice; None if it says nothing, or nothing new."""
    from optimist.samplers.advice import advise  # loads numpy

    advice = advise(view, SearchSpace(space))
    if advice is None:
        return None
    values = advice.draw(rng)
    return values if untried is None or untried.names != values.keys() or untried.contains(values) else None
