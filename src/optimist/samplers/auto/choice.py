"""Which sampler a trial deserves, by what the trials before it tell."""

from __future__ import annotations

from typing import Final, NamedTuple

from optimist.history.trackers import loss
from optimist.history.view import View

N_BEFORE_GENERATIONS: Final = 400
"""So many trials of several objectives are proposed by models; the later ones evolve."""

TURN: Final = 3
"""Of several objectives every so many trials is proposed by another model, once that has trials to learn from. A Gaussian
process that is wrong about one stretch of the front keeps away from it for ever; the other model does not. When trials
evolve, every so many still fills the largest gap in a front of three objectives, which is wide enough to have some."""

N_BEFORE_TURNS: Final = 10
"""So many trials TPE draws at random by itself, before it learns from them."""

PATIENCE: Final = 5
"""After so many trials without a better one every other trial is proposed by another model. On landscapes with steps and
plateaus, as those of real models are, a Gaussian process polishes what cannot get better. Trials that ran when the best
one ended knew nothing of it, and do not count; these are about as many as run now."""


class Choice(NamedTuple):
    """A sampler's name, and why it is the one."""

    sampler: str
    reason: str


_SO_QUICK: Final = "trials are so quick that a Gaussian process would hold them up"
_FEW_QUICK: Final = Choice("TPESampler", _SO_QUICK)
_MANY_QUICK_OF_SEVERAL: Final = Choice("NSGAIISampler", _SO_QUICK)
_ONE: Final = Choice("GPSampler", "one objective")
_AT_STANDSTILL: Final = Choice(
    "TPESampler", f"no better value in the last {PATIENCE} trials, so in turns with GPSampler"
)
_FEW_OF_SEVERAL: Final = Choice("GPSampler", f"several objectives, fewer than {N_BEFORE_GENERATIONS} trials")
_OTHER_OF_SEVERAL: Final = Choice("TPESampler", f"several objectives, one trial of {TURN} in turns with GPSampler")
_OTHER_OF_THREE: Final = Choice("GPSampler", f"three objectives, one trial of {TURN} in turns with NSGAIISampler")
_MANY_OF_SEVERAL: Final = Choice("NSGAIISampler", f"several objectives, {N_BEFORE_GENERATIONS} trials or more")


def choose(view: View) -> Choice:
    """The sampler that finds the best values, whatever it costs."""
    place = view.n + len(view.running)  # workers at one moment take turns as well
    if view.n_objectives > 1:
        is_turn = view.n >= N_BEFORE_TURNS and place % TURN == 0
        if view.n >= N_BEFORE_GENERATIONS:
            return _OTHER_OF_THREE if is_turn and view.n_objectives == 3 else _MANY_OF_SEVERAL
        return _OTHER_OF_SEVERAL if is_turn else _FEW_OF_SEVERAL
    best = view.leader(loss)
    stands_still = best is not None and view.n - 1 - best.row - len(view.running) >= PATIENCE
    return _AT_STANDSTILL if stands_still and place % 2 == 1 else _ONE


def choose_quick(view: View) -> Choice:
    """The best sampler among those that take next to no time."""
    return _MANY_QUICK_OF_SEVERAL if view.n_objectives > 1 and view.n >= N_BEFORE_GENERATIONS else _FEW_QUICK
