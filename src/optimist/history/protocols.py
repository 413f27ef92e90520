"""What algorithms may ask of a study and of the trial that is being proposed; ``study/`` meets these contracts."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Protocol

from optimist.distributions import BaseDistribution
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.states import StudyDirection, TrialState


class StudyLike(Protocol):
    """A study as samplers and pruners see it."""

    @property
    def study_name(self) -> str:
        """The study's name."""

    @property
    def direction(self) -> StudyDirection:
        """The direction of a study with one objective."""

    @property
    def directions(self) -> list[StudyDirection]:
        """One direction per objective."""

    @property
    def user_attrs(self) -> dict[str, Any]:
        """The study's user attributes."""

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """Snapshots of the trials in order of their numbers."""

    def stop(self) -> None:
        """End the running ``optimize`` after the trials in flight."""

    def view(self, exclude: int = -1) -> View:
        """The history at this moment, without the open trial of number ``exclude``."""

    def set_trial_system_attr(self, number: int, key: str, value: Any) -> None:
        """Keep a note of an algorithm with an open trial."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may work on it too."""

    def sync(self) -> None:
        """Take in what others committed."""

    def publish(self, number: int) -> None:
        """Commit what is pending of an open trial, then take in what others committed."""

    def set_system_attr(self, key: str, value: Any) -> None:
        """Keep a note of an algorithm with the study."""


class TrialLike(Protocol):
    """The trial that a sampler proposes values for."""

    @property
    def number(self) -> int:
        """Its number in the study."""

    @property
    def study(self) -> StudyLike:
        """The study it belongs to."""

    @property
    def view(self) -> View:
        """The history without this trial, taken when the sampler asks first."""

    @property
    def n_suggested(self) -> int:
        """How many parameters it has so far."""

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Distributions of the parameters it has so far, by name."""

    @property
    def values(self) -> dict[str, Any]:
        """Internal values of the parameters it has so far, by name."""
