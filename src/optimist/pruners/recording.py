"""Recordings: trials that ran to their end, to be run again at no cost under any pruner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimist.distributions import BaseDistribution
from optimist.history.layout import internal_value
from optimist.history.view import View
from optimist.states import StudyDirection, TrialState


@dataclass(frozen=True, slots=True)
class Run:
    """A trial that ran to its end.

    Attributes:
        reports: Intermediate value by step, in order of reporting. Not to be changed.
        final: Its objective value.
        distributions: Of its parameters, by name; runs of one space share one object.
        params: The internal values of these, in their order.
    """

    reports: Mapping[int, float]
    final: float
    distributions: Mapping[str, BaseDistribution]
    params: tuple[Any, ...]


@dataclass(frozen=True)
class Recording:
    """Trials that ran to their end.

    Attributes:
        runs: The trials; none is without a report, and no final value is NaN.
        direction: Which values are better, for reports and final values alike.
    """

    runs: tuple[Run, ...]
    direction: StudyDirection

    @classmethod
    def of_arrays(
        cls,
        curves: ArrayLike,
        finals: ArrayLike | None = None,
        direction: StudyDirection | str = StudyDirection.MINIMIZE,
        params: Sequence[Mapping[str, Any]] | None = None,
        space: Mapping[str, BaseDistribution] | None = None,
        steps: Sequence[int] | None = None,
    ) -> Recording:
        """Take recorded curves as they come out of an experiment.

        Args:
            curves: (n_runs, n_steps) what each run reported after each step.
            finals: (n_runs,) the objective values; None for the last report of each run.
            direction: Which values are better.
            params: The hyperparameters of each run, as a user sees them; None for none.
            space: The distribution of each of these; other names in ``params`` are left out.
            steps: (n_steps,) the numbers of the steps; None for 0, 1, 2, ...

        Raises:
            ValueError: The arguments do not fit together, or a final value is NaN.
        """
        values = np.asarray(curves, dtype=np.float64)
        if values.ndim != 2 or not values.size:
            raise ValueError(f"Recording needs curves of shape (n_runs, n_steps), but got the shape {values.shape}.")
        ends = values[:, -1] if finals is None else np.asarray(finals, dtype=np.float64)
        numbers = list(range(values.shape[1])) if steps is None else [int(step) for step in steps]
        space = {} if space is None else dict(space)
        given: Sequence[Mapping[str, Any]] = [{}] * len(values) if params is None else params
        for what, found, expected in (
            ("final value for each run", ends.shape, values.shape[:1]),
            ("step for each column of the curves", (len(numbers),), values.shape[1:]),
            ("mapping of parameters for each run", (len(given),), values.shape[:1]),
        ):
            if found != expected:
                raise ValueError(f"Recording needs one {what}, {expected[0]} in all, but got {found}.")
        _check_finals(ends)
        is_maximized = direction in (StudyDirection.MAXIMIZE, "maximize")
        runs = tuple(
            Run(
                dict(zip(numbers, curve, strict=True)),
                final,
                space,
                tuple(internal_value(distribution, point[name]) for name, distribution in space.items()),
            )
            for curve, final, point in zip(values.tolist(), ends.tolist(), given, strict=True)
        )
        return cls(runs, StudyDirection.MAXIMIZE if is_maximized else StudyDirection.MINIMIZE)

    @classmethod
    def of_view(cls, view: View) -> Recording:
        """Take the feasible complete trials of a study with one objective, in order of finishing.

        Those that reported nothing are left out; pruned trials are, for nobody knows how they would have gone on.
        """
        runs = []
        distributions: dict[int, Mapping[str, BaseDistribution]] = {}
        finals = view.values[:, 0]
        is_kept = (view.states == TrialState.COMPLETE) & ~np.isnan(finals)
        for key in view.constraint_keys:
            is_kept &= ~(view.constraint(key) > 0)  # NaN, of trials that did not report it, is feasible
        for row in np.flatnonzero(is_kept).tolist():
            steps, values = view.curve(row)
            if not len(steps):
                continue
            index = int(view.layout_indices[row])
            if index not in distributions:
                distributions[index] = view.layouts[index].distributions
            params = tuple(view.column(name)[row].item() for name in distributions[index])
            reports = dict(zip(steps.tolist(), values.tolist(), strict=True))
            runs.append(Run(reports, float(finals[row]), distributions[index], params))
        return cls(tuple(runs), view.directions[0])

    def __len__(self) -> int:
        return len(self.runs)

    @cached_property
    def losses(self) -> NDArray[np.float64]:
        """(n_runs,) final values, turned so that smaller is better."""
        sign = -1.0 if self.direction == StudyDirection.MAXIMIZE else 1.0
        return sign * np.array([run.final for run in self.runs], dtype=np.float64)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """(n_runs,) how many steps each run reported."""
        return np.array([len(run.reports) for run in self.runs], dtype=np.int64)


def _check_finals(finals: NDArray[np.float64]) -> None:
    if np.isnan(finals).any():
        run = int(np.flatnonzero(np.isnan(finals))[0])
        raise ValueError(f"Recording needs a final value for each run, but that of run {run} is NaN; leave it out.")
