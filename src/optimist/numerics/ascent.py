"""Maximise a smooth function in the unit cube from many starting points at once: projected L-BFGS, batched.

All starts are evaluated together, which is what makes numpy fast, yet each has a step length, a memory and an end of
its own: one that must shorten its step does not hold up the others.

Legend   b starts, d coordinates, m the length of the memory
         x (b, d) points    g (b, d) gradients    s, y (m, b, d) the latest steps and changes of gradient

Sources: Nocedal and Wright 2006, Numerical Optimization, alg. 7.4; Bertsekas 1982, doi:10.1137/0320018 (bounds by
projection, with the coordinates held that press against one).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Objective = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""From points (b, d) to values (b,) and gradients (b, d)."""

_MEMORY: Final = 8
_SUFFICIENT: Final = 1e-4  # of the increase that the gradient promises
_SHORTER: Final = 0.25
_FIRST_STEP: Final = 0.1
_LONGEST_STEP: Final = 0.5


def ascend(
    objective: Objective,
    x: FloatArray,
    *,
    movable: BoolArray | None = None,
    n_evaluations: int = 40,
    tolerance: float = 1e-6,
) -> tuple[FloatArray, FloatArray]:
    """Climb from each start until its steps no longer help.

    Args:
        objective: The function; not asked outside of [0, 1], and only for starts that still climb.
        x: (b, d) starts, in [0, 1].
        movable: (b, d) which coordinates may change; None if all may.
        n_evaluations: How often the objective is called at most.
        tolerance: A start rests when no coordinate's step is longer than that.

    Returns:
        The points (b, d) and their values (b,), none below that of its start.
    """
    x = x.copy()
    movable = np.ones_like(x, np.bool_) if movable is None else movable
    value, gradient = objective(x)
    memory = _Memory(*x.shape)
    free = _free(x, gradient, movable)
    direction = _limited(np.where(free, gradient, 0.0), _FIRST_STEP, stretch=True)
    length = np.ones(len(x))
    is_climbing = free.any(axis=1)

    for _ in range(n_evaluations - 1):
        active = np.flatnonzero(is_climbing)
        if not len(active):
            break
        step = np.clip(x[active] + length[active, None] * direction[active], 0.0, 1.0) - x[active]
        trial = x[active] + step
        trial_value, trial_gradient = objective(trial)
        promised = np.einsum("ij,ij->i", step, gradient[active])
        with np.errstate(invalid="ignore"):
            is_better = trial_value >= value[active] + _SUFFICIENT * np.maximum(promised, 0.0)
        is_long = np.abs(step).max(axis=1) > tolerance

        length[active[~is_better]] *= _SHORTER
        is_climbing[active] = is_long
        rows = active[is_better]
        if not len(rows):
            continue
        memory.add(rows, step[is_better], gradient[rows] - trial_gradient[is_better])
        x[rows], value[rows], gradient[rows] = trial[is_better], trial_value[is_better], trial_gradient[is_better]
        free = _free(x[rows], gradient[rows], movable[rows])
        direction[rows] = memory.direction(rows, np.where(free, gradient[rows], 0.0), free)
        length[rows] = 1.0
        is_climbing[rows] &= free.any(axis=1)
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


class _Memory:
    """The latest steps of each start, from which the next direction follows.

    Args:
        b: Number of starts.
        d: Number of coordinates.
    """

    def __init__(self, b: int, d: int) -> None:
        self._s = np.zeros((_MEMORY, b, d))
        self._y = np.zeros((_MEMORY, b, d))
        self._rho = np.zeros((_MEMORY, b))  # 1 / <s, y>; 0 for no entry
        self._scale = np.zeros(b)

    def add(self, rows: npt.NDArray[np.intp], s: FloatArray, y: FloatArray) -> None:
        """Note steps (n, d) of some starts, and how far their gradients fell; without curvature there is no entry."""
        curvature = np.einsum("ij,ij->i", s, y)
        size = np.einsum("ij,ij->i", y, y)
        kept = curvature > 1e-10 * np.sqrt(size * np.einsum("ij,ij->i", s, s))
        rows, s, y, curvature, size = rows[kept], s[kept], y[kept], curvature[kept], size[kept]
        for array, new in ((self._s, s), (self._y, y), (self._rho, 1.0 / curvature)):
            array[:-1, rows] = array[1:, rows]
            array[-1, rows] = new
        self._scale[rows] = curvature / size

    def direction(self, rows: npt.NDArray[np.intp], gradient: FloatArray, free: BoolArray) -> FloatArray:
        """The quasi-Newton step (n, d) of some starts, in their free coordinates."""
        q = gradient.copy()
        alphas = np.empty((_MEMORY, len(rows)))
        s, y, rho = self._s[:, rows], self._y[:, rows], self._rho[:, rows]
        used = np.flatnonzero(rho.any(axis=1))
        for i in used[::-1]:
            alphas[i] = rho[i] * np.einsum("ij,ij->i", s[i], q)
            q -= alphas[i][:, None] * y[i]
        q *= self._scale[rows, None]
        for i in used:
            beta = rho[i] * np.einsum("ij,ij->i", y[i], q)
            q += (alphas[i] - beta)[:, None] * s[i]
        q[~free] = 0.0
        is_uphill = np.einsum("ij,ij->i", q, gradient) > 0.0
        steepest = _limited(gradient, _FIRST_STEP, stretch=True)
        return np.where(is_uphill[:, None], _limited(q, _LONGEST_STEP), steepest)
