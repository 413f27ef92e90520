"""Search: where the acquisition function is largest, over numbers and choices alike.

1. Candidates spread over the whole space (a Latin hypercube), and candidates around the best trials, at several scales.
2. From the most promising of either kind a search by gradients, all at once; integers and steps move as if they were
   continuous, then to the nearest value.
3. Every other value of one discrete parameter at a time, as long as that helps; then step 2 once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.history.parameter_constraint import ParameterConstraint
from optimist.numerics.ascent import ascend
from optimist.samplers.advice import Advice
from optimist.samplers.gp.activity import Activity
from optimist.samplers.gp.domain import Domain
from optimist.samplers.gp.settings import Settings
from optimist.samplers.gp.surrogate import Surrogate

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_SCALES: Final = np.array([0.3, 0.1, 0.03, 0.01, 0.003])  # of candidates around a trial
_N_MOVED: Final = 6.0  # so many coordinates of these differ from the trial's, on average
_MAX_VALUES: Final = 12  # a discrete parameter with more is changed by steps
_N_ROUNDS: Final = 4
_SMALL_GAIN: Final = 1e-3  # of the logarithm of the acquisition function: as good as nothing
_REACH: Final = 10.0  # a climb that is further behind the best, in units of what a step gains, is given up
_WAY_BACK: Final = (0.9, 0.7, 0.5, 0.25)


@dataclass(frozen=True, eq=False)
class Ground:
    """What is searched, and what is known of it.

    Attributes:
        surrogate: Says how promising points are.
        activity: Says which parameters points have.
        incumbents: (k, d) the best trials, best first.
        fixed: (d,) the coordinates of parameters that are not up to the search, NaN elsewhere.
        constraint: What must not be proposed.
        advice: What is known beforehand.
    """

    surrogate: Surrogate
    activity: Activity
    incumbents: FloatArray
    fixed: FloatArray
    constraint: ParameterConstraint | None = None
    advice: Advice | None = None

    @property
    def domain(self) -> Domain:
        """Of the parameters."""
        return self.surrogate.domain

    def settle(self, points: FloatArray) -> FloatArray:
        """Points with fixed coordinates where they are fixed, and with values that exist elsewhere."""
        return np.where(np.isnan(self.fixed), self.domain.encoding.snap(points), self.fixed)

    def value(self, points: FloatArray) -> FloatArray:
        """(n,) how promising points (n, d) are; minus infinity where they are forbidden."""
        mask = self.activity.mask(points)
        value = self.surrogate.value(self.domain.features(points, mask))
        if self.advice is not None:
            value = value + self.advice.log_prior(points, mask)
        if self.constraint is not None:
            value[self._is_forbidden(self.constraint, points, mask)] = -np.inf
        return value

    def value_and_gradient(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The same for features (n, f), but for a constant, with the gradients (n, f)."""
        value, gradient = self.surrogate.value_and_gradient(features)
        if self.advice is not None:
            points, to_features = self.domain.numbers_at(features)
            value = value + self.advice.log_prior(points)
            gradient[:, self.domain.number_columns] += self.advice.slopes(points)[:, self.domain.numbers] * to_features
        return value, gradient

    def _is_forbidden(self, constraint: ParameterConstraint, points: FloatArray, mask: BoolArray) -> BoolArray:
        """(n,) by the parameters that the points (n, d) have."""
        space, columns = self.domain.space, self.domain.encoding.decode(points)
        lists = [columns[name].tolist() for name in self.domain.names]
        rows = zip(mask.tolist(), zip(*lists, strict=True), strict=True)
        return np.array(
            [
                constraint.forbids(space, {n: v for n, v, has in zip(self.domain.names, row, held, strict=True) if has})
                for held, row in rows
            ],
            np.bool_,
        )


def find_best(ground: Ground, settings: Settings, rng: np.random.Generator) -> FloatArray:
    """Find the most promising points.

    Args:
        ground: Where.
        settings: How long.
        rng: For the candidates.

    Returns:
        (n, d) different points, the most promising first.
    """
    spread = ground.settle(latin_hypercube(settings.n_spread, ground.domain.d, rng))
    near = ground.settle(_around(ground, settings.n_near, rng))
    candidates = np.concatenate([spread, near])
    value = ground.value(candidates)
    first = _ranked(value[: len(spread)], settings.n_starts // 2)
    second = len(spread) + _ranked(value[len(spread) :], settings.n_starts - len(first))
    rows = np.concatenate([first, second])
    points, values = candidates[rows], value[rows]

    is_discrete = np.isfinite(ground.domain.n_cells) & np.isnan(ground.fixed)
    points, values = _climb(ground, points, values, settings.n_evaluations)
    if is_discrete.any():
        changed, changed_values = _change_values(ground, points, values, np.flatnonzero(is_discrete), rng)
        if not is_discrete.all():
            better = changed_values > values
            changed[better], changed_values[better] = _climb(
                ground, changed[better], changed_values[better], settings.n_evaluations // 2
            )
        points, values = changed, changed_values
    found, found_values = np.concatenate([points, candidates]), np.concatenate([values, value])
    order = np.argsort(-found_values, kind="stable")
    _, place = np.unique(found[order], axis=0, return_index=True)
    return found[order][np.sort(place)]


def latin_hypercube(n: int, d: int, rng: np.random.Generator) -> FloatArray:
    """Return (n, d) points of the unit cube, one in each n-th of every coordinate."""
    strata = rng.permuted(np.tile(np.arange(n), (d, 1)), axis=1).T
    return (strata + rng.random((n, d))) / n


def _ranked(value: FloatArray, m: int) -> npt.NDArray[np.intp]:
    return np.argsort(-value, kind="stable")[:m]


def _around(ground: Ground, n: int, rng: np.random.Generator) -> FloatArray:
    """Return (n, d) points around the incumbents: some coordinates moved, by different scales."""
    domain, incumbents = ground.domain, ground.incumbents
    if not len(incumbents):
        return np.empty((0, domain.d))
    centre = incumbents[np.arange(n) % len(incumbents)]
    scale = _SCALES[np.arange(n) // len(incumbents) % len(_SCALES), None]
    noise = rng.normal(size=(n, domain.d)) * scale
    moves = rng.random((n, domain.d)) < max(_N_MOVED / domain.d, 0.3)
    moves[np.arange(n), rng.integers(domain.d, size=n)] = True
    other = rng.random((n, domain.d))
    moved = np.where(domain.is_categorical, other, np.clip(centre + noise, 0.0, 1.0))
    # A number that the step would leave where it is goes one value further.
    step = np.where(np.isfinite(domain.n_cells) & ~domain.is_categorical, 1.0 / domain.n_cells, 0.0)
    moved = np.where(np.abs(moved - centre) < 0.5 * step, centre + np.sign(noise) * step, moved)
    moves &= ~domain.is_categorical | (rng.random((n, domain.d)) < 0.5)
    return np.where(moves, np.clip(moved, 0.0, 1.0), centre)


def _climb(ground: Ground, points: FloatArray, values: FloatArray, n_evaluations: int) -> tuple[FloatArray, FloatArray]:
    """Follow the gradients from points (n, d) with these values (n,); none gets worse."""
    domain = ground.domain
    mask = ground.activity.mask(points)
    movable = domain.movable(mask & np.isnan(ground.fixed))
    if not movable.any() or not len(points):
        return points, values
    features, _ = ascend(
        ground.value_and_gradient,
        domain.features(points, mask),
        movable=movable,
        n_evaluations=n_evaluations,
        small_gain=_SMALL_GAIN,
        reach=_REACH,
    )
    climbed = np.where(np.isnan(ground.fixed), domain.points(features, points, mask), ground.fixed)
    climbed_values = ground.value(climbed)
    if ground.constraint is not None:
        climbed, climbed_values = _back_inside(ground, points, climbed, climbed_values)
    is_better = climbed_values > values
    return np.where(is_better[:, None], climbed, points), np.where(is_better, climbed_values, values)


def _back_inside(
    ground: Ground, points: FloatArray, climbed: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Where a climb ended in what is forbidden: the best allowed point on the straight way there, if there is one."""
    outside = np.flatnonzero(np.isneginf(values))
    for share in _WAY_BACK:
        if not len(outside):
            break
        nearer = ground.settle(points[outside] + share * (climbed[outside] - points[outside]))
        nearer_values = ground.value(nearer)
        better = nearer_values > values[outside]
        climbed, values = climbed.copy(), values.copy()
        rows = outside[better]
        climbed[rows], values[rows] = nearer[better], nearer_values[better]
        outside = outside[~better]
    return climbed, values


def _change_values(
    ground: Ground, points: FloatArray, values: FloatArray, discrete: npt.NDArray[np.intp], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Change one discrete parameter at a time, of each point to the best neighbour, as long as one is better."""
    points, values = points.copy(), values.copy()
    going = np.arange(len(points))
    for _ in range(_N_ROUNDS):
        owner, neighbours = _neighbours(ground, points[going], discrete, rng)
        neighbour_values = ground.value(neighbours)
        best = np.lexsort((-neighbour_values, owner))[np.searchsorted(np.sort(owner), np.arange(len(going)))]
        better = neighbour_values[best] > values[going]
        going, best = going[better], best[better]
        if not len(going):
            break
        points[going], values[going] = neighbours[best], neighbour_values[best]
    return points, values


def _neighbours(
    ground: Ground, points: FloatArray, discrete: npt.NDArray[np.intp], rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Return which point each neighbour belongs to (n,), and the neighbours (n, d)."""
    domain = ground.domain
    owners: list[npt.NDArray[np.intp]] = []
    changed: list[FloatArray] = []
    for j in discrete.tolist():
        n = domain.n_cells[j]
        if n <= _MAX_VALUES:
            coordinates = np.tile((np.arange(n) + 0.5) / n, (len(points), 1))
        elif domain.is_categorical[j]:
            coordinates = np.tile((rng.choice(int(n), _MAX_VALUES, replace=False) + 0.5) / n, (len(points), 1))
        else:
            steps = np.concatenate([np.array([-2.0, -1.0, 1.0, 2.0]) / n, [-0.1, -0.03, 0.03, 0.1]])
            coordinates = np.clip(points[:, j, None] + steps, 0.0, 1.0)
        owner = np.repeat(np.arange(len(points)), coordinates.shape[1])
        neighbours = points[owner]
        neighbours[:, j] = coordinates.ravel()
        owners.append(owner)
        changed.append(neighbours)
    return np.concatenate(owners), ground.settle(np.concatenate(changed))
