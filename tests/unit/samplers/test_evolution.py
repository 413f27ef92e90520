"""NSGA-II and NSGA-III: generations in order of finishing, who becomes a parent, and how children are made."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import optimist
from optimist.samplers import BaseGASampler, NSGAIIISampler, NSGAIISampler, nsgaii
from optimist.states import TrialState
from optimist.trial import FrozenTrial, Trial


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optimist.logging.get_verbosity()
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    yield
    optimist.logging.set_verbosity(before)


UNIT = optimist.distributions.FloatDistribution(0.0, 1.0)


def two(trial: Trial) -> tuple[float, float]:
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    return x + y, (1 - x) ** 2 + y


def study_of(sampler: optimist.samplers.BaseSampler, n_trials: int = 0, n_objectives: int = 2) -> optimist.Study:
    study = optimist.create_study(directions=["minimize"] * n_objectives, sampler=sampler)
    if n_trials:
        study.optimize(two, n_trials=n_trials)
    return study


def added(study: optimist.Study, values: tuple[float, ...], **options: Any) -> None:
    params = {"x": values[0] % 1.0, "y": values[-1] % 1.0}
    study.add_trial(
        optimist.create_trial(values=list(values), params=params, distributions={"x": UNIT, "y": UNIT}, **options)
    )


# Generations


def test_generations_are_complete_trials_in_order_of_finishing() -> None:
    sampler = NSGAIISampler(population_size=3, seed=0)
    study = study_of(sampler)
    trials = [study.ask({"x": UNIT, "y": UNIT}) for _ in range(7)]
    for i in (6, 1, 4, 0, 5):
        study.tell(trials[i], (i, -i))
    study.tell(trials[2], state=TrialState.FAIL)
    assert [t.number for t in sampler.get_population(study, 0)] == [6, 1, 4]
    assert [t.number for t in sampler.get_population(study, 1)] == [0, 5]
    assert [sampler.get_trial_generation(study, study.trials[i]) for i in (6, 0, 3)] == [0, 1, 1]
    assert sampler.get_parent_population(study, 0) == []
    assert {t.number for t in sampler.get_parent_population(study, 1)} == {6, 1, 4}


def test_parents_are_the_best_of_all_before() -> None:
    sampler = NSGAIISampler(population_size=4, seed=0)
    study = study_of(sampler)
    for values in [(0, 9), (9, 0), (5, 5), (8, 8), (4, 4), (9, 9), (7, 7), (0, 8)]:
        added(study, values)
    # Fronts: {1, 4, 7}, then {0, 2}, of which trial 0 stands at an end, and trial 2 at the other.
    parents = {t.number for t in sampler.get_parent_population(study, 2)}
    assert {1, 4, 7} < parents
    assert len(parents) == 4
    assert [t.number for t in sampler.select_parent(study, 2)] == [
        t.number for t in sampler.get_parent_population(study, 2)
    ]


@pytest.mark.parametrize("kind", [NSGAIISampler, NSGAIIISampler])
def test_feasible_trials_come_first_then_those_that_violate_least(kind: Any) -> None:
    sampler = kind(population_size=3, seed=0)
    study = study_of(sampler)
    for values, constraint in [
        ((0, 0), 3.0),
        ((9, 9), 0.0),
        ((1, 1), None),
        ((2, 2), 1.0),
        ((3, 3), 9.0),
        ((8, 8), -1.0),
    ]:
        added(study, values, constraints={} if constraint is None else {"c": constraint})
    assert {t.number for t in sampler.get_parent_population(study, 2)} == {1, 3, 5}


def test_nsga3_keeps_all_directions_of_a_front() -> None:
    sampler = NSGAIIISampler(population_size=3, seed=0, dividing_parameter=1)
    study = study_of(sampler, n_objectives=3)
    rng = np.random.default_rng(0)
    for corner in np.eye(3):
        added(study, tuple(corner.tolist()))
    for point in rng.dirichlet([9.0, 9.0, 9.0], 3):
        added(study, tuple(point.tolist()))
    parents = sampler.get_parent_population(study, 2)
    assert sorted(t.number for t in parents) == [0, 1, 2]


def test_workers_agree_on_parents_whatever_they_saw_when() -> None:
    storage = optimist.storages.InMemoryStorage()
    first = optimist.create_study(
        study_name="s", storage=storage, directions=["minimize"] * 2, sampler=NSGAIISampler(population_size=5, seed=2)
    )
    first.optimize(two, n_trials=33)
    late = optimist.load_study(study_name="s", storage=storage, sampler=NSGAIISampler(population_size=5, seed=2))
    for generation in range(1, 7):
        of_first = first.sampler.get_parent_population(first, generation)  # type: ignore[attr-defined]
        of_late = late.sampler.get_parent_population(late, generation)  # type: ignore[attr-defined]
        assert [t.number for t in of_first] == [t.number for t in of_late]


def test_the_deterministic_mode_gives_the_same_study_at_any_timing() -> None:
    found = []
    for pauses in ((0.0, 0.002), (0.002, 0.0)):

        def slow(trial: Trial, pauses: tuple[float, float] = pauses) -> tuple[float, float]:
            time.sleep(pauses[trial.number % 2])
            return two(trial)

        study = study_of(NSGAIISampler(population_size=4, seed=0))
        study.optimize(slow, n_trials=20, n_jobs=2, deterministic=2)
        found.append([t.params for t in study.trials])
    assert found[0] == found[1]


def test_a_voided_trial_is_no_parent() -> None:
    sampler = NSGAIISampler(population_size=4, seed=0)
    study = study_of(sampler, 9)
    best = study.best_trials[0].number
    study.void(best, "measured on the wrong data")
    study.optimize(two, n_trials=3)
    assert best not in {t.number for t in sampler.get_parent_population(study, 2)}


# Children


def test_children_inherit_numbers_choices_and_conditional_parameters() -> None:
    def conditional(trial: Trial) -> tuple[float, float]:
        kind = trial.suggest_categorical("kind", ["a", "b"])
        x = trial.suggest_float(f"x_{kind}", 0, 1)
        return abs(x - 0.25) + (kind == "b"), (x - 0.25) ** 2 + (kind == "b")

    sampler = NSGAIISampler(population_size=10, mutation=nsgaii.PolynomialMutation(), seed=0)
    study = optimist.create_study(directions=["minimize"] * 2, sampler=sampler)
    study.optimize(conditional, n_trials=200)
    late = study.trials[100:]
    assert sum(t.params["kind"] == "a" for t in late) > 65  # a quarter mutates to "b"
    assert np.median([abs(t.params["x_a"] - 0.25) for t in late if "x_a" in t.params]) < 0.05


def test_without_mutation_and_crossover_children_are_copies() -> None:
    study = study_of(NSGAIISampler(population_size=5, mutation_prob=0.0, crossover_prob=0.0, seed=0), 25)
    start = {tuple(t.params.values()) for t in study.trials[:5]}
    assert {tuple(np.round(list(t.params.values()), 12)) for t in study.trials} == {
        tuple(np.round(values, 12)) for values in start
    }


def test_a_child_is_no_copy_as_long_as_mutation_is_allowed() -> None:
    study = study_of(NSGAIISampler(population_size=5, mutation_prob=1e-9, crossover_prob=0.5, seed=0), 60)
    assert len({tuple(t.params.values()) for t in study.trials}) > 55  # but it may be that of a forgotten ancestor


def test_a_mutation_changes_numbers() -> None:
    class Half(nsgaii.BaseMutation):
        def mutation(self, param: float, rng: Any, study: Any, search_space_bounds: np.ndarray) -> float:
            assert search_space_bounds.tolist() == [0.0, 1.0]
            return 0.5 * param

    study = study_of(
        NSGAIISampler(population_size=4, mutation=Half(), mutation_prob=1.0, crossover_prob=0.0, seed=0), 8
    )
    start = [tuple(t.params.values()) for t in study.trials[:4]]
    assert tuple(2 * v for v in study.trials[4].params.values()) in start


class Far(nsgaii.BaseCrossover):
    n_parents = 2

    def crossover(
        self, parents_params: np.ndarray, rng: Any, study: Any, search_space_bounds: np.ndarray
    ) -> np.ndarray:
        assert isinstance(rng, np.random.RandomState)
        assert search_space_bounds.shape == (parents_params.shape[1], 2)
        return parents_params[0] + 7.0


def test_a_crossover_that_always_leaves_the_bounds_is_cut_back() -> None:
    study = study_of(NSGAIISampler(population_size=4, crossover=Far(), crossover_prob=1.0, mutation_prob=0.0), 8)
    assert all(t.params == {"x": 1.0, "y": 1.0} for t in study.trials[4:])


# Strategies


def test_strategies_take_the_place_of_what_is_built_in() -> None:
    seen: list[tuple[int, TrialState]] = []

    def elite(study: optimist.Study, population: list[FrozenTrial]) -> list[FrozenTrial]:
        return sorted(population, key=lambda t: t.number)[-3:]

    def child(study: optimist.Study, space: dict[str, Any], parents: list[FrozenTrial]) -> dict[str, Any]:
        assert set(space) == {"x", "y"}
        return {"x": max(t.number for t in parents) / 1000, "y": 0.5}

    def after(study: optimist.Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        seen.append((trial.number, state))

    sampler = NSGAIISampler(
        population_size=3,
        elite_population_selection_strategy=elite,
        child_generation_strategy=child,
        after_trial_strategy=after,
    )
    study = study_of(sampler, 9)
    assert [t.params for t in study.trials[3:]] == [{"x": 0.002, "y": 0.5}] * 3 + [{"x": 0.005, "y": 0.5}] * 3
    assert seen == [(i, TrialState.COMPLETE) for i in range(9)]


def test_constraints_func_is_read_after_each_trial_and_warns() -> None:
    with pytest.warns(FutureWarning, match="set_constraint"):
        sampler = NSGAIISampler(population_size=3, constraints_func=lambda trial: (trial.number - 2.0, -1.0))
    study = study_of(sampler, 4)
    assert [t.constraints for t in study.trials] == [{"0": i - 2.0, "1": -1.0} for i in range(4)]


def test_a_sampler_of_ones_own_on_the_base_class() -> None:
    class Best(BaseGASampler):
        def select_parent(self, study: Any, generation: int) -> list[FrozenTrial]:
            pool = self.get_population(study, generation - 1) + self.get_parent_population(study, generation - 1)
            return sorted(pool, key=lambda t: t.values[0])[:2]

        def infer_relative_search_space(self, study: Any, trial: FrozenTrial) -> dict[str, Any]:
            return {"x": UNIT}

        def sample_relative(self, study: Any, trial: FrozenTrial, search_space: dict[str, Any]) -> dict[str, Any]:
            generation = self.get_trial_generation(study, trial)
            parents = self.get_parent_population(study, generation)
            return {"x": parents[trial.number % 2].params["x"] / 2 if parents else trial.number / 10}

        def sample_independent(self, study: Any, trial: FrozenTrial, name: str, distribution: Any) -> float:
            return 0.0

    sampler = Best(population_size=4)
    study = study_of(sampler, 12)
    assert [round(t.params["x"], 4) for t in study.trials[4:8]] == [0.0, 0.05, 0.0, 0.05]
    sampler.population_size = 6
    assert sampler.population_size == 6
    assert len(sampler.get_population(study, 0)) == 6
    with pytest.raises(ValueError, match="population_size"):
        Best(None).get_population(study, 0)


# Arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"population_size": 1}, "population_size"),
        ({"population_size": 2.5}, "population_size"),
        ({"population_size": 2, "crossover": nsgaii.UNDXCrossover()}, "3 parents"),
        ({"crossover": "uniform"}, "BaseCrossover"),
        ({"mutation": "polynomial"}, "BaseMutation"),
        ({"mutation_prob": 1.5}, "mutation_prob"),
        ({"crossover_prob": -0.5}, "crossover_prob"),
        ({"swapping_prob": math.nan}, "swapping_prob"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], message: str) -> None:
    for kind in (NSGAIISampler, NSGAIIISampler):
        with pytest.raises(ValueError, match=message):
            kind(**arguments)


@pytest.mark.parametrize("points", [np.ones(3), -np.eye(2), np.zeros((1, 2)), np.empty((0, 2))])
def test_reference_points_that_make_no_sense(points: np.ndarray) -> None:
    with pytest.raises(ValueError, match="reference_points"):
        NSGAIIISampler(reference_points=points)


def test_reference_points_must_fit_the_study() -> None:
    with pytest.raises(ValueError, match="dividing_parameter"):
        NSGAIIISampler(dividing_parameter=0)
    study = study_of(NSGAIIISampler(population_size=3, reference_points=np.eye(3)))
    with pytest.raises(ValueError, match="3 objectives"):
        study.optimize(two, n_trials=40)
