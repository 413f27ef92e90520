"""Stop a trial that does worse than the best one on the same problems, by a test of paired values."""

from __future__ import annotations

import math
import warnings

from optimist.history.trackers import loss
from optimist.history.view import View
from optimist.numerics.rank_tests import signed_rank_p_value
from optimist.pruners.base import GO_ON, ColumnPruner, Curve, Verdict
from optimist.pruners.checkpoints import check_at_least
from optimist.states import StudyDirection


class WilcoxonPruner(ColumnPruner):
    """Stop a trial whose values are worse than the best trial's at the same steps, by Wilcoxon's signed-rank test.

    For objectives that are a mean over many problems: the folds of a cross-validation, the instances of a benchmark, the
    questions to a model. A step is the number of a problem, and a report says how the trial did on this one alone. The
    order does not matter; a random one keeps trials from being judged by the same few problems.

    A trial is never stopped if the mean of its values is as good as that of the best trial's, or if either reported NaN
    or an infinity. Where :meth:`should_prune` says yes, it may be wiser to return the mean so far than to raise
    ``TrialPruned``: so the sampler learns how bad the trial was.

    Args:
        p_threshold: Stop below this p-value of the hypothesis that the trial is as good, 0 to 1; the higher, the sooner.
            The test is made after each report, so it errs more often than this says.
        n_startup_steps: Stop nothing before so many steps are in common; never before 2.

    Raises:
        ValueError: An argument is outside its range.
    """

    def __init__(self, *, p_threshold: float = 0.1, n_startup_steps: int = 2) -> None:
        if not 0.0 <= p_threshold <= 1.0:
            raise ValueError(f"WilcoxonPruner needs 0 <= p_threshold <= 1, but got p_threshold={p_threshold!r}.")
        check_at_least(self, "n_startup_steps", n_startup_steps, 0)
        self._p_threshold = p_threshold
        self._n_startup_steps = n_startup_steps

    def decide(self, view: View, trial: Curve) -> Verdict:
        if not trial.reports:
            return GO_ON
        if not _all_finite(trial.reports):
            _warn(f"WilcoxonPruner lets trial {trial.number} go on, for it reported NaN or an infinity.")
            return GO_ON
        lead = view.leader(loss)
        if lead is None:
            return GO_ON
        best = f"the best trial, number {view.numbers[lead.row]},"
        steps, values = view.curve(lead.row)
        best_reports: dict[int, float] = dict(zip(steps.tolist(), values.tolist(), strict=True))
        if not best_reports:
            _warn(f"WilcoxonPruner lets trial {trial.number} go on, for {best} reported nothing to compare with.")
            return GO_ON
        if not _all_finite(best_reports):
            _warn(f"WilcoxonPruner lets trial {trial.number} go on, for {best} reported NaN or an infinity.")
            return GO_ON
        common = sorted(best_reports.keys() & trial.reports.keys())
        if len(common) < len(trial.reports):
            _warn(f"WilcoxonPruner leaves out steps that trial {trial.number} reported and {best} did not.")
        if len(common) < max(2, self._n_startup_steps):
            return GO_ON
        sign = -1.0 if view.directions[0] == StudyDirection.MAXIMIZE else 1.0
        if _mean(best_reports) * sign >= _mean(trial.reports) * sign:
            return GO_ON
        p = signed_rank_p_value([(trial.reports[step] - best_reports[step]) * sign for step in common])
        if p < self._p_threshold:
            return Verdict(True, f"At {len(common)} steps it is worse than {best} was: p = {p:.3g} by Wilcoxon's test.")
        return GO_ON


def _all_finite(reports: dict[int, float]) -> bool:
    return all(map(math.isfinite, reports.values()))


def _mean(reports: dict[int, float]) -> float:
    """The mean of some values, added in order of steps, so that the order of reporting does not matter."""
    return sum(reports[step] for step in sorted(reports)) / len(reports)


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=5)
