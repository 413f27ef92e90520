"""Ranges of hyperparameters, and how they are called."""

from __future__ import annotations

import math

import pytest

from optimist.analysis.value_ranges import ranges_of
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution


def conditions(*distributions: BaseDistribution) -> list[str]:
    return [condition for condition, _ in ranges_of("p", distributions)]


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (FloatDistribution(0, 3), ["p < 1", "1 <= p < 2", "p >= 2"]),
        (FloatDistribution(1e-6, 1, log=True), ["p < 0.0001", "0.0001 <= p < 0.01", "p >= 0.01"]),
        (FloatDistribution(0.9990, 0.9999), ["p < 0.9993", "0.9993 <= p < 0.9996", "p >= 0.9996"]),
        (FloatDistribution(0, 1, step=0.5), ["p = 0", "p = 0.5", "p = 1"]),
        (IntDistribution(16, 256, log=True), ["p < 39", "39 <= p < 101", "p >= 101"]),
        (IntDistribution(1, 2), ["p = 1", "p = 2"]),
        (IntDistribution(5, 5), ["p = 5"]),
        (IntDistribution(0, 9000000), ["p < 3000000", "3000000 <= p < 6000000", "p >= 6000000"]),
        (CategoricalDistribution(("relu", True, None)), ["p = 'relu'", "p = True", "p = None"]),
    ],
)
def test_conditions(distribution: BaseDistribution, expected: list[str]) -> None:
    assert conditions(distribution) == expected


def test_each_value_meets_one_condition() -> None:
    for distribution in (FloatDistribution(1e-5, 1e-1, log=True), IntDistribution(3, 17), IntDistribution(0, 3)):
        ranges = ranges_of("p", [distribution])
        for i in range(40):
            value = distribution.to_external_repr(distribution.low + (distribution.high - distribution.low) * i / 39)
            assert sum(meets(value) for _, meets in ranges) == 1, (distribution, value)


def test_choices_that_are_equal_are_told_apart_by_type() -> None:
    ranges = ranges_of("p", [CategoricalDistribution((1, True, 1.0, math.nan))])
    for i, choice in enumerate((1, True, 1.0, math.nan)):
        assert [meets(choice) for _, meets in ranges] == [i == j for j in range(4)]


def test_the_hull_of_several_ranges_is_cut() -> None:
    assert conditions(FloatDistribution(0, 1), FloatDistribution(2, 3)) == ["p < 1", "1 <= p < 2", "p >= 2"]
    assert conditions(IntDistribution(0, 1), IntDistribution(2, 2)) == ["p = 0", "p = 1", "p = 2"]
    assert conditions(FloatDistribution(1e-3, 1, log=True), FloatDistribution(0.5, 3))[0] == "p < 1"
