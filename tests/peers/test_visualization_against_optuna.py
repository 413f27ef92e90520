"""The same trials in both libraries: where figures mean the same, they hold the same numbers."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest

import optimist
from optimist.visualization.data.intermediate_values import intermediate_values
from optimist.visualization.data.slice import slices
from optimist.visualization.data.timeline import KINDS, timeline
from tests.peers import twins


def both(make: Any = twins.add_varied_trials, **arguments: Any) -> tuple[Any, Any]:
    """The same study of Optuna and of ours."""
    studies = []
    for library in (optuna, optimist):
        study = library.create_study(**{"study_name": "s", **arguments})
        make(library, study)
        studies.append(study)
    return studies[0], studies[1]


def add_random_trials(library: ModuleType, study: Any, n: int = 40, seed: int = 0) -> None:
    """Complete, pruned and failed trials; some are infeasible, some lack a parameter."""
    rng = np.random.default_rng(seed)
    trials = []
    for k in range(n):
        params = {"x": float(rng.uniform()), "lr": float(10 ** rng.uniform(-5, 0)), "kind": ("a", "b", None)[k % 3]}
        if k % 7 == 0:
            del params["lr"]
        state = ("COMPLETE", "COMPLETE", "PRUNED", "COMPLETE", "FAIL")[k % 5]
        trials.append(
            twins.make_trial(
                library,
                state,
                values=None if state == "FAIL" else [float(rng.normal())] * len(study.directions),
                params=params,
                start=k,
                end=k + float(rng.uniform(0.1, 3)),
                intermediate_values={} if k % 4 == 0 else {1: float(k), 3: float(-k)},
                constraints={"c": float(rng.integers(-2, 2))},
            )
        )
    study.add_trials(trials)


def add_fronts(library: ModuleType, study: Any) -> None:
    rng = np.random.default_rng(3)
    study.add_trials(
        [
            twins.make_trial(
                library,
                "COMPLETE",
                values=rng.integers(0, 9, len(study.directions)).astype(float).tolist(),
                params={"x": float(rng.uniform())},
                start=k,
                end=k + 1,
                constraints={"c": float(rng.integers(-3, 2))},
            )
            for k in range(50)
        ]
    )


def trace(figure: Any, name: str) -> Any:
    found = [trace for trace in figure.data if trace.name == name]
    assert len(found) == 1, [trace.name for trace in figure.data]
    return found[0]


def numbers(values: Any) -> list[float | None]:
    return [None if value is None or np.isnan(value) else float(value) for value in values]


@pytest.fixture(autouse=True)
def calm() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna's experimental ones, and numpy's inside of it
        yield


@pytest.mark.parametrize("make", [twins.add_varied_trials, add_random_trials])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_optimization_history(make: Any, direction: str) -> None:
    theirs, ours = (
        library.visualization.plot_optimization_history(study)
        for library, study in zip((optuna, optimist), both(make, direction=direction), strict=True)
    )
    for name in ("Objective Value", "Best Value", "Infeasible Trial"):
        assert numbers(trace(ours, name).x) == numbers(trace(theirs, name).x), name
        assert numbers(trace(ours, name).y) == numbers(trace(theirs, name).y), name


def test_optimization_history_of_a_target() -> None:
    theirs, ours = (
        library.visualization.plot_optimization_history(
            study, target=lambda trial: trial.params.get("x", 9.0), target_name="x"
        )
        for library, study in zip((optuna, optimist), both(add_random_trials), strict=True)
    )
    assert numbers(trace(ours, "x").y) == numbers(trace(theirs, "x").y)
    assert {t.name for t in ours.data} == {t.name for t in theirs.data} | {"Failed"}


def test_optimization_history_of_several_studies() -> None:
    figures = []
    for library in (optuna, optimist):
        pair = []
        for seed, n in ((0, 40), (1, 25)):
            study = library.create_study(study_name=f"study {seed}")
            add_random_trials(library, study, n, seed)
            pair.append(study)
        figures.append(library.visualization.plot_optimization_history(pair))
        figures.append(library.visualization.plot_optimization_history(pair, error_bar=True))
    theirs, their_means, ours, our_means = figures
    for name in ("study 0", "study 1"):
        for kind in ("Objective Value", "Best Value"):
            of = f"{kind} of {name}"
            assert numbers(trace(ours, of).y) == numbers(trace(theirs, of).y)
    points, their_points = trace(our_means, "Objective Value"), trace(their_means, "Objective Value")
    assert numbers(points.x) == numbers(their_points.x)
    assert list(points.y) == pytest.approx(list(their_points.y))
    assert list(points.error_y.array) == pytest.approx(list(their_points.error_y.array))
    assert list(trace(our_means, "Best Value").y) == pytest.approx(list(trace(their_means, "Best Value").y))


@pytest.mark.parametrize("make", [twins.add_varied_trials, add_random_trials])
def test_intermediate_values(make: Any) -> None:
    their_study, our_study = both(make)
    theirs = {
        int(t.name.removeprefix("Trial")): (list(t.x), list(t.y))
        for t in optuna.visualization.plot_intermediate_values(their_study).data
    }
    curves = intermediate_values(our_study).curves
    assert {curve.number: (curve.steps.tolist(), curve.values.tolist()) for curve in curves} == theirs


def test_distribution_function() -> None:
    theirs, ours = (
        library.visualization.plot_edf(study)
        for library, study in zip((optuna, optimist), both(add_random_trials), strict=True)
    )
    steps, places = trace(ours, "s"), trace(theirs, "s")
    at = np.searchsorted(np.array(steps.x), np.array(places.x), "right") - 1
    assert list(np.array(steps.y)[at]) == pytest.approx(list(places.y))


def test_slices() -> None:
    their_study, our_study = both(add_random_trials)
    panels = {panel.x.label: panel for panel in slices(our_study, None, None, "Objective Value").panels}
    figure = optuna.visualization.plot_slice(their_study)
    for i, name in enumerate(sorted(panels), start=1):
        axis = f"x{'' if i == 1 else i}"
        for kind, points in (("Feasible", panels[name].feasible), ("Infeasible", panels[name].infeasible)):
            if name == "kind" and kind == "Infeasible":
                continue  # Optuna leaves them out of the panels of categories
            found = next(t for t in figure.data if (t.xaxis or "x") == axis and t.name == f"{kind} Trial")
            x = points.x.tolist()
            if name == "kind":
                x = [panels[name].x.choices[round(place)] for place in x]  # type: ignore[index]
            their_x = [str(value).strip("'") if name == "kind" else value for value in found.x]
            assert sorted(zip(points.y, x, strict=True)) == sorted(zip(found.y, their_x, strict=True))


def test_timeline() -> None:
    their_study, our_study = both(add_random_trials)
    data = timeline(our_study)
    kinds = [KINDS[kind] for kind in data.kinds]
    for bars in optuna.visualization.plot_timeline(their_study).data:
        members = [i for i, kind in enumerate(kinds) if kind == bars.name]
        assert data.trials.numbers[data.rows[members]].tolist() == sorted(bars.y)
        lengths = dict(zip(bars.y, bars.x, strict=True))
        found = (data.ends_us - data.starts_us)[members] / 1000
        assert found.tolist() == pytest.approx([lengths[n] for n in sorted(bars.y)])


@pytest.mark.parametrize("n_objectives", [2, 3])
def test_pareto_front(n_objectives: int) -> None:
    directions = ["minimize", "maximize", "minimize"][:n_objectives]
    figures = [
        library.visualization.plot_pareto_front(study)
        for library, study in zip((optuna, optimist), both(add_fronts, directions=directions), strict=True)
    ]

    def cloud(points: Any) -> list[tuple[float, ...]]:
        parts = [points.x, points.y] + ([points.z] if n_objectives == 3 else [])
        return sorted(zip(*parts, strict=True))

    infeasible, dominated, front = figures[0].data
    assert cloud(trace(figures[1], "Best Trial")) == cloud(front)
    assert cloud(trace(figures[1], "Trial")) == cloud(dominated)
    assert cloud(trace(figures[1], "Infeasible Trial")) == cloud(infeasible)


@pytest.mark.parametrize("n_objectives", [2, 3])
def test_hypervolume_history(n_objectives: int) -> None:
    directions = ["minimize", "maximize", "minimize"][:n_objectives]
    reference = [8.0, 1.0, 8.0][:n_objectives]
    theirs, ours = (
        library.visualization.plot_hypervolume_history(study, reference).data[0]
        for library, study in zip((optuna, optimist), both(add_fronts, directions=directions), strict=True)
    )
    assert list(ours.x) == list(theirs.x)
    assert list(ours.y) == pytest.approx(list(theirs.y))


def test_importances() -> None:
    evaluators = [library.importance.PedAnovaImportanceEvaluator() for library in (optuna, optimist)]
    theirs, ours = (
        library.visualization.plot_param_importances(study, evaluator=evaluator, params=["x", "kind"]).data[0]
        for library, study, evaluator in zip((optuna, optimist), both(add_random_trials), evaluators, strict=True)
    )
    assert dict(zip((y.strip() for y in ours.y), ours.x, strict=True)) == pytest.approx(
        dict(zip((y.strip() for y in theirs.y), theirs.x, strict=True))
    )


@pytest.mark.parametrize(
    "name", ["plot_contour", "plot_edf", "plot_optimization_history", "plot_rank", "plot_slice", "plot_pareto_front"]
)
def test_the_same_calls_are_refused(name: str) -> None:
    n_objectives = 4 if name == "plot_pareto_front" else 2
    for library in (optuna, optimist):
        study = library.create_study(directions=["minimize"] * n_objectives)
        with pytest.raises(ValueError, match="objective"):
            getattr(library.visualization, name)(study)


@pytest.mark.parametrize("name", ["plot_contour", "plot_parallel_coordinate", "plot_rank", "plot_slice"])
def test_unknown_parameters_are_refused(name: str) -> None:
    for library, study in zip((optuna, optimist), both(add_random_trials), strict=True):
        with pytest.raises(ValueError, match="zzz"):
            getattr(library.visualization, name)(study, params=["zzz"])
