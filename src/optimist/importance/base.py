"""The contract of importance evaluators."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial

Target = Callable[[FrozenTrial], float]


class BaseImportanceEvaluator(ABC):
    """Says how much each parameter matters; the same contract as Optuna's."""

    @abstractmethod
    def evaluate(
        self, study: StudyLike, params: list[str] | None = None, *, target: Target | None = None
    ) -> dict[str, float]:
        """Judge the parameters of a study by its complete trials. Users call :func:`get_param_importances`.

        Args:
            study: What to look at.
            params: The parameters to judge; None for all that the evaluator can judge.
            target: The number to explain, by trial; None for the objective value.

        Returns:
            Importances of at least 0 by parameter, the largest first. They need not sum to 1.
        """


def check_params(params: Sequence[str] | None) -> None:
    """Refuse what is no list of names.

    Raises:
        TypeError: It is not.
    """
    if params is None:
        return
    if not isinstance(params, list | tuple) or not all(isinstance(name, str) for name in params):
        raise TypeError(f"params must be a list of parameter names, but is {params!r}.")


def by_importance(importances: dict[str, float]) -> dict[str, float]:
    """Sort by importance, the largest first; equals by name."""
    return dict(sorted(importances.items(), key=lambda item: (-item[1], item[0])))
