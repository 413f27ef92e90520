"""How sure importances are: the same judgement, over and over, on other samples of the trials."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimist.history.protocols import StudyLike
from optimist.importance.base import BaseImportanceEvaluator, Target

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ImportanceEstimate:
    """The importance of a parameter, and how sure it is.

    Attributes:
        value: The importance.
        standard_error: How far it would typically be off, had other trials been sampled.
        low: Lower end of its interval.
        high: Upper end of its interval.
    """

    value: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True)
class Resampled:
    """Importances, and what they were on other samples of the trials.

    Attributes:
        values: Importance by parameter, the largest first.
        draws: (n_draws, n_params) importances on the samples; columns in the order of ``values``. No rows where there
            were too few trials.
        scale: The standard error of ``values`` is so many times the deviation of the draws.
    """

    values: dict[str, float]
    draws: FloatArray
    scale: float


class ResamplingEvaluator(BaseImportanceEvaluator):
    """An evaluator that can tell how sure its importances are."""

    @abstractmethod
    def resample(
        self, study: StudyLike, params: list[str] | None, target: Target | None, rng: np.random.Generator
    ) -> Resampled:
        """Judge as ``evaluate`` does, and again on other samples of the trials."""
