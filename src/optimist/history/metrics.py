"""Named metrics of a trial: by name and step as trials keep them, by step and name as users see them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from optimist.history.attributes import METRIC_NAMES_KEY

Metrics = Mapping[str, dict[int, float]]
"""Values by step of each named metric, in order of naming. Those of the first one stand elsewhere, as the reports of
the trial; here it has an empty dictionary."""


def with_metrics(known: Metrics, more: Metrics) -> Metrics:
    """Add metrics to others, which change if there are any; of a step the later value counts."""
    if not more:
        return known
    metrics = dict(known) if known else {}
    for name, values in more.items():
        if name in metrics:
            metrics[name].update(values)
        else:
            metrics[name] = dict(values)
    return metrics


def metrics_of_step(step: int, row: Mapping[str, float]) -> Metrics:
    """One step's named metrics, the first one first."""
    names = iter(row)
    return {next(names): {}, **{name: {step: row[name]} for name in names}}


def rows_of_metrics(reports: Mapping[int, float], metrics: Metrics) -> dict[int, dict[str, float]]:
    """The named metrics by step, in ascending order, and by name; empty if there are no names."""
    if not metrics:
        return {}
    first, *others = metrics
    rows = {step: {first: reports[step]} for step in sorted(reports)}
    for name in others:
        for step, value in metrics[name].items():
            rows.setdefault(step, {})[name] = value
    return rows


def metrics_of_rows(rows: Mapping[int, Mapping[str, float]]) -> Metrics:
    """What ``rows_of_metrics`` has made rows of; the first name of the first row is the first one."""
    metrics: dict[str, dict[int, float]] = {}
    for step, row in rows.items():
        for name, value in row.items():
            metrics.setdefault(name, {})[step] = value
    if metrics:
        metrics[next(iter(metrics))] = {}
    return metrics


def value_at(name: str, step: int, reports: Mapping[int, float], metrics: Metrics) -> float:
    """The value of a named metric at a step; NaN if there is none."""
    values = reports if name == next(iter(metrics), None) else metrics.get(name, {})
    return values.get(step, math.nan)


def objective_metrics(
    metrics: Sequence[str], n_objectives: int, study_attrs: Mapping[str, Any]
) -> tuple[str, ...] | None:
    """The metric that stands for each objective: by the study's metric names if it has them, else by order.

    Args:
        metrics: The names that a trial uses, in order of naming.
        n_objectives: Of the study.
        study_attrs: System attributes of the study.

    Returns:
        (n_objectives,) names; None if there are not enough.
    """
    names = study_attrs.get(METRIC_NAMES_KEY) or metrics[:n_objectives]
    return tuple(names) if len(names) == n_objectives and set(names) <= set(metrics) else None
