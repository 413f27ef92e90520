"""The condemned trials of a study as a table: who was let go on, what came of it, and what pruning saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimist.distributions import BaseDistribution
from optimist.history.condemned import Condemnation
from optimist.history.view import View
from optimist.states import StudyDirection, TrialState


@dataclass(frozen=True, slots=True)
class Case:
    """A trial that was condemned under an audit, and is finished.

    Attributes:
        is_control: Whether it was let go on.
        is_known: Whether it is a control that was complete in the end, so that one knows what it was worth.
        was_wrong: Whether it beats the incumbent of the moment in which it was condemned; False if it is not known.
        would_win: Whether it beats every complete trial of the study that is no control; False if it is not known.
        params: The internal values of its parameters.
        distributions: Of these, by name.
    """

    is_control: bool
    is_known: bool
    was_wrong: bool
    would_win: bool
    params: Mapping[str, Any]
    distributions: Mapping[str, BaseDistribution]


@dataclass(frozen=True, slots=True)
class Cost:
    """What trials cost, and what pruning saved of it, in steps or in seconds.

    Attributes:
        spent: By all finished trials.
        saved: What the pruned ones would have cost more had they run to the end, as an estimate: each until it has as
            many steps as the median complete trial of its study, at its own seconds a step.
        spent_on_controls: What the controls cost after they had been condemned; part of ``spent``.
    """

    spent: float
    saved: float
    spent_on_controls: float

    @property
    def saved_share(self) -> float:
        """What was saved, as a share of the cost without pruning; 0 if there was no cost."""
        total = self.spent + self.saved
        return self.saved / total if total > 0 else 0.0

    def plus(self, other: Cost) -> Cost:
        """Both together."""
        return Cost(
            self.spent + other.spent,
            self.saved + other.saved,
            self.spent_on_controls + other.spent_on_controls,
        )


def cases_of(view: View) -> list[Case]:
    """The condemned trials of a study with one objective, in order of finishing."""
    notes = {row: note for row in range(view.n) if (note := Condemnation.of(view.row_attrs(row)[1])) is not None}
    sign = -1.0 if view.directions[0] == StudyDirection.MAXIMIZE else 1.0
    losses = _comparable_losses(view)
    is_control = np.zeros(view.n, dtype=np.bool_)
    is_control[[row for row, note in notes.items() if note.is_control]] = True
    best_loss = losses[~is_control].min(initial=np.inf)
    cases = []
    for row, note in notes.items():
        distributions = view.layouts[int(view.layout_indices[row])].distributions
        is_known = note.is_control and view.states[row] == TrialState.COMPLETE
        bar = np.inf if note.incumbent is None else sign * note.incumbent
        cases.append(
            Case(
                note.is_control,
                bool(is_known),
                bool(is_known and losses[row] < bar),
                bool(is_known and losses[row] < best_loss),
                {name: view.column(name)[row].item() for name in distributions},
                distributions,
            )
        )
    return cases


def _comparable_losses(view: View) -> NDArray[np.float64]:
    """(n,) losses of the feasible complete trials; infinite for all others."""
    losses = view.losses[:, 0]
    is_in = (view.states == TrialState.COMPLETE) & ~np.isnan(losses)
    for key in view.constraint_keys:
        is_in &= ~(view.constraint(key) > 0)
    return np.where(is_in, losses, np.inf)


def costs_of(view: View) -> tuple[Cost, Cost]:
    """What the finished trials of a study cost in reported steps, and in seconds.

    A trial whose start or end is not known takes no part in the seconds, nor does what it saved.
    """
    made = view.n_reports.astype(np.float64)
    is_complete = view.states == TrialState.COMPLETE
    full = float(np.median(made[is_complete])) if is_complete.any() else 0.0
    saved = np.where(view.states == TrialState.PRUNED, np.maximum(full - made, 0.0), 0.0)
    on_controls = np.zeros(view.n)
    for row in range(view.n):
        note = Condemnation.of(view.row_attrs(row)[1])
        if note is not None and note.is_control:
            on_controls[row] = np.count_nonzero(view.curve(row)[0] > note.step)
            saved[row] = 0.0  # whatever stopped it in the end, it was not this pruner
    seconds = np.nan_to_num(view.durations_s)
    seconds_a_step = np.divide(seconds, made, out=np.zeros(view.n), where=made > 0)
    return (
        Cost(float(made.sum()), float(saved.sum()), float(on_controls.sum())),
        Cost(
            float(seconds.sum()),
            float((saved * seconds_a_step).sum()),
            float((on_controls * seconds_a_step).sum()),
        ),
    )
