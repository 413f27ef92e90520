"""Exhaustive samplers against Optuna's: the same cells, the same end, the same attributes and errors."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import optuna
import pytest

import optimist

LIBRARIES = [optuna, optimist]
GRID: dict[str, list[Any]] = {"x": [-50, 0, 50], "y": [-99.5, 0.0, 99.5], "kind": ["a", "b", None, True]}


def objective(trial: Any) -> float:
    x = trial.suggest_int("x", -100, 100)
    y = trial.suggest_float("y", -100, 100)
    kind = trial.suggest_categorical("kind", ["a", "b", None, True])
    return float(x * x + y * y + (kind == "a"))


def conditional(trial: Any) -> float:
    c = trial.suggest_categorical("c", ["float", "int"])
    if c == "float":
        return float(trial.suggest_float("x", 1, 3, step=0.5))
    a = trial.suggest_int("a", 1, 3)
    return float(a + trial.suggest_int("b", a, 3))


def grid_study(library: ModuleType, grid: dict[str, list[Any]] = GRID, **options: Any) -> Any:
    return library.create_study(sampler=library.samplers.GridSampler(grid, **options))


def brute_force_study(library: ModuleType, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental in Optuna
        return library.create_study(sampler=library.samplers.BruteForceSampler(**options))


def cells(study: Any) -> list[str]:
    return sorted(repr(sorted(trial.params.items())) for trial in study.trials)


@pytest.mark.parametrize("seed", [None, 1])
def test_grids_visit_the_same_cells_and_stop(seed: int | None) -> None:
    studies = [grid_study(library, seed=seed) for library in LIBRARIES]
    for study in studies:
        study.optimize(objective, n_trials=10)
        assert not study.sampler.is_exhausted(study)
        study.optimize(objective)
        assert study.sampler.is_exhausted(study)
    assert cells(studies[0]) == cells(studies[1])
    assert len(studies[0].trials) == 36


def test_grids_keep_the_same_attributes() -> None:
    studies = [grid_study(library) for library in LIBRARIES]
    for study in studies:
        study.optimize(objective, n_trials=5)
    attrs = [[trial.system_attrs for trial in study.trials] for study in studies]
    assert attrs[0] == attrs[1]


def test_grids_count_pruned_trials() -> None:
    studies = []
    for library in LIBRARIES:

        def pruning(trial: Any, library: ModuleType = library) -> float:
            if objective(trial) > 5000:
                raise library.TrialPruned
            return 0.0

        study = grid_study(library)
        study.optimize(pruning)
        studies.append(study)
    assert cells(studies[0]) == cells(studies[1])


def test_failed_cells_are_where_we_differ() -> None:
    """Optuna counts a failed trial's cell as visited; here it is tried once more (docs/compatibility.md)."""
    n_trials = []
    for library in LIBRARIES:

        def failing(trial: Any) -> float:
            value = objective(trial)
            if trial.number == 3:
                raise ValueError
            return value

        study = grid_study(library)
        study.optimize(failing, catch=(ValueError,))
        n_trials.append(len(study.trials))
    assert n_trials == [36, 37]


def test_repeated_values_are_where_we_differ() -> None:
    n_trials = []
    for library in LIBRARIES:
        study = grid_study(library, {"x": [1, 1, 2]})
        study.optimize(lambda trial: trial.suggest_int("x", 0, 9))
        n_trials.append(len(study.trials))
    assert n_trials == [3, 2]


def test_conditional_grids_are_where_we_differ() -> None:
    """Both visit the same combinations; Optuna repeats those that differ only in what was not asked for."""
    studies = [grid_study(library, {"x": [0, 1], "y": [1.0, 2.0, 3.0]}) for library in LIBRARIES]
    for study in studies:
        study.optimize(lambda trial: trial.suggest_int("x", 0, 1) or trial.suggest_float("y", 0, 9))
    assert set(cells(studies[0])) == set(cells(studies[1]))
    assert [len(study.trials) for study in studies] == [6, 4]


@pytest.mark.parametrize(
    "ask",
    [
        lambda trial: trial.suggest_int("unknown", 0, 1),
        lambda trial: trial.suggest_categorical("kind", ["c", "d"]),
    ],
)
def test_grids_raise_the_same_errors(ask: Any) -> None:
    for library in LIBRARIES:
        study = grid_study(library)
        trial = study.ask()
        with pytest.raises(ValueError, match=r"unknown|choices|not in"):
            ask(trial)


def test_grids_want_queued_trials_complete() -> None:
    for library in LIBRARIES:
        study = grid_study(library)
        study.enqueue_trial({"x": 0})
        trial = study.ask()
        assert trial.suggest_int("x", -100, 100) == 0
        with pytest.raises(ValueError, match=r"must (be specified|specify)"):
            trial.suggest_float("y", -100, 100)


def test_grids_warn_of_values_outside_the_range() -> None:
    for library in LIBRARIES:
        study = grid_study(library, {"x": [-0.5]})
        with pytest.warns(UserWarning, match="x"):
            assert study.ask().suggest_float("x", -5, 5, step=1) == -0.5


def test_brute_force_visits_the_same_combinations_and_stops() -> None:
    studies = [brute_force_study(library, seed=1) for library in LIBRARIES]
    for study in studies:
        study.optimize(conditional)
    assert cells(studies[0]) == cells(studies[1])
    assert len(studies[1].trials) == 11


def test_brute_force_resumes_alike() -> None:
    studies = [brute_force_study(library, seed=1) for library in LIBRARIES]
    for study in studies:
        study.enqueue_trial({"c": "int", "a": 2, "b": 3})
        study.optimize(conditional, n_trials=4)
        study.optimize(conditional)
    assert cells(studies[0]) == cells(studies[1])


def test_brute_force_refuses_infinite_ranges() -> None:
    for library in LIBRARIES:
        study = brute_force_study(library)
        with pytest.raises(ValueError, match="step"):
            study.ask().suggest_float("x", 0, 1)


def test_fixed_parameters_are_taken_alike() -> None:
    for library in LIBRARIES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # experimental in Optuna
            sampler = library.samplers.PartialFixedSampler({"x": 50}, library.samplers.RandomSampler(seed=1))
        study = library.create_study(sampler=sampler)
        study.enqueue_trial({"x": 1})
        study.optimize(objective, n_trials=3)
        assert [trial.params["x"] for trial in study.trials] == [1, 50, 50]
