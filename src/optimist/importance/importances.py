"""Which parameters matter: the question as users ask it."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from optimist.history.protocols import StudyLike
from optimist.importance.base import BaseImportanceEvaluator, Target
from optimist.importance.estimates import ImportanceEstimate, ResamplingEvaluator
from optimist.importance.ped_anova import PedAnovaImportanceEvaluator


def get_param_importances(
    study: StudyLike,
    *,
    evaluator: BaseImportanceEvaluator | None = None,
    params: list[str] | None = None,
    target: Target | None = None,
    normalize: bool = True,
) -> dict[str, float]:
    """Say how much each parameter matters, judged by the complete trials of a study.

    Args:
        study: What to look at.
        evaluator: How to judge; :class:`PedAnovaImportanceEvaluator` by default.
        params: The parameters to judge. None: all that complete trials have, for PED-ANOVA; for the other evaluators
            those that all complete trials have. An empty list gives an empty dictionary.
        target: The number to explain, by trial, such as ``lambda trial: trial.duration.total_seconds()``. None: the
            objective value; of several objectives, PED-ANOVA alone explains all together.
        normalize: Scale the importances to sum to 1.

    Returns:
        Importances of at least 0 by parameter, the largest first.

    Raises:
        TypeError: ``evaluator`` is no evaluator, or ``params`` no list of names.
        ValueError: No complete trial has the parameters asked for, or a study with several objectives needs a target.
    """
    evaluator = PedAnovaImportanceEvaluator() if evaluator is None else evaluator
    if not isinstance(evaluator, BaseImportanceEvaluator):
        raise TypeError(f"evaluator must be a BaseImportanceEvaluator, but is {evaluator!r}.")
    importances = evaluator.evaluate(study, params=params, target=target)
    return normalized(importances) if normalize else importances


def normalized(importances: dict[str, float]) -> dict[str, float]:
    """Scale importances to sum to 1; all equal where all are 0."""
    total = sum(importances.values())
    if total == 0.0:
        return dict.fromkeys(importances, 1.0 / max(1, len(importances)))
    return {name: importance / total for name, importance in importances.items()}


def get_param_importances_with_uncertainty(
    study: StudyLike,
    *,
    evaluator: BaseImportanceEvaluator | None = None,
    params: list[str] | None = None,
    target: Target | None = None,
    normalize: bool = True,
    confidence: float = 0.9,
    seed: int | None = None,
) -> dict[str, ImportanceEstimate]:
    """Say how much each parameter matters, and how sure that is.

    PED-ANOVA judges 100 bootstrap samples of the trials again. The forests compare their trees, each of which sees
    another part of the trials; that errs to the safe side. Neither knows of regions where no trial was.

    Args:
        study: What to look at.
        evaluator: How to judge; one of this package, :class:`PedAnovaImportanceEvaluator` by default.
        params: As in :func:`get_param_importances`.
        target: Likewise.
        normalize: Likewise.
        confidence: The chance, between 0 and 1, that an interval shall have to hold what endless studies of this many
            trials would say on average.
        seed: Of the bootstrap, and of a forest that has no seed itself.

    Returns:
        Estimates by parameter, the largest value first. The interval is symmetric but for being cut at 0, and at 1 if
        normalised; the standard error is NaN, and the interval all that can be, where there are too few trials to tell.

    Raises:
        TypeError: The evaluator is not of this package.
        ValueError: ``confidence`` is not between 0 and 1, or what :func:`get_param_importances` raises.
    """
    evaluator = PedAnovaImportanceEvaluator() if evaluator is None else evaluator
    if not isinstance(evaluator, ResamplingEvaluator):
        raise TypeError(
            f"evaluator must be one of optimist.importance, to be asked again and again, but is {evaluator!r}."
        )
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, but is {confidence!r}.")
    resampled = evaluator.resample(study, params, target, np.random.default_rng(seed))
    values, draws = resampled.values, resampled.draws
    highest = np.inf
    if normalize:
        highest = 1.0
        values = normalized(values)
        totals = draws.sum(axis=1)
        draws = draws[totals > 0.0] / totals[totals > 0.0, None]
    if len(draws) < 2:
        return {name: ImportanceEstimate(value, np.nan, 0.0, highest) for name, value in values.items()}
    errors = (resampled.scale * draws.std(axis=0, ddof=1)).tolist()
    reach = NormalDist().inv_cdf(0.5 + 0.5 * confidence)
    return {
        name: ImportanceEstimate(value, error, max(0.0, value - reach * error), min(highest, value + reach * error))
        for (name, value), error in zip(values.items(), errors, strict=True)
    }
