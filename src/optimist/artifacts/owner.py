"""Whom an artifact belongs to, and where the notes on it are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from optimist.exceptions import TrialNotFoundError, UpdateFinishedTrialError
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial


class StorageWithAttrs(Protocol):
    """What is asked of a storage; a ``BaseStorage`` has it."""

    def get_trial_system_attrs(self, trial_id: int) -> dict[str, Any]:
        """The notes of algorithms on a trial."""

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set such a note."""


@runtime_checkable
class RunningTrial(Protocol):
    """A trial that belongs to a study."""

    @property
    def number(self) -> int:
        """Its number in the study."""

    @property
    def study(self) -> StudyLike:
        """The study."""

    def freeze(self) -> FrozenTrial:
        """A snapshot of the trial."""


Owner = RunningTrial | FrozenTrial | StudyLike


def read_attrs(owner: Owner, storage: StorageWithAttrs | None) -> Mapping[str, Any]:
    """The system attributes of a study or trial.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(owner, FrozenTrial):
        return owner.system_attrs if storage is None else storage.get_trial_system_attrs(owner._trial_id)
    if isinstance(owner, RunningTrial):
        return owner.freeze().system_attrs
    _check_study(owner)
    owner.sync()
    return owner.view().system_attrs


def write_attr(owner: Owner, storage: StorageWithAttrs | None, key: str, value: str) -> None:
    """Set a system attribute of a study or trial.

    Raises:
        TypeError: It is neither.
        UpdateFinishedTrialError: The trial is finished.
    """
    if isinstance(owner, FrozenTrial):
        assert storage is not None
        storage.set_trial_system_attr(owner._trial_id, key, value)
    elif isinstance(owner, RunningTrial):
        try:
            owner.study.set_trial_system_attr(owner.number, key, value)
        except TrialNotFoundError as error:
            raise finished(owner.number) from error
    else:
        _check_study(owner)
        owner.set_system_attr(key, value)


def check_writable(owner: Owner, storage: StorageWithAttrs | None) -> None:
    """Find out before the upload what would go wrong after it.

    Raises:
        TypeError: It is neither study nor trial.
        ValueError: It is a snapshot of a trial, and there is no storage to write to.
        UpdateFinishedTrialError: The trial is finished.
    """
    if isinstance(owner, FrozenTrial):
        if storage is None:
            raise ValueError("An artifact of a FrozenTrial needs its storage: pass storage=... as well.")
        if owner.state.is_finished():
            raise finished(owner.number)
    elif not isinstance(owner, RunningTrial):
        _check_study(owner)


def finished(number: int) -> UpdateFinishedTrialError:
    """The error for artifacts that come too late."""
    return UpdateFinishedTrialError(
        f"Trial {number} is finished, and gets no artifacts any more. Upload before it ends, or for the study."
    )


def _check_study(owner: Any) -> None:
    if not (hasattr(owner, "set_system_attr") and hasattr(owner, "view")):
        raise TypeError(f"Artifacts belong to a Study, a Trial of one or a FrozenTrial, but not to {owner!r}.")
