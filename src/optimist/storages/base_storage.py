"""BaseStorage: studies and trials by their ids, one call for each fact; the contract of stores that Optuna has.

Our own stores meet the narrower contract in ``base.py``. This one is for those who call a storage by Optuna's methods
(``face.py`` answers them from any store of ours), and for those who have written a storage by it (``foreign.py`` makes
a store of ours from that).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Sequence
from typing import Any

from optimist.distributions import BaseDistribution
from optimist.exceptions import TrialNotFoundError, UpdateFinishedTrialError
from optimist.history.attributes import VOID_KEY
from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection, TrialState


class FrozenStudy:
    """What a storage says of a study at one moment.

    Attributes:
        study_name: Unique in the storage.
        user_attrs, system_attrs: By key.
    """

    def __init__(
        self,
        study_name: str,
        direction: StudyDirection | None,
        user_attrs: dict[str, Any],
        system_attrs: dict[str, Any],
        study_id: int,
        *,
        directions: Sequence[StudyDirection] | None = None,
    ) -> None:
        if direction is None and directions is None:
            raise ValueError("Specify one of `direction` and `directions`.")
        self.study_name = study_name
        self.user_attrs = user_attrs
        self.system_attrs = system_attrs
        self._directions = list(directions) if directions is not None else [direction or StudyDirection.NOT_SET]
        self._study_id = study_id

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if isinstance(other, FrozenStudy) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._study_id < other._study_id if isinstance(other, FrozenStudy) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self._study_id <= other._study_id if isinstance(other, FrozenStudy) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"FrozenStudy({self.study_name!r}, {[d.name for d in self._directions]}, study_id={self._study_id})"

    @property
    def direction(self) -> StudyDirection:
        """The direction of a study with one objective.

        Raises:
            RuntimeError: There are several objectives.
        """
        if len(self._directions) > 1:
            raise RuntimeError("The study has several objectives; use `directions`.")
        return self._directions[0]

    @property
    def directions(self) -> list[StudyDirection]:
        """One direction per objective."""
        return self._directions


class BaseStorage(ABC):
    """A storage in terms of ids.

    Whoever implements it makes it safe among threads, gives each study and trial an id that is never used again,
    numbers the trials of a study densely from 0, and never changes what a method has returned. A finished trial is
    not changed any more.

    Methods that take the id of a study or of a trial raise ``KeyError`` if there is none of this id. Those that change
    a trial raise ``UpdateFinishedTrialError`` if it is finished.
    """

    # Studies

    @abstractmethod
    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        """Make a study and return its id; without a name it gets a unique one.

        Raises:
            DuplicatedStudyError: The name is taken.
        """

    @abstractmethod
    def delete_study(self, study_id: int) -> None:
        """Remove a study and all its trials."""

    @abstractmethod
    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set a note of the user on the study."""

    @abstractmethod
    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set a note of an algorithm on the study."""

    @abstractmethod
    def get_study_id_from_name(self, study_name: str) -> int:
        """The id of the study of this name.

        Raises:
            KeyError: There is none.
        """

    @abstractmethod
    def get_study_name_from_id(self, study_id: int) -> str:
        """The name of a study."""

    @abstractmethod
    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """One direction per objective."""

    @abstractmethod
    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """The notes of the user on the study."""

    @abstractmethod
    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """The notes of algorithms on the study."""

    @abstractmethod
    def get_all_studies(self) -> list[FrozenStudy]:
        """All studies in order of their ids."""

    # Changing trials

    @abstractmethod
    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Add a trial and return its id.

        Args:
            study_id: The study.
            template_trial: What the trial is, but for its number and id; None for a running trial that is empty.
        """

    @abstractmethod
    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Note a parameter.

        Args:
            trial_id: The trial.
            param_name: The parameter.
            param_value_internal: A number; of a categorical parameter the index of the choice.
            distribution: Where the value was drawn from.

        Raises:
            ValueError: The study has a parameter of this name and of another kind.
        """

    @abstractmethod
    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Move a trial on to another state, and note its values if there are any.

        Returns:
            False if the trial was to become RUNNING and runs already: somebody else works on it.
        """

    @abstractmethod
    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        """Note an intermediate value; the last one of a step counts."""

    @abstractmethod
    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set a note of the user on the trial."""

    @abstractmethod
    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set a note of an algorithm on the trial."""

    # Reading trials

    @abstractmethod
    def get_trial(self, trial_id: int) -> FrozenTrial:
        """One trial as it is now."""

    @abstractmethod
    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """The trials of a study in order of their numbers.

        Args:
            study_id: The study.
            deepcopy: Whether the caller may change what is returned.
            states: Which states to return; None for all.
        """

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        """The id of the trial of this number.

        Raises:
            KeyError: There is no such study, or it has no such trial.
        """
        trials = self.get_all_trials(study_id, deepcopy=False)
        if not 0 <= trial_number < len(trials):
            raise TrialNotFoundError(f"The study with the id {study_id} has no trial {trial_number}.")
        return trials[trial_number]._trial_id

    def get_trial_number_from_id(self, trial_id: int) -> int:
        """The number of a trial in its study."""
        return self.get_trial(trial_id).number

    def get_trial_param(self, trial_id: int, param_name: str) -> float:
        """The internal value of a parameter.

        Raises:
            KeyError: There is no such trial, or it has no such parameter.
        """
        trial = self.get_trial(trial_id)
        return trial.distributions[param_name].to_internal_repr(trial.params[param_name])

    def get_n_trials(self, study_id: int, state: tuple[TrialState, ...] | TrialState | None = None) -> int:
        """Number of trials in a state, in one of several states, or in any (None)."""
        states = (state,) if isinstance(state, TrialState) else state
        return len(self.get_all_trials(study_id, deepcopy=False, states=states))

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        """The complete trial with the best value, whatever constraints it violates; the first among equals.

        Raises:
            RuntimeError: The study has several objectives.
            ValueError: No trial is complete.
        """
        directions = self.get_study_directions(study_id)
        if len(directions) > 1:
            raise RuntimeError("A study with several objectives has no single best trial.")
        trials = self.get_all_trials(study_id, deepcopy=False, states=(TrialState.COMPLETE,))
        trials = [trial for trial in trials if VOID_KEY not in trial.system_attrs]
        sign = -1.0 if directions[0] == StudyDirection.MAXIMIZE else 1.0
        valued = [(sign * trial.value, trial) for trial in trials if trial.value is not None]
        if not valued:
            raise ValueError("No trials are completed yet.")
        return min(valued, key=lambda pair: pair[0])[1]

    def get_trial_params(self, trial_id: int) -> dict[str, Any]:
        """The parameters of a trial as the user sees them, by name."""
        return self.get_trial(trial_id).params

    def get_trial_user_attrs(self, trial_id: int) -> dict[str, Any]:
        """The notes of the user on the trial."""
        return self.get_trial(trial_id).user_attrs

    def get_trial_system_attrs(self, trial_id: int) -> dict[str, Any]:
        """The notes of algorithms on the trial."""
        return self.get_trial(trial_id).system_attrs

    def remove_session(self) -> None:
        """Give back what this thread holds of the storage, such as a connection; by default nothing."""

    def check_trial_is_updatable(self, trial_id: int, trial_state: TrialState) -> None:
        """Refuse to change a trial that is finished.

        Raises:
            UpdateFinishedTrialError: The state is a final one.
        """
        if trial_state.is_finished():
            number = self.get_trial_number_from_id(trial_id)
            raise UpdateFinishedTrialError(
                f"Trial {number} is {TrialState(trial_state).name}; a finished trial cannot change."
            )
