"""The contracts of crossovers and mutations, the same as Optuna's: one written for Optuna runs unchanged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from optimist.history.protocols import StudyLike

FloatArray = npt.NDArray[np.float64]


class BaseCrossover(ABC):
    """Mixes the numerical parameters of some parents into those of a child.

    Parameters come as points of the unit cube, each range stretched to [0, 1] (in the logarithm, where ``log`` is set;
    a range of n integers or steps cut into n cells). A child outside the bounds is drawn again by the sampler.
    """

    def __str__(self) -> str:
        return type(self).__name__

    @property
    @abstractmethod
    def n_parents(self) -> int:
        """How many parents a child has."""

    @abstractmethod
    def crossover(
        self, parents_params: FloatArray, rng: np.random.RandomState, study: StudyLike, search_space_bounds: FloatArray
    ) -> FloatArray:
        """Make a child.

        Args:
            parents_params: (n_parents, n_params), the better parents anywhere among them.
            rng: The trial's own random numbers; take all from here, so that a seed gives the same search.
            study: The study.
            search_space_bounds: (n_params, 2) the low and high end of each parameter.

        Returns:
            (n_params,)
        """


class BaseMutation(ABC):
    """Changes one numerical parameter of a child."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def __str__(self) -> str:
        return type(self).__name__

    @abstractmethod
    def mutation(
        self, param: float, rng: np.random.RandomState, study: StudyLike, search_space_bounds: FloatArray
    ) -> float:
        """Return the changed parameter.

        Args:
            param: Within the bounds.
            rng: The trial's own random numbers.
            study: The study.
            search_space_bounds: (2,) its low and high end.
        """


def is_multi_objective(study: StudyLike) -> bool:
    """Whether a study has several objectives; the usual spread of children depends on it."""
    return len(study.directions) > 1


def check_probability(name: str, value: float, *, above_zero: bool = False) -> float:
    """Return a probability; refuse what is none.

    Raises:
        ValueError: It is not between 0 and 1, or 0 although it must be above.
    """
    if not 0.0 <= value <= 1.0 or (above_zero and value == 0.0):
        raise ValueError(
            f"{name} must be a probability {'above 0' if above_zero else 'from 0'} to 1, but it is {value!r}."
        )
    return value
