"""Let another pruner stop a trial only after it has stopped improving."""

from __future__ import annotations

from optimist.history.view import View
from optimist.pruners.base import GO_ON, BasePruner, ColumnPruner, Curve, Verdict, best_of, judge
from optimist.pruners.checkpoints import check_at_least
from optimist.states import StudyDirection


class PatientPruner(ColumnPruner):
    """Ask another pruner only when a trial has not improved for a while.

    A trial counts as stuck when the best of its last ``patience + 1`` values is worse than the best of all before
    them by more than ``min_delta``. Values count in order of steps, whatever the distance between them; NaN does not
    count, and where one side has nothing else the trial is not stuck.

    Args:
        wrapped_pruner: Decides about a stuck trial; any pruner. None stops every stuck trial.
        patience: How many values in a row may be worse.
        min_delta: How much worse is tolerated; at least 0, in units of the objective.

    Raises:
        TypeError: ``wrapped_pruner`` is neither a pruner nor None.
        ValueError: ``patience`` or ``min_delta`` is negative.
    """

    def __init__(self, wrapped_pruner: BasePruner | None, patience: int, min_delta: float = 0.0) -> None:
        if wrapped_pruner is not None and not isinstance(wrapped_pruner, BasePruner):
            raise TypeError(
                f"PatientPruner wraps a pruner, such as MedianPruner(), or None to stop every trial that does not "
                f"improve, but got {wrapped_pruner!r}."
            )
        check_at_least(self, "patience", patience, 0)
        check_at_least(self, "min_delta", min_delta, 0)
        self._wrapped_pruner = wrapped_pruner
        self._patience = patience
        self._min_delta = min_delta

    @property
    def uses_clock(self) -> bool:
        return self._wrapped_pruner is not None and self._wrapped_pruner.uses_clock

    def decide(self, view: View, trial: Curve) -> Verdict:
        n_recent = self._patience + 1
        steps = sorted(trial.reports)
        if len(steps) <= n_recent:
            return GO_ON
        maximize = view.directions[0] == StudyDirection.MAXIMIZE
        earlier = best_of((trial.reports[step] for step in steps[:-n_recent]), maximize)
        recent = best_of((trial.reports[step] for step in steps[-n_recent:]), maximize)
        is_stuck = earlier - self._min_delta > recent if maximize else earlier + self._min_delta < recent
        if not is_stuck:  # also if one side is NaN
            return GO_ON
        reason = f"The best value since step {steps[-n_recent]} is {recent:.6g}; before, it was {earlier:.6g}."
        if self._wrapped_pruner is None:
            return Verdict(True, reason)
        verdict = judge(self._wrapped_pruner, view, trial)
        if not verdict.stop:
            return verdict
        return Verdict(True, f"{reason} {verdict.reason}".rstrip(), verdict.record)
