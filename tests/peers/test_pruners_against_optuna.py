"""Recorded learning curves, replayed through both libraries: the same decisions at every report."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest

import optimist

Reports = dict[int, float]


def recorded_curves(seed: int, n: int, shape: str) -> list[Reports]:
    """Curves of up to 24 steps: `smooth`, `gaps` (a report now and then), `nan`, `shuffled`, `ties` (few values)."""
    rng = np.random.default_rng([seed, len(shape)])
    curves = []
    for _ in range(n):
        n_steps = int(rng.integers(1, 25))
        steps = np.arange(n_steps)
        values = rng.uniform(0, 1) + np.exp(-rng.uniform(0.05, 1) * steps) + rng.normal(0, 0.1, n_steps)
        if shape == "gaps":
            steps = np.flatnonzero(rng.random(n_steps) < 0.4)
        elif shape == "nan":
            values[rng.random(n_steps) < rng.choice([0.1, 0.5, 1.0])] = math.nan
        elif shape == "shuffled":
            steps = rng.permutation(n_steps)
        elif shape == "ties":
            values = np.round(values * 2) / 2
        curves.append({int(step): float(values[step]) for step in steps})
    return curves


SHAPES = ("smooth", "gaps", "nan", "shuffled", "ties")


def recorded_trials(library: ModuleType, curves: list[Reports]) -> list[Any]:
    """Mostly complete trials; every fifth was pruned, every seventh failed."""
    states = library.trial.TrialState
    trials = []
    for i, curve in enumerate(curves):
        state = states.PRUNED if i % 5 == 4 else states.FAIL if i % 7 == 6 else states.COMPLETE
        value = 1.0 if state == states.COMPLETE else None
        trials.append(library.trial.create_trial(state=state, value=value, intermediate_values=curve))
    return trials


@pytest.fixture(autouse=True)
def numpy_may_warn() -> Iterator[None]:
    """Optuna leaves numpy's warnings about steps where every value is NaN, and calls PatientPruner experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def replay(
    library: ModuleType, direction: str, make: Callable[[Any], Any], history: list[Reports], news: list[Reports]
) -> list[list[bool]]:
    """The decisions about each new curve; half of them become complete trials, so that the history grows."""
    study = library.create_study(
        direction=direction, pruner=make(library.pruners), sampler=library.samplers.RandomSampler(seed=0)
    )
    study.add_trials(recorded_trials(library, history))
    decisions = []
    for i, curve in enumerate(news):
        trial = study.ask()
        decided = []
        for step, value in curve.items():
            trial.report(value, step)
            decided.append(bool(trial.should_prune()))
        decisions.append(decided)
        if i % 2:
            study.tell(trial, 1.0)
        else:
            study.tell(trial, state=library.trial.TrialState.PRUNED)
    return decisions


def assert_same_decisions(make: Callable[[Any], Any], seed: int, n_history: int = 40, n_news: int = 24) -> list[bool]:
    """Replay every shape in both directions; return all decisions."""
    everything: list[bool] = []
    for shape, direction in itertools.product(SHAPES, ("minimize", "maximize")):
        curves = recorded_curves(seed, n_history + n_news, shape)
        theirs, ours = (
            replay(library, direction, make, curves[:n_history], curves[n_history:]) for library in (optuna, optimist)
        )
        for curve, their_decisions, our_decisions in zip(curves[n_history:], theirs, ours, strict=True):
            assert our_decisions == their_decisions, f"{shape}, {direction}: {curve}"
        everything += itertools.chain.from_iterable(ours)
    return everything


@pytest.mark.parametrize("percentile", [0.0, 10.0, 25, 33.3, 50.0, 75.0, 99.9, 100.0])
def test_percentiles(percentile: float) -> None:
    decisions = assert_same_decisions(lambda pruners: pruners.PercentilePruner(percentile), seed=1)
    assert False in decisions
    assert True in decisions


@pytest.mark.parametrize("n_startup_trials", [0, 1, 5, 30, 1000])
def test_startup_trials(n_startup_trials: int) -> None:
    decisions = assert_same_decisions(lambda pruners: pruners.MedianPruner(n_startup_trials), seed=2)
    assert (True in decisions) == (n_startup_trials < 1000)


@pytest.mark.parametrize(("n_warmup_steps", "interval_steps"), [(0, 1), (0, 3), (4, 1), (3, 4), (1, 10), (23, 1)])
def test_warmup_and_interval(n_warmup_steps: int, interval_steps: int) -> None:
    assert True in assert_same_decisions(
        lambda pruners: pruners.MedianPruner(0, n_warmup_steps, interval_steps), seed=3
    )


@pytest.mark.parametrize("n_min_trials", [1, 2, 7, 25, 60])
def test_min_trials(n_min_trials: int) -> None:
    decisions = assert_same_decisions(
        lambda pruners: pruners.PercentilePruner(40.0, 2, 1, 2, n_min_trials=n_min_trials), seed=4
    )
    assert True in decisions


@pytest.mark.parametrize("n_history", [0, 1, 2, 3])
def test_short_histories(n_history: int) -> None:
    assert_same_decisions(lambda pruners: pruners.PercentilePruner(25.0, 0), seed=5, n_history=n_history)


@pytest.mark.parametrize(("patience", "min_delta"), [(0, 0.0), (1, 0.0), (3, 0.1), (0, 0.5), (8, 0.0), (100, 0.0)])
def test_patience(patience: int, min_delta: float) -> None:
    decisions = assert_same_decisions(lambda pruners: pruners.PatientPruner(None, patience, min_delta), seed=6)
    assert (True in decisions) == (patience < 100)


@pytest.mark.parametrize("patience", [0, 2])
def test_patience_around_other_pruners(patience: int) -> None:
    for make in (
        lambda pruners: pruners.PatientPruner(pruners.MedianPruner(2), patience),
        lambda pruners: pruners.PatientPruner(pruners.ThresholdPruner(upper=1.0), patience),
        lambda pruners: pruners.PatientPruner(pruners.PatientPruner(pruners.NopPruner(), 1), patience),
    ):
        assert_same_decisions(make, seed=7)


@pytest.mark.parametrize("limits", [(None, 0.8), (0.3, None), (0.2, 1.1), (0.5, 0.5), (None, math.inf), ("0.1", True)])
@pytest.mark.parametrize(("n_warmup_steps", "interval_steps"), [(0, 1), (2, 3)])
def test_thresholds(limits: tuple[Any, Any], n_warmup_steps: int, interval_steps: int) -> None:
    assert_same_decisions(
        lambda pruners: pruners.ThresholdPruner(*limits, n_warmup_steps, interval_steps), seed=8, n_history=2
    )


def test_hundreds_of_trials() -> None:
    decisions = assert_same_decisions(lambda pruners: pruners.MedianPruner(), seed=9, n_history=250, n_news=60)
    assert 500 < sum(decisions) < len(decisions) - 500


def test_infinite_values() -> None:
    """Where numpy knows the percentile beside an infinite value; test_order_statistics.py tells of the other cases."""
    history = [{0: value} for value in (1.0, math.inf, math.inf, 2.0, -math.inf, 3.0, 4.0, 5.0, 6.0)]
    news = [{0: value} for value in (2.5, 3.5, math.inf, -math.inf)]
    for percentile, direction in itertools.product((40.0, 60.0), ("minimize", "maximize")):
        for new in news:
            theirs, ours = (
                replay(library, direction, partial(percentile_pruner, percentile), history, [new])
                for library in (optuna, optimist)
            )
            assert ours == theirs


def percentile_pruner(percentile: float, pruners: Any) -> Any:
    return pruners.PercentilePruner(percentile, 0)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("PercentilePruner", {"percentile": -0.1}),
        ("PercentilePruner", {"percentile": 100.1}),
        ("PercentilePruner", {"percentile": math.nan}),
        ("PercentilePruner", {"percentile": 50.0, "n_startup_trials": -1}),
        ("PercentilePruner", {"percentile": 50.0, "n_warmup_steps": -1}),
        ("PercentilePruner", {"percentile": 50.0, "interval_steps": 0}),
        ("PercentilePruner", {"percentile": 50.0, "n_min_trials": 0}),
        ("MedianPruner", {"n_startup_trials": -1}),
        ("MedianPruner", {"n_warmup_steps": -1}),
        ("MedianPruner", {"interval_steps": 0}),
        ("MedianPruner", {"n_min_trials": 0}),
        ("PatientPruner", {"wrapped_pruner": None, "patience": -1}),
        ("PatientPruner", {"wrapped_pruner": None, "patience": 1, "min_delta": -1}),
        ("ThresholdPruner", {}),
        ("ThresholdPruner", {"lower": "low"}),
        ("ThresholdPruner", {"upper": [1]}),
        ("ThresholdPruner", {"lower": 2, "upper": 1}),
        ("ThresholdPruner", {"lower": 2, "n_warmup_steps": -1}),
        ("ThresholdPruner", {"lower": 2, "interval_steps": 0}),
        ("SuccessiveHalvingPruner", {"min_resource": 0}),
        ("SuccessiveHalvingPruner", {"min_resource": "all"}),
        ("SuccessiveHalvingPruner", {"min_resource": 1, "reduction_factor": 1}),
        ("SuccessiveHalvingPruner", {"min_early_stopping_rate": -1}),
        ("SuccessiveHalvingPruner", {"min_resource": 1, "bootstrap_count": -1}),
        ("SuccessiveHalvingPruner", {"bootstrap_count": 1}),
        ("HyperbandPruner", {"max_resource": 1.5}),
        ("HyperbandPruner", {"max_resource": "all"}),
        ("HyperbandPruner", {"bootstrap_count": 1}),
        ("WilcoxonPruner", {"p_threshold": -0.1}),
        ("WilcoxonPruner", {"p_threshold": 1.1}),
        ("WilcoxonPruner", {"n_startup_steps": -1}),
    ],
)
def test_the_same_arguments_are_refused(name: str, kwargs: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)) as theirs:
        getattr(optuna.pruners, name)(**kwargs)
    with pytest.raises((TypeError, ValueError)) as ours:
        getattr(optimist.pruners, name)(**kwargs)
    assert isinstance(ours.value, theirs.type)
    argument = next(reversed(kwargs), "lower")
    assert argument in str(ours.value)


def test_diverged_trials_do_not_switch_pruning_off() -> None:
    """The one difference, named in docs/compatibility.md: numpy's median of 1, 2 and infinity is NaN."""
    history = [{0: value} for value in (1.0, 2.0, math.inf)]
    theirs, ours = (
        replay(library, "minimize", partial(percentile_pruner, 50.0), history, [{0: 3.0}])
        for library in (optuna, optimist)
    )
    assert (theirs, ours) == ([[False]], [[True]])
