"""CmaEsSampler: the public face of CMA-ES."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self, cast

import numpy as np

from optimist.distributions import BaseDistribution, IntDistribution
from optimist.distributions.categorical import is_unordered
from optimist.exceptions import warn_user
from optimist.history.layout import internal_value
from optimist.history.protocols import StudyLike, TrialLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.logging import get_logger
from optimist.samplers.alone import propose_alone
from optimist.samplers.base import BaseSampler
from optimist.samplers.cmaes.engine import Engine, Start, Variant, load_library, promising_start
from optimist.samplers.cmaes.runs import Plan, Restart, Runs
from optimist.samplers.pinned import PinnedSampler
from optimist.samplers.random import RandomSampler
from optimist.search_space.encoding import Encoding, encoding_of
from optimist.search_space.quantile import quantile_function
from optimist.search_space.space import SearchSpace
from optimist.states import StudyDirection, TrialState

_logger = get_logger(__name__)

_SIGMA: Final = 1.0 / 6.0  # three standard deviations from the middle of a range to its ends
_MAX_CELLS: Final = 2**16  # a finer discrete parameter is as good as continuous
_N_TRIES: Final = 16  # to sample a point that is new in a finite space
_POINT_LANE: Final = 1
_RUN_LANE: Final = 2
_RESTARTS: Final = ("ipop", "bipop")


class CmaEsSampler(PinnedSampler):
    """Search with CMA-ES, an evolution strategy for numerical parameters and budgets of some hundred trials and more.

    Trials are drawn from a normal distribution whose mean, step size and covariance adapt, generation by generation,
    to the better trials. It follows narrow valleys in whatever direction they lie, and needs no more than the order of
    the values.

    It searches the numerical parameters that all complete trials have, and ordered choices. Others and conditional ones are left to
    ``independent_sampler``. A generation is so many finished trials in order of finishing, whoever proposed them, so
    workers share a run, and queued or added trials count. In a finite space no point comes twice while others are left.

    Needs the library cmaes: ``pip install 'optimist[cmaes]'``.

    Example:
        >>> import optimist
        >>> study = optimist.create_study(sampler=optimist.samplers.CmaEsSampler(seed=1))
        >>> def valley(trial):
        ...     x, y = trial.suggest_float("x", -2, 2), trial.suggest_float("y", -1, 3)
        ...     return (1 - x) ** 2 + 100 * (y - x**2) ** 2
        >>> study.optimize(valley, n_trials=200)
        >>> study.best_value < 0.1
        True

    Args:
        x0: Deprecated. Where the first run starts, by parameter; the middle of their ranges for those left out.
            :meth:`Study.enqueue_trial` tries a good guess, and the search learns from it.
        sigma0: Deprecated. The first step size, in units of the range (with ``log``, of its logarithm). Default: 1/6.
        n_startup_trials: So many trials must have finished before the search begins; until then the independent sampler
            proposes.
        independent_sampler: Proposes what the search leaves open. Default: random search.
        warn_independent_sampling: Whether to log a warning when a parameter is first left to it although others are searched.
        seed: Fixes all random choices.
        consider_pruned_trials: Whether pruned trials count as well, with the last value that they reported.
        restart_strategy: What follows when a run has converged. "ipop": a run from another place with a larger
            population; "bipop": such runs in turn with small local ones; None: nothing, it stays there.
        popsize: How many trials make a generation. Default: 4 + 3 ln(number of parameters).
        inc_popsize: By what the population grows with each restart; at least 1. -1: twice.
        use_separable_cma: Only variances adapt, no covariances: for many parameters that do not interact.
        with_margin: Discrete parameters keep a least probability to change, so that the search does not get stuck on
            one value.
        lr_adapt: The learning rate adapts: for noisy and multimodal objectives.
        source_trials: Trials of another study on a similar objective, in the same search space; the first run starts from
            the best tenth of them.

    Raises:
        MissingDependencyError: ``cmaes`` is not installed.
        ValueError: Arguments that exclude each other, or the study has several objectives.

    Sources: Hansen 2016, The CMA evolution strategy: a tutorial, arXiv:1604.00772; Hamano et al. 2022,
    arXiv:2205.13482 (margin); Nomura et al. 2023, arXiv:2304.03473 (learning rate); Ros and Hansen 2008,
    doi:10.1007/978-3-540-87700-4_30 (separable); Nomura et al. 2021, arXiv:2012.06932 (source trials).
    """

    def __init__(
        self,
        *,
        x0: dict[str, Any] | None = None,
        sigma0: float | None = None,
        n_startup_trials: int = 1,
        independent_sampler: BaseSampler | None = None,
        warn_independent_sampling: bool = True,
        seed: int | None = None,
        consider_pruned_trials: bool = False,
        restart_strategy: str | None = None,
        popsize: int | None = None,
        inc_popsize: int = -1,
        use_separable_cma: bool = False,
        with_margin: bool = False,
        lr_adapt: bool = False,
        source_trials: list[FrozenTrial] | None = None,
    ) -> None:
        load_library()
        super().__init__(seed)
        for name, value in (("x0", x0), ("sigma0", sigma0)):
            if value is not None:
                warn_user(f"CmaEsSampler({name}=...) is deprecated since Optuna 4.9.0; leave it out.", FutureWarning)
        if sum((use_separable_cma, with_margin, lr_adapt)) > 1:
            raise ValueError(
                "CmaEsSampler takes one of use_separable_cma, with_margin and lr_adapt at a time: no CMA-ES combines them."
            )
        if source_trials is not None and (x0 is not None or sigma0 is not None):
            raise ValueError("CmaEsSampler starts from source_trials, or from x0 and sigma0; leave out one of them.")
        if source_trials is not None and use_separable_cma:
            raise ValueError(
                "CmaEsSampler(use_separable_cma=True) takes no source_trials: the covariance of the other study could not "
                "be used."
            )
        if restart_strategy is not None and restart_strategy not in _RESTARTS:
            raise ValueError(f'restart_strategy must be "ipop", "bipop" or None, but it is {restart_strategy!r}.')
        if popsize is not None and popsize < 2:
            raise ValueError(f"popsize must be at least 2, but it is {popsize!r}.")
        if inc_popsize != -1 and inc_popsize < 1:
            raise ValueError(f"inc_popsize must be at least 1, or -1 for the usual 2, but it is {inc_popsize!r}.")
        if sigma0 is not None and not sigma0 > 0.0:
            raise ValueError(f"sigma0 must be above 0, but it is {sigma0!r}.")
        self._x0 = dict(x0 or {})
        self._sigma0 = _SIGMA if sigma0 is None else float(sigma0)
        self._n_startup_trials = n_startup_trials
        self._independent = RandomSampler(seed) if independent_sampler is None else independent_sampler
        self._is_independent_given = independent_sampler is not None
        self._avoids_duplicates = not self._is_independent_given  # else a sampler of the user's has a say in the cells
        self._warns_of_single = warn_independent_sampling
        self._considers_pruned = consider_pruned_trials
        self._restart = cast(Restart | None, restart_strategy)
        self._popsize = popsize
        self._growth = 2 if inc_popsize == -1 else inc_popsize
        self._separable, self._margin, self._lr_adapt = use_separable_cma, with_margin, lr_adapt
        self._source_trials = source_trials
        self._key = object()  # what its runs are remembered by: they depend on all arguments
        self._warned: set[str] = set()
        self._space: tuple[Any, SearchSpace] = (None, SearchSpace())

    def reseed_rng(self) -> None:
        self._independent.reseed_rng()

    @property
    def is_seeded(self) -> bool:
        return self.streams.is_seeded and (not self._is_independent_given or self._independent.is_seeded)

    def pin(self, params: Mapping[str, Any]) -> Self:
        pinned = super().pin(params)
        pinned._key = object()  # noqa: SLF001  (its own class)
        return pinned

    # Which way a trial goes

    def _is_startup(self, view: View) -> bool:
        n = view.count(TrialState.COMPLETE) + self._considers_pruned * view.count(TrialState.PRUNED)
        return n < max(self._n_startup_trials, 1)

    def relative_space(self, view: View) -> dict[str, BaseDistribution]:
        if view.n_objectives > 1:
            raise ValueError(
                f"CmaEsSampler searches one objective, but the study has {view.n_objectives}. Use TPESampler or "
                "NSGAIISampler."
            )
        searched = self._searched(view)
        space = view.finite_space
        if space is None or self._is_independent_given:
            return dict(searched)
        # So few points that they shall not repeat: all parameters are chosen at once.
        return {name: d for name, d in space.without_singles().items() if name not in self._pinned}

    def _searched(self, view: View) -> SearchSpace:
        """The parameters that CMA-ES searches."""
        shared = view.shared_space(include_pruned=self._considers_pruned)
        if shared is not self._space[0]:
            searched = {
                name: d
                for name, d in shared.without_singles().items()
                if name not in self._pinned and not is_unordered(d)
            }
            self._space = shared, SearchSpace(searched)
        return self._space[1]

    # Proposals

    def propose(self, trial: TrialLike, space: dict[str, BaseDistribution]) -> dict[str, Any]:
        view, untried = trial.view, self._untried(trial)
        if self._is_startup(view):
            drawn = None if untried is None else untried.draw()
            return {} if drawn is None else {name: drawn[name] for name in space if name in drawn}
        searched = self._searched(view)
        seeds = self.streams.generator(trial.number, _POINT_LANE)
        values = self._sample(view, searched, space, seeds)
        if untried is None or untried.names != values.keys():
            return values
        for _ in range(_N_TRIES):
            if untried.contains(values):
                return values
            values = self._sample(view, searched, space, seeds)
        drawn = untried.draw()
        return values if drawn is None else drawn

    def _sample(
        self, view: View, searched: SearchSpace, space: dict[str, BaseDistribution], rng: np.random.Generator
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if searched:
            encoding = encoding_of(searched)
            with view.lock:
                point = self._engine(view, encoding).ask(int(rng.integers(2**32)))
            values.update(encoding.decode_one(point))
        values.update({name: quantile_function(d)(rng.random()) for name, d in space.items() if name not in searched})
        return {name: values[name] for name in space}

    def _engine(self, view: View, encoding: Encoding) -> Engine:
        key = (Runs, self._key, encoding.space)
        return view.tracker(key, Runs, lambda: self._plan(view, encoding)).at(view.n)

    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        view = trial.view
        if self._warns_of_single and name not in self._warned and not self._is_startup(view) and self._searched(view):
            self._warned.add(name)
            _logger.warning(
                "Trial %d: CmaEsSampler leaves %r to %s, for it is categorical or not all trials have it. "
                "warn_independent_sampling=False silences this.",
                trial.number,
                name,
                self._independent,
            )
        return propose_alone(self._independent, trial, name, distribution)

    # What a run starts from

    def _plan(self, view: View, encoding: Encoding) -> Plan:
        steps = None
        if self._margin:
            steps = tuple(
                1.0 / n if n <= _MAX_CELLS and not _is_log(d) else 0.0
                for n, d in zip(encoding.n_cells.tolist(), encoding.space.values(), strict=True)
            )
        return Plan(
            encoding,
            self._start(view, encoding),
            Variant(self._separable, self._lr_adapt, steps),
            self._popsize,
            self._considers_pruned,
            self._restart,
            self._growth,
            lambda k: self.streams.generator(k, _RUN_LANE),
        )

    def _start(self, view: View, encoding: Encoding) -> Start:
        if self._source_trials is not None:
            return self._start_from(self._source_trials, view, encoding)
        mean = np.full(encoding.n_columns, 0.5)
        for name, value in self._x0.items():
            if name in encoding.space:
                alone = encoding_of(SearchSpace({name: encoding.space[name]}))
                mean[encoding.columns[name]] = alone.encode({name: [internal_value(encoding.space[name], value)]})[0]
        return Start(mean, self._sigma0)

    def _start_from(self, trials: Sequence[FrozenTrial], view: View, encoding: Encoding) -> Start:
        states = (TrialState.COMPLETE, TrialState.PRUNED) if self._considers_pruned else (TrialState.COMPLETE,)
        sign = -1.0 if view.directions[0] == StudyDirection.MAXIMIZE else 1.0
        usable = [
            trial
            for trial in trials
            if trial.state in states
            and trial.value is not None
            and all(name in trial.params and d.contains(trial.params[name]) for name, d in encoding.space.items())
        ]
        if not usable:
            raise ValueError(
                f"None of the {len(trials)} source_trials is finished and has values in the ranges of "
                f"{', '.join(encoding.space)}. Give trials of the same search space, or leave source_trials out."
            )
        columns = {
            name: np.array([internal_value(d, trial.params[name]) for trial in usable])
            for name, d in encoding.space.items()
        }
        losses = np.array([sign * trial.value for trial in usable])  # type: ignore[operator]
        return promising_start(encoding.encode(columns), losses)

    # Optuna's hooks

    def after_trial(
        self, study: StudyLike, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._independent.after_trial(study, trial, state, values)


def _is_log(distribution: BaseDistribution) -> bool:
    return isinstance(distribution, IntDistribution) and distribution.log
