"""Advice: what is known before the trials show it, as densities that models mix into what they have learnt.

A recommended value (``suggest_*(default=..., confidence=...)``) says that good values lie around it; earlier studies
(``create_study(warm_start_from=...)``) say it of the points that were good there. Both fade as trials come in: the
logarithm of a prior density counts with the factor beta / n after n trials. And both are put to the test: by how many of
the other trials the advised ones beat.

Source: Hvarfner et al. 2022, PiBO: augmenting acquisition functions with user beliefs for Bayesian optimization,
arXiv:2204.11051, eq. 6. We differ in the test, which makes bad advice fade sooner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution
from optimist.history.attributes import CONFIDENCE_KEY, DEFAULTS_KEY, WARM_POINT_KEY, WARM_START_KEY
from optimist.history.confidence import DEFAULT_CONFIDENCE
from optimist.history.history import History
from optimist.history.layout import internal_value
from optimist.history.view import View
from optimist.numerics.prior_density import PriorDensity
from optimist.search_space.encoding import encoding_of
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

BETA: Final = 10.0
"""The logarithm of a prior density counts with beta / n after n trials; PiBO's value for budgets around 100."""

FORGOTTEN_AFTER: Final = 1000
"""After so many trials advice counts for nothing: what is left of it is next to nothing, and to judge it would cost more
with every trial."""

WARM_SCALE: Final = 0.1
"""The scale of the kernels around good points of earlier studies, in widths of a range."""

_WARM_UNIFORM: Final = 0.15  # the share of each of their factors that is uniform
_N_JUDGES: Final = 2  # so many other trials it takes to judge an advised one


@dataclass(frozen=True, eq=False)
class Advice:
    """Prior densities over one space, and what they count for now.

    Attributes:
        space: The parameters; coordinates stand in its order, see ``search_space.encoding``.
        densities: At least one.
        strengths: The factor of the logarithm of each.
    """

    space: SearchSpace
    densities: tuple[PriorDensity, ...]
    strengths: tuple[float, ...]

    def log_prior(self, points: FloatArray, mask: BoolArray | None = None) -> FloatArray:
        """(n,) what to add to the logarithm of an acquisition function at points (n, d); of those in ``mask`` (n, d)."""
        parts = [s * density.log_ratio(points, mask) for s, density in zip(self.strengths, self.densities, strict=True)]
        total: FloatArray = np.sum(parts, axis=0)
        return total

    def slopes(self, points: FloatArray) -> FloatArray:
        """(n, d) its derivatives."""
        parts = [s * density.slopes(points) for s, density in zip(self.strengths, self.densities, strict=True)]
        total: FloatArray = np.sum(parts, axis=0)
        return total

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Internal values from the strongest of the densities, or one of them by strength."""
        shares = np.array(self.strengths)
        i = int(rng.choice(len(shares), p=shares / shares.sum()))
        point = self.densities[i].sample(rng.random((1, 1 + 2 * len(self.space))))[0]
        return encoding_of(self.space).decode_one(point)


def advise(view: View, space: SearchSpace) -> Advice | None:
    """Put together what is known of a space beforehand; None if that is nothing, or nothing that still counts.

    Args:
        view: The history.
        space: Parameters with more than one value each.
    """
    if not space or view.n > FORGOTTEN_AFTER or view.system_attrs.keys().isdisjoint((DEFAULTS_KEY, WARM_START_KEY)):
        return None
    verdicts = view.tracker(Verdicts, Verdicts)
    factor = BETA / max(view.n, 1)
    densities: list[PriorDensity] = []
    strengths: list[float] = []
    for density, rows in ((_of_defaults(view, space), verdicts.defaults), (_of_studies(view, space), verdicts.warm)):
        strength = factor * _trust(view, rows)
        if density is not None and strength > 0.0:
            densities.append(density)
            strengths.append(strength)
    return Advice(space, tuple(densities), tuple(strengths)) if densities else None


def _of_defaults(view: View, space: SearchSpace) -> PriorDensity | None:
    defaults = view.system_attrs.get(DEFAULTS_KEY)
    if not isinstance(defaults, dict):
        return None
    noted = view.system_attrs.get(CONFIDENCE_KEY) or {}
    confidence = np.array([noted.get(name, DEFAULT_CONFIDENCE) if name in defaults else 0.0 for name in space])
    points, known = _encoded([defaults], space)
    confidence = np.where(known[0], confidence, 0.0)
    if not confidence.any():
        return None
    uniform = 1.0 - 0.9 * confidence
    return _density(space, points, (0.3 - 0.25 * confidence)[None], uniform[None], np.ones(1))


def _of_studies(view: View, space: SearchSpace) -> PriorDensity | None:
    record = view.system_attrs.get(WARM_START_KEY)
    if not record:
        return None
    good = [(point["params"], point["weight"]) for point in record["points"]]
    points, known = _encoded([params for params, _ in good], space)
    weights = np.array([weight for _, weight in good], np.float64)
    says_something = known.any(axis=1)
    if not says_something.any():
        return None
    points, known, weights = points[says_something], known[says_something], weights[says_something]
    uniform = np.where(known, _WARM_UNIFORM, 1.0)
    return _density(space, points, np.full(points.shape, WARM_SCALE), uniform, weights / weights.sum())


def _density(
    space: SearchSpace, points: FloatArray, scales: FloatArray, uniform: FloatArray, weights: FloatArray
) -> PriorDensity:
    encoding = encoding_of(space)
    n_choices = np.where(encoding.is_categorical, encoding.n_cells, 0.0)
    return PriorDensity(points, scales, uniform, weights, n_choices)


def _encoded(rows: Sequence[Mapping[str, Any]], space: SearchSpace) -> tuple[FloatArray, BoolArray]:
    """(k, d) coordinates of values as the user sees them, and which of these are values of the space."""
    centre = encoding_of(space).decode_one(np.full(len(space), 0.5))
    internal = [{name: _internal(space[name], row, name) for name in space} for row in rows]
    known = np.array([[values[name] is not None for name in space] for values in internal], np.bool_)
    columns = {
        name: np.array([centre[name] if values[name] is None else values[name] for values in internal])
        for name in space
    }
    return encoding_of(space).encode(columns), known


def _internal(distribution: BaseDistribution, row: Mapping[str, Any], name: str) -> Any:
    """The internal value of a parameter; None if the row has none, or none in the range."""
    try:
        value = internal_value(distribution, row[name])
        return value if distribution._contains(value) else None
    except (KeyError, TypeError, ValueError):
        return None


class Verdicts:
    """Which finished trials tried what was advised. A tracker of the history.

    Attributes:
        defaults: Rows of those that tried the recommended values.
        warm: Rows of those that tried the best points of earlier studies.
    """

    def __init__(self) -> None:
        self.defaults: list[int] = []
        self.warm: list[int] = []
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            attrs = history.row_attrs.get(row)
            if attrs is not None:
                if DEFAULTS_KEY in attrs[1]:
                    self.defaults.append(row)
                if WARM_POINT_KEY in attrs[1]:
                    self.warm.append(row)
        self._n_seen = max(self._n_seen, n)


def _trust(view: View, advised: Sequence[int]) -> float:
    """How far to trust advice, from 0 to 1, by the share of the other trials that the best of the advised ones beats.

    1 as long as there are too few to judge, or as nobody can say which trial is better, with several objectives.
    """
    rows = [row for row in advised if row < view.n]
    if not rows or view.n_objectives > 1:
        return 1.0
    losses = np.where(view.states == TrialState.COMPLETE, view.losses[:, 0], np.inf)
    losses[np.isnan(losses)] = np.inf
    others = np.delete(losses, rows)
    if len(others) < _N_JUDGES:
        return 1.0
    best = losses[rows].min()
    if best == np.inf:
        return 0.0
    beaten = (np.sum(others > best) + 0.5 * np.sum(others == best)) / len(others)
    return float(np.clip(2.0 * beaten - 1.0, 0.0, 1.0))
