"""Stop a trial that has hardly a chance to become the best, by the learning curves of all trials so far."""

from __future__ import annotations

from typing import Final

from optimist.history.view import View
from optimist.pruners.base import GO_ON, ColumnPruner, Curve, Verdict
from optimist.pruners.checkpoints import check_at_least, is_checkpoint
from optimist.pruners.median import MedianPruner
from optimist.pruners.pace import Pace
from optimist.states import TrialState

DEFAULT_SHARE: Final = 0.1
"""What a study without a pruner of its own gives as ``max_share``, if its sampler has no seed."""

_SECOND_LEVEL: Final = 0.4
"""The chance by the coarse look, and its product with the distance from the best, at which a trial goes on."""


class CurvePruner(ColumnPruner):
    """Stop a trial when its chance to beat the best complete trial falls under a level.

    The chance comes from a Gaussian process over the learning curves of all trials, pruned ones included, and their
    hyperparameters; see ``optimist.numerics.curves``. It learns how hyperparameters shape a curve, so that a slow
    starter, say for its low learning rate, is not taken for a bad trial. Metrics may have any scale and either direction.
    Whether a trial's value is its last report or its best one is seen from the complete trials.

    On learning curves that were read only after its defaults were frozen (``benchmarks/pruning.py``, 100 random orders of 60
    trials) it makes 0.289 of the steps at a mean regret of 0.0003 of accuracy on FashionMNIST (the median rule 0.312 and 0.0005),
    0.272 at 0.0001 of networks for digits (0.287 and 0.0007), and 0.311 at 0.0007 of log loss of boosting for digits (0.300 and
    0.0083). Of the trials that would have become the best of their moment it stops 4.2 %, 4.1 % and 4.5 % (the median rule 8.6 %,
    8.0 % and 38.6 %). A smaller ``level`` stops fewer.

    It is the default of a study. If that has a sampler without a seed, it has ``max_share=0.1``: where steps are quick, the median
    rule decides. With a seed the forecasts always decide, so that the same seed gives the same study.

    Nothing is stopped before a trial is complete. Trials are judged at 20 of their reports at most, evenly spread. What
    counts is the chance for what a stop saves: the level goes with the square root of the share of steps that are left. The
    process says how wrong it is, by forecasts of complete trials from all others, and is believed the less. One bad report
    does not stop a trial that did well: from one report to the next its chance falls to a third at most. Far from the best,
    where the process tells trials apart by the order of magnitude of their distance, a second one, in plain units, must
    agree.

    The process looks at no more than 88 curves, the best, the latest complete and the latest pruned ones, so that a decision
    costs the same however many trials there are: about a millisecond, and some 15 ms more once for each trial that has finished
    since. At times, ever more seldom, it is fitted anew, which takes some tenths of a second.

    Args:
        level: Stop a trial at a chance smaller than this times the square root of the share of steps left, between 0 and 1.
        n_warmup_steps: Stop nothing before this step.
        interval_steps: From then on judge once every so many steps; if no report falls on such a step, at the next.
        max_share: Where forecasts would take more than this share of the time that goes by in this process, the median rule
            decides in their place, so that quick steps are not held up; who stops then depends on the clock. None: the
            forecasts always decide.

    Raises:
        ValueError: An argument is outside its range.
    """

    def __init__(
        self,
        level: float = 0.018,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        max_share: float | None = None,
    ) -> None:
        if not 0.0 < level < 1.0:
            raise ValueError(
                f"CurvePruner needs 0 < level < 1, but got {level!r}. It is a chance: 0.025 for one in 40."
            )
        check_at_least(self, "n_warmup_steps", n_warmup_steps, 0)
        check_at_least(self, "interval_steps", interval_steps, 1)
        if max_share is not None and not 0.0 < max_share < 1.0:
            raise ValueError(f"CurvePruner needs 0 < max_share < 1, or None, but got {max_share!r}.")
        self._level = level
        self._pace = None if max_share is None else Pace(max_share)
        self._median = MedianPruner(n_warmup_steps=n_warmup_steps, interval_steps=interval_steps)
        self._n_warmup_steps = n_warmup_steps
        self._interval_steps = interval_steps

    @property
    def uses_clock(self) -> bool:
        return self._pace is not None

    def decide(self, view: View, trial: Curve) -> Verdict:
        if self._pace is not None:
            self._pace.begin()
        if view.count(TrialState.COMPLETE) == 0 or not is_checkpoint(trial, self._n_warmup_steps, self._interval_steps):
            return GO_ON
        if self._pace is None:
            return self._judge(view, trial)
        if not self._pace.affords():
            return self._median.decide(view, trial)
        with self._pace.spending():
            return self._judge(view, trial)

    def _judge(self, view: View, trial: Curve) -> Verdict:
        from optimist.numerics.blas_threads import one_blas_thread  # numpy is loaded when the first trial is judged
        from optimist.pruners.forecast import COARSE, FINE, Forecasts

        with one_blas_thread():
            forecast = view.tracker((Forecasts, FINE), Forecasts, FINE).at(view)
            if forecast is None:
                return GO_ON
            level = self._level * forecast.worth_of_stop(trial.reports)
            if level == 0.0:
                return GO_ON
            params = trial.read_params()
            chance = forecast.chance(trial.reports, params)
            if chance >= level:
                return GO_ON
            distance = forecast.distance(trial.reports)
            if distance > _SECOND_LEVEL:  # the fine look tells less there; nearer, no chance by the coarse one would do
                second = view.tracker((Forecasts, COARSE), Forecasts, COARSE).at(view)
                if second is not None and second.chance(trial.reports, params) >= _SECOND_LEVEL / min(distance, 1.0):
                    return GO_ON
        return Verdict(
            True,
            f"Its chance to beat the best value so far is {chance:.2%} by the curves of other trials, less than the "
            f"{level:.2%} that CurvePruner asks for.",
        )
