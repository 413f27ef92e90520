"""Learning curves that were recorded once, for pruners to be measured on: real trainings at no cost.

`benchmarks/curves/<name>.json.bz2` holds one task, written by `benchmarks/curves/record.py`. It is an object:

    task            what was trained, on what
    metric          what a curve shows, such as "validation accuracy"
    final_metric    what the final value is, such as "test accuracy"
    direction       "maximize" or "minimize", for both
    step            what a step is, such as "epoch"
    space           the distribution of each hyperparameter, by name, in Optuna's JSON form
    runs            in the order in which they were drawn, at random from the space; each is
        index       its number, which is its seed as well
        params      a value for each name of the space
        curve       the metric after each step; all curves are of one length, none was stopped
        final       the final metric, of the model after the last step
        seconds     wall time of each step, the validation included, of one of two processes on two cores
"""

from __future__ import annotations

import bz2
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution, distribution_to_json, json_to_distribution

FOLDER = Path(__file__).resolve().parent / "curves"
SUFFIX = ".json.bz2"

FloatArray = npt.NDArray[np.float64]
Direction = Literal["maximize", "minimize"]


class Run(msgspec.Struct, frozen=True):
    """One training; the module docstring describes the fields."""

    index: int
    params: dict[str, Any]
    curve: list[float]
    final: float
    seconds: list[float]


class Document(msgspec.Struct, frozen=True):
    """A file's content; the module docstring describes the fields."""

    task: str
    metric: str
    final_metric: str
    direction: Direction
    step: str
    space: dict[str, msgspec.Raw]
    runs: list[Run]


@dataclass(frozen=True)
class Recorded:
    """One task as arrays.

    Attributes:
        task: What was trained, on what.
        metric: What the curves show.
        final_metric: What the final values are.
        direction: Whether larger or smaller values are better, for both.
        step: What a step is.
        space: The distribution of each hyperparameter.
        params: The hyperparameters of each run.
        curves: (n_runs, n_steps), the metric after each step.
        finals: (n_runs,), of the models after the last step.
        seconds: (n_runs, n_steps), wall time of each step.
    """

    task: str
    metric: str
    final_metric: str
    direction: Direction
    step: str
    space: Mapping[str, BaseDistribution]
    params: list[dict[str, Any]]
    curves: FloatArray
    finals: FloatArray
    seconds: FloatArray


def names() -> list[str]:
    """List the recorded tasks."""
    return sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob(f"*{SUFFIX}"))


def load(name: str, folder: Path = FOLDER) -> Recorded:
    """Read the curves of a task.

    Raises:
        LookupError: No such task was recorded.
    """
    document = _read(name, folder)
    return Recorded(
        task=document.task,
        metric=document.metric,
        final_metric=document.final_metric,
        direction=document.direction,
        step=document.step,
        space={name: json_to_distribution(bytes(text).decode()) for name, text in document.space.items()},
        params=[run.params for run in document.runs],
        curves=np.array([run.curve for run in document.runs], float),
        finals=np.array([run.final for run in document.runs], float),
        seconds=np.array([run.seconds for run in document.runs], float),
    )


def load_runs(name: str, folder: Path = FOLDER) -> list[Run]:
    """Read the runs of a task, one by one.

    Raises:
        LookupError: No such task was recorded.
    """
    return _read(name, folder).runs


def _read(name: str, folder: Path) -> Document:
    path = folder / f"{name}{SUFFIX}"
    if not path.is_file():
        raise LookupError(f"No curves are recorded as {name!r}; there are: {', '.join(names())}.")
    return msgspec.json.decode(bz2.decompress(path.read_bytes()), type=Document)


def pack_space(space: Mapping[str, BaseDistribution]) -> dict[str, msgspec.Raw]:
    """Write a search space as a document holds it."""
    return {name: msgspec.Raw(distribution_to_json(distribution).encode()) for name, distribution in space.items()}


def save(name: str, document: Document, folder: Path = FOLDER) -> Path:
    """Write the curves of a task; the same document gives the same bytes."""
    path = folder / f"{name}{SUFFIX}"
    path.write_bytes(bz2.compress(msgspec.json.encode(document)))
    return path


def round_all(values: Iterable[float], n_digits: int) -> list[float]:
    """Round numbers, so that files stay small."""
    return [round(float(value), n_digits) for value in values]
