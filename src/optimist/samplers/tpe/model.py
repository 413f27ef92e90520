"""The model of TPE: two densities over a search space, and the candidate that tells them apart best.

Trials are split into a few good ones (*below*, for their losses are below those of the rest) and the others (*above*), to
which failed ones belong: so the search keeps away from where trials fail.
A Parzen mixture is fitted to each; candidates are drawn from the good one, and the candidate with the largest ratio of
densities is proposed. That maximises the expected improvement of a model in which only the split matters.

The cost of a proposal does not grow with the study: the good trials are few, and of the others at most
``MAX_ABOVE`` speak for all (``benchmarks/kernels.py`` compares that with a kernel for each).

Source: Bergstra et al. 2011, Algorithms for hyper-parameter optimization, sec. 4.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from optimist.history.parameter_constraint import ParameterConstraint
from optimist.history.view import View
from optimist.numerics.parzen import KernelRule, ParzenMixtures, Sample
from optimist.numerics.thinning import thin
from optimist.samplers.advised import is_advised
from optimist.samplers.tpe.advice import BoxAdvice, advice_for
from optimist.samplers.tpe.box import Box, box_of
from optimist.samplers.tpe.ranking import Observations, ParetoRows
from optimist.samplers.untried import Untried
from optimist.search_space.space import SearchSpace

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MAX_ABOVE: Final = 128
"""How many finished trials the density of the others is built of at most."""

MAX_FAILED: Final = 64
"""How many failed trials stand for all of them at most."""

THINNED_SCALE: Final = 0.03
"""The scale of their kernels once some of them speak for several, in widths of the axis."""

FINENESS: Final = 0.5
"""How much narrower than by Optuna's rule the kernels of good trials may be with one objective. There are so few of them that
the rule's lower bound, 1 / (n + 2) of the axis, keeps the search from closing in (``docs/decisions``). With several, good
trials lie all along a front, and the search has to stay as wide as that."""

PARETO_ROOM: Final = 100
"""How many of the best trials are known at least with several objectives."""

LIAR_WEIGHT: Final = 0.3
"""What a running trial weighs among the others, to which it belongs until its value is known: not all, for it was proposed
where good ones are dense, and may well become one of them."""

_FLAT: Final = 25  # so many of the latest trials have full weight


@dataclass(frozen=True)
class Settings:
    """What the user chose; see ``TPESampler``.

    Attributes:
        n_candidates: How many candidates are drawn.
        n_below: The number of good trials, by the number of finished ones.
        weights: The weights of n trials in order of age; None for the default.
        rule: Widths of kernels, and the prior.
        constant_liar: Whether running trials count as bad ones.
    """

    n_candidates: int
    n_below: Callable[[int], int]
    weights: Callable[[int], npt.ArrayLike] | None
    rule: KernelRule
    constant_liar: bool


@dataclass(slots=True)
class Split:
    """The trials that the two densities are built of.

    Attributes:
        names: The parameters.
        values: (n_names, n) their internal values in good trials, then in the others, in running and in failed ones.
        below: The good trials.
        above: The others.
    """

    names: tuple[str, ...]
    values: FloatArray
    below: Sample
    above: Sample


class Model:
    """The two densities over one space.

    Args:
        space: Parameters with more than one value each.
        split: The trials; they have all parameters of the space.
        rule: For the kernels.
        advice: What is known beforehand; None if that is nothing.
    """

    def __init__(self, space: SearchSpace, split: Split, rule: KernelRule, advice: BoxAdvice | None = None) -> None:
        self._advice = advice
        self.box = box_of(space)
        points = self.box.points(split.values[[split.names.index(name) for name in self.box.names]])
        self._densities = ParzenMixtures(self.box.axes, points, (split.below, split.above), rule)

    def gain(self, points: FloatArray) -> FloatArray:
        """Return the (n,) log ratios of the densities at ``points`` (n_axes, n); larger is better."""
        log_densities = self._densities.log_pdfs(points)
        good = log_densities[:, 0]
        if self._advice is not None:
            good = self._advice.mixed(points, good)
        gain: FloatArray = good - log_densities[:, 1]
        return gain

    def candidates(self, q: FloatArray) -> Candidates:
        """Draw points where good trials lie, from uniform numbers ``q`` (1 + n_axes, n).

        Kernels are drawn systematically, each as often as its weight says up to one: fewer candidates go to waste.
        """
        n = q.shape[1]
        q = np.concatenate([((np.arange(n) + q[0]) / n)[None], q[1:]])
        points = self._densities.sample(q)
        if self._advice is not None:
            points = self._advice.replace(points, q[1:])
        return Candidates(self.box, points, self.gain(points))


@dataclass(slots=True)
class Candidates:
    """What one model proposes.

    Attributes:
        box: Of the model.
        points: (n_axes, n).
        gain: (n,) how promising each is.
    """

    box: Box
    points: FloatArray
    gain: FloatArray

    def values(self, i: int) -> dict[str, float | int]:
        """The internal values of a candidate."""
        return self.box.values(self.points[:, i])


def split_trials(view: View, space: SearchSpace, settings: Settings) -> Split:
    """Split the trials that have all parameters of a space into good ones and others."""
    names = space.names
    observations = view.tracker((Observations, names), Observations, names)
    rows = observations.rows(view.n)
    n = len(rows)
    m = min(max(settings.n_below(n), 0), n)
    below = np.array(sorted(_best_rows(view, names, m)), np.intp)
    if n < view.n:
        below = rows.searchsorted(below)  # positions among rows
    position, share = thin(n - m, MAX_ABOVE)
    above = position + (below - np.arange(m)).searchsorted(position, "right")
    values = observations.values(np.concatenate([below, above])).T

    n_above = n - m
    if settings.constant_liar and view.open_trials:
        liars = _running_values(view, space)
        n_above += liars.shape[1]
        values = np.concatenate([values, liars], axis=1)
        position = np.concatenate([position, np.arange(n - m, n_above)])
        share = np.concatenate([share, np.full(liars.shape[1], LIAR_WEIGHT)])
    share *= _weights_at(settings, n_above, position)
    n_failed = observations.failures.count(view.n)
    if n_failed:
        failed, failed_share = thin(n_failed, MAX_FAILED)
        # All together they weigh no more than the others, lest these tell nothing any more.
        failed_share *= min(1.0, max(float(share.sum()), 1.0) / n_failed)
        n_above += n_failed
        values = np.concatenate([values, observations.failures.values(failed).T], axis=1)
        share = np.concatenate([share, failed_share])
    is_single = view.n_objectives == 1
    return Split(
        names,
        values,
        Sample(_weights_at(settings, m, np.arange(m)), m, fineness=FINENESS) if is_single else Sample(np.ones(m), m),
        Sample(share, n_above, THINNED_SCALE if n - m > MAX_ABOVE else None),
    )


def _running_values(view: View, space: SearchSpace) -> FloatArray:
    """Return (n_names, n_running) internal values of the running trials of which they are known."""
    expected = [trial.expected(space) for trial in view.running]
    known = [[float(values[name]) for name in space] for values in expected if values is not None]
    return np.array(known, dtype=np.float64).reshape(-1, len(space)).T


def _best_rows(view: View, names: tuple[str, ...], m: int) -> list[int]:
    if view.n_objectives == 1:
        return view.best_rows(names, m)
    room = PARETO_ROOM
    while room < m:  # a user's own gamma may want more
        room *= 2
    key = frozenset(names)
    with view.lock:
        return view.tracker((ParetoRows, key, room), ParetoRows, key, room).best(view.n, m)


def default_weights_at(n: int, positions: IntArray) -> FloatArray:
    """Return the default weights of some of ``n`` trials in order of age: the last 25 have 1.

    Earlier ones fade evenly, from almost 1 down to 1/n for the first.
    """
    n_faded = n - _FLAT
    if n_faded <= 0:
        return np.ones(len(positions))
    slope = (1.0 - 1.0 / n) / max(n_faded - 1, 1)
    weights = np.multiply(positions, slope, dtype=np.float64)
    weights += 1.0 / n
    np.minimum(weights, 1.0, out=weights)
    return weights


def _weights_at(settings: Settings, n: int, positions: IntArray) -> FloatArray:
    """Return the weights of some of ``n`` trials in order of age, by the user's function if there is one."""
    if settings.weights is None:
        return default_weights_at(n, positions)
    weights = np.array(settings.weights(n), dtype=np.float64)[:n]
    if np.any(weights < 0.0):
        raise ValueError(f"weights({n}) must not be negative, but returned {weights}.")
    if n and weights.sum() <= 0.0:
        raise ValueError(f"weights({n}) must not be zero for all trials, but returned {weights}.")
    if not np.all(np.isfinite(weights)):
        raise ValueError(f"weights({n}) must be finite, but returned {weights}.")
    return weights[positions]


def n_uniforms(n_names: int, settings: Settings, separately: bool) -> int:
    """How many random numbers ``propose`` needs for a space of ``n_names`` parameters."""
    return settings.n_candidates * (n_names + (n_names if separately else 1))


def propose(
    view: View,
    space: SearchSpace,
    settings: Settings,
    uniforms: FloatArray,
    separately: bool = False,
    untried: Untried | None = None,
    constraint: ParameterConstraint | None = None,
) -> dict[str, Any]:
    """Propose internal values for the parameters of a space.

    Args:
        view: The history.
        space: Parameters with more than one value each; there is at least one.
        settings: Of the sampler.
        uniforms: ``n_uniforms`` random numbers in [0, 1).
        separately: Whether each parameter has a model of its own.
        untried: What may be proposed; None if any point may be.
        constraint: What must not be proposed; as far as these parameters alone tell.
    """
    split = split_trials(view, space, settings)
    parts = _parts(space) if separately else (space,)
    advised = is_advised(view)
    models = [Model(part, split, settings.rule, advice_for(view, part) if advised else None) for part in parts]
    drawn = uniforms.reshape(len(models), -1, settings.n_candidates)
    candidates = [model.candidates(q) for model, q in zip(models, drawn, strict=True)]
    best: dict[str, Any] = {}
    for found in candidates:
        best.update(found.values(int(found.gain.argmax())))
    if untried is None and constraint is None:
        return best

    def is_allowed(values: dict[str, Any]) -> bool:
        is_untried = untried is None or untried.contains(values)
        return is_untried and (constraint is None or not constraint.forbids(space, values))

    if is_allowed(best):
        return best
    if not separately:
        for i in np.argsort(-candidates[0].gain, kind="stable").tolist():
            next_best = candidates[0].values(i)
            if is_allowed(next_best):
                return next_best
    return best if untried is None else _best_of_others(models, untried) or best


def _best_of_others(models: list[Model], untried: Untried) -> dict[str, Any] | None:
    """Compare random untried cells, when all candidates were tried; None if there are none."""
    columns = untried.sample()
    if not columns:
        return None
    gain = sum(
        model.gain(model.box.points(np.array([columns[name] for name in model.box.names], dtype=np.float64)))
        for model in models
    )
    best = int(np.argmax(gain))
    return {name: column[best].item() for name, column in columns.items()}


@functools.lru_cache(maxsize=256)
def _parts(space: SearchSpace) -> tuple[SearchSpace, ...]:
    return tuple(SearchSpace({name: distribution}) for name, distribution in space.items())
