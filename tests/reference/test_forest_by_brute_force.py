"""The forest against a tree grown point by point, and its marginals against sums over a grid."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from optimist.numerics.forest import BORDER, Forest, grow_forest
from optimist.numerics.marginals import variance_shares

FloatArray = npt.NDArray[np.float64]


def best_split(x: FloatArray, y: FloatArray) -> tuple[float, int, float]:
    """The gain, column and threshold of the best split of some points, tried one by one."""
    found = (0.0, -1, 0.0)
    for column in range(x.shape[1]):
        for low, high in itertools.pairwise(np.unique(x[:, column])):
            left = x[:, column] <= low
            gain = y.var() * len(y) - y[left].var() * left.sum() - y[~left].var() * (~left).sum()
            if gain > found[0] + 1e-9:
                found = float(gain), column, 0.5 * (low + high)
    return found


def predict_by_recursion(x: FloatArray, y: FloatArray, at: FloatArray, depth: int, decreases: FloatArray) -> FloatArray:
    gain, column, threshold = best_split(x, y) if depth else (0.0, -1, 0.0)
    if column < 0:
        return np.full(len(at), y.mean())
    decreases[column] += gain
    left, at_left = x[:, column] <= threshold, at[:, column] <= threshold
    values = np.empty(len(at))
    values[at_left] = predict_by_recursion(x[left], y[left], at[at_left], depth - 1, decreases)
    values[~at_left] = predict_by_recursion(x[~left], y[~left], at[~at_left], depth - 1, decreases)
    return values


def predict(forest: Forest, tree: int, at: FloatArray) -> FloatArray:
    """Look every point up in the boxes of a tree's leaves."""
    ends = np.append(forest.thresholds, [1.0, 0.0])
    mine = forest.leaf_trees == tree
    lower = np.where(forest.lower == BORDER, 0.0, ends[forest.lower])[mine]
    upper = np.where(forest.upper == BORDER, 1.0, ends[np.where(forest.upper == BORDER, -2, forest.upper)])[mine]
    lower[forest.lower[mine] == BORDER] = -1.0
    inside = np.all((at[:, None, :] > lower) & (at[:, None, :] <= upper), axis=2)
    assert np.all(inside.sum(axis=1) == 1)  # the boxes tile the cube
    return forest.leaf_values[mine][np.argmax(inside, axis=1)]


@pytest.mark.parametrize("depth", [1, 2, 3])  # further down, several splits are equally good
def test_one_tree_that_sees_all(depth: int) -> None:
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.random(40), rng.integers(0, 4, 40) / 3, rng.random(40)])
    y = 3 * x[:, 0] - 2 * x[:, 1] ** 2 + rng.normal(size=40)
    forest = grow_forest(x, y, 1, rng, max_depth=depth, share=1.0)
    assert forest.n_seen == 40
    decreases = np.zeros(3)
    at = rng.random((200, 3))
    expected = predict_by_recursion(x, y, at, depth, decreases)
    assert predict(forest, 0, at) == pytest.approx(expected)
    assert forest.decreases[0] == pytest.approx(decreases)


def test_full_depth_separates_all_that_differ() -> None:
    rng = np.random.default_rng(4)
    x = rng.integers(0, 4, (50, 2)) / 3
    y = rng.normal(size=50)
    forest = grow_forest(x, y, 1, rng, share=1.0)
    expected = [y[np.all(x == point, axis=1)].mean() for point in x]
    assert predict(forest, 0, x) == pytest.approx(np.array(expected))


def exact_shares(forest: Forest, tree: int, grids: list[FloatArray], groups: list[slice]) -> list[float]:
    """V_g / V over all combinations of points, of which each group has its own, equally likely ones."""
    combinations = list(itertools.product(*(range(len(grid)) for grid in grids)))
    at = np.array([np.concatenate([grid[i] for grid, i in zip(grids, index, strict=True)]) for index in combinations])
    values = predict(forest, tree, at).reshape([len(grid) for grid in grids])
    shares = []
    for i in range(len(groups)):
        others: Any = tuple(j for j in range(len(groups)) if j != i)
        shares.append(float(values.mean(axis=others).var() / values.var()))
    return shares


def test_marginals_of_cells_and_choices() -> None:
    rng = np.random.default_rng(5)
    n, n_cells, n_choices = 60, 8, 4
    cells, choice, flag = rng.integers(0, n_cells, n), rng.integers(0, n_choices, n), rng.integers(0, 2, n)
    x = np.column_stack([(cells + 0.5) / n_cells, np.eye(n_choices)[choice], flag])
    y = cells + 3.0 * (choice == 2) * flag + rng.normal(size=n)
    groups = [slice(0, 1), slice(1, 5), slice(5, 6)]
    forest = grow_forest(x, y, 5, rng)
    # Thresholds lie between the middles of cells, at multiples of 1 / (2 n_cells); the flag's at 1/2.
    fine = ((np.arange(2 * n_cells) + 0.5) / (2 * n_cells))[:, None]
    grids = [fine, np.eye(n_choices), np.array([[0.0], [1.0]])]
    shares = variance_shares(forest, groups)
    for tree in range(5):
        assert shares[tree] == pytest.approx(exact_shares(forest, tree, grids, groups))


def test_shares_of_an_additive_function_approach_the_truth() -> None:
    rng = np.random.default_rng(7)
    x = rng.random((3000, 3))
    y = 10 * x[:, 0] + 5 * x[:, 1] ** 2
    shares = variance_shares(grow_forest(x, y, 16, rng), [slice(i, i + 1) for i in range(3)]).mean(axis=0)
    truth = np.array([100 / 12, 25 * 4 / 45, 0.0])
    assert shares == pytest.approx(truth / truth.sum(), abs=0.02)
    assert shares.sum() > 0.97


def test_shares_of_an_interaction() -> None:
    rng = np.random.default_rng(8)
    x = rng.random((3000, 2))
    y = (x[:, 0] - 0.5) * (x[:, 1] - 0.5)  # no main effect at all
    shares = variance_shares(grow_forest(x, y, 16, rng), [slice(0, 1), slice(1, 2)]).mean(axis=0)
    assert np.all(shares < 0.02)
