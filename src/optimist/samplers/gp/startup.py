"""The trials before the model: the middle of every range first, then points that share out each range evenly."""

from __future__ import annotations

import math
import random
from typing import Any, Final

from optimist.distributions import BaseDistribution
from optimist.distributions.categorical import is_unordered
from optimist.numerics.streams import TrialStreams
from optimist.search_space.quantile import quantile_function

_N_WIDE: Final = 5.0  # parameters; with more of them points keep away from the ends of ranges
_N_DIGITS: Final = 5  # so many halvings of a range; the next 32 trials begin again


class StartupDesign:
    """Values for the first trials.

    The i-th parameter that a trial asks for gets the i-th coordinate of a point, and each coordinate is a van der Corput
    sequence with scrambled digits: of 2, 4, 8, 16 or 32 trials from a multiple of that number on, one falls into each
    half, quarter, and so on, of a range.

    Args:
        streams: What belongs to whom.
    """

    def __init__(self, streams: TrialStreams) -> None:
        self._streams = streams

    def value(self, number: int, ordinal: int, distribution: BaseDistribution, n_dimensions: int) -> Any:
        """The internal value of a parameter.

        Args:
            number: Of the trial.
            ordinal: The parameter is the trial's ``ordinal``-th, from 0.
            distribution: Of the parameter.
            n_dimensions: How many parameters trials have, as far as that is known.
        """
        u = self._coordinate(number, ordinal)
        if not is_unordered(distribution):
            reach = 0.0 if number == 0 else min(1.0, math.sqrt(_N_WIDE / max(n_dimensions, 1)))
            u = 0.5 + reach * (u - 0.5)
        return quantile_function(distribution)(u)

    def _coordinate(self, number: int, ordinal: int) -> float:
        """The digits of ``number`` in base 2, the last one first, each flipped or not; below them random ones."""
        low, width = 0.0, 1.0
        path = ""
        for digit in range(_N_DIGITS):
            bit = number >> digit & 1
            flip = random.Random(self._streams.name(f"startup/{ordinal}/{path}")).getrandbits(1)
            path += str(bit)
            width /= 2.0
            low += width * (bit ^ flip)
        return low + width * self._streams.uniform(number, ordinal)
