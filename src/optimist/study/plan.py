"""What one call of ``optimize`` was asked to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from optimist.history.records import FrozenTrial
from optimist.pruners.base import BasePruner, PromotingPruner
from optimist.samplers.base import BaseSampler
from optimist.states import StudyDirection
from optimist.storages.base import Terms
from optimist.study.live_trial import Trial
from optimist.study.progress import Progress

Objective = Callable[[Trial], float | Sequence[float]]
Callback = Callable[[Any, FrozenTrial], None]


@dataclass(slots=True)
class Plan:
    """The settings of a loop.

    Attributes:
        objective: Called with each trial.
        n_trials: How many trials to run; infinite for no limit.
        timeout_s: No trial starts after so many seconds; infinite for no limit.
        catch: Exceptions that fail the trial but not the loop.
        callbacks: Called after each trial with the study and a snapshot of the trial.
        gc_after_trial: Whether to collect garbage after each trial.
        target: Stop once a complete trial is at least as good; None for no target.
        terms: On which trials begin.
        progress: Told after each trial.
        deadline: When that time is over, by ``time.monotonic()``.
    """

    objective: Objective
    n_trials: float
    timeout_s: float
    catch: tuple[type[BaseException], ...]
    callbacks: Sequence[Callback]
    gc_after_trial: bool
    target: float | None
    terms: Terms
    progress: Progress | None
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.timeout_s

    @property
    def is_late(self) -> bool:
        """Whether the time is over."""
        return self.deadline != float("inf") and time.monotonic() >= self.deadline


def is_at_least(value: float, target: float | None, direction: StudyDirection) -> bool:
    """Whether a value is as good as the target or better."""
    if target is None:
        return False
    return value >= target if direction == StudyDirection.MAXIMIZE else value <= target


def check_order(lag: int, sampler: BaseSampler, pruner: BasePruner) -> None:
    """Refuse a deterministic mode that could not be one.

    Raises:
        ValueError: The lag is negative, or the sampler has no seed, or the pruner promotes trials or looks at the clock.
    """
    if lag < 0:
        raise ValueError(f"optimize(deterministic=...) takes True, or a number of trials from 1 on, but got {lag}.")
    if lag and not sampler.is_seeded:
        raise ValueError(
            f"optimize(deterministic=...) needs a sampler with a seed, for without one each worker draws other numbers. "
            f"Give it one, such as {type(sampler).__name__}(seed=1)."
        )
    if lag and isinstance(pruner, PromotingPruner):
        raise ValueError(
            f"optimize(deterministic=...) does not go with {type(pruner).__name__}: which trial is promoted when depends on "
            "who is faster. Use SuccessiveHalvingPruner."
        )
    if lag and getattr(pruner, "uses_clock", False):  # Optuna's own pruners do not say
        raise ValueError(
            f"optimize(deterministic=...) does not go with this {type(pruner).__name__}: which trials it stops depends on the "
            "clock. A CurvePruner has a max_share for its time, and so has the one that a study gets with a sampler without a seed. "
            "Use CurvePruner()."
        )


def check_executor(n_jobs: int, *, has_limits: bool, is_deterministic: bool) -> None:
    """Refuse what does not go with an executor.

    Raises:
        ValueError: Something is asked for that only our own threads or processes can do.
    """
    if n_jobs != 1:
        raise ValueError(
            f"An executor has its own workers: leave out n_jobs={n_jobs}, or say workers=N for N at a time."
        )
    if has_limits:
        raise ValueError("trial_timeout and trial_memory need processes that we can end: leave out the executor.")
    if is_deterministic:
        raise ValueError("optimize(deterministic=...) works with n_jobs and workers: leave out the executor.")


def check_exception_classes(catch: tuple[Any, ...]) -> None:
    """Raise TypeError unless all are exception classes."""
    for error in catch:
        if not (isinstance(error, type) and issubclass(error, BaseException)):
            raise TypeError(f"catch must name exception classes, but got {error!r}.")
