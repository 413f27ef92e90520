"""Slices: the value against each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optimist.study.study import Study
from optimist.visualization.data.axes import Axis, beyond, value_axis
from optimist.visualization.data.objective import Target, read_objective, shown_rows
from optimist.visualization.data.panels import Panel, value_panels
from optimist.visualization.data.points import Heading, best_shown, explain_nothing, joined, subtitle_of
from optimist.visualization.data.trials import Trials, choose_params


@dataclass(frozen=True)
class Slice:
    """The figure.

    Attributes:
        heading: What stands above it.
        trials: All trials of the study.
        value: The axis of values, which all panels share.
        panels: One per parameter.
        best_number, default_number: The trials to mark; -1: none.
    """

    heading: Heading
    trials: Trials
    value: Axis
    panels: tuple[Panel, ...]
    best_number: int
    default_number: int


def slices(study: Study, params: Sequence[str] | None, target: Target | None, target_name: str) -> Slice:
    """Collect the complete trials with a finite value, one panel per parameter.

    Raises:
        ValueError: No trial has one of the ``params``, or there are several objectives and no target.
    """
    trials, objective = read_objective(study, target, target_name)
    rows = shown_rows(trials, objective)
    chosen = choose_params(trials, params)
    value = value_axis(objective.name, objective.values[rows], objective.is_minimized if objective.has_best else None)
    panels = value_panels(chosen, value, trials, objective, rows)
    subtitle = subtitle_of(trials, objective)
    subtitle = joined(subtitle, beyond(value, objective.values[rows]))
    message = "" if len(rows) else explain_nothing(trials)
    if not message and not panels:
        message = "There are no parameters to show."
    return Slice(
        Heading("Slices", subtitle, message),
        trials,
        value,
        tuple(panels),
        best_shown(trials, objective, rows),
        trials.default_number,
    )
