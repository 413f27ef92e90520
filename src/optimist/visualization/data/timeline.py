"""Timeline: which trial ran when."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.history.records import to_datetime
from optimist.states import TrialState
from optimist.study.study import Study
from optimist.visualization.data.points import Heading, RowArray
from optimist.visualization.data.trials import IntArray, Trials, read_trials

KINDS: Final = ("COMPLETE", "INFEASIBLE", "PRUNED", "FAIL", "RUNNING")
"""What a trial's bar can be; INFEASIBLE is a complete trial that violates a constraint."""

WORDS: Final = {kind: "Failed" if kind == "FAIL" else kind.capitalize() for kind in KINDS}
"""What a legend calls them."""


@dataclass(frozen=True)
class Timeline:
    """The figure.

    Attributes:
        heading: What stands above it.
        trials: All trials of the study.
        rows: (n_bars,) the rows of the trials that have started, ascending.
        kinds: (n_bars,) positions in `KINDS`.
        starts_us, ends_us: (n_bars,) microseconds since 1970 (UTC). A running trial ends at the last event of the
            study, so that one that was lost does not stretch the picture to this day.
    """

    heading: Heading
    trials: Trials
    rows: RowArray
    kinds: npt.NDArray[np.intp]
    starts_us: IntArray
    ends_us: IntArray

    def local_times(self, us: IntArray) -> list[datetime.datetime]:
        """Moments as local times without a zone."""
        return [when for when in map(to_datetime, us.tolist()) if when is not None]


def timeline(study: Study, n_recent_trials: int | None = None) -> Timeline:
    """Collect the trials that have started.

    Args:
        study: Whose trials.
        n_recent_trials: How many of the latest, by number; None for all.

    Raises:
        ValueError: ``n_recent_trials`` is below 1.
    """
    if n_recent_trials is not None and n_recent_trials < 1:
        raise ValueError(f"n_recent_trials must be at least 1, or None for all, but got {n_recent_trials!r}.")
    trials = read_trials(study)
    rows = np.arange(trials.n)[-(n_recent_trials or trials.n or 1) :]
    n_waiting = int((trials.states[rows] == TrialState.WAITING).sum())
    rows = rows[(trials.started_us[rows] >= 0) & (trials.states[rows] != TrialState.WAITING)]
    starts, ends = trials.started_us[rows], trials.completed_us[rows].copy()
    is_open = ends < 0
    if is_open.any():
        ends[is_open] = max(int(ends.max()), int(starts.max()))
        if (ends <= starts)[is_open].all():  # nothing has happened since
            ends[is_open] = int(datetime.datetime.now(datetime.UTC).timestamp() * 1e6)
        ends = np.maximum(ends, starts)
    return Timeline(_heading(trials, starts, ends, n_waiting), trials, rows, _kinds(trials, rows), starts, ends)


def _kinds(trials: Trials, rows: RowArray) -> npt.NDArray[np.intp]:
    names = {TrialState.COMPLETE: 0, TrialState.PRUNED: 2, TrialState.FAIL: 3, TrialState.RUNNING: 4}
    kinds = np.array([names[TrialState(int(state))] for state in trials.states[rows]], np.intp)
    kinds[(kinds == 0) & ~trials.is_feasible[rows]] = 1
    return kinds


def _heading(trials: Trials, starts: IntArray, ends: IntArray, n_waiting: int) -> Heading:
    title = "Timeline"
    if not len(starts):
        return Heading(title, message="No trial has started yet." if trials.n else "The study has no trials yet.")
    span, work = (int(ends.max()) - int(starts.min())) / 1e6, float((ends - starts).sum()) / 1e6
    parts = [f"{len(starts):,} {'trial' if len(starts) == 1 else 'trials'} in {_span_text(span)}"]
    if span > 0:
        parts.append(f"{work / span:.2g} at a time on average")
    if n_waiting:
        parts.append(f"{n_waiting:,} waiting")
    return Heading(title, "; ".join(parts))


def _span_text(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds >= 0.1 else f"{1000 * seconds:.3g} ms"
