"""The order of a grid's cells: each once, and evenly spread wherever one stops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from optimist.samplers.lattice import LatticeOrder


@pytest.mark.parametrize("sizes", [[], [1], [2], [1, 1], [3, 4], [12, 12], [2, 3, 4, 6], [7, 5], [30, 1, 30]])
def test_every_cell_comes_once(sizes: list[int]) -> None:
    order = LatticeOrder(sizes)
    cells = [order.cell(position) for position in range(order.n)]
    assert sorted(cells) == list(range(order.n))
    assert [order.position(cell) for cell in cells] == list(range(order.n))


def test_huge_grids_cost_nothing() -> None:
    order = LatticeOrder([10] * 40)
    for position in (0, 1, 10**39, order.n - 1):
        assert order.position(order.cell(position)) == position


def test_it_starts_in_the_middle() -> None:
    assert np.unravel_index(LatticeOrder([5, 3, 4]).cell(0), (5, 3, 4)) == (2, 1, 2)


@pytest.mark.parametrize("sizes", [(4, 3, 6), (12, 12), (7, 5)])
def test_any_stretch_has_all_combinations_of_the_last_parameters(sizes: tuple[int, ...]) -> None:
    order = LatticeOrder(sizes)
    cells = [np.unravel_index(order.cell(position), sizes) for position in range(order.n)]
    for k in range(1, len(sizes)):
        tail = sizes[-k:]
        length = int(np.prod(tail))
        for start in range(order.n - length):
            stretch = {tuple(map(int, cell[-k:])) for cell in cells[start : start + length]}
            assert stretch == set(itertools.product(*map(range, tail)))


@pytest.mark.parametrize(
    "sizes", [(12, 12), (2, 3, 4, 6), (10, 10, 10), (5, 2, 2, 2, 2), (2,) * 8, (3,) * 5, (8, 8, 8, 8), (6, 6, 6)]
)
def test_it_covers_values_and_pairs_more_evenly_than_a_shuffle(sizes: tuple[int, ...]) -> None:
    order = LatticeOrder(sizes)
    rng = np.random.default_rng(0)
    shuffles = [unevenness(rng.permutation(order.n), sizes) for _ in range(20)]
    assert unevenness(np.array([order.cell(position) for position in range(order.n)]), sizes) < np.mean(shuffles)


def unevenness(cells: NDArray[np.int64], sizes: tuple[int, ...]) -> float:
    """Chi-square statistics of single values and pairs, summed over stretches from the beginning."""
    total = 0.0
    for share in (0.1, 0.2, 0.3, 0.5, 0.7):
        digits = np.array(np.unravel_index(cells[: int(share * len(cells))], sizes))
        for a, b in itertools.combinations_with_replacement(range(len(sizes)), 2):
            n_values = sizes[a] if a == b else sizes[a] * sizes[b]
            counts = np.bincount(digits[a] if a == b else digits[a] * sizes[b] + digits[b], minlength=n_values)
            total += float(((counts - counts.mean()) ** 2).sum() / counts.mean())
    return total
