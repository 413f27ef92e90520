"""The distributions of a study by id, as far as this process has seen them.

Trials say which distribution each parameter came from by an id that is dense in the study. Distributions are only ever
added, so what is known stays right.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    distribution_to_json,
    json_to_distribution,
)
from optimist.exceptions import InvalidSpaceTypeError
from optimist.storages.base import check_name

Numbered = tuple[int, str, BaseDistribution]
"""(id, parameter, distribution)."""


class KnownDistributions:
    """What a process knows of one study's distributions.

    Attributes:
        items: (parameter, distribution) by id.
        ids: The id of each of them.
    """

    def __init__(self) -> None:
        self.items: list[tuple[str, BaseDistribution]] = []
        self.ids: dict[tuple[str, BaseDistribution], int] = {}
        self._lock = threading.Lock()

    def learn(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Take in rows (id, name, JSON) that were read from the database, in order of their ids."""
        self.add((i, name, json_to_distribution(text)) for i, name, text in rows if i >= len(self.items))

    def add(self, numbered: Iterable[Numbered]) -> None:
        """Take in what is committed, in order of the ids; what is known already is passed over."""
        with self._lock:
            for i, name, distribution in numbered:
                if i == len(self.items):
                    self.ids.setdefault((name, distribution), i)
                    self.items.append((name, distribution))

    def number(self, space: Iterable[tuple[str, BaseDistribution]]) -> list[Numbered]:
        """Give ids to those that are new, after all that is known."""
        numbered: dict[tuple[str, BaseDistribution], Numbered] = {}
        for name, distribution in space:
            if (name, distribution) not in self.ids and (name, distribution) not in numbered:
                i = len(self.items) + len(numbered)
                numbered[name, distribution] = (i, name, distribution)
        return list(numbered.values())


def storable_distribution(name: str, distribution: BaseDistribution) -> str:
    """Write a distribution as JSON, having checked that it reads back as it is.

    Raises:
        TypeError: JSON cannot hold it.
        ValueError: The parameter's name is no good name.
    """
    check_name("A parameter's name", name)
    try:
        text = distribution_to_json(distribution)
        is_faithful = _reads_back(text, distribution)
    except ValueError as error:
        raise InvalidSpaceTypeError(f"Parameter {name!r}: {error}") from error
    if not is_faithful:
        raise InvalidSpaceTypeError(
            f"Parameter {name!r}: {distribution} cannot be stored, for it would not read back from JSON as it is. Use "
            "None, bool, int, float or str as choices, for example names that you look up in a dict."
        )
    return text


def _reads_back(text: str, distribution: BaseDistribution) -> bool:
    if not isinstance(distribution, CategoricalDistribution):
        return json_to_distribution(text) == distribution
    choices = json.loads(text)["attributes"]["choices"]
    return all(a == b or (a != a and b != b) for a, b in zip(choices, distribution.choices, strict=True))
