"""The parameters that all trials have in common, which is what samplers can propose together.

`Intersection` is the core: it is fed one trial at a time and knows nothing of studies. `intersection_search_space`
and `IntersectionSearchSpace` are the public faces, with Optuna's names and results.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from optimist.distributions import BaseDistribution
from optimist.exceptions import InvalidSpaceError
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState


class TrialRecord(Protocol):
    """What is read of a trial."""

    @property
    def state(self) -> TrialState:
        """Where the trial stands."""

    @property
    def distributions(self) -> Mapping[str, BaseDistribution]:
        """Its parameters."""


class StudyRecord(Protocol):
    """What is read of a study. ``get_trials`` gives the trials by number, a longer list each time."""

    @property
    def _study_id(self) -> int: ...

    def get_trials(self, deepcopy: bool = True) -> Sequence[TrialRecord]:
        """All trials, in order of their numbers."""


class Intersection:
    """The parameters that every trial added so far has, with the very same distribution.

    A parameter whose range changed is out for good, as in Optuna.
    """

    def __init__(self) -> None:
        self._space: SearchSpace | None = None  # None until the first trial
        self._last_layout: object = None

    def add(self, layout: Iterable[tuple[str, BaseDistribution]]) -> None:
        """Take in the parameters of a trial. The same tuple twice in a row costs nothing."""
        if layout is self._last_layout:
            return
        self._last_layout = layout
        by_name = dict(layout)
        if self._space is None:
            self._space = SearchSpace(sorted(by_name.items()))
            return
        kept = {name: known for name, known in self._space.items() if by_name.get(name) == known}
        if len(kept) < len(self._space):
            self._space = SearchSpace(kept)

    @property
    def space(self) -> SearchSpace:
        """The common parameters, sorted by name; the same object until it shrinks. Empty before the first trial."""
        return _EMPTY if self._space is None else self._space


_EMPTY = SearchSpace()


class IntersectionSearchSpace:
    """The intersection of one study, call after call; each call looks only at what may have changed since the last.

    Args:
        include_pruned: whether pruned trials count as well as complete ones.
    """

    def __init__(self, include_pruned: bool = False) -> None:
        self._states = _states_of_interest(include_pruned)
        self._intersection = Intersection()
        self._study_id: int | None = None
        self._n_settled = 0  # so many trials at the front are finished, and counted in

    def calculate(self, study: StudyRecord, use_cache: bool = False) -> dict[str, BaseDistribution]:
        """Return the parameters that all trials of interest share, sorted by name.

        Args:
            study: the same one in every call.
            use_cache: has no effect, for trials are always taken from the study's memory.

        Raises:
            ValueError: another study came before.
        """
        if self._study_id is None:
            self._study_id = study._study_id
        elif self._study_id != study._study_id:
            raise InvalidSpaceError("An IntersectionSearchSpace follows one study. Make a new one for another study.")
        is_settled = True
        for trial in study.get_trials(deepcopy=False)[self._n_settled :]:
            is_settled = is_settled and trial.state.is_finished()
            self._n_settled += is_settled
            if trial.state in self._states:  # those behind an open trial are seen again, which changes nothing
                self._intersection.add(trial.distributions.items())
        return dict(self._intersection.space)


def intersection_search_space(
    trials: Iterable[TrialRecord], include_pruned: bool = False
) -> dict[str, BaseDistribution]:
    """Return the parameters that all complete trials share with the same distribution, sorted by name.

    Args:
        trials: of one study, in any order.
        include_pruned: whether pruned trials count as well.
    """
    states, intersection = _states_of_interest(include_pruned), Intersection()
    for trial in trials:
        if trial.state in states:
            intersection.add(trial.distributions.items())
    return dict(intersection.space)


def _states_of_interest(include_pruned: bool) -> tuple[TrialState, ...]:
    return (TrialState.COMPLETE, TrialState.PRUNED) if include_pruned else (TrialState.COMPLETE,)
