"""How much of a forest's variance over the unit cube each column, or group of columns, explains by itself.

The prediction of a tree is constant on boxes, so its marginals are step functions whose steps lie at the tree's own
splits: all integrals are sums, and exact.

Legend   T trees, d columns, G groups    f the prediction of a tree    f_g its marginal: the mean over all other columns
         V the variance of f over the cube, V_g that of f_g; V_g / V is the share of group g
         a leaf's width in a group: the share of the group's values that lie in its box; its volume: their product

A group of several columns is a categorical parameter in one-hot form: of its points only those count that have a 1
in one column and 0 in the others, all equally likely. A leaf is then a set of choices.

Source: Hutter, Hoos and Leyton-Brown 2014, An efficient approach for assessing hyperparameter importance, ICML.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from optimist.numerics.forest import BORDER, Forest

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


def variance_shares(forest: Forest, groups: Sequence[slice]) -> FloatArray:
    """Return (T, G) V_g / V for each tree; NaN for trees that predict the same everywhere.

    Args:
        forest: Grown on points of the unit cube.
        groups: The columns of each group; one column is a range from 0 to 1, several are choices in one-hot form.

    Cost: O(G n_leaves), and sorting the splits.
    """
    widths = np.stack([_widths(forest, group) for group in groups], axis=1)  # (n_leaves, G)
    volumes = np.prod(widths, axis=1)
    mean = np.bincount(forest.leaf_trees, forest.leaf_values * volumes, minlength=forest.n_trees)
    values = forest.leaf_values - mean[forest.leaf_trees]  # so that all marginals have mean 0
    total = np.bincount(forest.leaf_trees, values * values * volumes, minlength=forest.n_trees)
    weights = values[:, None] * _others(widths)  # (n_leaves, G): what a leaf adds to each marginal, inside its box
    variances = np.stack(
        [
            _range_variance(forest, group.start, weights[:, i])
            if group.stop - group.start == 1
            else _choice_variance(forest, group, weights[:, i])
            for i, group in enumerate(groups)
        ],
        axis=1,
    )
    shares: FloatArray = np.full(variances.shape, np.nan)
    np.divide(variances, total[:, None], out=shares, where=total[:, None] > 0.0)
    return shares


def _others(widths: FloatArray) -> FloatArray:
    """The product of all other widths, from both sides, for a width may be tiny."""
    before, after = np.ones_like(widths), np.ones_like(widths)
    np.cumprod(widths[:, :-1], axis=1, out=before[:, 1:])
    np.cumprod(widths[:, :0:-1], axis=1, out=after[:, -2::-1])
    return before * after


def _widths(forest: Forest, group: slice) -> FloatArray:
    """Return (n_leaves,) the share of a group's values that lie in each leaf's box."""
    if group.stop - group.start > 1:
        of_choices: FloatArray = _choices(forest, group).mean(axis=1)
        return of_choices
    ends = np.append(forest.thresholds, [0.0, 1.0])
    lower, upper = forest.lower[:, group.start], forest.upper[:, group.start]
    widths: FloatArray = ends[np.where(upper == BORDER, -1, upper)] - ends[np.where(lower == BORDER, -2, lower)]
    return widths


def _choices(forest: Forest, group: slice) -> npt.NDArray[np.bool_]:
    """Return (n_leaves, n_choices) which choices lie in each leaf's box."""
    must, may = forest.lower[:, group] != BORDER, forest.upper[:, group] == BORDER
    has_must = must.any(axis=1, keepdims=True)
    allowed: npt.NDArray[np.bool_] = np.where(has_must, must & may, may)
    return allowed


def _choice_variance(forest: Forest, group: slice, weights: FloatArray) -> FloatArray:
    """Return (T,) the variance of a marginal over choices."""
    marginal = np.stack(
        [
            np.bincount(forest.leaf_trees, weights * inside, minlength=forest.n_trees)
            for inside in _choices(forest, group).T
        ],
        axis=1,
    )
    variance: FloatArray = marginal.var(axis=1)
    return variance


def _range_variance(forest: Forest, column: int, weights: FloatArray) -> FloatArray:
    """Return (T,) the variance of a marginal over [0, 1]: a step function, which changes where leaves begin and end."""
    splits = np.flatnonzero(forest.split_columns == column)
    splits = splits[np.lexsort((forest.thresholds[splits], forest.split_trees[splits]))]
    n_splits = np.bincount(forest.split_trees[splits], minlength=forest.n_trees)
    firsts = np.cumsum(n_splits + 1) - (n_splits + 1)  # (T,) each tree's first step; it has one more than splits
    n_steps = len(splits) + forest.n_trees
    begins = np.zeros(n_steps)  # where each step begins
    steps = np.arange(len(splits)) + forest.split_trees[splits] + 1  # the step behind each split
    begins[steps] = forest.thresholds[splits]
    ends = np.append(begins[1:], 1.0)
    ends[firsts[1:] - 1] = 1.0
    step_of = np.zeros(len(forest.thresholds) + 1, np.intp)  # one more, for BORDER to point to
    step_of[splits] = steps
    lower, upper = forest.lower[:, column], forest.upper[:, column]
    first = np.where(lower == BORDER, firsts[forest.leaf_trees], step_of[lower])
    end = np.where(upper == BORDER, firsts[forest.leaf_trees] + n_splits[forest.leaf_trees] + 1, step_of[upper])
    jumps = np.bincount(first, weights, minlength=n_steps + 1) - np.bincount(end, weights, minlength=n_steps + 1)
    marginal = np.cumsum(jumps[:-1])  # of one tree after the other: each ends at 0
    tree_of = np.repeat(np.arange(forest.n_trees), n_splits + 1)
    means = np.bincount(tree_of, marginal * (ends - begins), minlength=forest.n_trees)
    deviation = marginal - means[tree_of]
    variance = np.bincount(tree_of, deviation * deviation * (ends - begins), minlength=forest.n_trees)
    return variance.astype(np.float64, copy=False)
