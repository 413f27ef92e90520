"""What figures are drawn with: headings, points, and which of too many trials to draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from optimist.states import TrialState
from optimist.visualization.data.objective import Objective
from optimist.visualization.data.trials import FloatArray, Trials

RowArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Heading:
    """What stands above a figure.

    Attributes:
        title: What kind of figure it is.
        subtitle: What there is to see in it.
        message: What is missing, if there is nothing to draw; it stands in the middle of the empty figure.
    """

    title: str
    subtitle: str = ""
    message: str = ""


@dataclass(frozen=True)
class Points:
    """Trials as points of a plane.

    Attributes:
        trials: What the rows are rows of.
        rows: (n_points,) the row of each.
        x, y: (n_points,) in the axes' units.
        names: The parameters that a text under the pointer tells of; None for all.
    """

    trials: Trials
    rows: RowArray
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    names: tuple[str, ...] | None = None

    @property
    def n(self) -> int:
        """How many."""
        return len(self.rows)

    @property
    def numbers(self) -> list[int]:
        """The trials' numbers."""
        return [int(number) for number in self.trials.numbers[self.rows]]

    def hover_texts(self) -> list[str]:
        """A text for each; made when asked for, because it costs more than all else."""
        return self.trials.hover_texts(self.rows, self.names)

    def where(self, mask: npt.NDArray[np.bool_] | RowArray) -> Points:
        """Those of a mask (n_points,), or of positions, in their order."""
        return replace(self, rows=self.rows[mask], x=self.x[mask], y=self.y[mask])

    def of_trial(self, number: int) -> Points:
        """The point of one trial, if it is among them."""
        return self.where(self.trials.numbers[self.rows] == number)


def joined(*parts: str) -> str:
    """The parts of a subtitle that say something."""
    return "; ".join(part for part in parts if part)


def subtitle_of(trials: Trials, objective: Objective | None = None) -> str:
    """Say in a line how the study went: the best value, and how many trials ended how."""
    parts = []
    best = trials.row_of(trials.best_number)
    if best >= 0 and (objective is None or objective.has_best):
        parts.append(f"best {trials.values[best, 0]:.6g} in trial {trials.best_number}")
    counts = [(state, int(trials.has_state(state).sum())) for state in TrialState]
    n_infeasible = int((~trials.is_feasible & trials.is_complete).sum())
    words = [
        f"{count:,} {'failed' if state == TrialState.FAIL else state.name.lower()}" for state, count in counts if count
    ]
    words += [f"{n_infeasible:,} infeasible"] if n_infeasible else []
    return "; ".join([*parts, ", ".join(words)] if words else parts)


def explain_nothing(trials: Trials) -> str:
    """Say why there is nothing to draw where complete trials are drawn."""
    if trials.n == 0:
        return "The study has no trials yet."
    n_failed = int(trials.has_state(TrialState.FAIL).sum())
    if n_failed == trials.n:
        return f"All {trials.n:,} trials failed." if trials.n > 1 else "The only trial failed."
    if not trials.is_complete.any():
        return "No trial is complete yet."
    return "No complete trial has a finite value."


def best_shown(trials: Trials, objective: Objective, rows: RowArray) -> int:
    """The number of the incumbent as far as a figure shows it: feasible, with the best value; -1 if there is none."""
    rows = rows[trials.is_feasible[rows]]
    if not objective.has_best or not len(rows):
        return -1
    return int(trials.numbers[rows[np.argmin(objective.losses[rows])]])


def thin(losses: FloatArray, n_max: int) -> RowArray:
    """Choose what to draw of too many: the best fifth of ``n_max``, and of the others one in so many.

    Args:
        losses: (n,) less is better.
        n_max: At most so many are kept.

    Returns:
        (n_kept,) positions, ascending.
    """
    if len(losses) <= n_max:
        return np.arange(len(losses))
    n_best = n_max // 5
    order = np.argsort(losses, kind="stable")
    others = np.sort(order[n_best:])
    sample = others[np.linspace(0, len(others) - 1, n_max - n_best).astype(np.intp)]
    return np.sort(np.concatenate([order[:n_best], sample]))


def thin_rows(trials: Trials, objective: Objective, rows: RowArray, n_max: int) -> RowArray:
    """Choose rows as `thin` does, and keep the incumbent and the recommended values as well; ascending.

    Args:
        trials: What the rows are rows of.
        objective: What tells good from bad.
        rows: (n,) the rows to choose from.
        n_max: At most so many are kept, besides these two.
    """
    kept = rows[thin(objective.losses[rows], n_max)]
    marked = [best_shown(trials, objective, rows), trials.default_number]
    return np.union1d(kept, rows[np.isin(trials.numbers[rows], marked)]).astype(np.intp)
