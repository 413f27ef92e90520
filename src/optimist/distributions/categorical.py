"""One value out of a list."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from numbers import Real
from typing import Any, TypeAlias

from optimist.distributions.base import BaseDistribution, ImmutableDistribution, set_once
from optimist.exceptions import InvalidSpaceError, InvalidSpaceTypeError, warn_user

CategoricalChoiceType: TypeAlias = bool | int | float | str | None

_STORABLE_TYPES: tuple[type, ...] = (bool, int, float, str, type(None))


class CategoricalDistribution(ImmutableDistribution):
    """One out of a list of choices, with or without an order among them.

    A value is looked up by equality, as Optuna does, and NaN equals NaN. Only where choices of different types are
    equal to each other, as in ``[True, 1, 1.0]``, the type of the value decides.

    Args:
        choices: the values; None, bool, int, float and str can be stored everywhere, others warn.
        ordered: whether they stand in order, such as "small", "medium", "large": samplers then take neighbours for alike.
            It may change between trials, for it says nothing about what can be chosen.

    Raises:
        ValueError: there are no choices.
        TypeError: ``choices`` is not a sequence.
    """

    __slots__ = ("_index", "_index_by_kind", "choices", "ordered")
    choices: tuple[CategoricalChoiceType, ...]
    ordered: bool
    _index: dict[Any, int]  # first index of each choice that can be hashed
    _index_by_kind: dict[tuple[type, Any], int] | None  # only where choices of different kinds are equal

    def __init__(self, choices: Sequence[CategoricalChoiceType], ordered: bool = False) -> None:
        try:
            choices = tuple(choices)
        except TypeError as error:
            raise InvalidSpaceTypeError(f"choices must be a list or tuple of values, but got {choices!r}.") from error
        if not choices:
            raise InvalidSpaceError("choices must not be empty. Name at least one value.")
        for choice in choices:
            if not isinstance(choice, _STORABLE_TYPES):
                _warn_of_choice(choice)
        self._fill(choices, bool(ordered))

    def _fill(self, choices: tuple[CategoricalChoiceType, ...], ordered: bool = False) -> None:
        set_once(self, "choices", choices)
        set_once(self, "ordered", ordered)
        index, index_by_kind = _index_choices(choices)
        set_once(self, "_index", index)
        set_once(self, "_index_by_kind", index_by_kind)
        set_once(self, "_hash", hash((type(self), *map(_hashable, choices))))

    def _fields(self) -> tuple[tuple[CategoricalChoiceType, ...], bool]:
        return self.choices, self.ordered

    def _asdict(self) -> dict[str, Any]:
        # An order that is not there is not spoken of: then this is Optuna's form.
        return {"choices": self.choices, "ordered": True} if self.ordered else {"choices": self.choices}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, CategoricalDistribution):
            return False if isinstance(other, BaseDistribution) else NotImplemented
        return self.ordered == other.ordered and self.has_choices_of(other)

    def has_choices_of(self, other: CategoricalDistribution) -> bool:
        """Tell whether the choices are the same, ordered or not."""
        if self._hash != other._hash or type(self) is not type(other) or len(self.choices) != len(other.choices):
            return False
        if not all(map(_is_same_choice, self.choices, other.choices)):
            return False
        if self._index_by_kind is None and other._index_by_kind is None:
            return True
        return list(map(_kind, self.choices)) == list(map(_kind, other.choices))

    __hash__ = ImmutableDistribution.__hash__

    def single(self) -> bool:
        """Tell whether there is but one choice."""
        return len(self.choices) == 1

    @property
    def cardinality(self) -> int:
        """The number of choices."""
        return len(self.choices)

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        return 0 <= int(param_value_in_internal_repr) < len(self.choices)

    def to_external_repr(self, param_value_in_internal_repr: float) -> CategoricalChoiceType:
        """Return the choice at an index."""
        return self.choices[int(param_value_in_internal_repr)]

    def to_internal_repr(self, param_value_in_external_repr: CategoricalChoiceType) -> float:
        """Return the index of a choice."""
        value = param_value_in_external_repr
        try:
            index = self._index[value]
        except (KeyError, TypeError):  # NaN, or a value that cannot be hashed
            return self._search(value)
        if self._index_by_kind is not None:
            return self._index_by_kind.get((_kind(value), value), index)
        return index

    def _search(self, value: object) -> int:
        for is_same in (operator.is_, _is_same_choice):
            for index, choice in enumerate(self.choices):
                if is_same(value, choice):
                    return index
        raise InvalidSpaceError(f"{value!r} is not one of the choices {self.choices!r}.")


def is_unordered(distribution: BaseDistribution) -> bool:
    """Tell whether there is no order among the values: they are choices, and nobody has said that these are ordered."""
    return isinstance(distribution, CategoricalDistribution) and not distribution.ordered


def _warn_of_choice(choice: object) -> None:
    warn_user(
        f"The choice {choice!r} is of type {type(choice).__name__}; a storage can keep None, bool, int, float and str "
        "only. Use names as choices and look the objects up in a dict, which also silences this warning."
    )


def _index_choices(
    choices: tuple[CategoricalChoiceType, ...],
) -> tuple[dict[Any, int], dict[tuple[type, Any], int] | None]:
    index: dict[Any, int] = {}
    index_by_kind: dict[tuple[type, Any], int] = {}
    for i, choice in enumerate(choices):
        try:
            index.setdefault(choice, i)
            index_by_kind.setdefault((_kind(choice), choice), i)
        except TypeError:  # cannot be hashed: found by `_search`
            continue
    return index, index_by_kind if len(index_by_kind) > len(index) else None


def _kind(choice: object) -> type:
    """The type as JSON keeps it, so that numpy's float64 and float are one kind."""
    for kind in (bool, int, float, str):
        if isinstance(choice, kind):
            return kind
    return type(choice)


def _is_nan(choice: object) -> bool:
    return isinstance(choice, Real) and choice != choice


def _is_same_choice(a: object, b: object) -> bool:
    return bool(a == b) or (_is_nan(a) and _is_nan(b))


def _hashable(choice: object) -> object:
    """Stand in for a choice in the hash: equal choices have equal stand-ins."""
    if _is_nan(choice):
        return "NaN"
    try:
        hash(choice)
    except TypeError:
        return None
    return choice
