"""Callbacks for ``Study.optimize``."""

from __future__ import annotations

from collections.abc import Container

from optimist.history.records import FrozenTrial
from optimist.states import TrialState
from optimist.study.study import Study


class MaxTrialsCallback:
    """Stop the study when it has so many trials, those of other workers counted.

    Args:
        n_trials: The number of trials after which to stop.
        states: Which trials count; None for all.
    """

    def __init__(self, n_trials: int, states: Container[TrialState] | None = (TrialState.COMPLETE,)) -> None:
        self._n_trials = n_trials
        self._states = states

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        counts = study.count_trials()
        if sum(n for state, n in counts.items() if self._states is None or state in self._states) >= self._n_trials:
            study.stop()
