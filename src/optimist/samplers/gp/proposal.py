"""A proposal from beginning to end: from the trials so far to the values of the next one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution
from optimist.history.layout import internal_value
from optimist.history.view import View
from optimist.samplers.advice import advise
from optimist.samplers.gp.activity import Activity
from optimist.samplers.gp.domain import Domain
from optimist.samplers.gp.evidence import Evidence, gather
from optimist.samplers.gp.known import KnownParameters
from optimist.samplers.gp.search import Ground, find_best
from optimist.samplers.gp.settings import Settings
from optimist.samplers.gp.surrogate import Memo, build_surrogate
from optimist.samplers.untried import Untried
from optimist.search_space.quantile import quantile_function

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_N_VALUES: Final = 64  # tried of a parameter on its own
_LOOKED_AT: Final = (0, 1, 16, 128, 1024)  # candidates are compared with trials in parts: mostly the first will do
_SAME: Final = 1e-9  # features that differ by less are the same


class Proposer:
    """Proposes trials of one sampler.

    Args:
        settings: Of the sampler.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._memo = Memo()

    def propose(
        self,
        view: View,
        pinned: Mapping[str, Any],
        rng: np.random.Generator,
        untried: Untried | None,
        *,
        avoids_duplicates: bool,
    ) -> dict[str, Any] | None:
        """Propose internal values for all known parameters together; None if there is nothing to learn from.

        Args:
            view: The history.
            pinned: Values, as the user sees them, that are not up to the sampler.
            rng: The trial's own.
            untried: What may be proposed in a finite space; None if any point may.
            avoids_duplicates: Whether points should differ from all trials.
        """
        ground = self._ground(view, pinned, rng)
        if ground is None:
            return None
        domain = ground.domain
        points = find_best(ground, self._settings, rng)
        if avoids_duplicates:
            points = _without_tried(ground, points)
        if untried is None or untried.names != domain.space.keys() - pinned.keys():
            return domain.values(points[0])
        for point in points[: 4 * self._settings.n_starts]:
            values = domain.values(point)
            if untried.contains({name: values[name] for name in untried.names}):
                return values
        columns = untried.sample()
        if not columns:
            return domain.values(points[0])
        n = len(next(iter(columns.values())))
        others = np.tile(points[0], (n, 1))
        encoded = domain.encoding.encode({**domain.encoding.decode(others), **columns})
        return domain.values(encoded[int(np.argmax(ground.value(encoded)))])

    def propose_one(
        self,
        view: View,
        name: str,
        distribution: BaseDistribution,
        suggested: Mapping[str, Any],
        rng: np.random.Generator,
    ) -> Any:
        """Propose an internal value for a parameter on its own, given what the trial has; None if it is not known."""
        ground = self._ground(view, {}, rng)
        if ground is None or name not in ground.domain.space:
            return None
        domain = ground.domain
        quantile = quantile_function(distribution)
        values = [quantile(u) for u in ((np.arange(_N_VALUES) + rng.random(_N_VALUES)) / _N_VALUES).tolist()]
        base = ground.incumbents[0] if len(ground.incumbents) else np.full(domain.d, 0.5)
        columns = dict(domain.encoding.decode(np.tile(base, (len(values), 1))))
        for known, value in suggested.items():
            if known in domain.space:
                columns[known] = np.full(len(values), value)
        columns[name] = np.array(values)
        points = domain.encoding.encode(columns)
        mask = ground.activity.mask(points)
        mask[:, [domain.names.index(n) for n in (*suggested, name) if n in domain.space]] = True
        return values[int(np.argmax(ground.surrogate.value(domain.features(points, mask))))]

    def _ground(self, view: View, pinned: Mapping[str, Any], rng: np.random.Generator) -> Ground | None:
        known = view.tracker(KnownParameters, KnownParameters)
        if not known.space:
            return None
        domain = known.domain
        evidence = gather(view, domain, self._settings.max_points)
        if not np.any(~np.isnan(evidence.losses).any(axis=1)):
            return None
        activity = Activity(domain, evidence.points, evidence.mask, known.order)
        weights = 1.0 / (rng.dirichlet(np.ones(view.n_objectives)) + 0.02)  # of the objectives, if they are many
        boldness, n_running = rng.random(), len(view.running)
        surrogate = build_surrogate(
            domain, evidence, self._settings, self._memo, weights, boldness=boldness, n_running=n_running
        )
        pending = _pending(view, domain, activity)
        surrogate = surrogate.believing(pending)
        incumbents = self._incumbents(evidence, rng)
        advice = advise(view, domain.space)
        return Ground(surrogate, activity, incumbents, _fixed(domain, pinned), view.parameter_constraint, advice)

    def _incumbents(self, evidence: Evidence, rng: np.random.Generator) -> FloatArray:
        """(k, d) the best trials; where none is feasible, those that violate the constraints least."""
        losses = evidence.losses
        rows = np.flatnonzero(evidence.is_feasible)
        if len(rows):
            key = (
                losses[rows]
                if losses.shape[1] == 1
                else _ranks(losses[rows]) @ rng.dirichlet(np.ones(losses.shape[1]))[:, None]
            )
        else:
            rows = np.flatnonzero(~np.isnan(losses).any(axis=1))
            key = np.maximum(np.nan_to_num(evidence.constraints[rows]), 0.0).sum(axis=1, keepdims=True)
        best = np.argsort(key[:, 0], kind="stable")[: self._settings.n_incumbents]
        return evidence.points[rows[best]]


def _ranks(losses: FloatArray) -> FloatArray:
    ranks: FloatArray = losses.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable").astype(np.float64)
    return ranks


def _fixed(domain: Domain, pinned: Mapping[str, Any]) -> FloatArray:
    """(d,) the coordinates of pinned parameters; NaN for the others."""
    fixed = np.full(domain.d, np.nan)
    for j, name in enumerate(domain.names):
        if name in pinned:
            try:
                value = internal_value(domain.space[name], pinned[name])
            except (TypeError, ValueError):  # no choice of it: as good as free
                continue
            others = {other: np.array([domain.values(np.full(domain.d, 0.5))[other]]) for other in domain.names}
            fixed[j] = domain.encoding.encode({**others, name: np.array([value])})[0, j]
    return fixed


def _pending(view: View, domain: Domain, activity: Activity) -> FloatArray:
    """(m, f) features of the running trials, as far as their parameters are known."""
    columns: dict[str, list[Any]] = {name: [] for name in domain.names}
    has: list[list[bool]] = []
    centre = domain.values(np.full(domain.d, 0.5))
    for trial in view.running:
        values = trial.foreseen(domain.space)
        if any(name not in values for j, name in enumerate(domain.names) if not domain.is_optional[j]):
            continue
        for name in domain.names:
            columns[name].append(values.get(name, centre[name]))
        has.append([name in values for name in domain.names])
    if not has:
        return np.empty((0, domain.f))
    points = domain.encoding.encode({name: np.array(column) for name, column in columns.items()})
    return domain.features(points, activity.mask(points) & np.array(has, np.bool_))


def _without_tried(ground: Ground, points: FloatArray) -> FloatArray:
    """Points, the most promising first, from the first one on that is not the same as a trial; all if each of them is."""
    domain, tried = ground.domain, ground.surrogate.objectives[0].factor.x
    for start, stop in pairwise(_LOOKED_AT):
        part = points[start:stop]
        features = domain.features(part, ground.activity.mask(part))
        is_new = np.abs(features[:, None] - tried).max(axis=2).min(axis=1) > _SAME
        if is_new.any():
            return points[start + int(np.argmax(is_new)) :]
    return points
