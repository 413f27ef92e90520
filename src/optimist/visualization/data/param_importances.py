"""Parameter importances: how much of the objective's variation each parameter explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimist.study.study import Study
from optimist.visualization.data.objective import DEFAULT_NAME, Target, check_target
from optimist.visualization.data.points import Heading, explain_nothing
from optimist.visualization.data.trials import FloatArray, Trials, read_trials

Estimate = tuple[float, float, float]
"""The importance, and the ends of its interval; NaN where it is not known."""


@dataclass(frozen=True)
class ImportanceSeries:
    """The importances for one objective.

    Attributes:
        name: The objective.
        values: (n_params,) one for each name of the figure; they sum to 1.
        low, high: (n_params,) the ends of the interval that holds 90% of what other trials would say; NaN where the
            evaluator does not know, or there are too few trials to tell.
    """

    name: str
    values: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def has_intervals(self) -> bool:
        """Whether the evaluator says how sure it is."""
        return bool(np.isfinite(self.low).any())

    @property
    def ends(self) -> FloatArray:
        """(n_params,) where the drawing of each bar ends."""
        return np.fmax(self.values, self.high)

    @property
    def words(self) -> list[str]:
        """The values as text."""
        return [f"{value:.2f}" if value >= 0.01 else "<0.01" for value in self.values]


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
    names = tuple(sorted(first, key=lambda name: first[name][0]))
    series = tuple(_series(objective, names, estimates) for objective, estimates in found.items())
    n = int(is_usable.sum())
    subtitle = f"share of the variation that each explains, by {n:,} complete trials"
    if any(each.has_intervals for each in series):
        subtitle += "; with 90% intervals"
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


def _series(objective: str, names: Sequence[str], estimates: Mapping[str, Estimate]) -> ImportanceSeries:
    found = np.array([estimates.get(name, (0.0, np.nan, np.nan)) for name in names], float).reshape(-1, 3)
    return ImportanceSeries(objective, *found.T)


def _importances(
    study: Study, evaluator: Any, params: Sequence[str] | None, target: Target | None
) -> dict[str, Estimate]:
    """Ask the evaluator, and how sure it is if it is one of ours; drawn again, the figure is the same."""
    from optimist.importance import get_param_importances, get_param_importances_with_uncertainty
    from optimist.importance.estimates import ResamplingEvaluator  # loads the evaluators

    names = None if params is None else list(params)
    if evaluator is not None and not isinstance(evaluator, ResamplingEvaluator):
        plain = get_param_importances(study, evaluator=evaluator, params=names, target=target)
        return {name: (value, np.nan, np.nan) for name, value in plain.items()}
    found = get_param_importances_with_uncertainty(study, evaluator=evaluator, params=names, target=target, seed=0)
    return {
        name: (e.value, np.nan, np.nan) if np.isnan(e.standard_error) else (e.value, e.low, e.high)
        for name, e in found.items()
    }
