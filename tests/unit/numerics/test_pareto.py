"""Pareto fronts: ranks by hand, subsets that keep the hypervolume, and an archive in bounded room."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

from optimist.numerics.pareto import (
    EliteArchive,
    best_first,
    constrained_ranks,
    crowding_distance,
    dominance,
    epsilon_net,
    front_ranks,
    lattice,
    reference_point,
    spread,
)

FloatArray = npt.NDArray[np.float64]


def hypervolume(losses: FloatArray, reference: FloatArray) -> float:
    """By inclusion and exclusion."""
    total = 0.0
    for r in range(1, len(losses) + 1):
        for subset in itertools.combinations(losses, r):
            total += (-1) ** (r + 1) * np.prod(np.maximum(reference - np.max(subset, axis=0), 0))
    return total


def test_dominance() -> None:
    losses = np.array([[1.0, 2.0], [2.0, 2.0], [1.0, 2.0], [0.0, 3.0], [np.nan, 0.0]])
    expected = np.zeros((5, 5), bool)
    expected[0, 1] = expected[2, 1] = True
    assert np.array_equal(dominance(losses), expected)


def test_ranks_peel_off_fronts() -> None:
    losses = np.array([[0.0, 3.0], [3.0, 0.0], [1.0, 4.0], [4.0, 4.0], [5.0, 5.0], [5.0, 5.0]])
    assert front_ranks(losses).tolist() == [0, 0, 1, 2, 3, 3]


@pytest.mark.parametrize("m", [2, 3])
def test_ranks_are_chains_of_dominance(m: int) -> None:
    losses = np.random.default_rng(m).integers(0, 8, (60, m)).astype(float)
    ranks, is_dominated = front_ranks(losses), dominance(losses)
    for i, rank in enumerate(ranks):
        assert rank == (1 + ranks[is_dominated[:, i]].max() if is_dominated[:, i].any() else 0)


def test_the_reference_point_lies_beyond_the_worst() -> None:
    assert reference_point(np.array([[1.0, -1.0, 0.0], [2.0, -5.0, 0.0]])) == pytest.approx([2.2, -0.9, 1e-12])


@pytest.mark.parametrize("n_objectives", [2, 3])
@pytest.mark.parametrize("m", [1, 2, 4])
def test_spread_keeps_nearly_all_of_the_hypervolume(n_objectives: int, m: int) -> None:
    rng = np.random.default_rng(m)
    losses = np.abs(rng.normal(size=(7, n_objectives)))
    losses = 1 - losses / np.linalg.norm(losses, axis=1)[:, None]
    reference = reference_point(losses)
    kept = spread(losses, m)
    best = max(hypervolume(losses[list(subset)], reference) for subset in itertools.combinations(range(7), m))
    assert len(set(kept.tolist())) == m
    assert hypervolume(losses[kept], reference) >= 0.85 * best


def test_spread_drops_the_least_contribution() -> None:
    losses = np.array([[0.0, 10.0], [5.0, 5.0], [5.1, 4.9], [10.0, 0.0]])
    assert spread(losses, 3).tolist() in ([0, 1, 3], [0, 2, 3])
    assert spread(losses, 4).tolist() == [0, 1, 2, 3]


def test_spread_prefers_finite_losses() -> None:
    losses = np.array([[-np.inf, 1.0], [1.0, 1.0], [2.0, 0.5]])
    assert spread(losses, 2).tolist() == [1, 2]


def test_lattice_is_even() -> None:
    points = lattice(2000, 3)
    assert points.min() >= 0
    assert points.max() < 1
    counts = np.histogramdd(points, bins=4, range=[(0, 1)] * 3)[0]
    assert counts.min() > 0.7 * 2000 / 64
    assert counts.max() < 1.3 * 2000 / 64


def test_the_archive_is_exact_while_there_is_room() -> None:
    rng = np.random.default_rng(0)
    losses = rng.random((39, 2))
    archive = EliteArchive(20)
    for key, point in enumerate(losses):
        archive.add(100 + key, point.tolist())
    best = [key - 100 for key in archive.best(12)]
    ranks = front_ranks(losses)
    assert best == sorted(best)
    assert len(best) == 12
    assert max(ranks[best]) <= min(ranks[[i for i in range(39) if i not in best]])
    assert archive.best(0) == []


def test_the_archive_keeps_the_front_of_many_in_bounded_room() -> None:
    rng = np.random.default_rng(1)
    losses = rng.random((2000, 2)) + np.linspace(1, 0, 2000)[:, None]
    archive = EliteArchive(30)
    for key, point in enumerate(losses):
        archive.add(key, point.tolist())
        assert len(archive) < 60
    front = np.flatnonzero(front_ranks(losses) == 0)
    assert len(front) < 30
    assert set(front.tolist()) <= set(archive.best(30))


def test_the_archive_takes_nan_and_infinities() -> None:
    archive = EliteArchive(3)
    for key, point in enumerate([[np.nan, 0.0], [np.inf, 1.0], [0.0, 0.0], [1.0, 1.0], [2.0, -np.inf], [1.0, 0.5]]):
        archive.add(key, point)
    assert 2 in archive.best(3)
    assert len(archive.best(3)) == 3


def test_the_feasible_rank_before_the_infeasible_and_these_by_violation() -> None:
    losses = np.array([[5.0, 5.0], [4.0, 4.0], [0.0, 0.0], [0.0, 0.0], [-1.0, -1.0]])
    violations = np.array([0.0, 0.0, 2.0, 2.0, np.inf])
    assert constrained_ranks(losses, violations).tolist() == [1, 0, 2, 2, 3]
    assert constrained_ranks(losses[2:], violations[2:]).tolist() == [0, 0, 1]


def test_crowding_is_the_size_of_the_box_between_neighbours() -> None:
    front = np.array([[0.0, 4.0], [1.0, 2.0], [2.0, 1.0], [4.0, 0.0]])
    expected = [np.inf, 2 / 4 + 3 / 4, 3 / 4 + 2 / 4, np.inf]
    assert crowding_distance(front).tolist() == expected
    shuffled = np.array([2, 0, 3, 1])
    assert crowding_distance(front[shuffled]).tolist() == [expected[i] for i in shuffled]


def test_crowding_of_odd_fronts() -> None:
    assert crowding_distance(np.empty((0, 2))).tolist() == []
    assert crowding_distance(np.ones((3, 2))).tolist() == [0.0, 0.0, 0.0]
    assert crowding_distance(np.array([[-np.inf, np.inf], [0.0, 0.0], [np.inf, -np.inf]])).tolist() == [
        np.inf,
        0.0,
        np.inf,
    ]


def test_an_epsilon_net_takes_the_farthest_each_time() -> None:
    front = np.array([[0.0, 10.0], [1.0, 9.0], [2.0, 8.0], [5.0, 5.0], [6.0, 2.0], [10.0, 0.0]])
    assert epsilon_net(front, 1).tolist() == [4]  # the lowest sum
    assert epsilon_net(front, 3).tolist() == [4, 0, 5]
    assert sorted(epsilon_net(front, 9).tolist()) == list(range(6))
    same = np.zeros((4, 2))
    assert sorted(epsilon_net(same, 4).tolist()) == [0, 1, 2, 3]
    assert epsilon_net(front, 0).tolist() == []


def test_best_first_goes_front_by_front() -> None:
    rng = np.random.default_rng(0)
    losses = rng.random((80, 3))
    losses[3] = [math.nan, 0.0, -math.inf]
    ranks = front_ranks(losses)
    for m in (0, 1, 20, 80, 100):
        order = best_first(losses, m)
        assert len(set(order.tolist())) == min(m, 80)
        assert np.all(np.diff(ranks[order]) >= 0)
        assert np.sum(ranks[order]) == np.sum(np.sort(ranks)[:m])
