"""Checks of what users give as bounds and values, and the warning about a step that does not fit."""

from __future__ import annotations

import math
import operator
from typing import Any

from optimist.exceptions import InvalidSpaceError, InvalidSpaceTypeError, warn_user

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def finite_float(name: str, value: Any) -> float:
    """Take a bound or step as float; the argument's name is for the message."""
    if isinstance(value, (str, bytes)):
        raise InvalidSpaceTypeError(f"{name} must be a number, but got the text {value!r}.")
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidSpaceTypeError(f"{name} must be a number, but got {value!r}.") from error
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidSpaceError(f"{name} must be finite, but got {value!r}. Use the largest value that makes sense.")
    return number


def int64(name: str, value: Any) -> int:
    """Take a bound or step as int: integers as they are, floats cut off at the point, as Optuna does."""
    if type(value) is not int:
        try:
            value = operator.index(value)
        except TypeError:
            value = int(finite_float(name, value))
    if not INT64_MIN <= value <= INT64_MAX:
        raise InvalidSpaceError(f"{name} must fit into 64 bits, but got {value!r}. Use a smaller range or a float.")
    return int(value)


def parse_float(value: Any) -> float:
    """Read a parameter's value, which may be the text of a number."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidSpaceError(f"A parameter of this kind is a number, but got {value!r}.") from error


def warn_of_high(low: float, high: float, step: float, adjusted: float) -> None:
    """Tell the user that the range ends earlier than it says."""
    warn_user(
        f"step={step!r} does not divide the range from {low!r} to {high!r}; the last value is {adjusted!r}. "
        f"Write high={adjusted!r} to silence this warning."
    )
