"""When a pruner looks at a trial: after a warm-up, and then once per interval of steps."""

from __future__ import annotations

from optimist.pruners.base import Curve


def is_checkpoint(trial: Curve, n_warmup_steps: int, interval_steps: int) -> bool:
    """Tell whether the last report is the first one of its interval.

    The intervals are ``interval_steps`` long and begin with step ``n_warmup_steps``. Reports may come in any order.
    """
    last = trial.last_step
    if last < n_warmup_steps:  # holds for a trial without reports, whose last step is -1
        return False
    interval_start = last - (last - n_warmup_steps) % interval_steps
    return all(step < interval_start or step == last for step in trial.reports)


def check_at_least(pruner: object, argument: str, value: float, lowest: float) -> None:
    """Raise ValueError if an argument of a pruner is below its lowest value, or NaN."""
    if not value >= lowest:
        raise ValueError(f"{type(pruner).__name__} needs {argument} >= {lowest}, but got {argument}={value!r}.")
