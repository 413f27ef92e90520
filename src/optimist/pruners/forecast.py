"""How good a running trial will be, by the learning curves of the finished ones."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from optimist.distributions import BaseDistribution
from optimist.history.history import History
from optimist.history.view import View
from optimist.numerics.curves import Conditioned, CurveProcess, Observations
from optimist.pruners.chosen_rows import ChosenRows, Rows
from optimist.search_space.encoding import encoding_of
from optimist.search_space.space import SearchSpace
from optimist.states import StudyDirection

Floats = NDArray[np.float64]

_N_POINTS: Final = 8
_N_LAST: Final = 3
_N_MOMENTS: Final = 20
"""At which a curve is seen and its trial judged, evenly spread, however often trials report."""
_PRIOR: Final = 6.0
"""How many complete trials the prior of the process is worth, beside its errors on those that there are."""
_FALL: Final = 3.0
"""The most that a chance falls from one moment to the next: one bad report may be noise."""
_WORST: Final = 12.0
"""Stands for NaN and infinity on the scale of losses."""


@dataclass(frozen=True, slots=True)
class Look:
    """How curves are looked at.

    Attributes:
        width: Differences of this size are told apart, near the best final value; they are measured by what a typical
            trial has to go from its first report to that.
        growth: See :class:`~optimist.numerics.curves.CurveProcess`.
    """

    width: float
    growth: float


FINE: Final = Look(0.05, 0.0)
"""Close to the best, each bit counts, and further off the order of magnitude: how much worse a trial is stays the same."""
COARSE: Final = Look(4.0, 0.5)
"""All differences count alike: how much better a trial is than others grows, as all get better."""


class Forecasts:
    """The forecasts of one history: the latest, and the process that was fitted last."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._history: History
        self._chosen = ChosenRows()
        self._fitted: tuple[Rows, SearchSpace, CurveProcess] | None = None
        self._latest: tuple[int, Forecast | None] = (-1, None)

    def advance(self, history: History, n: int) -> None:
        """Take in the rows up to ``n`` that were not seen yet."""
        self._history = history
        self._chosen.advance(history, n)

    def at(self, view: View) -> Forecast | None:
        """What the finished trials of a view say; None if none of them says anything."""
        with self._lock:
            if self._latest[0] != view.n:
                self._latest = (view.n, self._make(view))
            return self._latest[1]

    def _make(self, view: View) -> Forecast | None:
        chosen = self._chosen
        if chosen.n != view.n:  # the view is of an earlier moment, as it is now and then among threads
            chosen = ChosenRows()
            with view.lock:
                chosen.advance(self._history, view.n)
        rows = chosen.now
        if not rows.complete:
            return None
        curves = Curves.of(view, rows, self._look.width)
        process = self._process(view, chosen.at_fit, curves)
        return Forecast(curves, Conditioned(process, curves.seen, curves.x), len(rows.complete), rows.n_complete)

    def _process(self, view: View, at_fit: Rows | None, curves: Curves) -> CurveProcess:
        """The process that was fitted at the last point of the schedule: whoever asks when, it is the same.

        Hyperparameters that have come since then are those of the prior.
        """
        if at_fit is None:
            return CurveProcess(_widths(curves.space), self._look.growth)
        if self._fitted is None or self._fitted[0] != at_fit:
            early = Curves.of(view, at_fit, self._look.width)
            prior = CurveProcess(_widths(early.space), self._look.growth)
            self._fitted = (at_fit, early.space, prior.fitted(early.seen, early.x))
        _, space, process = self._fitted
        return process.over(_widths(curves.space), _sources(curves.space, space))


@dataclass(frozen=True, slots=True)
class Scale:
    """How values become losses beside the best final one: fine near it, coarse far from it.

    Attributes:
        sign: +1 to minimise, -1 to maximise.
        best: The smallest final loss.
        spread: How far a typical curve has to go to it.
        width: Differences of this size, in spreads, are told apart.
    """

    sign: float
    best: float
    spread: float
    width: float

    def of_losses(self, losses: Floats) -> Floats:
        """(n,) losses on this scale; 0 is as good as the best."""
        with np.errstate(over="ignore", invalid="ignore"):
            z = np.arcsinh((losses - self.best) / (self.width * self.spread))
        bounded: Floats = np.clip(np.nan_to_num(z, nan=_WORST, posinf=_WORST, neginf=-_WORST), -_WORST, _WORST)
        return bounded


@dataclass(frozen=True, slots=True)
class Clock:
    """How steps become the logarithm of the share of time left.

    Attributes:
        first: The first step.
        gap: Between two steps.
        n_steps: From the first step to the last, that one included, in gaps.
    """

    first: float
    gap: float
    n_steps: float

    def tau(self, steps: Floats) -> Floats:
        """(n,) zero from the last step on."""
        elapsed = np.maximum((steps - self.first) / self.gap + 1.0, 0.5)
        return np.maximum(np.log(self.n_steps / elapsed), 0.0)

    def share_done(self, steps: Floats) -> Floats:
        """(n,) share of all steps that have been made with each of these; above 1 if the trial is longer than others."""
        return np.maximum((steps - self.first) / self.gap + 1.0, 0.0) / self.n_steps

    def is_moment(self, steps: Floats, starts: NDArray[np.intp] | Sequence[int] = (0,)) -> NDArray[np.bool_]:
        """(n,) which of the steps of some curves, one after the other, are the first in their part of the whole.

        Args:
            steps: (n,) in order within each curve.
            starts: Where the curves begin.
        """
        parts = np.floor(_N_MOMENTS * self.share_done(steps) + 1e-9)
        before = np.append(0.0, parts[:-1])
        before[list(starts)] = 0.0
        found: NDArray[np.bool_] = parts > before
        return found


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves of finished trials, as the process sees them.

    Attributes:
        seen: The observations.
        x: (n_runs, n_columns) encoded hyperparameters.
        scale, clock: What brought values and steps into this form.
        keeps_best: Whether the value of a trial is its best report, not its last one.
        space: The hyperparameters.
    """

    seen: Observations
    x: Floats
    scale: Scale
    clock: Clock
    keeps_best: bool
    space: SearchSpace

    @classmethod
    def of(cls, view: View, rows: Rows, width: float) -> Curves:
        """The curves of some rows, a complete trial among them."""
        sign = _sign(view)
        both = [*rows.complete, *rows.pruned]
        curves = {row: _curve(view, row, sign) for row in both}
        losses = view.losses_of(list(rows.complete))[:, 0]
        finals = dict(zip(rows.complete, losses.tolist(), strict=True))
        keeps_best = _keeps_best(curves, finals)
        clock = _clock([curves[row][0] for row in finals], [steps for steps, _ in curves.values()])
        firsts = np.array([_finite(values)[0] for _, values in curves.values()])
        spread = max(float(np.median(np.abs(firsts - rows.best))), 1e-8 * abs(rows.best), 1e-300)
        scale = Scale(sign, rows.best, spread, width)
        seen = _observations(list(curves.values()), losses, clock, scale, keeps_best)
        space = _space(view, both)
        return cls(seen, _points(view, both, space), scale, clock, keeps_best, space)


class Forecast:
    """What finished trials say of a running one.

    Args:
        curves: Theirs, the complete ones first.
        process: The process that knows them.
        n_known: How many of them are complete.
        n_complete: How many complete trials there are, those that were not chosen included.
    """

    def __init__(self, curves: Curves, process: Conditioned, n_known: int, n_complete: int) -> None:
        self._curves, self._process = curves, process
        self._freedom = _PRIOR + n_complete
        errors = process.mean_square_error(range(n_known))
        self._inflation = max((_PRIOR + n_complete * errors) / self._freedom, 1.0)

    def worth_of_stop(self, reports: Mapping[int, float]) -> float:
        """What a stop is worth: the square root of the share of steps that a trial has still to make.

        It is 0 between the moments at which trials are judged.

        Args:
            reports: Intermediate value by step.
        """
        clock, steps = self._curves.clock, np.array(sorted(reports), dtype=np.float64)
        if not clock.is_moment(steps)[-1]:
            return 0.0
        return math.sqrt(max(1.0 - float(clock.share_done(steps[-1:])[0]), 0.0))

    def distance(self, reports: Mapping[int, float]) -> float:
        """How far a trial is from the best: 1 as a typical one is at its first report.

        Args:
            reports: Intermediate value by step.
        """
        scale = self._curves.scale
        return float((reports[max(reports)] * scale.sign - scale.best) / scale.spread)

    def chance(self, reports: Mapping[int, float], params: Mapping[str, Any]) -> float:
        """The chance that a trial will beat the best complete one.

        It is read off Student's distribution, which is the wider, the more the process is wrong about the ends of complete
        trials, and has the longer tails, the fewer they are. From one moment to the next it falls to a third at most.

        Args:
            reports: Intermediate value by step.
            params: Internal values by parameter.
        """
        curves = self._curves
        steps = np.array(sorted(reports), dtype=np.float64)
        values = np.array([reports[int(step)] for step in steps]) * curves.scale.sign
        tau, z, _ = _at_moments([(steps, values)], curves.clock, curves.scale, curves.keeps_best)
        if not tau[-1] > 0:
            return 1.0  # it is at its end
        looks = [_look(n) for n in range(1, len(tau) + 1)]
        means, variances = self._process.ends_of(tau, z, _point(params, curves.space), looks)
        chances = stdtr(self._freedom, -means / np.sqrt(self._inflation * variances))
        return float(np.max(chances / _FALL ** np.arange(len(tau) - 1, -1, -1)))


def _sign(view: View) -> float:
    return -1.0 if view.directions[0] == StudyDirection.MAXIMIZE else 1.0


def _curve(view: View, row: int, sign: float) -> tuple[Floats, Floats]:
    steps, values = view.curve(row)
    return steps.astype(np.float64), values * sign


def _finite(values: Floats) -> Floats:
    kept = values[np.isfinite(values)]
    return kept if len(kept) else np.zeros(1)


def _keeps_best(curves: Mapping[int, tuple[Floats, Floats]], finals: Mapping[int, float]) -> bool:
    n_last = sum(curves[row][1][-1] == final for row, final in finals.items())
    n_best = sum(np.nanmin(_finite(curves[row][1])) == final for row, final in finals.items())
    return bool(n_best > n_last)


def _clock(complete: Sequence[Floats], every: Sequence[Floats]) -> Clock:
    first = min(float(steps[0]) for steps in every)
    gaps = np.concatenate([np.diff(steps) for steps in complete])
    gap = float(np.median(gaps)) if len(gaps) else 1.0
    last = float(np.median([steps[-1] for steps in complete]))
    return Clock(first, gap, (last - first) / gap + 1.0)


def _at_moments(
    curves: Sequence[tuple[Floats, Floats]], clock: Clock, scale: Scale, keeps_best: bool
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Curves at the moments at which they are seen, and at their last report.

    Returns:
        tau and z, one curve after the other, and where each of them ends.
    """
    ends = np.cumsum([len(steps) for steps, _ in curves])
    starts = np.append(0, ends[:-1])
    steps = np.concatenate([steps for steps, _ in curves])
    z = scale.of_losses(np.concatenate([values for _, values in curves]))
    if keeps_best:
        z = np.concatenate([np.minimum.accumulate(part) for part in np.split(z, ends[:-1])])
    is_moment = clock.is_moment(steps, starts)
    is_moment[ends - 1] = True
    return clock.tau(steps[is_moment]), z[is_moment], np.cumsum(is_moment)[ends - 1]


def _observations(
    curves: Sequence[tuple[Floats, Floats]], finals: Floats, clock: Clock, scale: Scale, keeps_best: bool
) -> Observations:
    """What the process sees of finished trials: at the end of a complete one its value, whatever was reported there.

    Args:
        curves: Steps and losses, of the complete trials first.
        finals: (n_complete,) their final losses.
        clock, scale, keeps_best: As for :class:`Curves`.
    """
    tau, z, ends = _at_moments(curves, clock, scale, keeps_best)
    z_final = scale.of_losses(finals)
    runs, which, start = [], [], 0
    for run, end in enumerate(ends.tolist()):
        look = start + _look(end - start)
        if run < len(finals):
            look = np.append(look[tau[look] > 0], len(tau) + run)
        runs.append(np.full(len(look), run))
        which.append(look)
        start = end
    chosen = np.concatenate(which)
    tau, z = np.append(tau, np.zeros_like(z_final)), np.append(z, z_final)
    return Observations(np.concatenate(runs).astype(np.intp), tau[chosen], z[chosen])


@cache
def _look(n: int) -> NDArray[np.intp]:
    """Which of n moments tell most: a few spread over the logarithm of time, and the last ones, for trend and noise."""
    if n <= _N_POINTS:
        return np.arange(n)
    spread = np.round(np.geomspace(1, n, _N_POINTS)).astype(np.intp) - 1
    return np.union1d(spread, np.arange(n - _N_LAST, n))


def _space(view: View, rows: Sequence[int]) -> SearchSpace:
    """The hyperparameters of some rows, as the latest of them suggested them, in order of their names."""
    found: dict[str, BaseDistribution] = {}
    for index in dict.fromkeys(view.layout_indices[list(rows)].tolist()):
        found |= view.layouts[index].distributions
    return SearchSpace(dict(sorted(found.items()))).without_singles()


def _widths(space: SearchSpace) -> tuple[int, ...]:
    """(d,) how many columns each hyperparameter is encoded in."""
    return encoding_of(space, one_hot=True).widths


def _sources(space: SearchSpace, earlier: SearchSpace) -> NDArray[np.intp]:
    """(d,) which hyperparameter of an earlier space each of a space is; -1 if it is new, or no longer of that kind."""
    before = {kind: which for which, kind in enumerate(_kinds(earlier))}
    return np.array([before.get(kind, -1) for kind in _kinds(space)], dtype=np.intp)


def _kinds(space: SearchSpace) -> list[tuple[str, bool]]:
    """(d,) the name of each hyperparameter, and whether it is a number."""
    return [(name, width == 1) for name, width in zip(space, _widths(space), strict=True)]


def _points(view: View, rows: Sequence[int], space: SearchSpace) -> Floats:
    """(n_rows, n_columns) encoded hyperparameters; the middle where a trial does not have one."""
    encoding = encoding_of(space, one_hot=True)
    which = np.array(rows, dtype=np.intp)
    points = np.full((len(rows), encoding.n_columns), 0.5)
    for name, distribution in space.items():
        has = view.holds([name], which)
        values = view.column(name)[which[has]]
        single = encoding_of(SearchSpace({name: distribution}), one_hot=True)
        columns = np.arange(encoding.n_columns)[encoding.columns[name]]
        points[np.ix_(np.flatnonzero(has), columns)] = single.encode({name: values})
    return points


def _point(params: Mapping[str, Any], space: SearchSpace) -> Floats:
    encoding = encoding_of(space, one_hot=True)
    point = np.full(encoding.n_columns, 0.5)
    for name, distribution in space.items():
        if name in params:
            single = encoding_of(SearchSpace({name: distribution}), one_hot=True)
            point[encoding.columns[name]] = single.encode({name: np.array([params[name]])})[0]
    return point
