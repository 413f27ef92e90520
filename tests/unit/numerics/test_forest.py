from __future__ import annotations

import numpy as np
import pytest

from optimist.numerics.forest import grow_forest
from optimist.numerics.marginals import variance_shares


def test_same_seed_same_forest() -> None:
    x = np.random.default_rng(0).random((50, 3))
    first, second = (grow_forest(x, x[:, 0], 4, np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(first.thresholds, second.thresholds)
    assert np.array_equal(first.leaf_values, second.leaf_values)


def test_trees_together_are_trees_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).random((60, 3))
    y = x[:, 0] + x[:, 1] ** 2
    together = grow_forest(x, y, 6, np.random.default_rng(1), max_depth=3)
    monkeypatch.setattr("optimist.numerics.forest._CHUNK", 1)
    alone = grow_forest(x, y, 6, np.random.default_rng(1), max_depth=3)
    expected = alone.decreases.mean(axis=0)
    assert together.decreases.mean(axis=0) == pytest.approx(expected, abs=0.2 * expected.max())


@pytest.mark.parametrize("y", [np.full(20, 3.0), np.full(20, 1e100 / 3), np.full(20, 1e-100 / 3)])
def test_constant_needs_no_split(y: np.ndarray) -> None:
    forest = grow_forest(np.random.default_rng(0).random((20, 2)), y, 3, np.random.default_rng(1))
    assert len(forest.thresholds) == 0
    assert forest.leaf_values == pytest.approx(y[:3])
    assert np.all(np.isnan(variance_shares(forest, [slice(0, 1), slice(1, 2)])))


def test_equal_points_stay_together() -> None:
    forest = grow_forest(np.full((20, 2), 0.5), np.arange(20.0), 3, np.random.default_rng(1))
    assert len(forest.thresholds) == 0
    assert len(forest.leaf_values) == 3


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_points(n: int) -> None:
    forest = grow_forest(np.linspace(0, 1, n)[:, None], np.arange(float(n)), 8, np.random.default_rng(1))
    assert len(forest.leaf_values) == 8 * forest.n_seen


def test_depth_and_points_are_limited() -> None:
    x = np.random.default_rng(0).random((100, 2))
    forest = grow_forest(x, x[:, 0], 5, np.random.default_rng(1), max_depth=2, max_points=30)
    assert forest.n_seen == 30
    assert np.all(np.bincount(forest.leaf_trees) <= 4)


def test_equally_good_columns_share_the_splits() -> None:
    x = np.repeat(np.random.default_rng(0).random((200, 1)), 3, axis=1)
    decreases = grow_forest(x, x[:, 0], 20, np.random.default_rng(1)).decreases.mean(axis=0)
    assert decreases.min() > 0.1 * decreases.max()
