"""Parameter importances: how much of the objective's variation each parameter explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimist.study.study import Study
from optimist.visualization.data.objective import DEFAULT_NAME, Target, check_target
from optimist.visualization.data.points import Heading, explain_nothing
from optimist.visualization.data.trials import FloatArray, Trials, read_trials


@dataclass(frozen=True)
class ImportanceSeries:
    """The importances for one objective.

    Attributes:
        name: The objective.
        values: (n_params,) one for each name of the figure; they sum to 1.
    """

    name: str
    values: FloatArray


@dataclass(frozen=True)
class ParamImportances:
    """The figure.

    Attributes:
        heading: What stands above it.
        names: The parameters, the most important for the first objective last, as bars are stacked from below.
        series: One per objective.
    """

    heading: Heading
    names: tuple[str, ...]
    series: tuple[ImportanceSeries, ...]


def param_importances(
    study: Study, evaluator: Any, params: Sequence[str] | None, target: Target | None, target_name: str
) -> ParamImportances:
    """Ask the evaluator for the importances; of several objectives one after the other if there is no target.

    Raises:
        ValueError: A parameter is not in every complete trial, or no trial has it.
    """
    trials = read_trials(study)
    title = "Hyperparameter Importances"
    is_usable = trials.is_complete & np.isfinite(trials.values).all(axis=1)
    if is_usable.sum() < 2:
        message = "Importances need at least two complete trials." if is_usable.any() else explain_nothing(trials)
        return ParamImportances(Heading(title, message=message), (), ())
    found = {
        name: _importances(study, evaluator, params, t) for name, t in _targets(study, trials, target, target_name)
    }
    first = next(iter(found.values()))
    names = tuple(sorted(first, key=lambda name: first[name]))  # stable: equals stand in the evaluator's order
    series = tuple(
        ImportanceSeries(name, np.array([values.get(param, 0.0) for param in names], float))
        for name, values in found.items()
    )
    n = int(is_usable.sum())
    subtitle = f"share of the variation that each explains, judged by {n:,} complete {'trial' if n == 1 else 'trials'}"
    return ParamImportances(Heading(title, subtitle, "" if names else "The trials have no parameters."), names, series)


def _targets(study: Study, trials: Trials, target: Target | None, target_name: str) -> list[tuple[str, Target | None]]:
    if target is not None or len(trials.directions) == 1:
        check_target(study, target, target_name)
        if target is None and target_name == DEFAULT_NAME and trials.metric_names is not None:
            target_name = trials.metric_names[0]
        return [(target_name, target)]
    names = trials.metric_names or [f"{DEFAULT_NAME} {i}" for i in range(len(trials.directions))]
    return [(name, _objective_number(i)) for i, name in enumerate(names)]


def _objective_number(i: int) -> Target:
    def value(trial: Any) -> float:
        return float(trial.values[i])

    return value


def _importances(study: Study, evaluator: Any, params: Sequence[str] | None, target: Target | None) -> dict[str, float]:
    from optimist.importance import get_param_importances  # loads the evaluators

    params = None if params is None else list(params)
    return dict(get_param_importances(study, evaluator=evaluator, params=params, target=target))
