"""Hypervolume history: how much of the objectives' space the front has won, trial by trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimist.numerics.fronts import hypervolume
from optimist.states import StudyDirection
from optimist.study.study import Study
from optimist.visualization.data.points import Heading, RowArray, explain_nothing
from optimist.visualization.data.trials import BoolArray, FloatArray, Trials, read_trials


@dataclass(frozen=True)
class HypervolumeHistory:
    """The figure.

    Attributes:
        heading: What stands above it.
        trials: All trials of the study.
        rows: (n_complete,) rows of the complete trials, ascending.
        hypervolumes: (n_complete,) of the feasible trials up to there, in the product of the objectives' units.
    """

    heading: Heading
    trials: Trials
    rows: RowArray
    hypervolumes: FloatArray


def hypervolume_history(study: Study, reference_point: Sequence[float]) -> HypervolumeHistory:
    """Measure the hypervolume after each complete trial.

    Args:
        study: A study with several objectives.
        reference_point: One number per objective: a value so bad that what is worse counts for nothing.

    Raises:
        ValueError: The study has a single objective, or the reference point has not one number for each.
    """
    trials = read_trials(study)
    m = len(trials.directions)
    if m < 2:
        raise ValueError("A hypervolume needs several objectives; for a single one use plot_optimization_history.")
    if len(reference_point) != m:
        raise ValueError(f"reference_point must have one number per objective, {m}, but got {reference_point!r}.")
    signs = np.array([-1.0 if d == StudyDirection.MAXIMIZE else 1.0 for d in trials.directions])
    reference = np.asarray(reference_point, float) * signs
    rows = np.flatnonzero(trials.is_complete)
    hypervolumes = _measure(trials.values[rows] * signs, trials.is_feasible[rows], reference)
    title = "Hypervolume History"
    if not len(rows):
        return HypervolumeHistory(Heading(title, message=explain_nothing(trials)), trials, rows, hypervolumes)
    point = ", ".join(f"{x:g}" for x in reference_point)
    subtitle = f"{hypervolumes[-1]:.6g} in the end, up to the reference point ({point})"
    return HypervolumeHistory(Heading(title, subtitle), trials, rows, hypervolumes)


def _measure(losses: FloatArray, is_feasible: BoolArray, reference: FloatArray) -> FloatArray:
    """The hypervolume after each point; only a point that joins the front changes it, so only then is it measured."""
    found = np.zeros(len(losses))
    front = np.empty((0, losses.shape[1]))
    current = 0.0
    for i, point in enumerate(losses):
        counts = is_feasible[i] and np.all(point < reference)
        if counts and not np.any(np.all(front <= point, axis=1)):
            front = np.vstack([front[~np.all(point <= front, axis=1)], point])
            current = hypervolume(front, reference)
        found[i] = current
    return found
