"""How sure a recommended value is."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, Final, Literal

Confidence = float | Literal["low", "medium", "high"]

LEVELS: Final = {"low": 0.25, "medium": 0.5, "high": 0.9}

DEFAULT_CONFIDENCE: Final = LEVELS["medium"]
"""Of a recommended value that comes without."""


def read_confidence(name: str, confidence: Any, *, has_default: bool) -> float:
    """Turn what the user wrote as ``confidence=`` into a number from 0 to 1.

    Args:
        name: The parameter.
        confidence: What came.
        has_default: Whether there is a recommended value.

    Raises:
        ValueError: It is neither a level nor a number in that range, or there is nothing to be sure of.
    """
    if not has_default:
        raise ValueError(
            f"Parameter {name!r}: confidence={confidence!r} says how sure the recommended value is. Give default= as well."
        )
    number = LEVELS.get(confidence, math.nan) if isinstance(confidence, str) else _as_float(confidence)
    if not 0.0 <= number <= 1.0:
        raise ValueError(
            f"Parameter {name!r}: confidence must be a number from 0 to 1, or one of {', '.join(LEVELS)}, but it is "
            f"{confidence!r}."
        )
    return number


def _as_float(confidence: Any) -> float:
    """A number as a float; NaN for anything else."""
    if isinstance(confidence, bool):
        return math.nan
    return float(confidence) if isinstance(confidence, Real) else math.nan
