"""Which sampler a trial deserves, by what the trials before it tell."""

from __future__ import annotations

from typing import Final, NamedTuple

from optimist.history.view import View

N_BEFORE_GENERATIONS: Final = 400
"""So many trials of several objectives are proposed by a model; the later ones evolve."""


class Choice(NamedTuple):
    """A sampler's name, and why it is the one."""

    sampler: str
    reason: str


QUICK: Final = Choice("TPESampler", "trials are so quick that a Gaussian process would hold them up")

_ONE: Final = Choice("GPSampler", "one objective")
_FEW_OF_SEVERAL: Final = Choice("GPSampler", f"several objectives, fewer than {N_BEFORE_GENERATIONS} trials")
_MANY_OF_SEVERAL: Final = Choice("NSGAIISampler", f"several objectives, {N_BEFORE_GENERATIONS} trials or more")


def choose(view: View) -> Choice:
    """The sampler that finds the best values, whatever it costs."""
    if view.n_objectives == 1:
        return _ONE
    return _FEW_OF_SEVERAL if view.n < N_BEFORE_GENERATIONS else _MANY_OF_SEVERAL
