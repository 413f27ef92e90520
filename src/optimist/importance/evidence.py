"""Evidence: the complete trials of a study, in columns, with the number that importances shall explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimist.distributions import BaseDistribution
from optimist.history.protocols import StudyLike
from optimist.history.view import View
from optimist.importance.base import Target
from optimist.states import TrialState

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Evidence:
    """Complete trials in order of their numbers.

    Attributes:
        view: The history they are rows of.
        rows: (n,) their rows.
        losses: (n, n_losses) finite numbers to explain, less is better; one column for a target or a single objective.
    """

    view: View
    rows: IntArray
    losses: FloatArray

    def column(self, name: str) -> npt.NDArray[Any]:
        """(n,) internal values of a parameter; anything where a trial does not have it."""
        values: npt.NDArray[Any] = self.view.column(name)[self.rows]
        return values

    def with_all(self, names: list[str]) -> Evidence:
        """Keep the trials that have all of these parameters."""
        kept = self.view.holds(names, self.rows)
        return Evidence(self.view, self.rows[kept], self.losses[kept])

    def domains(self) -> Domains:
        """Tell which distribution each trial has for each parameter."""
        return Domains(self.view, self.view.layout_indices[self.rows])


def gather(study: StudyLike, target: Target | None) -> Evidence:
    """Collect the complete trials whose number to explain is finite.

    Args:
        study: A study.
        target: The number by trial, less is better; None for the objective values, turned so that less is better.
    """
    study.sync()
    view = study.view()
    rows = np.flatnonzero(view.states == TrialState.COMPLETE)
    rows = rows[np.argsort(view.numbers[rows], kind="stable")]
    losses = view.losses_of(rows) if target is None else _ask(study, target, view.numbers[rows].tolist())
    is_finite = np.all(np.isfinite(losses), axis=1)
    return Evidence(view, rows[is_finite], losses[is_finite])


def _ask(study: StudyLike, target: Target, numbers: list[int]) -> FloatArray:
    """Ask a user's function for its number, trial by trial: it needs the trial's record."""
    trials = {trial.number: trial for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))}
    return np.array([[target(trials[number])] for number in numbers], dtype=np.float64).reshape(len(numbers), 1)


class Domains:
    """Which distribution each of some trials has for each parameter; ranges may differ, and be absent.

    Args:
        view: A history.
        layout_indices: (n,) the layouts of the trials.
    """

    def __init__(self, view: View, layout_indices: npt.NDArray[np.int32]) -> None:
        used, self._layout = np.unique(layout_indices, return_inverse=True)
        self._distributions = [view.layouts[i].distributions for i in used.tolist()]

    @property
    def names(self) -> list[str]:
        """All parameters that any of the trials has, sorted."""
        return sorted({name for distributions in self._distributions for name in distributions})

    def of(self, name: str) -> tuple[list[BaseDistribution | None], IntArray]:
        """Return the different distributions of a parameter, None for its absence, and (n,) which one a trial has."""
        found: dict[BaseDistribution | None, int] = {}
        of_layout = [found.setdefault(d.get(name), len(found)) for d in self._distributions]
        return list(found), np.array(of_layout, np.intp)[self._layout]


def known_names(study: StudyLike, params: Sequence[str] | None) -> list[str]:
    """Name the parameters that are asked for, or else all that any complete trial has, sorted.

    Raises:
        ValueError: No complete trial has one of ``params``.
    """
    view = study.view()
    known = Domains(view, view.layout_indices[view.states == TrialState.COMPLETE]).names
    missing = sorted(set(params or ()) - set(known))
    if missing:
        raise ValueError(f"No complete trial of study {study.study_name!r} has the parameters {missing}.")
    return known if params is None else list(dict.fromkeys(params))
