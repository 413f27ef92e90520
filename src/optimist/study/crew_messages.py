"""What a study's worker processes and their parent say to each other; the objective travels once, ahead of all this."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from optimist.history.parameter_constraint import Predicate
from optimist.pruners.base import BasePruner
from optimist.samplers.base import BaseSampler, ColumnSampler
from optimist.storages.base import Storage
from optimist.storages.leases import LeaseSettings

# A worker says


class Wants(msgspec.Struct, tag=True):
    """It would run a trial."""


class Began(msgspec.Struct, tag=True):
    """A trial was begun."""

    number: int


class Dropped(msgspec.Struct, tag=True):
    """A trial that was begun is not run."""

    number: int


class Over(msgspec.Struct, tag=True):
    """A trial ended.

    Attributes:
        number: Which one.
        state: How.
        values: As JSON has no infinities, they travel as text; None if there are none.
        is_lost: Others had given it up, and will run it again.
        is_fatal: What it raised ends the study's loop.
    """

    number: int
    state: int
    values: list[str] | None = None
    is_lost: bool = False
    is_fatal: bool = False


class Stopped(msgspec.Struct, tag=True):
    """The objective called ``study.stop()``."""


class Failed(msgspec.Struct, tag=True):
    """The worker's loop ended by an exception; what it was, and its traceback."""

    what: str
    traceback: str


Report = Wants | Began | Dropped | Over | Stopped | Failed

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Report).decode

# The parent answers

GO, END = b"go", b"end"

# The work


@dataclass(frozen=True)
class Work:
    """What a worker does.

    Attributes:
        objective: Called with each trial.
        sampler, pruner, parameter_constraint: The study's.
        leases: The settings of its storage.
        catch: Exceptions that fail the trial but not the loop.
        gc_after_trial: Whether to collect garbage after each trial.
        total_trials: How many trials the study is to have; None for no limit.
        lag: Of the deterministic mode; 0 without.
        keep_checkpoints: Whether the checkpoints of a trial outlive its completion.
        verbosity: The level of messages that are shown.
        checkpoints: The base of their folders, if the worker's storage does not tell.
    """

    objective: Callable[[Any], Any]
    sampler: BaseSampler
    pruner: BasePruner
    leases: LeaseSettings
    catch: tuple[type[BaseException], ...]
    gc_after_trial: bool
    total_trials: int | None
    lag: int
    keep_checkpoints: bool
    verbosity: int
    checkpoints: Path | None = None
    parameter_constraint: Predicate | None = None


def pack(storage: Storage, study_name: str, work: Work, stand_ins: dict[str, Any]) -> bytes:
    """Pack a worker's luggage: first where the study lives, then the work.

    Args:
        storage: What the worker is to use.
        study_name: The study.
        work: What it is to do.
        stand_ins: As for ``pickle_for``.

    Raises:
        TypeError: Something cannot be pickled.
    """
    place = pickle.dumps((storage, study_name))
    try:
        return place + pickle_for(work, stand_ins)
    except Exception as error:
        raise TypeError(
            f"The objective, or what it refers to, cannot be sent to worker processes: {error}. Open files, locks, "
            "connections and the like inside the objective, or use n_jobs, whose threads share everything."
        ) from error


def pickle_for(thing: Any, stand_ins: dict[str, Any]) -> bytes:
    """Pickle something for another process.

    Args:
        thing: What is sent.
        stand_ins: Objects of this process that stand for objects of the other one, by names: where the thing refers to
            one (an objective may mention its study), it will refer to the other.
    """
    import cloudpickle  # takes a while to load, and is of use here alone

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it has no types
        def persistent_id(self, thing: Any) -> str | None:
            return names.get(id(thing))

    names = {id(thing): name for name, thing in stand_ins.items()}
    stream = io.BytesIO()
    Pickler(stream).dump(thing)
    return stream.getvalue()


def unpickle_from(stream: io.BytesIO, stand_ins: dict[str, Any]) -> Any:
    """Read what ``pickle_for`` wrote.

    Args:
        stream: What came from a process that we work for, over a line that it or its executor made.
        stand_ins: What the names of ``pickle_for`` stand for in this process.
    """

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, name: str) -> Any:
            return stand_ins[name]

    return Unpickler(stream).load()


class Luggage:
    """Unpacks what ``pack`` packed, in two steps.

    Args:
        payload: What came from the parent, over the line that it made.
    """

    def __init__(self, payload: bytes) -> None:
        self._stream = io.BytesIO(payload)

    def place(self) -> tuple[Storage, str]:
        """Where the study lives: a storage, and the name of the study; to be called first."""
        place: tuple[Storage, str] = pickle.load(self._stream)  # noqa: S301  our parent's own bytes
        return place

    def work(self, stand_ins: dict[str, Any]) -> Work:
        """What to do.

        A sampler that keeps a random state draws afresh from now on, or all workers would draw the same.

        Args:
            stand_ins: As for ``unpickle_from``.
        """
        work: Work = unpickle_from(self._stream, stand_ins)
        if not isinstance(work.sampler, ColumnSampler):  # those draw by the number of the trial
            work.sampler.reseed_rng()
        return work
