"""The law of random search for every kind of distribution.

Each test rejects a right sampler with probability 1e-4 at most; seeds are fixed, so that a test that passes once passes
always. Continuous laws are compared by Kolmogorov and Smirnov's test, counts by chi-square.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import optimist
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.samplers import RandomSampler

N = 4000
ALPHA = 1e-4


def draw(distribution: BaseDistribution, seed: int = 0, n_before: int = 0, n: int = N) -> list[Any]:
    """Values of one parameter in n trials that have ``n_before`` other ones before it."""
    space: dict[str, BaseDistribution] = {f"before{i}": FloatDistribution(0, 1) for i in range(n_before)}
    space["x"] = distribution
    study = optimist.create_study(sampler=RandomSampler(seed))
    return [study.ask(space).params["x"] for _ in range(n)]


def in_unit(values: list[float], low: float, high: float) -> NDArray[np.float64]:
    return (np.array(values) - low) / (high - low)


@pytest.mark.parametrize("n_before", [0, 20])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.5, 1e6), (1.0, 1.0 + 1e-9), (-1e-300, 1e-300)])
def test_floats_are_uniform(low: float, high: float, n_before: int) -> None:
    values = draw(FloatDistribution(low, high), n_before=n_before)
    assert all(low <= value <= high for value in values)
    assert stats.kstest(in_unit(values, low, high), "uniform").pvalue > ALPHA


def test_floats_are_uniform_over_all_there_are() -> None:
    limit = 1.7e308
    values = np.array(draw(FloatDistribution(-limit, limit)))
    assert np.all(np.isfinite(values))
    assert stats.kstest(values / limit / 2 + 0.5, "uniform").pvalue > ALPHA


@pytest.mark.parametrize(("low", "high"), [(1e-5, 1.0), (1e-300, 1e300), (2.0, 2.5)])
def test_log_floats_are_uniform_in_the_logarithm(low: float, high: float) -> None:
    values = draw(FloatDistribution(low, high, log=True))
    assert all(low <= value <= high for value in values)
    logs = [math.log(value) for value in values]
    assert stats.kstest(in_unit(logs, math.log(low), math.log(high)), "uniform").pvalue > ALPHA


@pytest.mark.parametrize(
    "distribution",
    [
        FloatDistribution(0, 1, step=0.1),
        FloatDistribution(-1, 1, step=0.25),
        IntDistribution(-3, 8),
        IntDistribution(1, 28, step=3),
        CategoricalDistribution(["a", "b", None, True, 1.5]),
        CategoricalDistribution(list(range(100))),
    ],
    ids=str,
)
def test_steps_integers_and_choices_are_equally_likely(distribution: BaseDistribution) -> None:
    values = draw(distribution)
    n_values = distribution.cardinality
    assert n_values is not None
    _, counts = np.unique([repr(value) for value in values], return_counts=True)
    assert all(distribution.contains(value) for value in values)
    assert len(counts) == n_values
    assert stats.chisquare(counts).pvalue > ALPHA


@pytest.mark.parametrize(("low", "high"), [(1, 10), (3, 40), (1, 2)])
def test_log_integers_have_the_weight_of_what_rounds_to_them(low: int, high: int) -> None:
    counts = np.bincount(draw(IntDistribution(low, high, log=True)), minlength=high + 1)[low:]
    x = np.arange(low, high + 1)
    weights = np.log(x + 0.5) - np.log(x - 0.5)
    assert stats.chisquare(counts, N * weights / weights.sum()).pvalue > ALPHA


def test_huge_integer_ranges_are_uniform() -> None:
    low, high = -(2**63), 2**63 - 1
    values = draw(IntDistribution(low, high))
    assert stats.kstest([(value - low) / 2**64 for value in values], "uniform").pvalue > ALPHA


def test_parameters_of_a_trial_are_independent() -> None:
    """Chi-square of a 5 x 5 table."""
    study = optimist.create_study(sampler=RandomSampler(4))
    space: dict[str, BaseDistribution] = {"x": IntDistribution(0, 4), "y": IntDistribution(0, 4)}
    table = np.zeros((5, 5))
    for _ in range(N):
        params = study.ask(space).params
        table[params["x"], params["y"]] += 1
    assert stats.chi2_contingency(table).pvalue > ALPHA


def test_neighbouring_trials_and_seeds_are_independent() -> None:
    first, second = np.array(draw(FloatDistribution(0, 1))), np.array(draw(FloatDistribution(0, 1), seed=1))
    assert stats.pearsonr(first[1:], first[:-1]).pvalue > ALPHA
    assert stats.pearsonr(first, second).pvalue > ALPHA
    assert (
        stats.kstest(np.array([draw(FloatDistribution(0, 1), seed=s, n=1)[0] for s in range(300)]), "uniform").pvalue
        > ALPHA
    )
