"""The random trials before the model, spread evenly: a Latin hypercube.

Each parameter's law is that of random search, but the first n trials share out its range: each takes another n-th of
it. The model then starts from trials that leave no part of any range unseen.

Source: McKay, Beckman and Conover 1979, doi:10.1080/00401706.1979.10489755.
"""

from __future__ import annotations

import random

from optimist.numerics.streams import DRAWS_PER_ROW, TrialStreams


class LatinHypercube:
    """The uniform draws of the first trials of a study.

    Args:
        streams: What belongs to whom.
        n_trials: How many trials share out the ranges; later ones draw as in random search.
    """

    def __init__(self, streams: TrialStreams, n_trials: int) -> None:
        self._streams = streams
        self._n_trials = n_trials
        self._parts: list[list[int]] = []  # by position in the trial: which part of the range each trial takes

    def uniforms(self, number: int) -> list[float]:
        """(DRAWS_PER_ROW,) numbers in [0, 1) of trial ``number``."""
        uniforms = self._streams.uniforms(number)
        n = self._n_trials
        if number >= n:
            return uniforms
        if not self._parts:
            parts = range(n)
            self._parts = [
                random.Random(self._streams.name(f"parts/{position}")).sample(parts, n)
                for position in range(DRAWS_PER_ROW)
            ]
        return [(part[number] + u) / n for part, u in zip(self._parts, uniforms, strict=True)]
