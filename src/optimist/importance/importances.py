"""Which parameters matter: the question as users ask it."""

from __future__ import annotations

from optimist.history.protocols import StudyLike
from optimist.importance.base import BaseImportanceEvaluator, Target
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
