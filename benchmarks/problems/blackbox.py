"""BBOB functions (Hansen et al. 2009, "Real-parameter black-box optimization benchmarking") from the package ``ioh``.

Each is shifted and, but for the separable ones, rotated; the instance fixes both. The value is the regret: what is known
to be the least value is taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from problems.spaces import Space, numbered


@cache
def _function(number: int, dimension: int, instance: int) -> tuple[Any, float]:
    import ioh

    problem = ioh.get_problem(number, instance, dimension, ioh.ProblemClass.BBOB)
    return problem, float(problem.optimum.y)


def bbob(number: int, dimension: int, instance: int) -> tuple[Space, Callable[[Mapping[str, Any]], float]]:
    """The space and the loss of one function."""

    def loss(values: Mapping[str, Any]) -> float:
        function, least = _function(number, dimension, instance)
        return max(float(function([values[f"x{i}"] for i in range(dimension)])) - least, 0.0)

    return numbered(dimension, -5, 5), loss
