"""Intermediate values: the learning curve of each trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from optimist.history.draft import Draft
from optimist.history.history import History
from optimist.history.view import View
from optimist.states import StudyDirection, TrialState
from optimist.study.study import Study
from optimist.visualization import style
from optimist.visualization.data.axes import Axis, value_axis
from optimist.visualization.data.points import Heading, subtitle_of, thin
from optimist.visualization.data.trials import FloatArray, IntArray, Trials, read_trials

_N_MAX = 1000  # more curves than that nobody can tell apart
_N_POINTS = 100_000


@dataclass(frozen=True)
class LearningCurve:
    """The reports of one trial.

    Attributes:
        row: Its row in the trials.
        number: Its number.
        state: COMPLETE, PRUNED or RUNNING.
        is_feasible: Whether it violates no constraint.
        steps: (n,) ascending.
        values: (n,) reported there; NaN where that was reported.
    """

    row: int
    number: int
    state: TrialState
    is_feasible: bool
    steps: IntArray
    values: FloatArray


@dataclass(frozen=True)
class IntermediateValues:
    """The figure.

    Attributes:
        heading: What stands above it.
        value: The axis of values.
        trials: All trials of the study.
        curves: By trial number; at most 1,000, of which the best 200 by the last value.
        best, default: The curves of the incumbent and of the recommended values; None if they have none.
    """

    heading: Heading
    value: Axis
    trials: Trials
    curves: tuple[LearningCurve, ...]
    best: LearningCurve | None
    default: LearningCurve | None

    def kinds(self) -> list[tuple[str, str, list[LearningCurve]]]:
        """The other curves by what a legend tells apart: its word, the colour, the curves; the pale ones first."""
        feasible = [c for c in self.curves if c.is_feasible and c is not self.best and c is not self.default]
        kinds = [
            ("Infeasible", style.GREY, [c for c in self.curves if not c.is_feasible and c is not self.default]),
            ("Pruned", style.ORANGE, [c for c in feasible if c.state == TrialState.PRUNED]),
            ("Complete", style.BLUE, [c for c in feasible if c.state == TrialState.COMPLETE]),
            ("Running", style.GREEN, [c for c in feasible if c.state == TrialState.RUNNING]),
        ]
        return [kind for kind in kinds if kind[2]]


def intermediate_values(study: Study, metric: str | None = None) -> IntermediateValues:
    """Collect the reports of the complete, pruned and running trials.

    Args:
        study: Whose trials.
        metric: Which of the named metrics; None: what pruners judge by.

    Raises:
        ValueError: No trial reported a metric of that name.
    """
    trials = read_trials(study)
    history = study.ledger.history
    with history.lock:
        curves = sorted(_curves(history, study.view(), trials, metric), key=lambda curve: curve.number)
        first = next((name for names in history.row_metrics.values() for name in names), None)
    if metric is not None and not curves:
        raise ValueError(f"No trial reported a metric {metric!r}; trial.report({{{metric!r}: value}}, step) does.")
    is_judged = metric is None or metric == first
    is_minimized = trials.directions[0] != StudyDirection.MAXIMIZE
    best = next((c for c in curves if c.number == trials.best_number), None)
    default = next((c for c in curves if c.number == trials.default_number), None)
    last = np.array([c.values[-1] if is_judged else trials.values[c.row, 0] for c in curves], float)
    kept = _thin(curves, last if is_minimized else -last)
    shown = {curve.number for curve in kept}
    kept += [c for c in (best, default) if c is not None and c.number not in shown]
    subtitle = subtitle_of(trials)
    if len(kept) < len(curves):
        subtitle += f"; {len(kept):,} of {len(curves):,} curves, the best among them"
    values = np.concatenate([curve.values for curve in curves] or [np.empty(0)])
    has_goal = is_judged and len(trials.directions) == 1
    return IntermediateValues(
        Heading("Intermediate Values", subtitle, "" if curves else _explain(trials)),
        value_axis(metric or first or "Intermediate Value", values, is_minimized if has_goal else None),
        trials,
        tuple(kept),
        best,
        default,
    )


def _explain(trials: Trials) -> str:
    if trials.n == 0:
        return "The study has no trials yet."
    return "No trial reported intermediate values; call trial.report(value, step) in the objective."


def _curves(history: History, view: View, trials: Trials, metric: str | None) -> Iterable[LearningCurve]:
    """The curves of the rows; a loop over trials, because each has its own number of steps."""
    shown = (TrialState.COMPLETE, TrialState.PRUNED)
    numbers = view.numbers
    for i in np.flatnonzero(np.isin(view.states, shown)):
        steps, values = view.curve(int(i)) if metric is None else view.metric_curve(int(i), metric)
        if len(steps):
            yield _curve(trials, int(numbers[i]), steps, values)
    for trial in view.running:
        reports = _reports(history.drafts[trial.number], metric)
        if reports:
            steps = np.array(sorted(reports), np.int64)
            yield _curve(trials, trial.number, steps, np.array([reports[int(step)] for step in steps], float))


def _reports(draft: Draft, metric: str | None) -> Mapping[int, float]:
    """The reports of a running trial; where metrics have names, those of the first one stand apart."""
    if metric is None or metric == next(iter(draft.metrics), None):
        return draft.reports
    return draft.metrics.get(metric, {})


def _curve(trials: Trials, number: int, steps: IntArray, values: FloatArray) -> LearningCurve:
    row = trials.row_of(number)
    return LearningCurve(row, number, TrialState(int(trials.states[row])), bool(trials.is_feasible[row]), steps, values)


def _thin(curves: list[LearningCurve], losses: FloatArray) -> list[LearningCurve]:
    n_points = sum(len(curve.steps) for curve in curves)
    n_max = min(_N_MAX, max(50, int(len(curves) * _N_POINTS / max(n_points, 1))))
    return [curves[i] for i in thin(np.nan_to_num(losses, nan=np.inf), n_max)]
