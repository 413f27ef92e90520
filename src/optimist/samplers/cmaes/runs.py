"""The runs of CMA-ES in a study: kept up to date with the finished trials, one generation after the other."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from optimist.history.columns import INT
from optimist.history.history import History
from optimist.history.trackers import LayoutFilter, violation
from optimist.samplers.cmaes.engine import Engine, Start, Variant
from optimist.search_space.encoding import Encoding
from optimist.states import TrialState

FloatArray = npt.NDArray[np.float64]

_COMPLETE, _PRUNED = int(TrialState.COMPLETE), int(TrialState.PRUNED)
_N_KEPT: Final = 8  # the latest generations, for views that are a little older than what was seen
_INFEASIBLE: Final = 1e200  # worse than any feasible loss
_WORST: Final = 1e300  # what infinite losses count as: the library subtracts losses

Restart = Literal["ipop", "bipop"]


@dataclass(frozen=True)
class Plan:
    """How runs are made.

    Attributes:
        encoding: Of the space that they search.
        first: Where the first one starts.
        variant: Which kind they are.
        popsize: How many trials make a generation of the first run; None: by the number of parameters.
        considers_pruned: Whether pruned trials count, with the last value that they reported.
        restart: What follows when a run has converged: runs of ever larger populations ("ipop"), these in turn with
            small local ones ("bipop"), or nothing (None), so that it stays there.
        growth: By what the population grows from one run to the next.
        rng_of_run: The generator of the k-th run's start; from 1 on.
    """

    encoding: Encoding
    first: Start
    variant: Variant
    popsize: int | None
    considers_pruned: bool
    restart: Restart | None
    growth: int
    rng_of_run: Callable[[int], np.random.Generator]


@dataclass(frozen=True)
class Stage:
    """What is known after a generation.

    Attributes:
        since: After so many finished trials.
        engine: The run, to be asked only.
    """

    since: int
    engine: Engine


class Runs:
    """The runs in one space, as a tracker of the history.

    Each finished trial that has all parameters of the space counts once, in order of finishing. When as many as a
    generation has are together, the run learns from them.

    Args:
        make_plan: Says how runs are made.
    """

    def __init__(self, make_plan: Callable[[], Plan]) -> None:
        self._plan = plan = make_plan()
        self._filter = LayoutFilter(frozenset(plan.encoding.space))
        self._states = (_COMPLETE, _PRUNED) if plan.considers_pruned else (_COMPLETE,)
        self._waiting = array(INT)  # rows that no generation has learned from yet
        self._n_seen = 0
        engine = Engine(plan.first, plan.variant, plan.popsize)
        self._schedule = Schedule(plan, engine.popsize)
        self._stages = [Stage(0, engine)]

    def advance(self, history: History, n: int) -> None:
        self._history = history
        self._filter.advance(history, n)
        holds, layout, state = self._filter.mask, history.layout.data, history.state.data
        for row in range(self._n_seen, n):
            if state[row] not in self._states or not holds[layout[row]]:
                continue
            value = history.values[0].data[row]
            if value != value:  # pruned before it reported anything
                continue
            self._waiting.append(row)
            if len(self._waiting) == self._stages[-1].engine.popsize:
                self._learn(history, row + 1)
        self._n_seen = max(self._n_seen, n)

    def at(self, n: int) -> Engine:
        """The run as the first ``n`` rows leave it; only to be asked, under the history's lock.

        Cost: O(1) for the latest generations; for earlier ones all that was before is learned again.
        """
        for stage in reversed(self._stages):
            if stage.since <= n:
                return stage.engine
        earlier = Runs(lambda: self._plan)
        earlier.advance(self._history, n)
        return earlier.at(n)

    def _learn(self, history: History, since: int) -> None:
        rows = list(self._waiting)
        del self._waiting[:]
        latest, encoding = self._stages[-1].engine, self._plan.encoding
        if self._plan.restart is None and latest.has_converged:
            return  # there is nothing to learn but rounding errors
        columns = {name: np.array([history.tree.columns[name].data[r] for r in rows]) for name in encoding.space}
        losses = np.array([_loss(history, row, since) for row in rows])
        uniforms = np.array([_uniforms(history.number.data[row], encoding.n_columns) for row in rows])
        engine = latest.copy()
        engine.tell(encoding.encode(columns), losses, uniforms)
        self._stages.append(Stage(since, self._schedule.next(engine)))
        del self._stages[:-_N_KEPT]


def _loss(history: History, row: int, n: int) -> float:
    violated = violation(history, row, n)
    if violated > 0.0:
        return min(_INFEASIBLE * (1.0 + violated), _WORST)
    loss: float = history.values[0].data[row] * history.signs[0]
    return min(max(loss, -_WORST), _INFEASIBLE)


def _uniforms(number: int, d: int) -> FloatArray:
    """(d,) in (0, 1), for where in its cell a discrete value is taken to lie; the same for all who read the trial."""
    return np.random.default_rng(number).uniform(1e-9, 1.0 - 1e-9, d)


class Schedule:
    """When a run has converged, what comes next.

    Args:
        plan: How runs are made.
        popsize: Of the first run.

    Sources: Auger and Hansen 2005, doi:10.1109/CEC.2005.1554902 (IPOP); Hansen 2009, doi:10.1145/1570256.1570333
    (BIPOP).
    """

    def __init__(self, plan: Plan, popsize: int) -> None:
        self._plan = plan
        self._first = popsize
        self._large = popsize  # the population of the latest large run
        self._n_runs = 0
        self._n_told = [0, 0]  # trials that large and small runs learned from
        self._is_small = False

    def next(self, engine: Engine) -> Engine:
        """The run that goes on after a generation: this one, or a new one."""
        plan = self._plan
        self._n_told[self._is_small] += engine.popsize
        if plan.restart is None or not engine.has_converged:
            return engine
        self._n_runs += 1
        rng = plan.rng_of_run(self._n_runs)
        mean, sigma = rng.random(len(plan.first.mean)), plan.first.sigma
        self._is_small = plan.restart == "bipop" and self._n_runs > 1 and self._n_told[1] < self._n_told[0]
        if not self._is_small:
            self._large *= plan.growth
            return Engine(Start(mean, sigma), plan.variant, self._large)
        u = rng.random()
        ratio = 0.5 * self._large / self._first
        popsize = max(int(self._first * ratio ** (u * u)), 2)
        return Engine(Start(mean, sigma * 10.0 ** (-2.0 * rng.random())), plan.variant, popsize)
