"""Distributions as JSON text, byte for byte as Optuna writes it, so that studies can move between the two."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from optimist.distributions.base import BaseDistribution
from optimist.distributions.categorical import CategoricalDistribution
from optimist.distributions.deprecated import (
    DiscreteUniformDistribution,
    IntLogUniformDistribution,
    IntUniformDistribution,
    LogUniformDistribution,
    UniformDistribution,
)
from optimist.distributions.floats import FloatDistribution
from optimist.distributions.integers import IntDistribution
from optimist.exceptions import InvalidSpaceError, InvalidSpaceTypeError

_CLASSES: Mapping[str, Callable[..., BaseDistribution]] = {
    cls.__name__: cls
    for cls in (
        FloatDistribution,
        IntDistribution,
        CategoricalDistribution,
        UniformDistribution,
        LogUniformDistribution,
        DiscreteUniformDistribution,
        IntUniformDistribution,
        IntLogUniformDistribution,
    )
}


def distribution_to_json(dist: BaseDistribution) -> str:
    """Write a distribution as JSON, byte for byte as Optuna does; that choices are ordered is written in addition.

    Raises:
        TypeError: JSON cannot hold one of the choices.
    """
    try:
        return json.dumps({"name": type(dist).__name__, "attributes": dist._asdict()})
    except (TypeError, ValueError) as error:
        raise InvalidSpaceTypeError(
            f"{dist} cannot be stored, for JSON cannot hold all of its choices ({error}). Use None, bool, int, float "
            "or str as choices, for example names that you look up in a dict."
        ) from error


def json_to_distribution(json_str: str) -> BaseDistribution:
    """Read a distribution from the JSON of `distribution_to_json` or of Optuna, old class names included.

    The short form of the command line is read as well: ``{"type": "float", "low": 0, "high": 1}`` with ``step`` and
    ``log`` as options, ``"int"`` likewise, and ``{"type": "categorical", "choices": [...]}``, with ``ordered`` as an option.

    Raises:
        ValueError: the text is not JSON, or not of a distribution that we know.
    """
    document = json.loads(json_str)
    if not isinstance(document, dict):
        raise InvalidSpaceError(f"A distribution is a JSON object, but got {json_str!r}.")
    if "name" in document:
        make, arguments = _CLASSES.get(document["name"]), document.get("attributes", {})
    else:
        make, arguments = _from_short_form(document)
    if make is None:
        raise InvalidSpaceError(
            f"No distribution is named {document['name']!r}. Known are: {', '.join(sorted(_CLASSES))}."
        )
    try:
        return make(**arguments)
    except InvalidSpaceError:
        raise
    except TypeError as error:
        raise InvalidSpaceTypeError(f"{json_str!r} does not describe a distribution: {error}.") from error


_SHORT_FORMS = {
    "float": (FloatDistribution, ("low", "high"), ("log", "step")),
    "int": (IntDistribution, ("low", "high"), ("log", "step")),
    "categorical": (CategoricalDistribution, ("choices",), ("ordered",)),
}


def _from_short_form(document: dict[str, Any]) -> tuple[Callable[..., BaseDistribution], dict[str, Any]]:
    if document.get("type") not in _SHORT_FORMS:
        raise InvalidSpaceError(
            f"A distribution needs a type out of {', '.join(_SHORT_FORMS)}, but got type={document.get('type')!r}."
        )
    make, required, optional = _SHORT_FORMS[document["type"]]
    missing = [name for name in required if name not in document]
    if missing:
        raise InvalidSpaceError(f"A distribution of type {document['type']} needs {' and '.join(missing)}.")
    arguments = {name: document[name] for name in required}
    arguments |= {name: document[name] for name in optional if document.get(name) is not None}
    return make, arguments
