"""Maximise a smooth function in the unit cube from many starting points at once: projected BFGS, batched.

All starts are evaluated together, which is what makes numpy fast, yet each has a step length, an inverse Hessian and an
end of its own: one that must shorten its step does not hold up the others. Whole matrices, not the limited memory of
L-BFGS, because with some ten coordinates they cost fewer calls of numpy.

Legend   b starts, d coordinates    s (b, d) steps    y (b, d) how far the gradients fell

Sources: Nocedal and Wright 2006, Numerical Optimization, eq. 6.17; Bertsekas 1982, doi:10.1137/0320018 (bounds by
projection, with the coordinates held that press against one).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]
Objective = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""From points (b, d) to values (b,) and gradients (b, d)."""

_SUFFICIENT: Final = 1e-4  # of the increase that the gradient promises
_SHORTER: Final = 0.25
_FIRST_STEP: Final = 0.1
_LONGEST_STEP: Final = 0.5


class _Rest(NamedTuple):
    """When a start rests; see :func:`ascend`."""

    tolerance: float
    small_gain: float
    reach: float


def ascend(
    objective: Objective,
    x: FloatArray,
    *,
    movable: BoolArray | None = None,
    n_evaluations: int = 40,
    tolerance: float = 1e-6,
    small_gain: float = 1e-7,
    reach: float = math.inf,
) -> tuple[FloatArray, FloatArray]:
    """Climb from each start until its steps no longer help.

    Args:
        objective: The function; not asked outside of [0, 1], and only for starts that still climb.
        x: (b, d) starts, in [0, 1].
        movable: (b, d) which coordinates may change; None if all may.
        n_evaluations: How often the objective is called at most.
        tolerance: A start rests when no coordinate's step is longer than that.
        small_gain: And when its last step gained less than that, and its next one promises less as well.
        reach: And when it is behind the best by more than so many times the larger of these two. Where only the best
            matters, this leaves out what it takes to polish the others.

    Returns:
        The points (b, d) and their values (b,), none below that of its start.
    """
    start, x = x, x.copy()
    movable = np.ones_like(x, np.bool_) if movable is None else movable
    columns = np.flatnonzero(movable.any(axis=0))  # the others are left out of all matrices

    rest = _Rest(tolerance, small_gain, reach)

    def evaluate(rows: IntArray, part: FloatArray) -> tuple[FloatArray, FloatArray]:
        points = start[rows]
        points[:, columns] = part
        values, gradients = objective(points)
        return values, gradients[:, columns]

    x[:, columns], value = _ascend(evaluate, x[:, columns], movable[:, columns], n_evaluations, rest)
    return x, value


def _ascend(
    evaluate: Callable[[IntArray, FloatArray], tuple[FloatArray, FloatArray]],
    x: FloatArray,
    movable: BoolArray,
    n_evaluations: int,
    rest: _Rest,
) -> tuple[FloatArray, FloatArray]:
    value, gradient = evaluate(np.arange(len(x)), x)
    curvature = _Curvature(*x.shape)
    free = _free(x, gradient, movable)
    direction = _limited(np.where(free, gradient, 0.0), _FIRST_STEP, stretch=True)
    length = np.ones(len(x))
    is_climbing: BoolArray = np.any(free, axis=1)

    for _ in range(n_evaluations - 1):
        active = np.flatnonzero(is_climbing)
        if not len(active):
            break
        trial = np.clip(x[active] + length[active, None] * direction[active], 0.0, 1.0)
        step = trial - x[active]
        trial_value, trial_gradient = evaluate(active, trial)
        promised = np.einsum("ij,ij->i", step, gradient[active])
        gain = trial_value - value[active]
        is_better = gain >= _SUFFICIENT * np.maximum(promised, 0.0)

        length[active[~is_better]] *= _SHORTER
        is_climbing[active] = np.abs(step).max(axis=1) > rest.tolerance
        rows = active[is_better]
        if not len(rows):
            continue
        curvature.update(rows, step[is_better], gradient[rows] - trial_gradient[is_better])
        x[rows], value[rows], gradient[rows] = trial[is_better], trial_value[is_better], trial_gradient[is_better]
        free = _free(x[rows], gradient[rows], movable[rows])
        direction[rows] = curvature.direction(rows, np.where(free, gradient[rows], 0.0), free)
        length[rows] = 1.0
        hope = np.maximum(gain[is_better], np.einsum("ij,ij->i", direction[rows], gradient[rows]))
        helps = hope > rest.small_gain
        may_lead = value.max() - value[rows] <= rest.reach * np.where(helps, hope, 1.0)
        is_climbing[rows] &= np.any(free, axis=1) & helps & may_lead
    return x, value


def _free(x: FloatArray, gradient: FloatArray, movable: BoolArray) -> BoolArray:
    """Which coordinates may move along the gradient without leaving the cube."""
    free: BoolArray = movable & ~((x <= 0.0) & (gradient < 0.0)) & ~((x >= 1.0) & (gradient > 0.0))
    return free


def _limited(direction: FloatArray, longest: float, *, stretch: bool = False) -> FloatArray:
    """Shorten steps, or bring them to a length, by their largest coordinate."""
    size = np.abs(direction).max(axis=1, keepdims=True, initial=0.0)
    factor = longest / np.maximum(size, 1e-300)
    limited: FloatArray = direction * (factor if stretch else np.minimum(factor, 1.0))
    return limited


class _Curvature:
    """The inverse Hessian of each start, negated, as far as its steps have shown it.

    Args:
        b: Number of starts.
        d: Number of coordinates.
    """

    def __init__(self, b: int, d: int) -> None:
        self._inverse = np.zeros((b, d, d))
        self._is_new = np.ones(b, np.bool_)
        self._eye = np.eye(d)

    def update(self, rows: IntArray, s: FloatArray, y: FloatArray) -> None:
        """Take in steps (n, d) of some starts, and how far their gradients fell; without curvature nothing is learnt."""
        curvature = np.einsum("ij,ij->i", s, y)
        size = np.einsum("ij,ij->i", y, y)
        kept = curvature > 1e-10 * np.sqrt(size * np.einsum("ij,ij->i", s, s))
        if not kept.all():
            rows, s, y, curvature, size = rows[kept], s[kept], y[kept], curvature[kept], size[kept]
        inverse = self._inverse[rows]
        is_new = self._is_new[rows]
        if is_new.any():
            inverse[is_new] = (curvature / size)[is_new, None, None] * self._eye
            self._is_new[rows] = False
        along = np.einsum("ijk,ik->ij", inverse, y)
        s = s / curvature[:, None]
        half = s * (0.5 * (curvature + np.einsum("ij,ij->i", y, along)))[:, None] - along
        cross = half[:, :, None] * s[:, None, :]
        inverse += cross
        inverse += cross.transpose(0, 2, 1)
        self._inverse[rows] = inverse

    def direction(self, rows: IntArray, gradient: FloatArray, free: BoolArray) -> FloatArray:
        """The quasi-Newton step (n, d) of some starts, in their free coordinates."""
        step = np.einsum("ijk,ik->ij", self._inverse[rows], gradient)
        step[~free] = 0.0
        step = _limited(step, _LONGEST_STEP)
        is_uphill = np.einsum("ij,ij->i", step, gradient) > 0.0
        if not is_uphill.all():
            step[~is_uphill] = _limited(gradient[~is_uphill], _FIRST_STEP, stretch=True)
        return step
