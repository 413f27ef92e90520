"""Empirical distribution of the values: how likely a trial is to be as good as this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimist.study.study import Study
from optimist.visualization.data.axes import Axis, beyond, value_axis
from optimist.visualization.data.objective import Target, as_studies, check_target, objective_of, shown_rows
from optimist.visualization.data.points import Heading, explain_nothing, joined
from optimist.visualization.data.trials import FloatArray, read_trials


@dataclass(frozen=True)
class Distribution:
    """One study.

    Attributes:
        name: The study's name.
        values: (k,) where the distribution rises, ascending.
        shares: (k,) the share of the complete trials with at most that value; the last is 1.
        n: Number of trials.
    """

    name: str
    values: FloatArray
    shares: FloatArray
    n: int


@dataclass(frozen=True)
class EmpiricalDistributions:
    """The figure.

    Attributes:
        heading: What stands above it.
        value: The axis of values.
        distributions: One per study that has complete trials.
    """

    heading: Heading
    value: Axis
    distributions: tuple[Distribution, ...]


def edf(study: Study | Sequence[Study], target: Target | None, target_name: str) -> EmpiricalDistributions:
    """Sort the finite values of the complete trials of each study.

    Raises:
        ValueError: A study has several objectives, and there is no target.
    """
    check_target(study, target, target_name)
    title = "Empirical Distribution Function"
    studies = as_studies(study)
    if not studies:
        return EmpiricalDistributions(
            Heading(title, message="There are no studies."), value_axis("", np.empty(0), None), ()
        )
    tables = [read_trials(each) for each in studies]
    objectives = [objective_of(s, t, target, target_name) for s, t in zip(studies, tables, strict=True)]
    values = [o.values[shown_rows(t, o)] for t, o in zip(tables, objectives, strict=True)]
    directions = {objective.is_minimized for objective in objectives} if target is None else set()
    pooled = np.concatenate(values)
    axis = value_axis(objectives[0].name, pooled, directions.pop() if len(directions) == 1 else None)
    subtitle = "share of trials with at most this value"
    subtitle = joined(subtitle, beyond(axis, pooled))
    return EmpiricalDistributions(
        Heading(title, subtitle, "" if len(pooled) else explain_nothing(tables[0])),
        axis,
        tuple(_distribution(t.study_name, v) for t, v in zip(tables, values, strict=True) if len(v)),
    )


def _distribution(name: str, values: FloatArray) -> Distribution:
    steps, counts = np.unique(values, return_counts=True)
    return Distribution(name, steps, np.cumsum(counts) / len(values), len(values))
