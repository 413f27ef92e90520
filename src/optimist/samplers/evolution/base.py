"""The contract of evolutionary samplers: generations, and the parents of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy as np

from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.samplers.base import BaseSampler
from optimist.samplers.evolution.generations import Generations, IntArray


class BaseGASampler(BaseSampler, ABC):
    """A sampler that breeds generations of trials. To write one, implement ``select_parent`` and a sampler's hooks.

    A generation is so many complete trials in order of finishing, whoever proposed them: all workers agree on it, and
    nobody waits for the slowest trial of a generation.

    Args:
        population_size: How many complete trials make a generation, at least 1; subclasses may need more.
    """

    def __init__(self, population_size: int | None) -> None:
        self._population_size = population_size
        self._generations_key = object()  # what parents are remembered by: they follow from this sampler's choices

    @property
    def population_size(self) -> int | None:
        """How many complete trials make a generation."""
        return self._population_size

    @population_size.setter
    def population_size(self, value: int) -> None:
        self._population_size = value
        self._generations_key = object()

    @abstractmethod
    def select_parent(self, study: StudyLike, generation: int) -> list[FrozenTrial]:
        """Choose the parent population of a generation (1 or later) from those before; called once for each.

        What it returns must follow from the trials of the generations before this one alone.
        """

    def get_trial_generation(self, study: StudyLike, trial: FrozenTrial) -> int:
        """The generation of a trial, from 0.

        For a running trial it is the one that the trials finished so far leave open.
        """
        view = study.view()
        n = view.n
        if trial.state.is_finished():
            n = int((view.numbers == trial.number).argmax())
        return self.generations(view).at(n)

    def get_population(self, study: StudyLike, generation: int) -> list[FrozenTrial]:
        """The complete trials of a generation in order of finishing; fewer than ``population_size`` in the last one."""
        view = study.view()
        return trials_of(study, view, self.generations(view).rows(generation, view.n))

    def get_parent_population(self, study: StudyLike, generation: int) -> list[FrozenTrial]:
        """The parents of a generation as ``select_parent`` chose them; none for generation 0."""
        view = study.view()
        generations = self.generations(view)
        rows = generations.parents.get(generation)
        if rows is None:
            parents = self.select_parent(study, generation)
            rows = generations.parents[generation] = rows_of(view, parents)
        return trials_of(study, view, rows)

    def generations(self, view: View) -> Generations:
        """The generations of a study, up to date with a view."""
        size = self._population_size
        if size is None or size < 1:
            raise ValueError(f"{type(self).__name__} needs a population_size of at least 1, but it is {size}.")
        return view.tracker((Generations, self._generations_key), Generations, size)


def trials_of(study: StudyLike, view: View, rows: IntArray) -> list[FrozenTrial]:
    """Snapshots of the finished trials of some rows, in their order.

    Cost: O(all trials).
    """
    by_number = {trial.number: trial for trial in study.get_trials(deepcopy=False)}
    numbers = view.numbers
    return [by_number[int(numbers[row])] for row in rows]


def rows_of(view: View, trials: Iterable[FrozenTrial]) -> IntArray:
    """(n_trials,) the rows of some finished trials, in their order."""
    row_by_number = {number: row for row, number in enumerate(view.numbers.tolist())}
    return np.array([row_by_number[trial.number] for trial in trials], np.int64)
