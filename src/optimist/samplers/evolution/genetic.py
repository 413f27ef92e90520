"""What NSGA-II and NSGA-III share: all but how they choose the parents of the next generation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution
from optimist.history.layout import Layout, internal_value
from optimist.history.open_trial import OpenTrial
from optimist.history.protocols import StudyLike, TrialLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.samplers.constraints import note_constraints, warn_of_constraints_func
from optimist.samplers.evolution.base import BaseGASampler, rows_of, trials_of
from optimist.samplers.evolution.breeding import Brood, Heredity, breed
from optimist.samplers.evolution.generations import Generations
from optimist.samplers.nsgaii.base import BaseCrossover, BaseMutation, check_probability
from optimist.samplers.nsgaii.pairwise import UniformCrossover
from optimist.samplers.pinned import PinnedSampler
from optimist.samplers.startup import LatinHypercube
from optimist.search_space.encoding import encoding_of
from optimist.search_space.quantile import quantile_function
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SelectElites = Callable[[Any, list[FrozenTrial]], list[FrozenTrial]]
MakeChild = Callable[[Any, dict[str, BaseDistribution], list[FrozenTrial]], dict[str, Any]]
AfterTrial = Callable[[Any, FrozenTrial, TrialState, Sequence[float] | None], None]

_BREEDING_LANE: Final = 1
_SELECTION_LANE: Final = 2
_FIRST_SINGLE_LANE: Final = 3
_ROUNDING: Final = 1e-12  # by which a value may come back from the unit cube changed
_N_CACHED: Final = 64  # spaces whose parents are kept encoded; conditional parameters have one each


class GeneticSampler(PinnedSampler, BaseGASampler):
    """Breed each trial from the parents of its generation; see NSGAIISampler for the arguments."""

    def __init__(
        self,
        *,
        population_size: int = 50,
        mutation: BaseMutation | None = None,
        mutation_prob: float | None = None,
        crossover: BaseCrossover | None = None,
        crossover_prob: float = 0.9,
        swapping_prob: float = 0.5,
        seed: int | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        elite_population_selection_strategy: SelectElites | None = None,
        child_generation_strategy: MakeChild | None = None,
        after_trial_strategy: AfterTrial | None = None,
    ) -> None:
        PinnedSampler.__init__(self, seed)
        BaseGASampler.__init__(self, population_size)
        crossover = UniformCrossover(swapping_prob) if crossover is None else crossover
        self._check(population_size, mutation, crossover)
        if mutation_prob is not None:
            check_probability("mutation_prob", mutation_prob)
        if constraints_func is not None:
            warn_of_constraints_func(type(self).__name__)
        self._heredity = Heredity(
            crossover,
            mutation,
            mutation_prob,
            check_probability("crossover_prob", crossover_prob),
            check_probability("swapping_prob", swapping_prob),
        )
        self._constraints_func = constraints_func
        self._select_elites = elite_population_selection_strategy
        self._make_child = child_generation_strategy
        self._after_trial = after_trial_strategy
        self._startup = LatinHypercube(self.streams, population_size)

    def _check(self, population_size: Any, mutation: Any, crossover: Any) -> None:
        name = type(self).__name__
        if not isinstance(population_size, int) or population_size < 2:
            raise ValueError(
                f"{name} needs population_size to be an integer of at least 2, but got {population_size!r}."
            )
        # As in Optuna, a wrong type is a ValueError here.
        if not isinstance(crossover, BaseCrossover):
            raise ValueError(  # noqa: TRY004
                f"{name} needs a crossover of optimist.samplers.nsgaii, or one derived from BaseCrossover there, but got "
                f"{crossover!r}."
            )
        if not isinstance(mutation, BaseMutation | None):
            raise ValueError(  # noqa: TRY004
                f"{name} needs PolynomialMutation, or a mutation derived from BaseMutation, both in "
                f"optimist.samplers.nsgaii, but got {mutation!r}."
            )
        if population_size < crossover.n_parents:
            raise ValueError(
                f"{crossover} has {crossover.n_parents} parents, so {name} needs a population_size of at least that, but "
                f"got {population_size}."
            )

    @abstractmethod
    def select(self, losses: FloatArray, violations: FloatArray, m: int, rng: np.random.Generator) -> IntArray:
        """Choose who survives.

        Args:
            losses: (n, n_objectives), n > m.
            violations: (n,) how much each violates the constraints; 0 for a feasible one.
            m: How many survive.
            rng: Of this selection alone.

        Returns:
            (m,) positions.
        """

    @abstractmethod
    def standing(self, losses: FloatArray, violations: FloatArray) -> IntArray:
        """Say who wins a tournament: (n,), smaller is better."""

    # Which way a trial goes

    def uniforms(self, trial: TrialLike) -> list[float] | None:
        if self.generations(trial.view).at(trial.view.n) or self._untried(trial) is not None:
            return None
        return self._startup.uniforms(trial.number)

    # Parents

    def parent_rows(self, study: StudyLike, view: View, generation: int) -> IntArray:
        """The parents of a generation that is open or closed; each chosen once, from the generation before."""
        generations = self.generations(view)
        known = generation
        while known not in generations.parents:
            known -= 1
        for g in range(known, generation):
            pool = np.concatenate([generations.parents[g], generations.rows(g, view.n)])
            generations.parents[g + 1] = self._survivors(study, view, pool, g + 1)
        return generations.parents[generation]

    def _survivors(self, study: StudyLike, view: View, pool: IntArray, generation: int) -> IntArray:
        if self._select_elites is not None:
            return rows_of(view, self._select_elites(study, trials_of(study, view, pool)))
        assert self._population_size is not None
        if len(pool) <= self._population_size:
            return pool
        rng = self.streams.generator(generation, _SELECTION_LANE)
        return pool[self.select(view.losses_of(pool), violations_of(view, pool), self._population_size, rng)]

    def select_parent(self, study: StudyLike, generation: int) -> list[FrozenTrial]:
        view = study.view()
        return trials_of(study, view, self.parent_rows(study, view, generation))

    # Proposals

    def relative_space(self, view: View) -> dict[str, BaseDistribution]:
        return dict(view.shared_space().without_singles())

    def propose(self, trial: TrialLike, space: dict[str, BaseDistribution]) -> dict[str, Any]:
        view, untried = trial.view, self._untried(trial)
        generations = self.generations(view)
        generation = generations.at(view.n)
        if not generation:
            return _within(None if untried is None else untried.draw(), space)
        parents = self.parent_rows(trial.study, view, generation)
        if self._make_child is not None:
            params = self._make_child(trial.study, space, trials_of(trial.study, view, parents))
            return {name: internal_value(space[name], value) for name, value in params.items()}
        brood = self._brood(view, generations, generation, SearchSpace(space))
        if brood is None:
            return _within(None if untried is None else untried.draw(), space)
        rng = self._rng(trial.number, _BREEDING_LANE)
        if untried is None or untried.names != space.keys():
            known = self._known(view, parents, generations.rows(generation, view.n), space)
            return breed(brood, self._heredity, rng, trial.study, known.contains)
        child = breed(brood, self._heredity, rng, trial.study, lambda values: not untried.contains(values))
        return child if untried.contains(child) else _within(untried.draw(), space)

    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        view = trial.view
        generations = self.generations(view)
        generation = generations.at(view.n)
        if generation and self._make_child is None:
            parents = self.parent_rows(trial.study, view, generation)
            brood = self._brood(view, generations, generation, SearchSpace({name: distribution}))
            if brood is not None:
                rng = self._rng(trial.number, _FIRST_SINGLE_LANE + trial.n_suggested)
                space, given = {**trial.distributions, name: distribution}, trial.values
                known = self._known(view, parents, generations.rows(generation, view.n), space)
                return breed(
                    brood, self._heredity, rng, trial.study, lambda values: known.contains({**given, **values})
                )[name]
        return quantile_function(distribution)(self.streams.uniform(trial.number, trial.n_suggested))

    def _known(self, view: View, parents: IntArray, siblings: IntArray, space: Mapping[str, BaseDistribution]) -> Known:
        free = {name for name, d in space.items() if name not in self._pinned and not d.single()}
        return Known(view, np.concatenate([parents, siblings]), free, self._pinned)

    def _rng(self, number: int, lane: int) -> np.random.RandomState:
        """What crossovers written for Optuna draw from."""
        return np.random.RandomState(self.streams.generator(number, lane).bit_generator)

    def _brood(self, view: View, generations: Generations, generation: int, space: SearchSpace) -> Brood | None:
        """The parents of a generation that have all parameters of a space; None if they are too few to breed."""
        cached = generations.cache.get(space)
        if cached is not None and cached[0] == generation:
            return cached[1]  # type: ignore[no-any-return]
        rows = generations.parents[generation]
        rows = rows[view.holds(space.names, rows)]
        brood = None
        if len(rows) >= self._heredity.crossover.n_parents:
            encoding = encoding_of(space)
            points = encoding.encode({name: view.column(name)[rows] for name in space})
            standing = self.standing(view.losses_of(rows), violations_of(view, rows))
            n_params = np.mean([len(_free(view.layouts[i], self._pinned)) for i in view.layout_indices[rows]])
            brood = Brood(encoding, points, standing, float(n_params))
        if len(generations.cache) >= _N_CACHED:
            generations.cache.clear()
        generations.cache[space] = generation, brood
        return brood

    # Optuna's hooks

    def after_trial(
        self, study: StudyLike, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        if self._after_trial is not None:
            self._after_trial(study, trial, state, values)
        elif self._constraints_func is not None:
            note_constraints(study, trial, state, self._constraints_func)


class Known:
    """The parameters of some trials, and of those that run.

    A finished trial with other parameters besides tells nothing: its copy may yet differ in these.

    Args:
        view: The history.
        rows: The finished trials.
        free: The parameters of a child that may differ between trials.
        pinned: Those that all trials have alike.
    """

    def __init__(self, view: View, rows: IntArray, free: set[str], pinned: Mapping[str, Any]) -> None:
        self._view = view
        layouts = view.layout_indices[rows]
        others = [i for i in set(layouts.tolist()) if _free(view.layouts[i], pinned) != free]
        self._rows = rows[~np.isin(layouts, others)] if others else rows
        self._free = free

    def contains(self, values: Mapping[str, Any]) -> bool:
        """Whether one of them has these internal values, but for rounding."""
        rows = self._rows
        with np.errstate(over="ignore"):  # the ends of the widest ranges are far apart
            for name in self._free:
                if not len(rows):
                    break
                found = self._view.column(name)[rows]
                rows = rows[np.abs(found - values[name]) <= _ROUNDING * np.abs(found)]
        return bool(len(rows)) or any(self._is_alike(trial, values) for trial in self._view.open_trials)

    def _is_alike(self, trial: OpenTrial, values: Mapping[str, Any]) -> bool:
        """Whether an open trial has, or is to have, all of these values."""
        for name in self._free:
            other = trial.internal(name)
            other = trial.proposed.get(name) if other is None else other
            if other is None or abs(other - values[name]) > _ROUNDING * abs(values[name]):
                return False
        return True


def violations_of(view: View, rows: IntArray) -> FloatArray:
    """(n,) how much finished trials violate the constraints, judged among themselves.

    The sum of the positive constraint values; 0 as long as none of these trials reported any, and infinite for those
    that did not if others did.
    """
    keys = view.constraint_keys
    if not keys:
        return np.zeros(len(rows))
    reported = np.column_stack([view.constraint(key)[rows] for key in keys])
    has_reported = ~np.isnan(reported).all(axis=1)
    if not has_reported.any():
        return np.zeros(len(rows))
    violations: FloatArray = np.where(reported > 0.0, reported, 0.0).sum(axis=1)
    return np.where(has_reported, violations, np.inf)


def _free(layout: Layout, pinned: Mapping[str, Any]) -> set[str]:
    """The parameters of a layout that may differ between trials."""
    return {name for name, (_, edge) in layout.items.items() if name not in pinned and not edge.distribution.single()}


def _within(values: Mapping[str, Any] | None, space: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that belong to a space."""
    return {} if values is None else {name: values[name] for name in space if name in values}
