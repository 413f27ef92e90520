"""The median rule: stop a trial that is worse than half of the others were at the same step."""

from __future__ import annotations

from optimist.pruners.percentile import PercentilePruner


class MedianPruner(PercentilePruner):
    """Stop a trial whose best value so far is worse than the median of complete trials at the same step.

    Args:
        n_startup_trials: Stop nothing before so many trials are complete.
        n_warmup_steps: Stop nothing before this step.
        interval_steps: From then on judge once every so many steps; if no report falls on such a step, at the next.
        n_min_trials: Stop nothing at a step that fewer complete trials reported.

    Raises:
        ValueError: An argument is outside its range.

    Source: Golovin et al. 2017, Google Vizier, sec. 3.2.2, doi:10.1145/3097983.3098043. There the running averages of
        the others are the measure, here their values at the step.
    """

    def __init__(
        self, n_startup_trials: int = 5, n_warmup_steps: int = 0, interval_steps: int = 1, *, n_min_trials: int = 1
    ) -> None:
        super().__init__(50.0, n_startup_trials, n_warmup_steps, interval_steps, n_min_trials=n_min_trials)
