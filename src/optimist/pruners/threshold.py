"""Stop a trial whose value leaves a range, such as a loss that has exploded."""

from __future__ import annotations

import math

from optimist.history.view import View
from optimist.pruners.base import GO_ON, ColumnPruner, Curve, Verdict
from optimist.pruners.checkpoints import check_at_least, is_checkpoint


class ThresholdPruner(ColumnPruner):
    """Stop a trial whose last value is below ``lower``, above ``upper``, or NaN, whatever others reached.

    Args:
        lower: The lowest value that may go on; None for no such limit.
        upper: The highest value that may go on; None for no such limit.
        n_warmup_steps: Stop nothing before this step.
        interval_steps: From then on judge once every so many steps; if no report falls on such a step, at the next.

    Raises:
        TypeError: There is neither limit, or one is not a number.
        ValueError: ``lower`` is above ``upper``, a limit is NaN, or a number of steps is out of range.
    """

    def __init__(
        self,
        lower: float | None = None,
        upper: float | None = None,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
    ) -> None:
        if lower is None and upper is None:
            raise TypeError("ThresholdPruner needs a limit: lower, upper or both.")
        self._lower = -math.inf if lower is None else _number("lower", lower)
        self._upper = math.inf if upper is None else _number("upper", upper)
        if not self._lower <= self._upper:
            raise ValueError(f"ThresholdPruner needs lower <= upper, but got lower={lower!r} and upper={upper!r}.")
        check_at_least(self, "n_warmup_steps", n_warmup_steps, 0)
        check_at_least(self, "interval_steps", interval_steps, 1)
        self._n_warmup_steps = n_warmup_steps
        self._interval_steps = interval_steps

    def decide(self, view: View, trial: Curve) -> Verdict:
        if not is_checkpoint(trial, self._n_warmup_steps, self._interval_steps):
            return GO_ON
        step = trial.last_step
        value = trial.reports[step]
        if math.isnan(value):
            return Verdict(True, f"The value at step {step} is NaN.")
        if value < self._lower:
            return Verdict(True, f"The value at step {step}, {value:.6g}, is below the limit {self._lower:.6g}.")
        if value > self._upper:
            return Verdict(True, f"The value at step {step}, {value:.6g}, is above the limit {self._upper:.6g}.")
        return GO_ON


def _number(argument: str, limit: float) -> float:
    try:
        return float(limit)
    except (TypeError, ValueError):
        raise TypeError(
            f"ThresholdPruner needs a number or None as {argument}, but got {limit!r} ({type(limit).__name__})."
        ) from None
