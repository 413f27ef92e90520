"""Random forests for regression, grown to the last point, a level of several trees at a time.

What is asked of such a forest is which columns it needs (``decreases``) and what it says of the whole cube
(``optimist.numerics.marginals``), so that it keeps its leaves as boxes, and cannot be asked for single points.

Legend   n points, d columns, T trees, N entries: the points of some trees, each (tree, point) once
         x (n, d) points of the unit cube    y (n,) the number to predict    order (d, N) entries, by node and column
         r residual, y minus the mean of the node; so a split at a place gains (sum of r before it)² W / (W_l W_r)

Sources: Breiman 2001, Random forests, doi:10.1023/A:1010933404324. We differ in one point: a tree gets 63% of the
points, each once, where a bootstrap sample has as many different ones, some of them several times (Bühlmann and Yu
2002, Analyzing bagging, doi:10.1214/aos/1031689014, show that this comes to the same). So all weights are 1, and the
counts on both sides of a split follow from its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Int32Array = npt.NDArray[np.int32]

BORDER: Final = -1
"""Stands for the border of the cube where a leaf names the splits that bound it."""
SHARE: Final = 0.632
"""The share of points that a tree sees: 1 - 1/e, as many as a bootstrap sample has different ones."""
_CHUNK: Final = 100_000  # numbers that are worked on at a time, so that they stay in the cache
_PURE: Final = 1e-12  # of the variance of y, or squared of its size; less within a node is rounding, and not split
_JITTER: Final = 1e-9  # relative; chooses among columns that are equally good, as all are in a node of two points


@dataclass(frozen=True)
class Forest:
    """A grown forest.

    Attributes:
        n_trees: T.
        n_seen: How many points each tree saw.
        decreases: (T, d) by how much the splits on each column lessen the sum of squared residuals.
        split_trees: (n_splits,) the tree of each split.
        split_columns: (n_splits,) its column.
        thresholds: (n_splits,) where it splits; lower values go left.
        leaf_trees: (n_leaves,) the tree of each leaf, ascending.
        leaf_values: (n_leaves,) the mean of y in it.
        lower: (n_leaves, d) the split that bounds it from below, or BORDER.
        upper: (n_leaves, d) the split that bounds it from above, or BORDER.
    """

    n_trees: int
    n_seen: int
    decreases: FloatArray
    split_trees: Int32Array
    split_columns: Int32Array
    thresholds: FloatArray
    leaf_trees: Int32Array
    leaf_values: FloatArray
    lower: Int32Array
    upper: Int32Array


def grow_forest(
    x: FloatArray,
    y: FloatArray,
    n_trees: int,
    rng: np.random.Generator,
    *,
    max_depth: int = 64,
    share: float = SHARE,
    max_points: int | None = None,
) -> Forest:
    """Grow trees, each on another sample of the points.

    Args:
        x: (n, d), n and d at least 1.
        y: (n,) finite.
        n_trees: T.
        rng: Chooses the samples, and among splits that are equally good.
        max_depth: How many splits may lie above a leaf.
        share: The share of the points that a tree sees, above 0 and up to 1.
        max_points: How many points a tree sees at most.

    Cost: O(d n) for each level and tree, some ten simple array operations.
    """
    n, d = x.shape
    n_seen = min(n, max(2, round(share * n)), n if max_points is None else max_points)
    presorted = np.argsort(x, axis=0, kind="stable").T.copy()  # (d, n)
    n_together = max(1, min(n_trees, _CHUNK // (d * n_seen)))
    builder = _Builder(x, y, n_together, rng)
    for first in range(0, n_trees, n_together):
        trees = np.arange(first, min(n_trees, first + n_together))
        is_seen = np.zeros((len(trees), n), np.bool_)
        for row in is_seen:
            row[rng.permutation(n)[:n_seen]] = True
        order = np.concatenate(
            [
                presorted.reshape(-1).take(np.flatnonzero(row.take(presorted.reshape(-1)))).reshape(d, -1) + n * tree
                for tree, row in enumerate(is_seen)
            ],
            axis=1,
        )
        builder.grow(trees, order, n_seen, max_depth)
    return builder.forest(n_trees, n_seen)


@dataclass
class _Nodes:
    """Some nodes of one depth. Their entries stand one node after the other.

    Attributes:
        trees: (n_nodes,).
        sizes: (n_nodes,) number of their entries.
        lower, upper: (n_nodes, d) the splits that bound them.
    """

    trees: IntArray
    sizes: IntArray
    lower: Int32Array
    upper: Int32Array

    def __getitem__(self, which: npt.NDArray[np.bool_] | IntArray) -> _Nodes:
        return _Nodes(self.trees[which], self.sizes[which], self.lower[which], self.upper[which])

    @property
    def starts(self) -> IntArray:
        """(n_nodes,) where their entries begin."""
        return np.cumsum(self.sizes) - self.sizes

    def children(self, columns: IntArray, n_left: IntArray, first_split: int) -> _Nodes:
        """Split each node on its column; return (2 n_nodes,) children, left and right in turn."""
        sizes = np.stack([n_left, self.sizes - n_left], axis=1).reshape(-1)
        lower, upper = np.repeat(self.lower, 2, axis=0), np.repeat(self.upper, 2, axis=0)
        nodes = np.arange(len(columns))
        upper[2 * nodes, columns] = first_split + nodes
        lower[2 * nodes + 1, columns] = first_split + nodes
        return _Nodes(np.repeat(self.trees, 2), sizes, lower, upper)


class _Builder:
    """Grows trees, some at a time. An entry is numbered by (tree among those) n + (point)."""

    def __init__(self, x: FloatArray, y: FloatArray, n_together: int, rng: np.random.Generator) -> None:
        self._x, self._rng = x, rng
        self._n, self._d = x.shape
        self._mean = float(y.mean())
        y = y - self._mean
        self._pure = _PURE * (float(y @ y) / self._n + self._mean**2 * _PURE)
        self._y = np.tile(y, n_together)
        self._residual = np.empty_like(self._y)
        self._side = np.zeros(len(self._y), np.int8)
        self._ranks: dict[int, Int32Array] = {}  # of all entries, on columns where points may be equal
        for column in range(self._d):
            values, ranks = np.unique(x[:, column], return_inverse=True)
            if len(values) < self._n:
                self._ranks[column] = np.tile(ranks.astype(np.int32), n_together)
        self._n_splits = 0
        self._splits: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = []  # tree, column, threshold, gain
        self._leaves: list[tuple[IntArray, FloatArray, Int32Array, Int32Array]] = []  # tree, value, lower, upper

    def grow(self, trees: IntArray, order: IntArray, n_seen: int, max_depth: int) -> None:
        """Grow the trees of these numbers from their entries ``order`` (d, N), each tree's sorted by each column."""
        borders = np.full((len(trees), self._d), BORDER, np.int32)
        nodes = _Nodes(trees, np.full(len(trees), n_seen), borders, borders)
        is_open = self._settle(nodes, order[0], max_depth > 0)
        order = order[:, np.repeat(is_open, nodes.sizes)]
        nodes = nodes[is_open]
        for depth in range(1, max_depth + 1):
            if not len(nodes.sizes):
                break
            nodes, order = self._split(nodes, order, depth < max_depth)

    def _settle(self, nodes: _Nodes, entries: IntArray, may_split: bool) -> npt.NDArray[np.bool_]:
        """Compute the nodes' residuals; make leaves of those that are pure, and tell which others there are."""
        y = self._y[entries]
        starts = nodes.starts
        means = np.add.reduceat(y, starts) / nodes.sizes
        residual = y - np.repeat(means, nodes.sizes)
        self._residual[entries] = residual
        is_open: npt.NDArray[np.bool_] = np.add.reduceat(residual * residual, starts) > self._pure
        is_open &= (nodes.sizes > 1) & may_split
        self._close(nodes[~is_open], means[~is_open])
        return is_open

    def _close(self, nodes: _Nodes, means: FloatArray) -> None:
        """Make leaves of nodes."""
        self._leaves.append((nodes.trees, means + self._mean, nodes.lower, nodes.upper))

    def _split(self, nodes: _Nodes, order: IntArray, may_split: bool) -> tuple[_Nodes, IntArray]:
        """Split each node where it gains most; return those children that can be split again, and their entries."""
        gains = self._gains(nodes, order)
        best = np.maximum.reduceat(gains, nodes.starts, axis=1)  # (d, n_nodes)
        columns = np.argmax(best * (1.0 + _JITTER * self._rng.random(best.shape)), axis=0)
        gain = best[columns, np.arange(len(columns))]
        if not np.all(gain > 0.0):  # there are nodes whose points are all the same
            can_split = gain > 0.0
            means = np.add.reduceat(self._y[order[0]], nodes.starts) / nodes.sizes
            self._close(nodes[~can_split], means[~can_split])
            kept = np.repeat(can_split, nodes.sizes)
            nodes, order, gains = nodes[can_split], order[:, kept], gains[:, kept]
            columns, gain = columns[can_split], gain[can_split]
            if not len(columns):
                return nodes, order
        sizes, starts = nodes.sizes, nodes.starts
        places = np.arange(order.shape[1])
        chosen = np.repeat(columns * len(places), sizes) + places  # each node's places in its column, numbered through
        is_cut = gains.reshape(-1).take(chosen) == np.repeat(gain, sizes)
        cuts = np.minimum.reduceat(np.where(is_cut, places, len(places)), starts)
        entries = order.reshape(-1).take(chosen)  # each node's, sorted by the column on which it is split
        ends = self._x[entries[np.stack([cuts, cuts + 1])] % self._n, columns]  # (2, n_nodes)
        self._splits.append((nodes.trees, columns, 0.5 * ends[0] + 0.5 * ends[1], gain * sizes))
        children = nodes.children(columns, cuts - starts + 1, self._n_splits)
        self._n_splits += len(columns)
        is_open = self._settle(children, entries, may_split)
        return self._move(children, is_open, order, entries)

    def _gains(self, nodes: _Nodes, order: IntArray) -> FloatArray:
        """Return (d, N) what it gains to split behind each place, divided by the size of its node."""
        n_left = np.arange(1, order.shape[1] + 1) - np.repeat(nodes.starts, nodes.sizes)
        n_right = np.repeat(nodes.sizes, nodes.sizes) - n_left
        scale = 1.0 / (n_left * np.maximum(n_right, 1))
        scale[n_right == 0] = 0.0  # behind the last place of a node there is nothing to split off
        gains = self._residual.take(order)
        np.cumsum(gains, axis=1, out=gains)
        gains *= gains
        gains *= scale
        for column, ranks in self._ranks.items():
            ranked = ranks.take(order[column])
            gains[column, :-1] *= ranked[1:] != ranked[:-1]
        return gains

    def _move(
        self, children: _Nodes, is_open: npt.NDArray[np.bool_], order: IntArray, entries: IntArray
    ) -> tuple[_Nodes, IntArray]:
        """Sort the entries into the open children, first the left ones, then the right ones."""
        side = np.where(is_open, np.tile(np.array([1, 2], np.int8), len(is_open) // 2), np.int8(0))
        self._side[entries] = np.repeat(side, children.sizes)
        sides = self._side.take(order.reshape(-1))  # `take` is several times faster than brackets
        halves = [order.reshape(-1).take(np.flatnonzero(sides == k)).reshape(self._d, -1) for k in (1, 2)]
        by_side = np.concatenate([np.flatnonzero(side == 1), np.flatnonzero(side == 2)])
        return children[by_side], np.concatenate(halves, axis=1)

    def forest(self, n_trees: int, n_seen: int) -> Forest:
        """Put together what was grown."""
        trees, columns, thresholds, gains = _join(self._splits, 4)
        key = (trees * self._d + columns).astype(np.intp)
        decreases = np.bincount(key, gains, minlength=n_trees * self._d).astype(np.float64).reshape(n_trees, self._d)
        leaf_trees, values, lower, upper = _join(self._leaves, 4)
        order = np.argsort(leaf_trees, kind="stable")
        return Forest(
            n_trees,
            n_seen,
            decreases,
            trees.astype(np.int32),
            columns.astype(np.int32),
            thresholds,
            leaf_trees[order].astype(np.int32),
            values[order],
            lower[order],
            upper[order],
        )


def _join(parts: Sequence[tuple[npt.NDArray[Any], ...]], n_fields: int) -> list[npt.NDArray[Any]]:
    """Concatenate each field of the parts."""
    return [np.concatenate([part[i] for part in parts]) if parts else np.empty(0) for i in range(n_fields)]
