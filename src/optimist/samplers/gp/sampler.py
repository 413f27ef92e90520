"""GPSampler: the public face of Bayesian optimization with Gaussian processes.

The model, and numpy and scipy with it, is loaded by the first trial that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from optimist.distributions import BaseDistribution
from optimist.history.protocols import StudyLike, TrialLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.logging import get_logger
from optimist.numerics.blas_threads import one_blas_thread
from optimist.samplers.advised import values_before_model
from optimist.samplers.alone import propose_alone
from optimist.samplers.base import BaseSampler
from optimist.samplers.constraints import note_constraints, warn_of_constraints_func
from optimist.samplers.gp.startup import StartupDesign
from optimist.samplers.pinned import PinnedSampler
from optimist.search_space.quantile import quantile_function
from optimist.states import TrialState

if TYPE_CHECKING:
    from optimist.samplers.gp.proposal import Proposer

_logger = get_logger(__name__)

N_SHORT_STARTUP: Final = 5
"""So many trials before the model are enough; more of them cost more than the model gains by them."""

_N_DESIGNED: Final = 16  # trials; where so many have failed, the design has not got to where they do not

_RELATIVE_LANE: Final = 1
_FIRST_SINGLE_LANE: Final = 2


class GPSampler(PinnedSampler):
    """Bayesian optimization with Gaussian processes.

    After a few trials that spread over the space, a Gaussian process says of every point which value to expect there, and
    how sure that is; the next trial goes where the expected improvement is largest. It finds good values in few trials,
    at some ten milliseconds a trial, however many there are. Use it where a trial takes a second or longer.

    It takes any mix of floats, integers and choices. Conditional parameters are part of the model: which of them a trial
    will have is learnt from the trials before. Running trials count as if they gave what is expected of them, so that
    parallel workers keep apart. Pruned trials count as no better than the median of the complete ones; from failed trials
    it learns where trials fail. Constraints are met with the probability that the model gives them. With two or
    three objectives it improves the hypervolume, with more a weighted maximum of them, with other weights in each trial.

    Example:
        >>> import optimist
        >>> study = optimist.create_study(sampler=optimist.samplers.GPSampler(seed=1))
        >>> study.optimize(lambda trial: trial.suggest_float("x", -10, 10) ** 2, n_trials=15)
        >>> study.best_value < 0.01
        True

    Args:
        seed: Fixes all random choices.
        independent_sampler: Proposes the trials before the model, and what the model cannot (parameters that appear for
            the first time, ranges that have changed). Default: points that spread evenly, and the model as far as it can.
        n_startup_trials: At most so many trials must have finished before the model is used.
        deterministic_objective: Whether the same parameters always give the same value. Default: the noise is estimated.
        constraints_func: Deprecated; use ``trial.set_constraint``. Returns one number for each constraint of a finished
            trial; above 0 is a violation.
        warn_independent_sampling: Whether to warn when ``independent_sampler`` proposes a parameter beside the model.
        startup: "short" lets the model begin after five trials, for the first trials it proposes are the most useful
            ones; "full" waits for ``n_startup_trials``.
        duplicates: "avoid" proposes no point twice as long as there are others; "repeat" may, which is what noisy
            objectives want.

    Sources: see ``docs/decisions/gaussian-processes.md``.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        independent_sampler: BaseSampler | None = None,
        n_startup_trials: int = 10,
        deterministic_objective: bool = False,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        warn_independent_sampling: bool = True,
        startup: Literal["short", "full"] = "short",
        duplicates: Literal["avoid", "repeat"] = "avoid",
    ) -> None:
        super().__init__(seed)
        if n_startup_trials < 0:
            raise ValueError(f"n_startup_trials must not be negative, but it is {n_startup_trials}.")
        if startup not in ("short", "full"):
            raise ValueError(f'startup must be "short" or "full", but it is {startup!r}.')
        if duplicates not in ("avoid", "repeat"):
            raise ValueError(f'duplicates must be "avoid" or "repeat", but it is {duplicates!r}.')
        if constraints_func is not None:
            warn_of_constraints_func("GPSampler")
        self._independent_sampler = independent_sampler
        self._n_startup_trials = min(n_startup_trials, N_SHORT_STARTUP) if startup == "short" else n_startup_trials
        self._deterministic_objective = deterministic_objective
        self._constraints_func = constraints_func
        self._warns_of_independent = warn_independent_sampling
        self._avoids_duplicates = duplicates == "avoid"
        self._startup = StartupDesign(self.streams)
        self._proposer: Proposer | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_proposer": None}

    # Which way a trial goes

    @property
    def is_seeded(self) -> bool:
        return super().is_seeded and (self._independent_sampler is None or self._independent_sampler.is_seeded)

    def reseed_rng(self) -> None:
        if self._independent_sampler is not None:
            self._independent_sampler.reseed_rng()

    def _is_startup(self, view: View) -> bool:
        return view.count(TrialState.COMPLETE) + view.count(TrialState.PRUNED) < self._n_startup_trials

    # Proposals

    def relative_space(self, view: View) -> dict[str, BaseDistribution]:
        if not view.n:
            return {}
        from optimist.samplers.gp.known import KnownParameters

        return dict(view.tracker(KnownParameters, KnownParameters).space)

    def propose(self, trial: TrialLike, space: dict[str, BaseDistribution]) -> dict[str, Any]:
        view, untried = trial.view, self._untried(trial)
        if self._is_startup(view):
            return values_before_model(view, space, self.streams, trial.number, untried)
        rng = self.streams.generator(trial.number, _RELATIVE_LANE)
        model = self._model()
        with one_blas_thread():
            values = model.propose(view, self._pinned, rng, untried, avoids_duplicates=self._avoids_duplicates)
        return {} if values is None else {name: values[name] for name in space if name in values}

    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        is_startup = self._is_startup(trial.view)
        if self._independent_sampler is not None:
            if not is_startup and self._warns_of_independent:
                _logger.warning(
                    "Trial %d: GPSampler leaves %r to its independent sampler, for the model does not know it, or not with "
                    "this range. warn_independent_sampling=False silences this.",
                    trial.number,
                    name,
                )
            return propose_alone(self._independent_sampler, trial, name, distribution)
        if not is_startup:
            rng = self.streams.generator(trial.number, _FIRST_SINGLE_LANE + trial.n_suggested)
            model = self._model()
            with one_blas_thread():
                value = model.propose_one(trial.view, name, distribution, trial.values, rng)
            if value is not None:
                return value
        if is_startup and trial.number >= _N_DESIGNED:
            return quantile_function(distribution)(self.streams.uniform(trial.number, trial.n_suggested))
        n_dimensions = len(self.relative_space(trial.view)) if trial.view.n else 1
        return self._startup.value(trial.number, trial.n_suggested, distribution, n_dimensions)

    def _model(self) -> Proposer:
        if self._proposer is None:
            from optimist.numerics.marginal_likelihood import Priors
            from optimist.samplers.gp.proposal import Proposer
            from optimist.samplers.gp.settings import Settings

            priors = Priors(max_noise=Priors.min_noise) if self._deterministic_objective else Priors()
            self._proposer = Proposer(Settings(priors))
        return self._proposer

    # Optuna's hooks

    def after_trial(
        self, study: StudyLike, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        if self._constraints_func is not None:
            note_constraints(study, trial, state, self._constraints_func)
