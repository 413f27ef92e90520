"""Kernels: their widths by hand, and what must hold at the edges of what floats can say."""

from __future__ import annotations

import numpy as np
import pytest

from optimist.numerics.axes import Axes
from optimist.numerics.parzen import KernelRule, ParzenMixtures, Sample, narrowest_scale, neighbour_scales

LINE = Axes(1, np.array([]), np.array([]), np.array([]))


def scales(mu: list[float], narrowest: float = 0.01, endpoints: bool = False) -> list[float]:
    return neighbour_scales(np.array([mu]), narrowest, endpoints)[0].tolist()


def test_the_farther_neighbour_gives_the_scale() -> None:
    assert scales([0.1, 0.2, 0.6]) == pytest.approx([0.1, 0.4, 0.4])
    assert scales([0.6, 0.1, 0.2]) == pytest.approx([0.4, 0.1, 0.4])


def test_the_ends_are_neighbours_on_demand_and_of_a_lone_observation() -> None:
    assert scales([0.3, 0.4, 0.6], endpoints=True) == pytest.approx([0.3, 0.2, 0.4])
    assert scales([0.3]) == pytest.approx([0.7])
    assert scales([]) == []


def test_scales_stay_between_the_narrowest_and_the_whole_axis() -> None:
    assert scales([0.5, 0.5, 0.5 + 1e-9], narrowest=0.05) == [0.05] * 3
    assert scales([0.0, 1.0]) == [1.0, 1.0]


def test_equal_observations_rank_by_age() -> None:
    assert scales([0.5, 0.5, 0.5, 0.1, 0.9]) == pytest.approx([0.4, 0.01, 0.4, 0.4, 0.4])


def test_each_axis_for_itself() -> None:
    mu = np.array([[0.1, 0.2, 0.6], [0.9, 0.5, 0.4]])
    assert neighbour_scales(mu, 0.01) == pytest.approx(np.array([[0.1, 0.4, 0.4], [0.4, 0.4, 0.1]]))


def test_the_narrowest_scale() -> None:
    assert narrowest_scale(Sample(np.ones(3), 3), KernelRule()) == 1 / 5
    assert narrowest_scale(Sample(np.ones(3), 10_000), KernelRule()) == 1 / 100
    assert narrowest_scale(Sample(np.ones(3), 3, fineness=0.5), KernelRule()) == 1 / 10
    assert narrowest_scale(Sample(np.ones(3), 3), KernelRule(magic_clip=False)) == 1e-6


def test_without_observations_a_mixture_is_the_prior_whatever_its_weight() -> None:
    nothing = np.empty((1, 0))
    x = np.array([[0.1, 0.5, 0.9]])
    one, none = (ParzenMixtures(LINE, nothing, [Sample(np.ones(0), 0)], KernelRule(w)).log_pdfs(x) for w in (1.0, 0.0))
    assert np.array_equal(one, none)
    assert one[1, 0] > one[0, 0] == pytest.approx(one[2, 0])


def test_without_prior_far_points_are_nearly_impossible_and_finite() -> None:
    mixture = ParzenMixtures(LINE, np.array([[0.1, 0.1001]]), [Sample(np.ones(2), 2, 1e-3)], KernelRule(0.0))
    near, far = mixture.log_pdfs(np.array([[0.1, 0.9]]))[:, 0]
    assert near > 5
    assert -250 < far < -100


def test_a_hundred_equal_observations_on_three_hundred_axes() -> None:
    axes = Axes(300, np.array([]), np.array([]), np.array([]))
    mixture = ParzenMixtures(axes, np.full((300, 100), 0.25), [Sample(np.ones(100), 100), Sample(np.ones(0), 0)])
    log_pdfs = mixture.log_pdfs(np.full((300, 1), 0.25))
    assert np.all(np.isfinite(log_pdfs))
    assert log_pdfs[0, 0] > log_pdfs[0, 1]


def test_the_largest_uniform_number_draws_the_last_kernel() -> None:
    mixture = ParzenMixtures(LINE, np.array([[0.2, 0.8]]), [Sample(np.array([0.1, 0.2]), 2)], KernelRule(0.7))
    drawn = mixture.sample(np.full((2, 1), 1 - 2**-53))
    assert 0.5 < drawn[0, 0] <= 1.0


def test_draws_come_from_the_mixture_that_is_asked_for() -> None:
    points = np.array([[0.1] * 20 + [0.9] * 20])
    mixtures = ParzenMixtures(LINE, points, [Sample(np.ones(20), 20), Sample(np.ones(20), 20, 0.01)], KernelRule(0.01))
    q = np.random.default_rng(0).random((2, 500))
    assert np.median(mixtures.sample(q, 0)) == pytest.approx(0.1, abs=0.05)
    assert np.median(mixtures.sample(q, 1)) == pytest.approx(0.9, abs=0.01)
