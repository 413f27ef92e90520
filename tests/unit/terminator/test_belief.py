"""The evaluators that ask a Gaussian process."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

import optimist
from optimist.distributions import CategoricalDistribution, IntDistribution
from optimist.numerics.marginal_likelihood import fit_kernel
from optimist.states import StudyDirection
from optimist.terminator import (
    EMMREvaluator,
    MedianErrorEvaluator,
    RegretBoundEvaluator,
    Terminator,
    TerminatorCallback,
)
from optimist.terminator.emmr import divergence_by_observation, expected_gain
from tests.unit.terminator.made_trials import UNIT, sampled

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
both = pytest.mark.parametrize("kind", [RegretBoundEvaluator, EMMREvaluator])


def bowl(x: Any) -> float:
    return sum((u - 0.3) ** 2 for u in x)


@pytest.mark.slow
def test_bound_holds() -> None:
    n_held = 0
    for seed in range(10):
        trials = sampled(bowl, 25, d=2, seed=seed)
        regret = min(trial.values[0] for trial in trials)
        n_held += RegretBoundEvaluator(seed=0).evaluate(trials, MINIMIZE) >= regret
    assert n_held >= 9


@both
def test_more_trials_leave_less_to_gain(kind: Any) -> None:
    few, many = (kind(seed=0).evaluate(sampled(bowl, n, d=2), MINIMIZE) for n in (8, 80))
    assert 0.0 < many < 0.2 * few


@both
def test_units_are_those_of_the_objective(kind: Any) -> None:
    plain = kind(seed=0).evaluate(sampled(bowl, 30), MINIMIZE)
    for scale in (1e-9, 1e200):
        scaled = kind(seed=0).evaluate(sampled(lambda x, s=scale: s * bowl(x) + 3 * s, 30), MINIMIZE)
        assert scaled == pytest.approx(scale * plain, rel=1e-2)
    turned = kind(seed=0).evaluate(sampled(lambda x: -bowl(x), 30), MAXIMIZE)
    assert turned == pytest.approx(plain, rel=1e-6)


@both
def test_kinds_of_parameters(kind: Any) -> None:
    rng = np.random.default_rng(0)
    space = {
        "c": CategoricalDistribution(("a", "b", None)),
        "n": IntDistribution(1, 1000, log=True),
        "few": IntDistribution(1, 3),
        "one": IntDistribution(3, 3),
        "x": UNIT,
    }
    trials = []
    for _ in range(40):
        params = {
            "c": ("a", "b", None)[rng.integers(3)],
            "n": int(rng.integers(1, 1001)),
            "few": int(rng.integers(1, 4)),
            "one": 3,
            "x": float(rng.random()),
        }
        value = (params["c"] == "a") + math.log(params["n"]) + params["few"] + params["x"]
        trials.append(optimist.create_trial(params=params, distributions=space, value=value))
    assert 0.0 < kind(seed=0).evaluate(trials, MINIMIZE) < 10.0


@both
def test_the_same_value_everywhere_leaves_nothing(kind: Any) -> None:
    assert kind().evaluate(sampled(lambda x: 3.0, 30), MINIMIZE) == 0.0


@both
def test_one_trial_says_nothing(kind: Any) -> None:
    assert kind().evaluate(sampled(bowl, 1), MINIMIZE) > 1e300


@both
def test_infinite_values_are_left_out(kind: Any) -> None:
    trials = sampled(bowl, 30)
    broken = [optimist.create_trial(params={"x0": 0.5}, distributions={"x0": UNIT}, value=math.inf)]
    assert kind(seed=0).evaluate(broken + trials, MINIMIZE) == kind(seed=0).evaluate(trials, MINIMIZE)


@both
def test_many_trials_stay_cheap(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def fit(x: Any, *rest: Any) -> Any:
        sizes.append(len(x))
        return fit_kernel(x, *rest)

    monkeypatch.setattr("optimist.terminator.belief.fit_kernel", fit)
    for module in ("regret_bound", "emmr"):
        monkeypatch.setattr(f"optimist.terminator.{module}.N_MOST", 20)
    assert kind().evaluate(sampled(bowl, 100), MINIMIZE) > 0.0
    assert sizes == [20]


@both
@pytest.mark.parametrize(
    ("trials", "message"),
    [
        ([], "needs a complete trial"),
        ([optimist.create_trial(value=1.0)], "needs a parameter that varies"),
    ],
)
def test_what_cannot_be_modelled(kind: Any, trials: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"{kind.__name__} {message}"):
        kind().evaluate(trials, MINIMIZE)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RegretBoundEvaluator(top_trials_ratio=0.0), "top_trials_ratio"),
        (lambda: EMMREvaluator(min_n_trials=1), "min_n_trials"),
        (lambda: EMMREvaluator(delta=0.0), "delta"),
    ],
)
def test_what_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (-2.0, 0.5), (3.0, 0.01), (1.0, 0.0), (-1.0, 0.0)])
def test_expected_gain(mean: float, variance: float) -> None:
    if variance:
        normal = stats.norm(mean, math.sqrt(variance))
        expected, _ = integrate.quad(lambda z: z * normal.pdf(z), 0.0, mean + 40 * math.sqrt(variance) + 1)
    else:
        expected = max(0.0, mean)
    assert expected_gain(mean, variance) == pytest.approx(expected, abs=1e-7)


def test_divergence_is_that_of_the_whole_process() -> None:
    """Against the divergence of two normals of dimension 5, before and after one noisy value is seen."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(5, 5))
    before, mean, noise, y = root @ root.T, rng.normal(size=5), 0.3, 1.7
    gain = before[:, 2] / (before[2, 2] + noise)
    after, mean_after = before - np.outer(gain, before[2]), mean + gain * (y - mean[2])
    inverse = np.linalg.inv(before)
    expected = 0.5 * (
        np.trace(inverse @ after)
        - 5
        + (mean_after - mean) @ inverse @ (mean_after - mean)
        + np.linalg.slogdet(before)[1]
        - np.linalg.slogdet(after)[1]
    )
    assert divergence_by_observation(mean[2], before[2, 2], y, noise) == pytest.approx(expected)


@pytest.mark.slow
def test_converged_study_stops() -> None:
    study = optimist.create_study(sampler=optimist.samplers.TPESampler(seed=0))
    improvement = EMMREvaluator(seed=0)
    error = MedianErrorEvaluator(improvement, warm_up_trials=5, n_initial_trials=5, threshold_ratio=0.05)
    callback = TerminatorCallback(Terminator(improvement, error))
    study.optimize(lambda t: (t.suggest_float("x", -10, 10) - 2) ** 2, n_trials=80, callbacks=[callback])
    assert 20 <= len(study.trials) < 80
    assert study.best_value < 0.5
