"""What every distribution can do, and what ours have in common: they never change."""

from __future__ import annotations

import abc
from typing import Any, NoReturn, Self

set_once = object.__setattr__  # how the constructors below get past `ImmutableDistribution.__setattr__`


class BaseDistribution(abc.ABC):
    """The contract of a distribution. Users get theirs from ``trial.suggest_*``; make one by hand for ask and tell."""

    __slots__ = ()

    def to_external_repr(self, param_value_in_internal_repr: float) -> Any:
        """Turn an internal value into the one that the user sees."""
        return param_value_in_internal_repr

    @abc.abstractmethod
    def to_internal_repr(self, param_value_in_external_repr: Any) -> float:
        """Turn a user's value into the internal one. It may lie outside the range, see `contains`.

        Raises:
            ValueError: the value cannot be one of this kind of distribution at all.
        """

    @abc.abstractmethod
    def single(self) -> bool:
        """Tell whether there is only one value to choose from."""

    @abc.abstractmethod
    def _contains(self, param_value_in_internal_repr: float) -> bool:
        """Tell whether an internal value lies in the range and on the grid. Named as in Optuna, for its samplers."""

    def contains(self, value: Any) -> bool:
        """Tell whether a user's value is one of ours: of the right kind, in the range and on the grid."""
        try:
            return self._contains(self.to_internal_repr(value))
        except ValueError:
            return False

    @property
    def cardinality(self) -> int | None:
        """The number of values to choose from; None if there is no end to them."""
        return None

    def _asdict(self) -> dict[str, Any]:
        """The attributes by name, in the order of the JSON form."""
        return dict(vars(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BaseDistribution):
            return NotImplemented
        return type(self) is type(other) and self._asdict() == other._asdict()

    def __hash__(self) -> int:
        return hash((type(self), *sorted(self._asdict().items())))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value}" for name, value in sorted(self._asdict().items()))
        return f"{type(self).__name__}({arguments})"


class ImmutableDistribution(BaseDistribution):
    """What our own distributions share: they refuse changes, copies are the thing itself, the hash is kept."""

    __slots__ = ("_hash",)
    _hash: int

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__} does not change once it is made. Make a new one with another {name}."
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} does not change once it is made: {name} stays.")

    def __hash__(self) -> int:
        return self._hash

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    # Unpickling skips checks and warnings, and computes the hash anew, for it differs between processes.
    def __getstate__(self) -> tuple[Any, ...]:
        return self._fields()

    def __setstate__(self, fields: tuple[Any, ...]) -> None:
        self._fill(*fields)

    @abc.abstractmethod
    def _fields(self) -> tuple[Any, ...]:
        """The arguments of `_fill`."""

    @abc.abstractmethod
    def _fill(self, *fields: Any) -> None:
        """Set the slots from values that have been checked."""
