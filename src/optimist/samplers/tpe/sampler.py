"""TPESampler: the public face of the tree-structured Parzen estimator.

The model, and numpy with it, is loaded by the first trial that needs it; the trials before are random.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from optimist.distributions import BaseDistribution
from optimist.exceptions import ExperimentalWarning, warn_user
from optimist.history.protocols import StudyLike, TrialLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.logging import get_logger
from optimist.samplers.advised import follows_advice, is_advised, values_before_model
from optimist.samplers.constraints import note_constraints, warn_of_constraints_func
from optimist.samplers.pinned import PinnedSampler
from optimist.samplers.startup import LatinHypercube
from optimist.samplers.tpe.blocks import UniformBlocks
from optimist.samplers.tpe.groups import GroupSpaces
from optimist.search_space.quantile import quantile_function
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState

if TYPE_CHECKING:
    import numpy as np

    from optimist.samplers.tpe.model import Settings

_logger = get_logger(__name__)

MAX_GOOD: Final = 25
"""The number of good trials does not grow beyond this."""

_N_FULL_WEIGHT: Final = 25
_FIRST_SINGLE_LANE: Final = 1

T = TypeVar("T")


class TPESampler(PinnedSampler):
    """Bayesian optimization with the tree-structured Parzen estimator.

    Finished trials are split into a few good ones and the rest. Two densities say where either lie; the next trial goes
    where the good are dense and the rest is not. It takes any mix of floats, integers and choices, with conditions, one
    or several objectives, constraints and pruned trials; a proposal costs the same after ten and after a hundred
    thousand trials.

    Trials rank in this order: feasible complete ones by value (by front with several objectives), pruned ones by how far
    they came and then by the last value they reported, infeasible ones by how much they violate the constraints.

    Example:
        >>> import optimist
        >>> study = optimist.create_study(sampler=optimist.samplers.TPESampler(seed=1))
        >>> study.optimize(lambda trial: trial.suggest_float("x", -10, 10) ** 2, n_trials=30)
        >>> study.best_value < 1.0
        True

    Args:
        n_startup_trials: So many trials must have finished before the model is used; until then draws are random, and
            spread evenly over the range of each parameter.
        n_ei_candidates: How many candidates are drawn for each proposal.
        seed: Fixes all random choices.
        multivariate: Whether parameters are modelled together. None: yes for one objective, no for several.
        group: Whether conditional parameters are modelled together with those they always come with. Without it, what
            not all trials have in common is modelled parameter by parameter. Needs ``multivariate``. Experimental.
        constant_liar: Whether running trials count as bad ones, so that parallel workers keep apart.
        duplicates: "avoid" proposes no point of a finite space twice as long as there are others; "repeat" may, which
            is what noisy objectives want.
        constraints_func: Deprecated; use ``trial.set_constraint``. Returns one number for each constraint of a finished
            trial; above 0 is a violation.
        gamma: Deprecated. The number of good trials, by the number of finished ones. Default: a tenth, at most 25.
        weights: Deprecated. The weights of n trials from the oldest to the latest. Default: 1 for the latest 25, fading
            to 1/n before. With several objectives good trials have equal weights.
        prior_weight: Deprecated. The weight of the prior, which spreads over the whole space.
        consider_prior: Deprecated, and without effect.
        consider_magic_clip: Deprecated. Whether kernels have a least width.
        consider_endpoints: Deprecated. Whether the ends of a range count as neighbours where widths are measured.
        warn_independent_sampling: Deprecated. Whether to warn of parameters that are modelled on their own although
            ``multivariate`` is set.

    Sources: Bergstra et al. 2011, Algorithms for hyper-parameter optimization; Watanabe 2023, arXiv:2304.11127; Ozaki
    et al. 2022, doi:10.1613/jair.1.13188 (several objectives).
    """

    def __init__(
        self,
        *,
        consider_prior: bool | None = None,
        prior_weight: float | None = None,
        consider_magic_clip: bool | None = None,
        consider_endpoints: bool | None = None,
        n_startup_trials: int = 10,
        n_ei_candidates: int = 24,
        gamma: Callable[[int], int] | None = None,
        weights: Callable[[int], np.ndarray[Any, Any]] | None = None,
        seed: int | None = None,
        multivariate: bool | None = None,
        group: bool = False,
        warn_independent_sampling: bool | None = None,
        constant_liar: bool = True,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        duplicates: Literal["avoid", "repeat"] = "avoid",
    ) -> None:
        super().__init__(seed)
        _given("consider_prior", consider_prior, True, "4.3.0")
        self._prior_weight = _given("prior_weight", prior_weight, 1.0)
        self._magic_clip = _given("consider_magic_clip", consider_magic_clip, True)
        self._endpoints = _given("consider_endpoints", consider_endpoints, False)
        self._gamma = _given("gamma", gamma, None)
        self._weights = _given("weights", weights, None)
        self._warns_of_single = _given("warn_independent_sampling", warn_independent_sampling, False)
        if self._prior_weight < 0:
            raise ValueError(f"prior_weight must not be negative, but it is {prior_weight}.")
        if n_ei_candidates < 1:
            raise ValueError(f"n_ei_candidates must be at least 1, but it is {n_ei_candidates}.")
        if duplicates not in ("avoid", "repeat"):
            raise ValueError(f'duplicates must be "avoid" or "repeat", but it is {duplicates!r}.')
        if group:
            if multivariate is False:
                raise ValueError("group=True models parameters together, so it needs multivariate=True (or None).")
            warn_user("TPESampler(group=True) is experimental; its interface may change.", ExperimentalWarning)
        if constraints_func is not None:
            warn_of_constraints_func("TPESampler")
        self._n_startup_trials = n_startup_trials
        self._n_ei_candidates = n_ei_candidates
        self._multivariate = multivariate
        self._group = group
        self._constant_liar = constant_liar
        self._constraints_func = constraints_func
        self._avoids_duplicates = duplicates == "avoid"
        self._startup = LatinHypercube(self.streams, n_startup_trials)
        self._blocks = UniformBlocks(self.streams)
        self._shared: tuple[Any, SearchSpace, dict[str, BaseDistribution]] = (None, SearchSpace(), {})
        self._settings: Settings | None = None

    # Which way a trial goes

    def uniforms(self, trial: TrialLike) -> list[float] | None:
        view = trial.view
        if not self._is_startup(view) or self._untried(trial) is not None:
            return None
        if follows_advice(trial.number) and is_advised(view):
            return None
        return self._startup.uniforms(trial.number)

    def _is_startup(self, view: View) -> bool:
        return view.count(TrialState.COMPLETE) + view.count(TrialState.PRUNED) < self._n_startup_trials

    def _is_multivariate(self, view: View) -> bool:
        if self._multivariate is not None:
            return self._multivariate
        if self._group and view.n_objectives > 1:
            warn_user(
                "TPESampler(group=True) models parameters together, which with several objectives is not the default. "
                "Set multivariate=True to say that it is meant."
            )
        return self._group or view.n_objectives == 1

    # Proposals

    def relative_space(self, view: View) -> dict[str, BaseDistribution]:
        if self._group:
            return {name: distribution for space in self._groups(view) for name, distribution in space.items()}
        # Without ``multivariate`` as well: the law is the same, whether parameters are drawn at once or in turn.
        shared = view.shared_space(include_pruned=True)
        if shared is not self._shared[0]:
            space = shared.without_singles()
            self._shared = shared, space, dict(space)
        return self._shared[2]

    def _groups(self, view: View) -> list[SearchSpace]:
        return [space.without_singles() for space in view.tracker(GroupSpaces, GroupSpaces).spaces]

    def propose(self, trial: TrialLike, space: dict[str, BaseDistribution]) -> dict[str, Any]:
        view, untried = trial.view, self._untried(trial)
        if self._is_startup(view):
            return values_before_model(view, space, self.streams, trial.number, untried)
        from optimist.samplers.tpe.model import n_uniforms, propose

        settings = self._model_settings()
        separately = not self._is_multivariate(view)
        if self._group:  # the space may be smaller than the groups are, where a wrapper pins parameters
            groups = [SearchSpace((n, d) for n, d in group.items() if n in space) for group in self._groups(view)]
            parts = list(filter(None, groups))
        else:
            parts = [self._shared[1] if space is self._shared[2] else SearchSpace(space)]
        values: dict[str, Any] = {}
        for i, part in enumerate(parts):
            uniforms = self._blocks.uniforms(trial.number, n_uniforms(len(part), settings, separately), i)
            is_whole = untried is not None and untried.names == part.keys()
            values.update(
                propose(
                    view, part, settings, uniforms, separately, untried if is_whole else None, view.parameter_constraint
                )
            )
        return values

    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        view = trial.view
        if self._is_startup(view):
            return quantile_function(distribution)(self.streams.uniform(trial.number, trial.n_suggested))
        if self._warns_of_single and self._is_multivariate(view):
            self._warn_of_single(view, trial.number, name)
        from optimist.samplers.tpe.model import n_uniforms, propose

        settings = self._model_settings()
        rng = self.streams.generator(trial.number, _FIRST_SINGLE_LANE + trial.n_suggested)
        uniforms = rng.random(n_uniforms(1, settings, separately=False))
        return propose(view, SearchSpace({name: distribution}), settings, uniforms)[name]

    def _warn_of_single(self, view: View, number: int, name: str) -> None:
        if any(name in layout.items for layout in view.layouts):
            _logger.warning(
                "Trial %d: TPESampler models %r on its own, for not all trials have it. group=True models conditional "
                "parameters together; warn_independent_sampling=False silences this.",
                number,
                name,
            )

    def _model_settings(self) -> Settings:
        if self._settings is None:
            from optimist.numerics.parzen import KernelRule
            from optimist.samplers.tpe.model import Settings

            self._settings = Settings(
                n_candidates=self._n_ei_candidates,
                n_below=self._gamma or default_gamma,
                weights=self._weights,
                rule=KernelRule(self._prior_weight, self._magic_clip, self._endpoints),
                constant_liar=self._constant_liar,
            )
        return self._settings

    # Optuna's hooks

    def infer_relative_search_space(self, study: StudyLike, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        view = study.view(trial.number)
        return dict(self.relative_space(view)) if self._is_multivariate(view) else {}

    def after_trial(
        self, study: StudyLike, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        if self._constraints_func is not None:
            note_constraints(study, trial, state, self._constraints_func)

    @staticmethod
    def hyperopt_parameters() -> dict[str, Any]:
        """Return arguments that resemble the TPE of hyperopt 0.1.2. Deprecated.

        Example:
            >>> import warnings
            >>> with warnings.catch_warnings():
            ...     warnings.simplefilter("ignore")
            ...     sampler = TPESampler(**TPESampler.hyperopt_parameters())
        """
        warn_user("TPESampler.hyperopt_parameters() is deprecated since Optuna 4.9.0.", FutureWarning)
        return {
            "consider_prior": True,
            "prior_weight": 1.0,
            "consider_magic_clip": True,
            "consider_endpoints": False,
            "n_startup_trials": 20,
            "n_ei_candidates": 24,
            "gamma": hyperopt_default_gamma,
            "weights": default_weights,
        }


def default_gamma(x: int) -> int:
    """The number of good trials among ``x``: a tenth, at most 25."""
    return min(math.ceil(0.1 * x), MAX_GOOD)


def hyperopt_default_gamma(x: int) -> int:
    """The number of good trials among ``x`` as hyperopt 0.1.2 has it: a quarter of the root, at most 25."""
    return min(math.ceil(0.25 * math.sqrt(x)), MAX_GOOD)


def default_weights(x: int) -> np.ndarray[Any, Any]:
    """The weights of ``x`` trials from the oldest to the latest: 1 for the latest 25, fading to 1/x before."""
    import numpy as np

    ramp = np.linspace(1.0 / x, 1.0, max(x - _N_FULL_WEIGHT, 0)) if x else np.empty(0)
    return np.append(ramp, np.ones(min(x, _N_FULL_WEIGHT)))


def _given(name: str, value: T | None, default: T, since: str = "4.9.0") -> T:
    """The value of a deprecated argument."""
    if value is None:
        return default
    warn_user(f"TPESampler({name}=...) is deprecated since Optuna {since}; leave it out.", FutureWarning)
    return value
