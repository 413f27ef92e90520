"""Faces: a study as somebody is to see it, where that differs from what it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container
from typing import Any

from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.states import StudyDirection, TrialState


class StudyFace(ABC):
    """Shows the trials of a study in another way; all else is the study's own.

    Args:
        study: The study.
    """

    def __init__(self, study: StudyLike) -> None:
        self._study = study

    def __getattr__(self, name: str) -> Any:
        if name == "_study":  # of a copy that is not filled yet
            raise AttributeError(name)
        return getattr(self._study, name)

    # What a face shows

    @abstractmethod
    def view(self, exclude: int = -1) -> View:
        """The trials that are shown, as columns."""

    @abstractmethod
    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """The trials that are shown, by number; arguments as in ``Study.get_trials``."""

    @property
    @abstractmethod
    def best_trial(self) -> FrozenTrial:
        """The best of them.

        Raises:
            ValueError: There is none.
        """

    @property
    def trials(self) -> list[FrozenTrial]:
        """The trials that are shown, by number, as copies."""
        return self.get_trials()

    @property
    def best_value(self) -> float:
        """The objective value of ``best_trial``."""
        value = self.best_trial.value
        assert value is not None
        return value

    @property
    def best_params(self) -> dict[str, Any]:
        """The parameters of ``best_trial``."""
        return self.best_trial.params

    # The study's own, for those who ask through the protocol

    @property
    def study_name(self) -> str:
        """The study's name."""
        return self._study.study_name

    @property
    def direction(self) -> StudyDirection:
        """The direction of a study with one objective."""
        return self._study.direction

    @property
    def directions(self) -> list[StudyDirection]:
        """One direction per objective."""
        return self._study.directions

    @property
    def user_attrs(self) -> dict[str, Any]:
        """The study's user attributes."""
        return self._study.user_attrs

    @property
    def is_shared(self) -> bool:
        """Whether other processes may work on it too."""
        return self._study.is_shared

    def stop(self) -> None:
        """End the running ``optimize`` after the trials in flight."""
        self._study.stop()

    def sync(self) -> None:
        """Take in what others committed, as far as it shows here."""
        self._study.sync()

    def publish(self, number: int) -> None:
        """Commit what is pending of an open trial."""
        self._study.publish(number)

    def set_trial_system_attr(self, number: int, key: str, value: Any) -> None:
        """Keep a note of an algorithm with an open trial."""
        self._study.set_trial_system_attr(number, key, value)

    def set_system_attr(self, key: str, value: Any) -> None:
        """Keep a note of an algorithm with the study."""
        self._study.set_system_attr(key, value)
