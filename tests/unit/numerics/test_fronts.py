from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from optimist.numerics.fronts import best_points, hypervolume, ranked, thin
from optimist.numerics.pareto import front_ranks, reference_point

FloatArray = npt.NDArray[np.float64]


def volume_by_counting(losses: FloatArray, reference: FloatArray) -> float:
    """The hypervolume of points with whole coordinates, unit cube by unit cube."""
    corners = itertools.product(*(range(int(r)) for r in reference))
    return float(sum(any(np.all(p <= corner) for p in losses) for corner in corners))


@pytest.mark.parametrize("m", [2, 3, 4])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_hypervolume_of_whole_numbers(n: int, m: int) -> None:
    losses = np.random.default_rng(n).integers(0, 6, (n, m)).astype(float)
    reference = np.full(m, 6.0)
    assert hypervolume(losses, reference) == volume_by_counting(losses, reference)


@pytest.mark.parametrize("m", [2, 3, 5])
@pytest.mark.parametrize("n_best", [0, 1, 10, 29, 30])
def test_best_points_come_front_by_front(n_best: int, m: int) -> None:
    losses = np.random.default_rng(m).integers(0, 5, (30, m)).astype(float)
    chosen = best_points(losses, n_best)
    ranks = front_ranks(losses)
    assert len(set(chosen.tolist())) == n_best
    others = np.setdiff1d(np.arange(30), chosen)
    assert not n_best or n_best == 30 or ranks[chosen].max() <= ranks[others].min()


@pytest.mark.parametrize("m", [2, 3, 4])
def test_each_choice_gains_most(m: int) -> None:
    rng = np.random.default_rng(m)
    losses = rng.random((15, m))
    losses /= losses.sum(axis=1, keepdims=True)  # a front
    reference = reference_point(losses)
    chosen: list[int] = []
    for i in thin(losses, 6).tolist():
        volumes = [hypervolume(losses[[*chosen, j]], reference) for j in range(15) if j not in chosen]
        chosen.append(i)
        assert hypervolume(losses[chosen], reference) == pytest.approx(max(volumes))


def test_many_losses_are_probed() -> None:
    losses = np.random.default_rng(0).random((40, 6))
    losses /= losses.sum(axis=1, keepdims=True)
    chosen = thin(losses, 10)
    reference = reference_point(losses)
    assert len(set(chosen.tolist())) == 10
    assert hypervolume(losses[chosen], reference) > hypervolume(losses[:10], reference)


def test_equal_points_are_all_kept() -> None:
    losses = np.array([[1.0, 2.0], [1.0, 2.0], [2.0, 1.0], [3.0, 3.0]])
    assert best_points(losses, 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("m", [2, 3])
def test_order_of_merit(m: int) -> None:
    losses = np.random.default_rng(m).random((40, m))
    places, ranks = ranked(losses, 12), front_ranks(losses)
    placed = np.flatnonzero(places < 40)
    assert np.array_equal(np.sort(places[placed]), np.arange(len(placed)))
    assert len(placed) >= 12
    assert np.all(np.diff(ranks[placed[np.argsort(places[placed])]]) >= 0)
    assert ranks[placed].max() < ranks[places == 40].min()
