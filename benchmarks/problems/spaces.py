"""Search spaces as data, so that one problem can be given to libraries that ask trial by trial and to those that want it whole.

A space is a tuple of parameters. A parameter may have others below it, which are there for some of its values only. The
same parameter may hang below several values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Space = tuple["Parameter", ...]


@dataclass(frozen=True)
class Real:
    """A float between two bounds, on a linear or a log scale; with a step, on a grid."""

    low: float
    high: float
    log: bool = False
    step: float | None = None


@dataclass(frozen=True)
class Whole:
    """An integer between two bounds, both included."""

    low: int
    high: int
    log: bool = False
    step: int = 1


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    options: tuple[Any, ...]


@dataclass(frozen=True)
class Parameter:
    """A name with its domain, and what is below each of its values."""

    name: str
    domain: Real | Whole | Choice
    below: Mapping[Any, Space] = field(default_factory=dict)


def floats(names: str, low: float, high: float, *, log: bool = False) -> Space:
    """Parameters of one range, their names separated by spaces."""
    return tuple(Parameter(name, Real(low, high, log)) for name in names.split())


def numbered(n: int, low: float, high: float) -> Space:
    """x0, x1, ... of one range."""
    return floats(" ".join(f"x{i}" for i in range(n)), low, high)


def suggest(trial: Any, space: Space) -> dict[str, Any]:
    """Ask a trial, as Optuna knows them, for all the parameters that it has."""
    values: dict[str, Any] = {}
    for parameter in space:
        name, domain = parameter.name, parameter.domain
        if isinstance(domain, Choice):
            value = trial.suggest_categorical(name, list(domain.options))
        elif isinstance(domain, Whole):
            value = trial.suggest_int(name, domain.low, domain.high, step=domain.step, log=domain.log)
        else:
            value = trial.suggest_float(name, domain.low, domain.high, step=domain.step, log=domain.log)
        values[name] = value
        values.update(suggest(trial, parameter.below.get(value, ())))
    return values


def active(space: Space, given: Mapping[str, Any]) -> dict[str, Any]:
    """Of values for all parameters, keep those that a trial of these values has."""
    values: dict[str, Any] = {}
    for parameter in space:
        value = values[parameter.name] = given[parameter.name]
        values.update(active(parameter.below.get(value, ()), given))
    return values


def flat(space: Space) -> dict[str, Parameter]:
    """Every parameter of the tree once, by name, those above first."""
    found: dict[str, Parameter] = {}
    for parameter in space:
        found[parameter.name] = parameter
        for below in parameter.below.values():
            found.update(flat(below))
    return found


def conditions(space: Space) -> Iterator[tuple[str, str, list[Any]]]:
    """Each (parameter below, parameter above, values of the one above for which it is there)."""
    for parameter in flat(space).values():
        when: dict[str, list[Any]] = {}
        for value, below in parameter.below.items():
            for child in below:
                when.setdefault(child.name, []).append(value)
        for name, values in when.items():
            yield name, parameter.name, values
