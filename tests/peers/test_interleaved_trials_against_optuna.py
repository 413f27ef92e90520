"""Pruners that race running trials against each other: several trials at once, interleaved, in both libraries alike."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest

import optimist
from tests.peers.test_pruners_against_optuna import SHAPES, Reports, recorded_curves

DIRECTIONS = ("minimize", "maximize")
NAMES = ("race", "another race")  # the brackets follow from the study's name


@dataclass
class Race:
    """What came of a study: the decisions in order, and the rungs that each trial came to."""

    decisions: list[bool] = field(default_factory=list)
    rungs: list[dict[str, float]] = field(default_factory=list)


@pytest.fixture(autouse=True)
def pruners_may_warn() -> Iterator[None]:
    """Both libraries' WilcoxonPruner warns of what it does not judge; Optuna's is experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def race(
    library: ModuleType,
    make: Callable[[Any], Any],
    direction: str,
    curves: list[Reports],
    *,
    seed: int,
    n_at_once: int = 4,
    name: str = NAMES[0],
    storage: str | None = None,
) -> Race:
    """Run a trial for each curve, ``n_at_once`` at a time; whose turn it is follows from the seed.

    Most stopped trials end, some go on; one in eight fails at its end. Not every report is judged, some are twice.
    """
    rng = np.random.default_rng([seed, 1])
    states = library.trial.TrialState
    study = library.create_study(
        storage=storage,
        study_name=name,
        direction=direction,
        pruner=make(library.pruners),
        sampler=library.samplers.RandomSampler(seed=0),
    )
    found, waiting = Race(), iter(curves)
    running: list[tuple[Any, Iterator[tuple[int, float]], Reports]] = []
    while True:
        while len(running) < n_at_once and (curve := next(waiting, None)) is not None:
            running.append((study.ask(), iter(curve.items()), curve))
        if not running:
            break
        i = int(rng.integers(len(running)))
        trial, reports, curve = running[i]
        n_questions, ignores, fails = int(rng.choice([0, 1, 1, 1, 1, 2])), rng.random() < 0.2, rng.random() < 1 / 8
        report = next(reports, None)
        if report is None:
            numbers = [value for value in curve.values() if math.isfinite(value)]
            if fails:
                study.tell(trial, state=states.FAIL)
            else:
                study.tell(trial, sum(numbers) / max(len(numbers), 1))
            del running[i]
            continue
        trial.report(report[1], report[0])
        decided = [bool(trial.should_prune()) for _ in range(n_questions)]
        found.decisions += decided
        if any(decided) and not ignores:
            study.tell(trial, state=states.PRUNED)
            del running[i]
    for frozen in study.get_trials():
        attrs = frozen.system_attrs.items()
        found.rungs.append({key: value for key, value in attrs if key.startswith("completed_rung")})
    return found


def stretched(curves: list[Reports], factor: int) -> list[Reports]:
    """The same curves with so many steps between two reports, as of trials of some hundreds of steps."""
    return [{step * factor: value for step, value in curve.items()} for curve in curves]


def assert_same_race(
    make: Callable[[Any], Any],
    seed: int,
    *,
    factor: int = 1,
    n: int = 60,
    shapes: Sequence[str] = SHAPES,
    n_steps: int | None = None,
) -> Race:
    """Race every shape in both directions, of each curve the first ``n_steps`` reports; return everything together."""
    everything = Race()
    for shape, direction, n_at_once in itertools.product(shapes, DIRECTIONS, (1, 4)):
        curves = [dict([*curve.items()][:n_steps]) for curve in recorded_curves(seed, n, shape)]
        curves = stretched(curves, factor)
        name = NAMES[n_at_once % 2]
        theirs, ours = (
            race(library, make, direction, curves, seed=seed, n_at_once=n_at_once, name=name)
            for library in (optuna, optimist)
        )
        assert ours == theirs, f"{shape}, {direction}, {n_at_once} at once"
        everything.decisions += ours.decisions
        everything.rungs += ours.rungs
    return everything


def assert_decides_both_ways(found: Race) -> None:
    assert 50 < sum(found.decisions) < len(found.decisions) - 50


@pytest.mark.parametrize("reduction_factor", [2, 3, 4])
@pytest.mark.parametrize("min_resource", [1, 3])
@pytest.mark.parametrize("min_early_stopping_rate", [0, 2])
def test_successive_halving(min_resource: int, reduction_factor: int, min_early_stopping_rate: int) -> None:
    assert_same_race(
        lambda pruners: pruners.SuccessiveHalvingPruner(min_resource, reduction_factor, min_early_stopping_rate), seed=1
    )


def test_successive_halving_by_default() -> None:
    found = assert_same_race(lambda pruners: pruners.SuccessiveHalvingPruner(), seed=2)
    assert_decides_both_ways(found)
    assert {key for rungs in found.rungs for key in rungs} == {f"completed_rung_{rung}" for rung in range(3)}


@pytest.mark.parametrize("factor", [40, 97])
def test_successive_halving_learns_the_resource(factor: int) -> None:
    assert_decides_both_ways(
        assert_same_race(lambda pruners: pruners.SuccessiveHalvingPruner(reduction_factor=2), seed=3, factor=factor)
    )


@pytest.mark.parametrize("bootstrap_count", [1, 5])
def test_successive_halving_with_bootstrap(bootstrap_count: int) -> None:
    assert_decides_both_ways(
        assert_same_race(lambda pruners: pruners.SuccessiveHalvingPruner(1, 2, bootstrap_count=bootstrap_count), seed=4)
    )


@pytest.mark.parametrize("max_resource", [24, 9, 1, "auto"])
@pytest.mark.parametrize("reduction_factor", [2, 3])
def test_hyperband(max_resource: int | str, reduction_factor: int) -> None:
    assert_decides_both_ways(
        assert_same_race(
            lambda pruners: pruners.HyperbandPruner(max_resource=max_resource, reduction_factor=reduction_factor),
            seed=5,
        )
    )


def test_hyperband_with_long_trials() -> None:
    assert_decides_both_ways(
        assert_same_race(lambda pruners: pruners.HyperbandPruner(min_resource=10), seed=6, factor=40)
    )


def test_hyperband_with_bootstrap() -> None:
    assert_decides_both_ways(
        assert_same_race(lambda pruners: pruners.HyperbandPruner(2, 20, 2, bootstrap_count=2), seed=7)
    )


def test_hyperband_without_brackets() -> None:
    assert not any(assert_same_race(lambda pruners: pruners.HyperbandPruner(10, 5), seed=8, n=20).decisions)


@pytest.mark.parametrize("patience", [0, 2])
def test_patience_around_races(patience: int) -> None:
    for make in (
        lambda pruners: pruners.PatientPruner(pruners.SuccessiveHalvingPruner(1, 2), patience),
        lambda pruners: pruners.PatientPruner(pruners.HyperbandPruner(), patience),
    ):
        assert_same_race(make, seed=9)


@pytest.mark.parametrize(("p_threshold", "n_startup_steps"), [(0.1, 2), (0.5, 0), (0.01, 6), (1.0, 2), (0.0, 2)])
def test_wilcoxon(p_threshold: float, n_startup_steps: int) -> None:
    found = assert_same_race(
        lambda pruners: pruners.WilcoxonPruner(p_threshold=p_threshold, n_startup_steps=n_startup_steps),
        seed=10,
        n=20,
        shapes=("smooth", "gaps", "nan", "shuffled"),
    )
    assert any(found.decisions) == (p_threshold > 0)


def test_wilcoxon_with_ties() -> None:
    """Of few steps: between 10 and 13 of them, Optuna takes a second to decide."""
    found = assert_same_race(
        lambda pruners: pruners.WilcoxonPruner(p_threshold=0.3), seed=11, n=12, shapes=("ties",), n_steps=8
    )
    assert any(found.decisions)


def test_a_history_that_was_added() -> None:
    """The longest trial of those that are complete tells the resources, not the first."""
    curves = stretched(recorded_curves(11, 60, "smooth"), 30)
    for make in (
        lambda pruners: pruners.SuccessiveHalvingPruner(reduction_factor=2),
        lambda pruners: pruners.HyperbandPruner(),
    ):
        attrs, decided = [], []
        for library in (optuna, optimist):
            study = library.create_study(study_name=NAMES[0], pruner=make(library.pruners))
            study.add_trials(library.trial.create_trial(value=1.0, intermediate_values=curve) for curve in curves[:20])
            for curve in curves[20:]:
                trial = study.ask()
                for step, value in curve.items():
                    trial.report(value, step)
                    decided.append(bool(trial.should_prune()))
                study.tell(trial, 1.0)
            notes = [frozen.system_attrs.items() for frozen in study.get_trials()]
            attrs.append([{key: note for key, note in of_trial if "rung" in key} for of_trial in notes])
        assert decided[: len(decided) // 2] == decided[len(decided) // 2 :]
        assert attrs[0] == attrs[1]
        assert any(attrs[0])


def test_infinite_values_in_a_database(tmp_path: Any) -> None:
    """Notes survive the store, whatever the values."""
    curves = [{0: value, 1: value, 2: -value, 3: value} for value in (1.0, math.inf, -math.inf, 0.5, math.inf, 0.1)]
    theirs, ours = (
        race(
            library,
            lambda pruners: pruners.SuccessiveHalvingPruner(1, 2),
            "maximize",
            curves * 3,
            seed=12,
            storage=None if library is optuna else f"sqlite:///{tmp_path}/study.db",
        )
        for library in (optuna, optimist)
    )
    assert ours == theirs
