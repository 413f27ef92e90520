"""Intermediate values: the learning curve of each trial."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

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


def intermediate_values(study: Study) -> IntermediateValues:
    """Collect the reports of the complete, pruned and running trials."""
    trials = read_trials(study)
    curves = sorted(_curves(study.view(), trials), key=lambda curve: curve.number)
    is_minimized = trials.directions[0] != StudyDirection.MAXIMIZE
    best = next((c for c in curves if c.number == trials.best_number), None)
    default = next((c for c in curves if c.number == trials.default_number), None)
    kept = _thin(curves, is_minimized)
    shown = {curve.number for curve in kept}
    kept += [c for c in (best, default) if c is not None and c.number not in shown]
    subtitle = subtitle_of(trials)
    if len(kept) < len(curves):
        subtitle += f"; {len(kept):,} of {len(curves):,} curves, the best among them"
    values = np.concatenate([curve.values for curve in curves] or [np.empty(0)])
    message = "" if curves else _explain(trials)
    return IntermediateValues(
        Heading("Intermediate Values", subtitle, message),
        value_axis("Intermediate Value", values, is_minimized if len(trials.directions) == 1 else None),
        trials,
        tuple(kept),
        best,
        default,
    )


def _explain(trials: Trials) -> str:
    if trials.n == 0:
        return "The study has no trials yet."
    return "No trial reported intermediate values; call trial.report(value, step) in the objective."


def _curves(view: View, trials: Trials) -> Iterable[LearningCurve]:
    """The curves of the rows; a loop over trials, because each has its own number of steps."""
    shown = (TrialState.COMPLETE, TrialState.PRUNED)
    numbers = view.numbers
    for i in np.flatnonzero(np.isin(view.states, shown)):
        steps, values = view.curve(int(i))
        if len(steps):
            yield _curve(trials, int(numbers[i]), steps, values)
    for trial in view.running:
        if trial.reports:
            steps = np.array(sorted(trial.reports), np.int64)
            yield _curve(trials, trial.number, steps, np.array([trial.reports[int(step)] for step in steps], float))


def _curve(trials: Trials, number: int, steps: IntArray, values: FloatArray) -> LearningCurve:
    row = trials.row_of(number)
    return LearningCurve(row, number, TrialState(int(trials.states[row])), bool(trials.is_feasible[row]), steps, values)


def _thin(curves: list[LearningCurve], is_minimized: bool) -> list[LearningCurve]:
    n_points = sum(len(curve.steps) for curve in curves)
    n_max = min(_N_MAX, max(50, int(len(curves) * _N_POINTS / max(n_points, 1))))
    last = np.array([curve.values[-1] for curve in curves], float)
    losses = np.nan_to_num(last if is_minimized else -last, nan=np.inf)
    return [curves[i] for i in thin(losses, n_max)]
