"""The suite of samplers finds what is wrong with samplers that break the contract."""

from __future__ import annotations

import random
from typing import Any

import pytest

from optimist.distributions import BaseDistribution
from optimist.samplers import BaseSampler, RandomSampler
from optimist.search_space.quantile import quantile_function
from optimist.testing import SamplerSuite
from optimist.testing.spaces import HISTORIES, SPACES, Space


class OutOfRange(RandomSampler):
    def propose_one(self, trial: Any, name: str, distribution: BaseDistribution) -> Any:
        return (
            getattr(distribution, "high", 0) + 1
            if trial.number == 20
            else super().propose_one(trial, name, distribution)
        )

    def uniforms(self, trial: Any) -> None:
        return None


class Unrepeatable(RandomSampler):
    def __init__(self, seed: int) -> None:
        super().__init__(random.randrange(2**32))


class Unpicklable(RandomSampler):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.hook = lambda: None


class Stubborn(RandomSampler):
    """Gives every worker the same draws."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._rng = random.Random(seed)

    def uniforms(self, trial: Any) -> None:
        return None

    def propose_one(self, trial: Any, name: str, distribution: BaseDistribution) -> Any:
        return quantile_function(distribution)(self._rng.random())


class Ended(RandomSampler):
    def has_more(self, view: Any) -> bool:
        return view.n < 5


@pytest.mark.parametrize(
    ("sampler", "test"),
    [
        (OutOfRange, "test_values_lie_in_their_ranges"),
        (Unrepeatable, "test_the_same_seed_gives_the_same_study"),
        (Unpicklable, "test_a_pickled_sampler_goes_on_alike"),
        (Stubborn, "test_two_workers_with_one_seed_do_not_repeat_each_other"),
        (RandomSampler, "test_no_point_comes_twice_while_others_are_left"),
        (Ended, "test_values_lie_in_their_ranges"),
        (Ended, "test_the_loop_goes_on_when_nothing_is_left"),
    ],
)
def test_it_finds_the_fault(sampler: Any, test: str) -> None:
    class Suite(SamplerSuite):
        def make_sampler(self, space: Space, seed: int) -> BaseSampler:
            made = sampler(seed)
            assert isinstance(made, BaseSampler)
            return made

    arguments = [SPACES["int"]] if test == "test_values_lie_in_their_ranges" else []
    with pytest.raises((AssertionError, AttributeError, TypeError)):
        getattr(Suite(), test)(*arguments)


def test_what_is_not_promised_is_not_collected() -> None:
    class Careless(SamplerSuite):
        avoids_duplicates = False
        ends = True

    assert Careless.test_no_point_comes_twice_while_others_are_left is None
    assert Careless.test_the_loop_goes_on_when_nothing_is_left is None
    assert Careless.test_the_loop_ends_when_nothing_is_left is not None


def test_there_is_something_to_try() -> None:
    assert len(SPACES) > 20
    for make in HISTORIES.values():
        for trial in make():
            trial._validate()
