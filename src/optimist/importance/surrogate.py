"""A random forest that predicts the objective from the parameters that trials share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from optimist.distributions import BaseDistribution, CategoricalDistribution
from optimist.exceptions import warn_user
from optimist.history.protocols import StudyLike
from optimist.importance.base import Target, check_params
from optimist.importance.evidence import Evidence, gather, known_names
from optimist.numerics.forest import Forest, grow_forest
from optimist.search_space.encoding import Encoding

N_POINTS: Final = 2000
"""A tree sees so many trials at most, which keeps 10,000 trials within a second; all trees together see most of them."""


@dataclass(frozen=True)
class Surrogate:
    """A forest over the unit cube of some parameters.

    Attributes:
        names: All parameters that were asked for, sorted.
        groups: The columns of each parameter that has more than one value.
        forest: The forest; None where there is nothing to predict.
        share_seen: The share of the trials that each tree sees.
    """

    names: list[str]
    groups: dict[str, slice]
    forest: Forest | None
    share_seen: float


def fit_surrogate(
    study: StudyLike, params: list[str] | None, target: Target | None, n_trees: int, max_depth: int, seed: int | None
) -> Surrogate:
    """Fit a forest to the complete trials that have all of the parameters.

    Args:
        study: What to look at.
        params: The parameters; None for those that all complete trials have in common.
        target: The number to predict; None for the objective value.
        n_trees: Number of trees.
        max_depth: Of the trees.
        seed: None for another forest each time.

    Raises:
        TypeError: ``params`` is no list of names.
        ValueError: The study has several objectives, and there is no target; no complete trial has all ``params``; or
            the range of one of them changed.
    """
    check_params(params)
    if target is None and len(study.directions) > 1:
        raise ValueError(
            f"Study {study.study_name!r} has {len(study.directions)} objectives, and a forest explains one number. Say "
            "which with target, such as target=lambda trial: trial.values[0], or use PedAnovaImportanceEvaluator."
        )
    evidence = gather(study, target)
    space = _space(study, evidence, params)
    evidence = evidence.with_all(list(space))
    varied = {name: distribution for name, distribution in space.items() if not distribution.single()}
    names = sorted(space)
    if len(evidence.rows) < 2 or np.ptp(evidence.losses) == 0.0 or not varied:
        if names:
            warn_user(
                "Importances need two complete trials with different finite values, and a parameter that varies; all "
                "parameters get the same."
            )
        return Surrogate(names, {}, None, 0.0)
    points, groups = _encode(evidence, varied)
    rng = np.random.default_rng(seed)
    y = evidence.losses[:, 0] / np.max(np.abs(evidence.losses))  # whose squares can neither overflow nor vanish
    forest = grow_forest(points, y, n_trees, rng, max_depth=max_depth, max_points=N_POINTS)
    return Surrogate(names, groups, forest, forest.n_seen / len(y))


def _space(study: StudyLike, evidence: Evidence, params: list[str] | None) -> dict[str, BaseDistribution]:
    """Return the distributions of the parameters in question."""
    if params is None:
        return dict(evidence.view.shared_space())
    names = known_names(study, params)
    if not names:
        return {}
    having = evidence.with_all(names)
    domains = having.domains()
    space: dict[str, BaseDistribution] = {}
    for name in names:
        distributions, _ = domains.of(name)
        if not distributions:
            raise ValueError(f"No complete trial of study {study.study_name!r} has all of the parameters {names}.")
        if len(distributions) > 1 or distributions[0] is None:
            raise ValueError(
                f"Parameter {name!r} has several ranges in study {study.study_name!r}, and a forest needs one. Leave it "
                "out of params, or use PedAnovaImportanceEvaluator."
            )
        space[name] = distributions[0]
    return space


def _encode(
    evidence: Evidence, space: dict[str, BaseDistribution]
) -> tuple[np.typing.NDArray[np.float64], dict[str, slice]]:
    """Return (n, n_columns) points of the unit cube and each parameter's columns: one, or one for each choice."""
    encoding = Encoding(space, one_hot=True)
    points = encoding.encode({name: evidence.column(name) for name in space})
    kept: list[int] = []
    groups: dict[str, slice] = {}
    for name, distribution in space.items():
        columns = encoding.columns[name]
        is_binary = isinstance(distribution, CategoricalDistribution) and len(distribution.choices) == 2
        indices = range(columns.start, columns.stop)[: 1 if is_binary else None]  # of two, one column says it all
        groups[name] = slice(len(kept), len(kept) + len(indices))
        kept += indices
    return points[:, kept], groups
