"""What becomes of trials whose worker died: they are queued again."""

from __future__ import annotations

import copy
from typing import Any, Final, Protocol, Self

from optimist.exceptions import warn_user
from optimist.history.attributes import AUDIT_KEY, LEASE_LOST_KEY, RAN_ON_KEY
from optimist.history.records import FrozenTrial, create_trial
from optimist.states import TrialState

FIRST_KEY: Final = "failed_trial"
"""System attribute of a retry: the number of the trial that was tried first."""

HISTORY_KEY: Final = "retry_history"
"""System attribute of a retry: the numbers of the trials before it, the first one first."""


class AddsTrials(Protocol):
    """What retries need of a study."""

    def add_trial(self, trial: FrozenTrial) -> None:
        """Add a trial to the study."""


class RetryHeartbeatStaleTrialCallback:
    """Queue a trial again whose worker was not heard of any more; for ``RDBStorage``.

    The retry has the parameters and attributes of the trial, and says in its system attributes which trial it retries.

    Args:
        max_retry: How often a trial is retried; None for no limit.
        inherit_intermediate_values: Whether the retry begins with the intermediate values that were reported.
    """

    def __init__(self, max_retry: int | None = None, inherit_intermediate_values: bool = False) -> None:
        self._max_retry = max_retry
        self._inherit_intermediate_values = inherit_intermediate_values

    def __call__(self, study: AddsTrials, trial: FrozenTrial) -> None:
        retry = self.retry_of(trial)
        if retry is not None:
            study.add_trial(retry)

    def retry_of(self, trial: FrozenTrial) -> FrozenTrial | None:
        """The waiting trial to queue in place of a lost one; None if it was retried often enough."""
        numbers = [*self.retry_history(trial), trial.number]
        if self._max_retry is not None and len(numbers) > self._max_retry:
            return None
        attrs: dict[str, Any] = {FIRST_KEY: trial.number, **trial.system_attrs, HISTORY_KEY: numbers}
        for key in (LEASE_LOST_KEY, AUDIT_KEY, RAN_ON_KEY):  # what is said of the trial, not of its retry
            attrs.pop(key, None)
        return create_trial(
            state=TrialState.WAITING,
            params=dict(trial.params),
            distributions=dict(trial.distributions),
            user_attrs=dict(trial.user_attrs),
            system_attrs=attrs,
            intermediate_values=dict(trial.intermediate_values) if self._inherit_intermediate_values else None,
            intermediate_metrics=trial.intermediate_metrics if self._inherit_intermediate_values else None,
        )

    def without_limit(self) -> Self:
        """The same, for a trial that is handed back by a worker which was asked to end."""
        twin = copy.copy(self)
        twin.__dict__["_max_retry"] = None
        return twin

    @staticmethod
    def retried_trial_number(trial: FrozenTrial) -> int | None:
        """The number of the trial that was tried first; None if the trial is no retry."""
        number: int | None = trial.system_attrs.get(FIRST_KEY)
        return number

    @staticmethod
    def retry_history(trial: FrozenTrial) -> list[int]:
        """The numbers of the trials that this one retries, the first one first; empty if it is no retry."""
        return list(trial.system_attrs.get(HISTORY_KEY, ()))


class RetryFailedTrialCallback(RetryHeartbeatStaleTrialCallback):
    """The former name of ``RetryHeartbeatStaleTrialCallback``."""

    def __init__(self, max_retry: int | None = None, inherit_intermediate_values: bool = False) -> None:
        warn_user(
            "RetryFailedTrialCallback is deprecated since Optuna 4.9.0; use RetryHeartbeatStaleTrialCallback.",
            FutureWarning,
        )
        super().__init__(max_retry, inherit_intermediate_values)
