"""Warm start: what a new study takes from earlier ones of the same space, or of one that overlaps with it.

The best few points of the earlier studies are queued, so that they are tried first. Their good points, weighted by rank within
their study, are kept with the new study: models take them for a prior that fades, and that is put to the test by how the
queued points do (``optimist.samplers.advice``). What does not fit the ranges that the objective asks for is left to the sampler.

Values of earlier studies are never compared with those of the new one, for losses may differ in scale; ranks do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from optimist.distributions import BaseDistribution
from optimist.distributions.categorical import is_unordered
from optimist.history.attributes import FIXED_PARAMS_KEY, WARM_POINT_KEY, WARM_START_KEY
from optimist.history.draft import StudyChange, TrialChange
from optimist.history.parameter_constraint import ParameterConstraint
from optimist.history.records import FrozenTrial
from optimist.logging import get_logger
from optimist.states import StudyDirection, TrialState

_logger = get_logger(__name__)

N_QUEUED: Final = 3
"""So many points of earlier studies are tried first."""

_GOOD_SHARE: Final = 0.15
_N_GOOD: Final = (3, 25)  # at least, at most, of each study
_APART: Final = 0.05  # of a range: points that differ by less in each parameter are tried once


class EarlierStudy(Protocol):
    """What is needed of a study to start from."""

    study_name: str

    @property
    def directions(self) -> list[StudyDirection]:
        """One direction per objective."""

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """The Pareto front of the feasible complete trials."""

    def get_trials(self, deepcopy: bool = True, states: Any = None) -> list[FrozenTrial]:
        """Snapshots of the trials."""


def check_sources(sources: Sequence[EarlierStudy], directions: Sequence[StudyDirection]) -> None:
    """Refuse studies that a study with these directions cannot start from.

    Raises:
        TypeError: One is no study.
        ValueError: One has other directions.
    """
    for source in sources:
        if not hasattr(source, "get_trials"):
            raise TypeError(f"warm_start_from takes studies, such as load_study() returns, but got {source!r}.")
        if list(source.directions) != list(directions):
            wanted, found = ([d.name.lower() for d in ds] for ds in (directions, source.directions))
            raise ValueError(
                f"warm_start_from: study {source.study_name!r} has the directions {found}, but the new study has {wanted}. "
                "Good points of one would be bad ones of the other."
            )


def note_of(sources: Sequence[EarlierStudy]) -> tuple[StudyChange, list[tuple[str, FrozenTrial]]]:
    """What to keep with the new study, and the good trials of the earlier ones in the order in which they deserve a try.

    The best of each study come first, then the second ones, and so on.
    """
    lineage: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    by_study: list[list[tuple[str, FrozenTrial]]] = []
    for source in sources:
        good = _good_trials(source)
        lineage.append({"study": source.study_name, "n_trials": len(source.get_trials(deepcopy=False))})
        weights = [len(good) - rank for rank in range(len(good))]
        if len(source.directions) > 1:
            weights = [1] * len(good)
        points += [
            {
                "study": source.study_name,
                "number": trial.number,
                "params": dict(trial.params),
                "weight": weight / sum(weights) / len(sources),
            }
            for trial, weight in zip(good, weights, strict=True)
        ]
        by_study.append([(source.study_name, trial) for trial in _worth_a_try(source, good)])
    longest = max(map(len, by_study), default=0)
    in_turn = [trials[i] for i in range(longest) for trials in by_study if i < len(trials)]
    return StudyChange(system_attrs={WARM_START_KEY: {"studies": lineage, "points": points}}), in_turn


def queued_points(good: Iterable[tuple[str, FrozenTrial]], constraint: ParameterConstraint | None) -> list[TrialChange]:
    """The first few distinct points as trials to be queued.

    Args:
        good: Trials with the names of their studies, the most deserving first.
        constraint: What must not be tried.
    """
    chosen: list[tuple[str, FrozenTrial]] = []
    for name, trial in good:
        if len(chosen) == N_QUEUED:
            break
        if constraint is not None and constraint.judge(trial.params) is False:
            continue
        if trial.params and not any(_is_alike(trial, other) for _, other in chosen):
            chosen.append((name, trial))
    return [
        TrialChange(
            state=TrialState.WAITING,
            system_attrs={
                FIXED_PARAMS_KEY: dict(trial.params),
                WARM_POINT_KEY: {"study": name, "number": trial.number},
            },
        )
        for name, trial in chosen
    ]


def _worth_a_try(source: EarlierStudy, good: list[FrozenTrial]) -> list[FrozenTrial]:
    """Trials in the order in which they deserve to be tried again.

    The best one first; then, out of the better half, the best with other parameters, or with other choices: which branch is
    right may have changed, and a model that has seen good trials of one alone hardly looks into the others. Then the good ones.
    """
    if len(source.directions) > 1:
        return good
    ranked = _by_loss(source)
    of_branch: dict[Any, FrozenTrial] = {}
    for trial in ranked[: max(1, len(ranked) // 2)]:
        of_branch.setdefault(_branch(trial), trial)
    return [*of_branch.values(), *good]


def _branch(trial: FrozenTrial) -> Any:
    """Which parameters a trial has, and which choices it made among those without an order."""
    choices = {name: repr(trial.params[name]) for name, d in trial.distributions.items() if is_unordered(d)}
    return frozenset(trial.params), tuple(sorted(choices.items()))


def _good_trials(source: EarlierStudy) -> list[FrozenTrial]:
    """The feasible complete trials that speak for the good region, best first."""
    least, most = _N_GOOD
    if len(source.directions) > 1:
        front = source.best_trials
        return front[:: max(1, len(front) // most)][:most]
    ranked = _by_loss(source)
    if not ranked:
        _logger.warning("warm_start_from: study %r has no feasible complete trial.", source.study_name)
    return ranked[: min(most, max(least, math.ceil(_GOOD_SHARE * len(ranked))))]


def _by_loss(source: EarlierStudy) -> list[FrozenTrial]:
    """The feasible complete trials of a study with one objective, best first."""
    sign = -1.0 if source.directions[0] == StudyDirection.MAXIMIZE else 1.0
    complete = [
        trial
        for trial in source.get_trials(deepcopy=False)
        if trial.state == TrialState.COMPLETE
        and trial.void_reason is None
        and all(value <= 0.0 for value in trial.constraints.values())
    ]
    return sorted(complete, key=lambda trial: sign * (trial.values or [math.inf])[0])


def _is_alike(a: FrozenTrial, b: FrozenTrial) -> bool:
    """Whether two trials have the same parameters, and nearly the same values."""
    return a.params.keys() == b.params.keys() and all(
        _distance(a.distributions[name], value, b.params[name]) < _APART for name, value in a.params.items()
    )


def _distance(distribution: BaseDistribution, a: Any, b: Any) -> float:
    """How far apart two values are, as a share of the range."""
    if is_unordered(distribution):
        return 0.0 if a == b else 1.0
    low, high = getattr(distribution, "low", 0), getattr(distribution, "high", (distribution.cardinality or 2) - 1)
    if not hasattr(distribution, "low"):
        a, b = distribution.to_internal_repr(a), distribution.to_internal_repr(b)
    if getattr(distribution, "log", False):
        low, high, a, b = (math.log(x) if x > 0 else 0.0 for x in (low, high, a, b))
    return abs(a / 2 - b / 2) / (high / 2 - low / 2) if high > low else 0.0
