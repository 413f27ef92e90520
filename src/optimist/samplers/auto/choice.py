"""Which sampler a trial deserves, by what the trials before it tell."""

from __future__ import annotations

from typing import Final, NamedTuple

from optimist.history.trackers import loss
from optimist.history.view import View

N_BEFORE_GENERATIONS: Final = 400
"""So many trials of several objectives are proposed by a model; the later ones evolve."""

PATIENCE: Final = 5
"""After so many trials without a better one every other trial is proposed by another model. On landscapes with steps and
plateaus, as those of real models are, a Gaussian process polishes what cannot get better."""


class Choice(NamedTuple):
    """A sampler's name, and why it is the one."""

    sampler: str
    reason: str


QUICK: Final = Choice("TPESampler", "trials are so quick that a Gaussian process would hold them up")

_ONE: Final = Choice("GPSampler", "one objective")
_AT_STANDSTILL: Final = Choice(
    "TPESampler", f"no better value in the last {PATIENCE} trials, so in turns with GPSampler"
)
_FEW_OF_SEVERAL: Final = Choice("GPSampler", f"several objectives, fewer than {N_BEFORE_GENERATIONS} trials")
_MANY_OF_SEVERAL: Final = Choice("NSGAIISampler", f"several objectives, {N_BEFORE_GENERATIONS} trials or more")


def choose(view: View) -> Choice:
    """The sampler that finds the best values, whatever it costs."""
    if view.n_objectives > 1:
        return _FEW_OF_SEVERAL if view.n < N_BEFORE_GENERATIONS else _MANY_OF_SEVERAL
    best = view.leader(loss)
    stands_still = best is not None and view.n - 1 - best.row >= PATIENCE
    is_turn_of_other = (view.n + len(view.running)) % 2 == 1  # workers at one moment take turns as well
    return _AT_STANDSTILL if stands_still and is_turn_of_other else _ONE
