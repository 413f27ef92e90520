from __future__ import annotations

import numpy as np
import pytest

import optimist
from optimist.visualization.data.hypervolume_history import hypervolume_history
from optimist.visualization.data.pareto_front import ParetoFront, is_on_front, pareto_front
from tests.unit.visualization import studies


def numbers(data: ParetoFront, rows: np.ndarray) -> list[int]:  # type: ignore[type-arg]
    return data.trials.numbers[rows].tolist()  # type: ignore[no-any-return]


def test_front_and_what_it_dominates() -> None:
    data = pareto_front(studies.multi_objective(), None, True, None, None)
    assert numbers(data, data.front) == [0, 1, 2, 3, 4, 5]
    assert numbers(data, data.dominated) == [6]
    assert [axis.label for axis in data.axes] == ["Objective 0 (less is better)", "Objective 1 (less is better)"]
    assert not len(pareto_front(studies.multi_objective(), None, False, None, None).dominated)


def test_front_is_the_studys() -> None:
    rng = np.random.default_rng(0)
    study = optimist.create_study(directions=["minimize", "maximize"])
    for _ in range(60):
        values = rng.integers(0, 8, 2).astype(float).tolist()
        studies.add(study, values, constraints={"c": float(rng.integers(-1, 2))})
    data = pareto_front(study, None, True, None, None)
    assert sorted(numbers(data, data.front)) == [trial.number for trial in study.best_trials]


def test_outline_descends_in_steps() -> None:
    study = optimist.create_study(directions=["minimize", "minimize"])
    for values in ([0.0, 2.0], [1.0, 1.0], [3.0, 0.0]):
        studies.add(study, values)
    assert pareto_front(study, None, True, None, None).outline() == ([0, 1, 1, 3, 3], [2, 2, 1, 1, 0])


def test_constraints_of_the_callers() -> None:
    data = pareto_front(studies.multi_objective(), None, True, lambda trial: [trial.number - 2.5], None)
    assert numbers(data, data.front) == [0, 1, 2]
    assert numbers(data, data.infeasible) == [3, 4, 5, 6]


def test_targets_are_shown_but_the_front_stays() -> None:
    data = pareto_front(studies.multi_objective(), ["n", "b"], True, None, lambda trial: (trial.number, 7.0))
    assert numbers(data, data.front) == [0, 1, 2, 3, 4, 5]
    assert data.values[data.front, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert [axis.label for axis in data.axes] == ["n", "b"]
    assert data.outline() == ([], [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target_names": ["a"]}, "must name the 2 values"),
        ({"targets": lambda trial: 1.0}, "must return a sequence"),
        ({"targets": lambda trial: (1,)}, "two or three numbers"),
        ({"targets": lambda trial: (1, 2, 3, 4)}, "two or three numbers"),
        ({"targets": lambda trial: (1, 2, 3)[: 2 + trial.number % 2]}, "always as many"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, object], message: str) -> None:
    given = {"target_names": None, "include_dominated_trials": True, "constraints_func": None, "targets": None}
    with pytest.raises(ValueError, match=message):
        pareto_front(studies.multi_objective(), **{**given, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize("targets", [None, lambda trial: (1, 2)])
def test_one_objective_has_no_front(targets: object) -> None:
    with pytest.raises(ValueError, match="objective"):
        pareto_front(studies.one_trial(), None, True, None, targets)  # type: ignore[arg-type]


def test_dominance_by_brute_force() -> None:
    rng = np.random.default_rng(1)
    for m in (2, 3, 4):
        losses = rng.integers(0, 6, (80, m)).astype(float)
        no_worse = np.all(losses[:, None] <= losses, axis=2)
        better = np.any(losses[:, None] < losses, axis=2)
        assert is_on_front(losses).tolist() == (~(no_worse & better).any(axis=0)).tolist()


def test_hypervolume_grows_by_rectangles() -> None:
    study = optimist.create_study(directions=["minimize", "maximize"])
    studies.add(study, [1.0, 1.0])
    studies.add(study, [3.0, 9.0])  # beyond the reference point
    studies.add(study, [0.0, 0.5])
    studies.add(study, state="FAIL")
    studies.add(study, [0.0, 2.0], constraints={"c": 1.0})
    studies.add(study, [0.0, 2.0])
    data = hypervolume_history(study, [2.0, 0.0])
    assert data.trials.numbers[data.rows].tolist() == [0, 1, 2, 4, 5]
    assert data.hypervolumes.tolist() == [1.0, 1.0, 1.5, 1.5, 4.0]


def test_hypervolume_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="several objectives"):
        hypervolume_history(studies.one_trial(), [1.0])
    with pytest.raises(ValueError, match="one number per objective, 2"):
        hypervolume_history(studies.multi_objective(), [1.0])
    empty = optimist.create_study(directions=["minimize", "minimize"])
    assert hypervolume_history(empty, [1.0, 1.0]).heading.message == "The study has no trials yet."
