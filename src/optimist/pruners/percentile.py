"""Stop a trial whose best value so far is worse than a percentile of what others had at the same step."""

from __future__ import annotations

import math

from optimist.history.view import View
from optimist.pruners.base import GO_ON, ColumnPruner, Curve, Verdict
from optimist.pruners.checkpoints import check_at_least, is_checkpoint
from optimist.states import StudyDirection, TrialState


class PercentilePruner(ColumnPruner):
    """Keep the trials whose best value so far is among the best ``percentile`` percent of complete trials.

    The trial's best value up to its last step is compared with what the complete trials reported at that very step. A
    trial that reported nothing but NaN is stopped.

    Args:
        percentile: How many percent to keep, 0 to 100: 25.0 stops all but the best quarter.
        n_startup_trials: Stop nothing before so many trials are complete.
        n_warmup_steps: Stop nothing before this step.
        interval_steps: From then on judge once every so many steps; if no report falls on such a step, at the next.
        n_min_trials: Stop nothing at a step that fewer complete trials reported.

    Raises:
        ValueError: An argument is outside its range.
    """

    def __init__(
        self,
        percentile: float,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        n_min_trials: int = 1,
    ) -> None:
        if not 0.0 <= percentile <= 100.0:
            raise ValueError(
                f"PercentilePruner needs 0 <= percentile <= 100, but got {percentile!r}. "
                "It is the share of trials to keep: 25.0 for the best quarter."
            )
        check_at_least(self, "n_startup_trials", n_startup_trials, 0)
        check_at_least(self, "n_warmup_steps", n_warmup_steps, 0)
        check_at_least(self, "interval_steps", interval_steps, 1)
        check_at_least(self, "n_min_trials", n_min_trials, 1)
        self._percentile = percentile
        self._n_startup_trials = n_startup_trials
        self._n_warmup_steps = n_warmup_steps
        self._interval_steps = interval_steps
        self._n_min_trials = n_min_trials

    def decide(self, view: View, trial: Curve) -> Verdict:
        n_complete = view.count(TrialState.COMPLETE)
        if n_complete == 0 or n_complete < self._n_startup_trials:
            return GO_ON
        if not is_checkpoint(trial, self._n_warmup_steps, self._interval_steps):
            return GO_ON
        maximize = view.directions[0] == StudyDirection.MAXIMIZE
        best = trial.best(maximize)
        if math.isnan(best):
            return Verdict(True, f"Every intermediate value up to step {trial.last_step} is NaN.")
        limit = view.step_percentile(
            trial.last_step, 100 - self._percentile if maximize else self._percentile, self._n_min_trials
        )
        if best < limit if maximize else best > limit:  # False if there is no limit (NaN)
            return Verdict(
                True,
                f"The best value so far, {best:.6g}, is worse than {limit:.6g}, which the best {self._percentile:g}% "
                f"of complete trials reached at step {trial.last_step}.",
            )
        return GO_ON
