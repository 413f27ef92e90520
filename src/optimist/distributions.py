"""What values a parameter may take: floats, integers or choices.

A distribution is made once, checked then, and never changes. It compares by value, hashes at no cost, prints as the
code that makes it, and keeps the JSON form that Optuna writes, so that studies can move between the two.

External value: what the user sees and `suggest_*` returns.
Internal value: what samplers and stores work with: float (`FloatDistribution`), int (`IntDistribution`),
    the index of the choice (`CategoricalDistribution`).
"""

from __future__ import annotations

import abc
import json
import math
import operator
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple, NoReturn, Self, TypeAlias

from optimist.exceptions import InvalidSpaceError, InvalidSpaceTypeError

__all__ = [
    "BaseDistribution",
    "CategoricalChoiceType",
    "CategoricalDistribution",
    "DecimalGrid",
    "DiscreteUniformDistribution",
    "FloatDistribution",
    "IntDistribution",
    "IntLogUniformDistribution",
    "IntUniformDistribution",
    "LogUniformDistribution",
    "UniformDistribution",
    "check_distribution_compatibility",
    "distribution_to_json",
    "json_to_distribution",
    "replace_deprecated",
]

CategoricalChoiceType: TypeAlias = bool | int | float | str | None

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

STORABLE_TYPES: tuple[type, ...] = (bool, int, float, str, type(None))  # as choices, in every storage

_set = object.__setattr__


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


class _Immutable(BaseDistribution):
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


class DecimalGrid(NamedTuple):
    """The values ``(low + k * step) / scale`` in whole numbers: 0.3 is exactly cell 3 of low=0, step=1, scale=10."""

    low: int
    step: int
    scale: int


class FloatDistribution(_Immutable):
    """Floats between ``low`` and ``high``, both included.

    Args:
        low: the smallest value; above 0 if ``log``.
        high: the largest value. If ``step`` does not divide the range, the last value on the grid below it, with
            a warning.
        log: whether values are spread evenly over orders of magnitude; not together with ``step``.
        step: the distance of neighbouring values, counted from ``low``; None for a continuous range.

    Raises:
        ValueError: the range is empty or not finite, or the options contradict each other.
        TypeError: a bound or step that is not a number.
    """

    __slots__ = ("_grid", "_last_cell", "high", "log", "low", "step")
    low: float
    high: float
    log: bool
    step: float | None
    _grid: DecimalGrid | None
    _last_cell: int  # the number of the grid's last value; 0 if continuous

    def __init__(self, low: float, high: float, log: bool = False, step: float | None = None) -> None:
        low_given, high_given = low, high
        low, high, log = _finite_float("low", low), _finite_float("high", high), bool(log)
        step = None if step is None else _finite_float("step", step)
        if log and step is not None:
            raise InvalidSpaceError(f"log=True and step={step!r} exclude each other. Drop one of them.")
        if low > high:
            raise InvalidSpaceError(f"low must not exceed high, but low={low_given!r} and high={high_given!r}.")
        if log and low <= 0.0:
            raise InvalidSpaceError(
                f"log=True needs low > 0, but low={low_given!r}. Use a small positive low, such as 1e-8, or drop log."
            )
        if step is not None:
            if step <= 0.0:
                raise InvalidSpaceError(f"step must be above 0, but step={step!r}. Use None for a continuous range.")
            high = _last_on_grid(low, high, step)
        self._fill(low, high, log, step)

    def _fill(self, low: float, high: float, log: bool, step: float | None) -> None:
        grid, last_cell = (None, 0) if step is None else _decimal_grid(low, high, step)
        _set(self, "low", low)
        _set(self, "high", high)
        _set(self, "log", log)
        _set(self, "step", step)
        _set(self, "_grid", grid)
        _set(self, "_last_cell", last_cell)
        _set(self, "_hash", hash((type(self), low, high, log, step)))

    def _fields(self) -> tuple[float, float, bool, float | None]:
        return self.low, self.high, self.log, self.step

    def _asdict(self) -> dict[str, Any]:
        return {"step": self.step, "low": self.low, "high": self.high, "log": self.log}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, FloatDistribution):
            return False if isinstance(other, BaseDistribution) else NotImplemented
        return (
            self._hash == other._hash
            and type(self) is type(other)
            and self.low == other.low
            and self.high == other.high
            and self.log == other.log
            and self.step == other.step
        )

    __hash__ = _Immutable.__hash__

    def single(self) -> bool:
        """Tell whether ``low`` and ``high`` are the same value."""
        return self.low == self.high

    @property
    def cardinality(self) -> int | None:
        """The number of values on the grid; None for a continuous range."""
        if self.step is None and self.low != self.high:
            return None
        return self._last_cell + 1

    @property
    def grid(self) -> DecimalGrid | None:
        """The exact grid of a stepped range; None for a continuous one."""
        return self._grid

    def value_at(self, cell: int) -> float:
        """Return value number ``cell`` of a stepped range, the float nearest to the decimal ``low + cell * step``.

        Raises:
            IndexError: there are not so many cells, or there is no step.
        """
        grid = self._grid
        if grid is None or not 0 <= cell <= self._last_cell:
            raise IndexError(f"{self} has no value number {cell}.")
        if cell == self._last_cell:
            return self.high
        return (grid.low + cell * grid.step) / grid.scale

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        value = param_value_in_internal_repr
        if not self.low <= value <= self.high:
            return False
        step = self.step
        if step is None:
            return True
        cell = (value - self.low) / step
        if abs(cell) < 2.0**52 and abs(cell - round(cell)) < 1e-8:
            return True
        return self._is_value_of_grid(value)

    def _is_value_of_grid(self, value: float) -> bool:
        """Decide by exact arithmetic, where float noise exceeds the tolerance of `_contains`."""
        grid = self._grid
        assert grid is not None
        numerator, denominator = Decimal(repr(float(value))).as_integer_ratio()
        offset = numerator * grid.scale - grid.low * denominator  # in units of 1 / (denominator * scale)
        cell = _nearest_quotient(offset, grid.step * denominator)
        return self.value_at(min(max(cell, 0), self._last_cell)) == value

    def contains(self, value: Any) -> bool:
        """Tell whether a number is in the range and on the grid."""
        if type(value) is float and self.step is None:
            return self.low <= value <= self.high
        return super().contains(value)

    def to_internal_repr(self, param_value_in_external_repr: float) -> float:
        """Turn whatever ``float()`` takes into a float; it must not be NaN, and above 0 if ``log``."""
        value = param_value_in_external_repr
        if type(value) is not float:
            value = _parse_float(value)
        if value != value:
            raise InvalidSpaceError(f"A parameter cannot be NaN, but got {param_value_in_external_repr!r}.")
        if self.log and value <= 0.0:
            raise InvalidSpaceError(
                f"A parameter with log=True must be above 0, but got {param_value_in_external_repr!r}."
            )
        return value


class IntDistribution(_Immutable):
    """Integers between ``low`` and ``high``, both included, within the 64 bits that stores can keep.

    Args:
        low: the smallest value; at least 1 if ``log``.
        high: the largest value. If ``step`` does not divide the range, the last value on the grid below it, with
            a warning.
        log: whether values are spread evenly over orders of magnitude; only with ``step=1``.
        step: the distance of neighbouring values, counted from ``low``.

    Raises:
        ValueError: the range is empty or not within 64 bits, or the options contradict each other.
        TypeError: a bound or step that is not a number.
    """

    __slots__ = ("high", "log", "low", "step")
    low: int
    high: int
    log: bool
    step: int

    def __init__(self, low: int, high: int, log: bool = False, step: int = 1) -> None:
        low, high, step, log = _int64("low", low), _int64("high", high), _int64("step", step), bool(log)
        if log and step != 1:
            raise InvalidSpaceError(f"log=True needs step=1, but step={step!r}. Drop one of them.")
        if low > high:
            raise InvalidSpaceError(f"low must not exceed high, but low={low!r} and high={high!r}.")
        if log and low < 1:
            raise InvalidSpaceError(f"log=True needs low >= 1, but low={low!r}. Use low=1 or drop log.")
        if step <= 0:
            raise InvalidSpaceError(f"step must be above 0, but step={step!r}.")
        rest = (high - low) % step
        if rest:
            _warn_of_high(low, high, step, high - rest)
            high -= rest
        self._fill(low, high, log, step)

    def _fill(self, low: int, high: int, log: bool, step: int) -> None:
        _set(self, "low", low)
        _set(self, "high", high)
        _set(self, "log", log)
        _set(self, "step", step)
        _set(self, "_hash", hash((type(self), low, high, log, step)))

    def _fields(self) -> tuple[int, int, bool, int]:
        return self.low, self.high, self.log, self.step

    def _asdict(self) -> dict[str, Any]:
        return {"log": self.log, "step": self.step, "low": self.low, "high": self.high}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, IntDistribution):
            return False if isinstance(other, BaseDistribution) else NotImplemented
        return (
            self._hash == other._hash
            and type(self) is type(other)
            and self.low == other.low
            and self.high == other.high
            and self.log == other.log
            and self.step == other.step
        )

    __hash__ = _Immutable.__hash__

    def single(self) -> bool:
        """Tell whether ``low`` and ``high`` are the same value."""
        return self.low == self.high

    @property
    def cardinality(self) -> int:
        """The number of values on the grid."""
        return (self.high - self.low) // self.step + 1

    def _contains(self, param_value_in_internal_repr: float) -> bool:
        value = param_value_in_internal_repr
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def to_external_repr(self, param_value_in_internal_repr: float) -> int:
        """Return the value as an int."""
        return int(param_value_in_internal_repr)

    def to_internal_repr(self, param_value_in_external_repr: int) -> float:
        """Turn a number, or the text of one, into an int; a fraction stays a float, which no range contains."""
        value: float = param_value_in_external_repr
        if type(value) is not int:
            value = _parse_int(value)
        if self.log and value <= 0:
            raise InvalidSpaceError(
                f"A parameter with log=True must be above 0, but got {param_value_in_external_repr!r}."
            )
        return value


class CategoricalDistribution(_Immutable):
    """One out of a list of choices, without an order among them.

    A value is looked up by equality, as Optuna does, and NaN equals NaN. Only where choices of different types are
    equal to each other, as in ``[True, 1, 1.0]``, the type of the value decides.

    Args:
        choices: the values; None, bool, int, float and str can be stored everywhere, others warn.

    Raises:
        ValueError: there are no choices.
        TypeError: ``choices`` is not a sequence.
    """

    __slots__ = ("_index", "_index_by_kind", "choices")
    choices: tuple[CategoricalChoiceType, ...]
    _index: dict[Any, int]  # first index of each choice that can be hashed
    _index_by_kind: dict[tuple[type, Any], int] | None  # only where choices of different kinds are equal

    def __init__(self, choices: Sequence[CategoricalChoiceType]) -> None:
        try:
            choices = tuple(choices)
        except TypeError as error:
            raise InvalidSpaceTypeError(f"choices must be a list or tuple of values, but got {choices!r}.") from error
        if not choices:
            raise InvalidSpaceError("choices must not be empty. Name at least one value.")
        for choice in choices:
            if not isinstance(choice, STORABLE_TYPES):
                _warn_of_choice(choice)
        self._fill(choices)

    def _fill(self, choices: tuple[CategoricalChoiceType, ...]) -> None:
        _set(self, "choices", choices)
        index, index_by_kind = _index_choices(choices)
        _set(self, "_index", index)
        _set(self, "_index_by_kind", index_by_kind)
        _set(self, "_hash", hash((type(self), *map(_hashable, choices))))

    def _fields(self) -> tuple[tuple[CategoricalChoiceType, ...]]:
        return (self.choices,)

    def _asdict(self) -> dict[str, Any]:
        return {"choices": self.choices}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, CategoricalDistribution):
            return False if isinstance(other, BaseDistribution) else NotImplemented
        if self._hash != other._hash or type(self) is not type(other) or len(self.choices) != len(other.choices):
            return False
        if not all(map(_is_same_choice, self.choices, other.choices)):
            return False
        if self._index_by_kind is None and other._index_by_kind is None:
            return True
        return list(map(_kind, self.choices)) == list(map(_kind, other.choices))

    __hash__ = _Immutable.__hash__

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
        for index, choice in enumerate(self.choices):
            if _is_same_choice(value, choice):
                return index
        raise InvalidSpaceError(f"{value!r} is not one of the choices {self.choices!r}.")


def _warn_of_choice(choice: object) -> None:
    _warn(
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
    return isinstance(choice, Real) and math.isnan(float(choice))


def _is_same_choice(a: object, b: object) -> bool:
    return a is b or bool(a == b) or (_is_nan(a) and _is_nan(b))


def _hashable(choice: object) -> object:
    """Stand in for a choice in the hash: equal choices have equal stand-ins."""
    if _is_nan(choice):
        return "NaN"
    try:
        hash(choice)
    except TypeError:
        return None
    return choice


# --------------------------------------------------------------------------------------------------------------------
# The five classes of Optuna 2. They differ from the three above in name and JSON form only.


def _warn_deprecated(name: str, replacement: str) -> None:
    _warn(f"{name} is deprecated since Optuna 3. Use {replacement} instead.", FutureWarning)


class UniformDistribution(FloatDistribution):
    """Deprecated: use ``FloatDistribution(low, high)``."""

    __slots__ = ()

    def __init__(self, low: float, high: float) -> None:
        _warn_deprecated("UniformDistribution", "FloatDistribution(low, high)")
        super().__init__(low, high)

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


class LogUniformDistribution(FloatDistribution):
    """Deprecated: use ``FloatDistribution(low, high, log=True)``."""

    __slots__ = ()

    def __init__(self, low: float, high: float) -> None:
        _warn_deprecated("LogUniformDistribution", "FloatDistribution(low, high, log=True)")
        super().__init__(low, high, log=True)

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


class DiscreteUniformDistribution(FloatDistribution):
    """Deprecated: use ``FloatDistribution(low, high, step=q)``."""

    __slots__ = ()

    def __init__(self, low: float, high: float, q: float) -> None:
        _warn_deprecated("DiscreteUniformDistribution", "FloatDistribution(low, high, step=q)")
        super().__init__(low, high, step=q)

    @property
    def q(self) -> float:
        """The step."""
        assert self.step is not None
        return self.step

    def _asdict(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "q": self.step}


class IntUniformDistribution(IntDistribution):
    """Deprecated: use ``IntDistribution(low, high, step=step)``."""

    __slots__ = ()

    def __init__(self, low: int, high: int, step: int = 1) -> None:
        _warn_deprecated("IntUniformDistribution", "IntDistribution(low, high, step=step)")
        super().__init__(low, high, step=step)

    def _asdict(self) -> dict[str, Any]:
        return {"step": self.step, "low": self.low, "high": self.high}


class IntLogUniformDistribution(IntDistribution):
    """Deprecated: use ``IntDistribution(low, high, log=True)``."""

    __slots__ = ()

    def __init__(self, low: int, high: int, step: int = 1) -> None:
        _warn_deprecated("IntLogUniformDistribution", "IntDistribution(low, high, log=True)")
        super().__init__(low, high, log=True, step=step)

    def _asdict(self) -> dict[str, Any]:
        return {"step": self.step, "low": self.low, "high": self.high}


def replace_deprecated(distribution: BaseDistribution) -> BaseDistribution:
    """Return the modern distribution of the same values; any that is not deprecated comes back as it is."""
    if isinstance(distribution, (UniformDistribution, LogUniformDistribution, DiscreteUniformDistribution)):
        return FloatDistribution(distribution.low, distribution.high, distribution.log, distribution.step)
    if isinstance(distribution, (IntUniformDistribution, IntLogUniformDistribution)):
        return IntDistribution(distribution.low, distribution.high, distribution.log, distribution.step)
    return distribution


# --------------------------------------------------------------------------------------------------------------------
# JSON and compatibility

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
    """Write a distribution as JSON, byte for byte as Optuna does.

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
    ``log`` as options, ``"int"`` likewise, and ``{"type": "categorical", "choices": [...]}``.

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
    "categorical": (CategoricalDistribution, ("choices",), ()),
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


def check_distribution_compatibility(dist_old: BaseDistribution, dist_new: BaseDistribution) -> None:
    """Refuse to give a parameter name a second meaning. Ranges may change between trials; kind, log and choices not.

    Raises:
        ValueError: the two differ in kind, in ``log`` or in ``choices``.
    """
    if dist_old is dist_new:
        return
    if type(dist_old) is not type(dist_new):
        raise InvalidSpaceError(
            f"A parameter keeps its kind within a study, but it was {dist_old} and is now {dist_new}. Use another name."
        )
    if isinstance(dist_old, CategoricalDistribution) and dist_old != dist_new:
        raise InvalidSpaceError(
            f"A categorical parameter keeps its choices within a study, but it was {dist_old} and is now {dist_new}. "
            "Use another name."
        )
    if getattr(dist_old, "log", None) != getattr(dist_new, "log", None):
        raise InvalidSpaceError(
            f"A parameter keeps its log setting within a study, but it was {dist_old} and is now {dist_new}. "
            "Use another name."
        )


# --------------------------------------------------------------------------------------------------------------------
# Numbers: checked, parsed, laid on a grid


def _finite_float(name: str, value: Any) -> float:
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


def _int64(name: str, value: Any) -> int:
    """Take integers as they are and cut floats off at the point, as Optuna does."""
    if type(value) is not int:
        try:
            value = operator.index(value)
        except TypeError:
            value = int(_finite_float(name, value))
    if not INT64_MIN <= value <= INT64_MAX:
        raise InvalidSpaceError(f"{name} must fit into 64 bits, but got {value!r}. Use a smaller range or a float.")
    return int(value)


def _parse_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InvalidSpaceError(f"A parameter of this kind is a number, but got {value!r}.") from error


def _parse_int(value: Any) -> float:
    """Return a whole number as int, however it was written; any other number stays a float outside every range."""
    try:
        return int(operator.index(value))
    except TypeError:
        number = _parse_float(value)
    if number != number:
        raise InvalidSpaceError(f"A parameter cannot be NaN, but got {value!r}.")
    return int(number) if number.is_integer() else number


def _last_on_grid(low: float, high: float, step: float) -> float:
    """Return ``high`` if it is ``low`` plus a multiple of ``step`` in decimals; else the last such value, and warn."""
    grid, last_cell = _decimal_grid(low, high, step)
    last = (grid.low + last_cell * grid.step) / grid.scale
    if last != high:
        _warn_of_high(low, high, step, last)
    return last


def _decimal_grid(low: float, high: float, step: float) -> tuple[DecimalGrid, int]:
    """Return the grid and the number of its last cell, whose value is the float nearest to ``low + cell * step``."""
    fractions = [Decimal(repr(number)).as_integer_ratio() for number in (low, step, high)]
    scale = math.lcm(*(denominator for _, denominator in fractions))
    low_i, step_i, high_i = (numerator * (scale // denominator) for numerator, denominator in fractions)
    nearest = _nearest_quotient(high_i - low_i, step_i)
    if nearest >= 0 and (low_i + nearest * step_i) / scale == high:
        last_cell = nearest  # `high` itself may have been rounded to a float, down or up
    else:
        last_cell = (high_i - low_i) // step_i
    common = math.gcd(low_i, step_i, scale)
    return DecimalGrid(low_i // common, step_i // common, scale // common), last_cell


def _nearest_quotient(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def _warn_of_high(low: float, high: float, step: float, adjusted: float) -> None:
    _warn(
        f"step={step!r} does not divide the range from {low!r} to {high!r}; the last value is {adjusted!r}. "
        f"Write high={adjusted!r} to silence this warning."
    )


def _warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the user's line: the first frame outside the package."""
    depth = 2
    frame = sys._getframe(1)  # noqa: SLF001  the documented way to a frame
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("optimist."):
        frame = frame.f_back
        depth += 1
    warnings.warn(message, category, stacklevel=depth)
