"""Ranks: where in the space the good trials lie, whatever the scale of the objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimist.study.study import Study
from optimist.visualization.data.axes import value_axis
from optimist.visualization.data.objective import Objective, Target, read_objective, shown_rows
from optimist.visualization.data.panels import Panel, choose_pairs, pair_panels, value_panels
from optimist.visualization.data.points import (
    Heading,
    RowArray,
    best_shown,
    explain_nothing,
    joined,
    subtitle_of,
    thin_rows,
)
from optimist.visualization.data.trials import FloatArray, Trials

_N_MAX = 2000


@dataclass(frozen=True)
class Rank:
    """The figure.

    Attributes:
        heading: What stands above it.
        trials: All trials of the study.
        panels: Each pair of parameters; a single parameter against the value. With at most 2,000 trials, the best 400
            among them.
        ranks: (n,) by row of the trials: the share of complete trials that are better, 0 to 1; NaN for others.
        rank_values: The numbers of rank 0, 1/4, 1/2, 3/4 and 1, to explain the colours.
        value_name: What the numbers are.
        best_number, default_number: The trials to mark; -1: none.
    """

    heading: Heading
    trials: Trials
    panels: tuple[Panel, ...]
    ranks: FloatArray
    rank_values: tuple[float, ...]
    value_name: str
    best_number: int
    default_number: int


def ranks(study: Study, params: Sequence[str] | None, target: Target | None, target_name: str) -> Rank:
    """Rank the complete trials with a finite value, and set their parameters against each other.

    Raises:
        ValueError: No trial has one of the ``params``, or there are several objectives and no target.
    """
    trials, objective = read_objective(study, target, target_name)
    rows = shown_rows(trials, objective)
    pairs = choose_pairs(study, trials, params, target, rows)
    kept = thin_rows(trials, objective, rows, _N_MAX)
    if len(pairs.params) == 1:
        value = value_axis(objective.name, objective.values[rows], objective.is_minimized)
        panels = value_panels(pairs.params, value, trials, objective, kept)
    else:
        panels = pair_panels(pairs.params, trials, kept)
    message = "" if len(rows) else explain_nothing(trials)
    if not message and not panels:
        message = "There are no parameters to show."
    notes = [subtitle_of(trials, objective), pairs.note]
    if len(kept) < len(rows):
        notes.append(f"{len(kept):,} of {len(rows):,} points, the best among them")
    by_row = np.full(trials.n, np.nan)
    by_row[rows], rank_values = rank_shares(objective, rows, rows)
    return Rank(
        Heading(f"Rank of {objective.name}", joined(*notes), message),
        trials,
        tuple(panels),
        by_row,
        rank_values,
        objective.name,
        best_shown(trials, objective, rows),
        trials.default_number,
    )


def rank_shares(objective: Objective, rows: RowArray, of: RowArray) -> tuple[FloatArray, tuple[float, ...]]:
    """Rank trials among all that a figure is about.

    Args:
        objective: The numbers to rank by.
        rows: All rows in question.
        of: (n,) the rows whose rank is asked for.

    Returns:
        (n,) the share of ``rows`` that are better, from 0 for the best to 1 for the worst, equals in the middle of
        theirs; and the numbers of rank 0, 1/4, 1/2, 3/4 and 1, empty without rows.
    """
    if not len(rows):
        return np.empty(0), ()
    losses = np.sort(objective.losses[rows])
    asked = objective.losses[of]
    n_better, n_not_worse = np.searchsorted(losses, asked, "left"), np.searchsorted(losses, asked, "right")
    shares = (n_better + n_not_worse - 1) / (2 * max(len(losses) - 1, 1))
    quarters = np.quantile(losses, [0, 0.25, 0.5, 0.75, 1])
    sign = 1.0 if objective.is_minimized else -1.0
    return shares, tuple(float(sign * quarter) for quarter in quarters)
