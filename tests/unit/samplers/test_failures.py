"""Failures teach: regions where trials crash, return NaN or go over their time are left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import optimist
from optimist.samplers import BaseSampler, GPSampler, NSGAIISampler, TPESampler
from optimist.states import TrialState
from optimist.study import Study
from optimist.trial import create_trial


def crash_in_half(trial: optimist.Trial) -> float:
    """The best value lies in the half that crashes, so that it lures."""
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    if x + y > 1:
        raise RuntimeError
    return (x - 0.55) ** 2 + (y - 0.55) ** 2


def nan_for_half_of_the_choices(trial: optimist.Trial) -> float:
    kind = trial.suggest_categorical("kind", ["a", "b", "c", "d"])
    x = trial.suggest_float("x", 0, 1)
    return float("nan") if kind in "ab" else (x - 0.3) ** 2


def crash_in_half_of_each_branch(trial: optimist.Trial) -> float:
    if trial.suggest_categorical("kind", ["a", "b"]) == "a":
        value = trial.suggest_int("depth", 1, 10) / 10
    else:
        value = 1 - trial.suggest_float("rate", 0, 1)
    if value > 0.5:
        raise RuntimeError
    return value


def later_failures(study: Study) -> float:
    """The share of failures after the first 20 trials."""
    later = [trial.state == TrialState.FAIL for trial in study.trials[20:]]
    return sum(later) / len(later)


@pytest.mark.parametrize("objective", [crash_in_half, nan_for_half_of_the_choices, crash_in_half_of_each_branch])
@pytest.mark.parametrize("make", [TPESampler, GPSampler])
def test_fewer_trials_fail_than_at_random(
    make: Callable[..., BaseSampler], objective: Callable[[optimist.Trial], float]
) -> None:
    shares = []
    for seed in range(3 if make is TPESampler else 1):
        study = optimist.create_study(sampler=make(seed=seed))
        study.optimize(objective, n_trials=45, catch=RuntimeError)
        shares.append(later_failures(study))
    assert sum(shares) / len(shares) < 0.42  # at random one half fail


@pytest.mark.parametrize(
    "make", [TPESampler, GPSampler, lambda seed: NSGAIISampler(seed=seed, population_size=4)], ids=["TPE", "GP", "NSGA"]
)
def test_a_cell_that_fails_is_not_tried_again_before_all_others(make: Callable[..., BaseSampler]) -> None:
    def objective(trial: optimist.Trial) -> float:
        x, y = trial.suggest_int("x", 1, 4), trial.suggest_int("y", 1, 4)
        if x != y:
            raise RuntimeError
        return float(x)

    study = optimist.create_study(sampler=make(seed=0))
    study.add_trial(create_trial(value=1.0, params={"x": 1, "y": 1}, distributions=_distributions()))
    study.optimize(objective, n_trials=15, catch=RuntimeError)
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 16


def test_the_design_ends_where_nothing_succeeds() -> None:
    def objective(trial: optimist.Trial) -> float:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        if (x < 0.5) == (y < 0.5):
            raise RuntimeError
        return x

    for seed in range(4):
        study = optimist.create_study(sampler=GPSampler(seed=seed))
        study.optimize(objective, n_trials=40, catch=RuntimeError)
        assert any(trial.state == TrialState.COMPLETE for trial in study.trials)


def _distributions() -> dict[str, optimist.distributions.BaseDistribution]:
    return {name: optimist.distributions.IntDistribution(1, 4) for name in ("x", "y")}
