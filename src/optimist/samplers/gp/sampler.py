"""GPSampler: the public face of Bayesian optimization with Gaussian processes.

The model, and numpy and scipy with it, is loaded by the first trial that needs it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from optimist.distributions import BaseDistribution
from optimist.exceptions import warn_user
from optimist.history.base_trial import CONSTRAINT_PREFIX, checked_constraint
from optimist.history.protocols import StudyLike, TrialLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.samplers.base import BaseSampler, ColumnSampler
from optimist.samplers.gp.startup import StartupDesign
from optimist.samplers.untried import Untried, untried_cells
from optimist.states import TrialState

if TYPE_CHECKING:
    from optimist.samplers.gp.proposal import Proposer

_UNTRIED_LANE: Final = 0
_RELATIVE_LANE: Final = 1
_FIRST_SINGLE_LANE: Final = 2


class GPSampler(ColumnSampler):
    """Bayesian optimization with Gaussian processes."""

    def __init__(
        self,
        *,
        seed: int | None = None,
        independent_sampler: BaseSampler | None = None,
        n_startup_trials: int = 10,
        deterministic_objective: bool = False,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        warn_independent_sampling: bool = True,
        duplicates: Literal["avoid", "repeat"] = "avoid",
    ) -> None:
        super().__init__(seed)
        if duplicates not in ("avoid", "repeat"):
            raise ValueError(f'duplicates must be "avoid" or "repeat", but it is {duplicates!r}.')
        if constraints_func is not None:
            warn_user(
                "GPSampler(constraints_func=...) is deprecated since Optuna 5.0.0; call trial.set_constraint(key, value) "
                "in the objective instead.",
                FutureWarning,
            )
        self._independent_sampler = independent_sampler
        self._n_startup_trials = n_startup_trials
        self._deterministic_objective = deterministic_objective
        self._constraints_func = constraints_func
        self._warns_of_independent = warn_independent_sampling
        self._avoids_duplicates = duplicates == "avoid"
        self._pinned: Mapping[str, Any] = {}
        self._startup = StartupDesign(self.streams)
        self._proposer: Proposer | None = None
        self._experiment = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_proposer": None}

    def pin(self, params: Mapping[str, Any]) -> BaseSampler:
        pinned = copy.copy(self)
        pinned._pinned = {**self._pinned, **params}  # noqa: SLF001  (its own class)
        return pinned

    def _is_startup(self, view: View) -> bool:
        n = view.count(TrialState.COMPLETE) + view.count(TrialState.PRUNED)
        return n < self._n_startup_trials

    def _untried(self, trial: TrialLike) -> Untried | None:
        """The cells that may be proposed; None if any point may."""
        if not self._avoids_duplicates:
            return None
        return untried_cells(trial.view, self._pinned, lambda: self.streams.generator(trial.number, _UNTRIED_LANE))

    def relative_space(self, view: View) -> dict[str, BaseDistribution]:
        if not view.n:
            return {}
        from optimist.samplers.gp.known import KnownParameters

        return dict(view.tracker(KnownParameters, KnownParameters).space)

    def propose(self, trial: TrialLike, space: dict[str, BaseDistribution]) -> dict[str, Any]:
        view, untried = trial.view, self._untried(trial)
        if self._is_startup(view):
            drawn = None if untried is None else untried.draw()
            return {} if drawn is None else {name: drawn[name] for name in space if name in drawn}
        rng = self.streams.generator(trial.number, _RELATIVE_LANE)
        values = self._model().propose(view, self._pinned, rng, untried)
        return {} if values is None else {name: values[name] for name in space if name in values}

    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        if not self._is_startup(trial.view):
            rng = self.streams.generator(trial.number, _FIRST_SINGLE_LANE + trial.n_suggested)
            value = self._model().propose_one(trial.view, name, distribution, trial.values, rng)
            if value is not None:
                return value
        return self._startup.value(trial.number, trial.n_suggested, distribution)

    def _model(self) -> Proposer:
        if self._proposer is None:
            from optimist.samplers.gp.proposal import Proposer
            from optimist.samplers.gp.settings import Settings

            self._proposer = Proposer(Settings(**self._experiment))
        return self._proposer

    def after_trial(
        self, study: StudyLike, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        if self._constraints_func is None or state not in (TrialState.COMPLETE, TrialState.PRUNED):
            return
        for i, value in enumerate(self._constraints_func(trial)):
            constraint = checked_constraint(str(i), value)
            study.set_trial_system_attr(trial.number, f"{CONSTRAINT_PREFIX}{i}", constraint)
