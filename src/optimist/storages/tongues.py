"""The classes that a foreign storage speaks in: ours, or those of Optuna, which look alike and are not the same."""

from __future__ import annotations

import functools
import sys
from typing import Any, Final

import optimist.distributions as our_distributions
from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optimist.exceptions import DuplicatedStudyError, InvalidSpaceTypeError, UpdateFinishedTrialError
from optimist.history.attributes import METRICS_KEY, VOID_KEY
from optimist.history.draft import TrialChange
from optimist.history.layout import internal_value
from optimist.history.metrics import Metrics
from optimist.history.records import FrozenTrial, from_datetime, to_datetime
from optimist.logging import get_logger
from optimist.states import StudyDirection, TrialState

_logger = get_logger(__name__)

OPTUNA: Final = "optuna"


class Tongue:
    """How to speak to a storage, and how to hear what it says. This one is for storages that use our classes.

    Attributes:
        trial: Makes a snapshot of a trial.
        state, direction: Make members of the enumerations.
        duplicated_study_error, update_finished_trial_error: What it raises.
    """

    trial: Any = FrozenTrial
    state: Any = TrialState
    direction: Any = StudyDirection
    duplicated_study_error: type[Exception] = DuplicatedStudyError
    update_finished_trial_error: type[Exception] = UpdateFinishedTrialError

    def speak_distribution(self, distribution: BaseDistribution) -> Any:
        """A distribution in the storage's classes."""
        return distribution

    def hear_distribution(self, distribution: Any) -> BaseDistribution:
        """A distribution in our classes."""
        assert isinstance(distribution, BaseDistribution)
        return distribution

    def speak_trial(self, change: TrialChange) -> Any:
        """A whole trial in the storage's classes."""
        return self.trial(
            number=-1,
            trial_id=-1,
            state=self.state(TrialState.RUNNING if change.state is None else change.state),
            value=None,
            values=None if change.values is None else list(change.values),
            datetime_start=to_datetime(-1 if change.started_us is None else change.started_us),
            datetime_complete=to_datetime(-1 if change.completed_us is None else change.completed_us),
            params={name: distribution.to_external_repr(value) for name, distribution, value in change.params},
            distributions={name: self.speak_distribution(distribution) for name, distribution, _ in change.params},
            user_attrs=dict(change.user_attrs),
            system_attrs=_spoken_attrs(change),
            intermediate_values=dict(change.reports),
        )

    def hear_trial(self, trial: Any) -> TrialChange:
        """All that a snapshot says."""
        distributions = {name: self.hear_distribution(trial.distributions[name]) for name in trial.params}
        system_attrs = dict(trial.system_attrs)
        void = system_attrs.pop(VOID_KEY, None)
        metrics = hear_metrics(system_attrs.pop(METRICS_KEY, ()))
        return TrialChange(
            number=trial.number,
            trial_id=trial._trial_id,
            state=TrialState(trial.state),
            values=None if trial.values is None else tuple(trial.values),
            started_us=from_datetime(trial.datetime_start),
            completed_us=from_datetime(trial.datetime_complete),
            params=[
                (name, distributions[name], internal_value(distributions[name], value))
                for name, value in trial.params.items()
            ],
            reports=dict(trial.intermediate_values),
            user_attrs=dict(trial.user_attrs),
            system_attrs=system_attrs,
            void=void if trial.state.is_finished() else None,
            metrics=metrics,
        )


class OptunaTongue(Tongue):
    """For storages that use the classes of Optuna; it is loaded already, for they could not exist without it."""

    def __init__(self) -> None:
        optuna = sys.modules[OPTUNA]
        self.trial = optuna.trial.FrozenTrial
        self.state = optuna.trial.TrialState
        self.direction = optuna.study.StudyDirection
        self.duplicated_study_error = optuna.exceptions.DuplicatedStudyError
        self.update_finished_trial_error = optuna.exceptions.UpdateFinishedTrialError
        self._distributions = optuna.distributions

    def speak_distribution(self, distribution: BaseDistribution) -> Any:
        return _translated(distribution, self._distributions)

    def hear_distribution(self, distribution: Any) -> BaseDistribution:
        translated = _translated(distribution, our_distributions)
        assert isinstance(translated, BaseDistribution)
        return translated


def _spoken_attrs(change: TrialChange) -> dict[str, Any]:
    """The system attributes of a whole trial, with what these storages have no other place for."""
    attrs = dict(change.system_attrs)
    if change.metrics:
        attrs[METRICS_KEY] = speak_metrics(change.metrics)
    return attrs if change.void is None else {**attrs, VOID_KEY: change.void}


def speak_metrics(metrics: Metrics) -> list[tuple[str, list[tuple[int, float]]]]:
    """Named metrics as an attribute; lists, for JSON has no numbers as keys, and not every store keeps the order."""
    return [(name, list(values.items())) for name, values in metrics.items()]


def hear_metrics(spoken: Any) -> Metrics:
    """What ``speak_metrics`` returned, perhaps after a way through JSON."""
    return {name: dict(values) for name, values in map(tuple, spoken)}


def tongue_of(storage: object) -> Tongue:
    """The classes that a storage speaks in: those of the library whose contract it inherits."""
    return OptunaTongue() if any(_is_optunas(cls) for cls in type(storage).__mro__) else Tongue()


def _is_optunas(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == OPTUNA


@functools.cache
def _note_lost_order() -> None:
    """Say, once, what a storage that speaks Optuna's language cannot keep."""
    _logger.warning(
        "The storage speaks of distributions in Optuna's classes, which do not know ordered=True: there, ordered choices are "
        "kept as choices without an order, and who loads the study takes them for such. A storage of Optimist keeps the order."
    )


def _translated(distribution: Any, module: Any) -> Any:
    """A distribution in the classes of another module; the two libraries have the same ones, with the same fields."""
    kinds = {cls.__name__ for cls in type(distribution).__mro__}
    if FloatDistribution.__name__ in kinds:
        return module.FloatDistribution(
            distribution.low, distribution.high, log=distribution.log, step=distribution.step
        )
    if IntDistribution.__name__ in kinds:
        return module.IntDistribution(distribution.low, distribution.high, log=distribution.log, step=distribution.step)
    if CategoricalDistribution.__name__ in kinds:
        if not getattr(distribution, "ordered", False):
            return module.CategoricalDistribution(distribution.choices)
        if module is our_distributions:
            return CategoricalDistribution(distribution.choices, ordered=True)
        _note_lost_order()
        return module.CategoricalDistribution(distribution.choices)
    raise InvalidSpaceTypeError(f"{distribution!r} cannot be translated from one library to the other.")
