"""Grids of panels: parameters against the value, and against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from optimist.study.study import Study
from optimist.visualization.data.axes import Axis, param_axis
from optimist.visualization.data.objective import Objective, Target
from optimist.visualization.data.points import Points, RowArray
from optimist.visualization.data.trials import Param, Trials, choose_params

N_COLUMNS: Final = 4
"""So many panels stand side by side."""

N_MAX_PARAMS: Final = 5
"""So many parameters are set against each other if none are named: 10 panels can still be read."""

_JITTER: Final = 0.5  # of the distance between categories
# Multiples of the two are evenly spread over the square, so that no pattern shows between two categories:
# Roberts 2018, The unreasonable effectiveness of quasirandom sequences.
_SPREAD_X: Final = 0.7548776662466927
_SPREAD_Y: Final = 0.5698402909980532


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        x, y: Its axes.
        points: The trials that have its parameters. Those at a category stand a little beside it, so that they can be
            told apart: round a position to get the category.
        row, column: Its place in the grid, from 0 at the top left.
    """

    x: Axis
    y: Axis
    points: Points
    row: int
    column: int

    @property
    def feasible(self) -> Points:
        """Those that violate no constraint."""
        return self.points.where(self.points.trials.is_feasible[self.points.rows])

    @property
    def infeasible(self) -> Points:
        """Those that violate a constraint."""
        return self.points.where(~self.points.trials.is_feasible[self.points.rows])


@dataclass(frozen=True)
class Pairs:
    """Which parameters are set against each other.

    Attributes:
        params: The parameters, in alphabetical order.
        n_all: How many there are to choose from.
    """

    params: tuple[Param, ...]
    n_all: int

    @property
    def note(self) -> str:
        """What a subtitle says if some are left out."""
        n = len(self.params)
        return f"the {n} most important of {self.n_all} parameters" if n < self.n_all else ""


def choose_pairs(
    study: Study, trials: Trials, names: Sequence[str] | None, target: Target | None, rows: RowArray
) -> Pairs:
    """Choose parameters for a grid of pairs: those named, else the most important ones if there are many.

    Raises:
        ValueError: No trial has one of the ``names``.
    """
    params = choose_params(trials, names)
    if names is None:
        params = [param for param in params if param.has[rows].any()]  # else its panels would be empty
        if len(params) > N_MAX_PARAMS:
            top = _most_important(study, params, target)
            return Pairs(tuple(param for param in params if param.name in top), len(params))
    return Pairs(tuple(params), len(params))


def _most_important(study: Study, params: Sequence[Param], target: Target | None) -> set[str]:
    from optimist.importance import get_param_importances  # loads the evaluators

    try:
        importances = get_param_importances(study, target=target)
    except (ValueError, RuntimeError):  # too few trials to tell
        importances = {}
    ranked = [name for name in importances if any(param.name == name for param in params)]
    ranked += [param.name for param in params if param.name not in importances]  # conditional ones
    return set(ranked[:N_MAX_PARAMS])


def positions(param: Param, trials: Trials, rows: RowArray, spread: float = _SPREAD_X) -> npt.NDArray[Any]:
    """(n_rows,) where trials stand on the axis of a parameter; at a category a little beside it, by trial number."""
    values = param.values[rows]
    if param.choices is None:
        return values
    shifts = _JITTER * ((trials.numbers[rows] * spread) % 1.0 - 0.5)
    return np.asarray(values + shifts)


def value_panels(
    params: Sequence[Param], value: Axis, trials: Trials, objective: Objective, rows: RowArray
) -> list[Panel]:
    """Each parameter against the value, in rows of up to four panels."""
    n_rows = max(1, -(-len(params) // N_COLUMNS))
    n_columns = -(-len(params) // n_rows)
    panels = []
    for i, param in enumerate(params):
        own = rows[param.has[rows]]
        points = Points(trials, own, positions(param, trials, own), objective.values[own], (param.name,))
        panels.append(Panel(param_axis(param), value, points, *divmod(i, n_columns)))
    return panels


def pair_panels(params: Sequence[Param], trials: Trials, rows: RowArray) -> list[Panel]:
    """Each pair of parameters once: the lower triangle of a grid, its empty diagonal left out."""
    axes = [param_axis(param) for param in params]
    panels = []
    for i in range(1, len(params)):
        for j in range(i):
            own = rows[params[i].has[rows] & params[j].has[rows]]
            x, y = positions(params[j], trials, own), positions(params[i], trials, own, _SPREAD_Y)
            points = Points(trials, own, x, y, (params[j].name, params[i].name))
            panels.append(Panel(axes[j], axes[i], points, i - 1, j))
    return panels
