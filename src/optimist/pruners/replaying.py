"""Replay: what a pruner would have stopped, and what that would have saved and cost, by trials that ran to their end.

The trials of a recording are run again in many orders, one after the other: each reports what it reported then, until
its end or until the pruner stops it, and the next one begins. What the pruner sees is a study of its own in which just
that happened, so a trial that it stopped is of no use to it later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimist.exceptions import TrialNotFoundError
from optimist.history.draft import Draft
from optimist.history.history import History
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.pruners.base import BasePruner, Curve, judge
from optimist.pruners.recording import Recording, Run
from optimist.states import StudyDirection, TrialState

PrunerFactory = Callable[[], BasePruner]


@dataclass(frozen=True)
class Replay:
    """What happened to the trials, order by order.

    Attributes:
        orders: (n_orders, n_trials) the runs in order of their turn, as positions in the recording.
        n_steps: (n_orders, n_trials) steps that the trial of each turn made.
        n_steps_full: (n_orders, n_trials) steps that it would have made without a pruner.
        is_stopped: (n_orders, n_trials) whether it was stopped.
        would_lead: (n_orders, n_trials) whether its final value beats those of all trials that were complete before it
            in the same order. False where none was.
        losses: (n_orders, n_trials) its final value, turned so that smaller is better, whether it came to it or not.
        seconds_per_decision: What one question to the pruner took, on average over all.
    """

    orders: NDArray[np.intp]
    n_steps: NDArray[np.int64]
    n_steps_full: NDArray[np.int64]
    is_stopped: NDArray[np.bool_]
    would_lead: NDArray[np.bool_]
    losses: NDArray[np.float64]
    seconds_per_decision: float

    @property
    def regrets(self) -> NDArray[np.float64]:
        """(n_orders,) how much worse the best complete trial is than the best of all, in units of the metric.

        At least 0; infinite if no trial was complete.
        """
        kept = np.where(self.is_stopped, np.inf, self.losses).min(axis=1)
        best = self.losses.min(axis=1)
        with np.errstate(invalid="ignore"):
            regrets: NDArray[np.float64] = np.where(kept == best, 0.0, kept - best)
        return regrets

    @property
    def step_shares(self) -> NDArray[np.float64]:
        """(n_orders,) steps that were made, as a share of those without a pruner."""
        shares: NDArray[np.float64] = self.n_steps.sum(axis=1) / self.n_steps_full.sum(axis=1)
        return shares

    @property
    def n_leads(self) -> int:
        """How many trials, over all orders, would have become the incumbent of their moment."""
        return int(self.would_lead.sum())

    @property
    def n_leads_stopped(self) -> int:
        """How many of these were stopped."""
        return int((self.would_lead & self.is_stopped).sum())

    @property
    def n_stopped(self) -> int:
        """How many trials were stopped, over all orders."""
        return int(self.is_stopped.sum())


def random_orders(
    n_runs: int, n_orders: int, n_trials: int | None = None, seed: int | np.random.Generator = 0
) -> NDArray[np.intp]:
    """Draw orders at random, each without repetition.

    Args:
        n_runs: How many runs there are.
        n_orders: How many orders to draw.
        n_trials: How many runs each order has; None for all.
        seed: A seed, or a generator.

    Returns:
        (n_orders, n_trials) positions of runs.

    Raises:
        ValueError: ``n_trials`` is not between 1 and ``n_runs``.
    """
    n_trials = n_runs if n_trials is None else n_trials
    if not 1 <= n_trials <= n_runs:
        raise ValueError(f"Orders of {n_trials} trials cannot be drawn from {n_runs} runs; ask for 1 to {n_runs}.")
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(n_runs)[:n_trials] for _ in range(n_orders)], dtype=np.intp).reshape(-1, n_trials)


def replay(recording: Recording, make_pruner: PrunerFactory, orders: ArrayLike) -> Replay:
    """Run recorded trials again under a pruner.

    Args:
        recording: The trials.
        make_pruner: Makes a fresh pruner for each order; a class will do.
        orders: (n_orders, n_trials) positions in the recording.

    Cost: one decision for each step that is made; the rest is small beside that.
    """
    which = np.asarray(orders, dtype=np.intp)
    if which.ndim != 2 or not which.size:
        raise ValueError(f"replay() needs orders of shape (n_orders, n_trials), but got the shape {which.shape}.")
    n_steps = np.zeros(which.shape, dtype=np.int64)
    is_stopped = np.zeros(which.shape, dtype=np.bool_)
    n_decisions, spent_s = 0, 0.0
    for i, order in enumerate(which.tolist()):
        stage = Stage(recording.direction, f"replay-{i}")
        pruner = make_pruner()
        for turn, run in enumerate(order):
            n_made, was_stopped, took_s = stage.run(recording.runs[run], pruner)
            n_steps[i, turn], is_stopped[i, turn] = n_made, was_stopped
            n_decisions += n_made
            spent_s += took_s
    losses = recording.losses[which]
    return Replay(
        which,
        n_steps,
        recording.lengths[which],
        is_stopped,
        _would_lead(losses, is_stopped),
        losses,
        spent_s / max(n_decisions, 1),
    )


def _would_lead(losses: NDArray[np.float64], is_stopped: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n_orders, n_trials) whether each loss is below those of all complete trials before it, of which there is one."""
    complete = np.where(is_stopped, np.inf, losses)
    incumbent = np.minimum.accumulate(complete, axis=1)[:, :-1]
    leads = np.zeros(losses.shape, dtype=np.bool_)
    has_incumbent = np.logical_or.accumulate(~is_stopped, axis=1)[:, :-1]
    leads[:, 1:] = has_incumbent & (losses[:, 1:] < incumbent)
    return leads


class Stage:
    """A study without a storage, in which recorded trials run again, one after the other.

    To pruners that read no columns it is the study.

    Args:
        direction: Of its objective.
        study_name: Its name, by which Hyperband tells its brackets.
    """

    def __init__(self, direction: StudyDirection, study_name: str) -> None:
        self.history = History((direction,))
        self.study_name = study_name

    def run(self, run: Run, pruner: BasePruner) -> tuple[int, bool, float]:
        """Run a trial to its end, or until the pruner stops it.

        Returns:
            Steps made, whether it was stopped, and the seconds that the pruner took.
        """
        draft = self._begin(run)
        reports = draft.reports
        view = self.view(draft.number)  # nothing else happens meanwhile
        curve = Curve(
            draft.number,
            reports,
            draft.system_attrs,
            lambda pruner: pruner.prune(self, self.history.trial(draft.number)),
            self.study_name,
            lambda: dict(zip(run.distributions, run.params, strict=True)),
        )
        is_stopped = False
        started_at = time.perf_counter()
        for step, value in run.reports.items():
            reports[step] = value
            verdict = judge(pruner, view, curve)
            draft.system_attrs.update(verdict.record)
            if verdict.stop:
                is_stopped = True
                break
        took_s = time.perf_counter() - started_at
        n_made = len(reports)
        if is_stopped:
            last = reports[max(reports)]
            self.history.finish(draft, TrialState.PRUNED, [last] if last == last else None, -1)
        else:
            self.history.finish(draft, TrialState.COMPLETE, [run.final], -1)
        return n_made, is_stopped, took_s

    def _begin(self, run: Run) -> Draft:
        history = self.history
        number = history.n_trials
        draft = history.begin(number, number, TrialState.RUNNING, -1)
        draft.layout = history.tree.layout_of(run.distributions)
        draft.values.extend(run.params)
        return draft

    # What pruners may ask of a study

    @property
    def direction(self) -> StudyDirection:
        """The direction."""
        return self.history.directions[0]

    @property
    def directions(self) -> list[StudyDirection]:
        """The direction, as the only one of a list."""
        return list(self.history.directions)

    @property
    def user_attrs(self) -> dict[str, Any]:
        """None."""
        return {}

    @property
    def is_shared(self) -> bool:
        """False."""
        return False

    @property
    def trials(self) -> list[FrozenTrial]:
        """The trials so far, by number."""
        return self.get_trials()

    @property
    def best_trial(self) -> FrozenTrial:
        """The best complete trial so far.

        Raises:
            ValueError: None is complete.
        """
        if self.history.best_row < 0:
            raise ValueError("No trials are completed yet.")
        return self.history.trial(self.history.number.data[self.history.best_row])

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """The trials so far, by number. They are shared with later calls, whatever ``deepcopy`` says."""
        return self.history.trials(states)

    def view(self, exclude: int = -1) -> View:
        """The trials so far, as columns."""
        return View(self.history, exclude)

    @property
    def _storage(self) -> Stage:
        """Where Optuna's pruners keep notes past the study, by id; ids are numbers here."""
        return self

    def set_trial_system_attr(self, number: int, key: str, value: Any) -> None:
        """Keep a note with the trial that runs."""
        draft = self.history.drafts.get(number)
        if draft is None:
            raise TrialNotFoundError(f"Trial {number} is not running.")
        draft.system_attrs[key] = value

    def set_system_attr(self, key: str, value: Any) -> None:
        """Keep a note with the study."""
        self.history.system_attrs = {**self.history.system_attrs, key: value}

    def stop(self) -> None:
        """Do nothing: the trials to run are given."""

    def sync(self) -> None:
        """Do nothing: there are no others."""

    def publish(self, number: int) -> None:
        """Do nothing: there are no others."""
