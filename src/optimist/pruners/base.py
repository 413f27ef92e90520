"""The contract of pruners: when to stop a trial early."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from optimist.history.attributes import METRIC_NAMES_KEY
from optimist.history.metrics import Metrics, metrics_of_rows, objective_metrics, value_at
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View


class BasePruner(ABC):
    """The public contract, the same as Optuna's: a pruner written against it runs unchanged.

    Attributes:
        judges_several: Whether it can judge trials of studies with several objectives.
    """

    judges_several: ClassVar[bool] = False

    @property
    def uses_clock(self) -> bool:
        """Whether what it stops depends on how long things take, so that a seed does not fix it."""
        return False

    @abstractmethod
    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        """Judge a running trial by its intermediate values; True if it should stop."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a pruner decided about a running trial.

    Attributes:
        stop: Whether the trial should stop.
        reason: One sentence for the user; empty when there is nothing to say.
        record: Facts to keep with the trial as system attributes, committed with its next write.
    """

    stop: bool
    reason: str = ""
    record: dict[str, Any] = field(default_factory=dict)


GO_ON = Verdict(stop=False)


def _no_study(pruner: BasePruner) -> bool:
    raise TypeError(f"{type(pruner).__name__} reads no columns; it can only judge a trial that belongs to a study.")


@dataclass(frozen=True, slots=True)
class Curve:
    """The running trial that a pruner judges.

    Attributes:
        number: Its number in the study.
        reports: Intermediate value by step, in order of reporting. Not to be changed.
        system_attrs: Its system attributes by key. Not to be changed.
        prune_by: Puts the trial and its study before a pruner that reads no columns. Use :func:`judge`.
        study_name: The name of its study.
        read_params: Returns the internal values of its parameters by name.
        metrics: Named metrics, the first one, of which ``reports`` has the values, first. Not to be changed.
        objectives: The metric that stands for each objective of a study with several; empty for one objective, and
            before the first report.
    """

    number: int
    reports: dict[int, float]
    system_attrs: dict[str, Any] = field(default_factory=dict)
    prune_by: Callable[[BasePruner], bool] = _no_study
    study_name: str = ""
    read_params: Callable[[], dict[str, Any]] = dict
    metrics: Metrics = field(default_factory=dict)
    objectives: tuple[str, ...] = ()

    @property
    def last_step(self) -> int:
        """The highest reported step; -1 without reports."""
        return max(self.reports, default=-1)

    def values_at(self, step: int) -> tuple[float, ...]:
        """One value per objective at a step, NaN where nothing was reported."""
        if not self.objectives:
            return (self.reports.get(step, math.nan),)
        return tuple(value_at(name, step, self.reports, self.metrics) for name in self.objectives)

    def best(self, maximize: bool) -> float:
        """The best reported value, NaN left out; NaN if there is none."""
        return best_of(self.reports.values(), maximize)


class ColumnPruner(BasePruner):
    """A pruner that reads the history's columns and statistics; its cost does not grow with the trials."""

    @abstractmethod
    def decide(self, view: View, trial: Curve) -> Verdict:
        """Judge a running trial; neither the view nor the trial is to be changed.

        The study has one objective, unless the pruner says that it ``judges_several``.
        """

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        view = study.view(trial.number)
        metrics = metrics_of_rows(trial.intermediate_metrics)
        curve = Curve(
            trial.number,
            trial.intermediate_values,
            trial.system_attrs,
            lambda pruner: pruner.prune(study, trial),
            study.study_name,
            lambda: internal_params(trial),
            metrics,
            objectives_of(view, trial.number, metrics),
        )
        verdict = self.decide(view, curve)
        for key, note in verdict.record.items():
            study.set_trial_system_attr(trial.number, key, note)
        return verdict.stop


@dataclass(frozen=True, slots=True)
class Promotion:
    """A pruned trial that deserves to be gone on with.

    Attributes:
        number: The trial.
        rung: The rung up to which it shall go.
        budget: The steps that it may run there, those that it has run included.
    """

    number: int
    rung: int
    budget: int


class PromotingPruner(ColumnPruner):
    """A pruner that gives each trial a budget, and says which pruned trials deserve a larger one."""

    @abstractmethod
    def budget(self, system_attrs: Mapping[str, Any]) -> int:
        """How many steps a trial with these system attributes may run."""

    @abstractmethod
    def promotion(self, view: View, not_these: Container[int]) -> Promotion | None:
        """The pruned trial that deserves to be gone on with before all others; None if none does.

        Args:
            view: The study.
            not_these: Numbers of trials that cannot be.
        """

    @abstractmethod
    def record_end(self, system_attrs: Mapping[str, Any], last_step: int, value: float) -> dict[str, Any] | None:
        """What to keep with a trial that returned a value at its budget, and so is pruned; None if it is complete.

        Args:
            system_attrs: Its system attributes.
            last_step: The last step that it reported; -1 if it reported nothing, and so has used its budget.
            value: What it returned.
        """


def internal_params(trial: FrozenTrial) -> dict[str, Any]:
    """The internal values of a trial's parameters by name."""
    distributions = trial.distributions
    return {name: distributions[name].to_internal_repr(value) for name, value in trial.params.items()}


def objectives_of(view: View, number: int, metrics: Metrics) -> tuple[str, ...]:
    """The metrics that stand for the objectives of a study with several; nothing for one, or before the first report.

    Raises:
        ValueError: The trial has not reported a metric for each objective.
    """
    if view.n_objectives == 1 or not metrics:
        return ()
    names = objective_metrics(list(metrics), view.n_objectives, view.system_attrs)
    if names is None:
        wanted = view.system_attrs.get(METRIC_NAMES_KEY)
        raise ValueError(
            f"Trial {number} cannot be judged: it reported {', '.join(map(repr, metrics))}, but should report "
            + (
                f"{', '.join(map(repr, wanted))}."
                if wanted
                else f"a metric for each of {view.n_objectives} objectives."
            )
        )
    return names


def judge(pruner: BasePruner, view: View, trial: Curve) -> Verdict:
    """Ask any pruner: one that reads columns, or one that is written against :class:`BasePruner` alone."""
    if isinstance(pruner, ColumnPruner):
        return pruner.decide(view, trial)
    return Verdict(bool(trial.prune_by(pruner)))


def best_of(values: Iterable[float], maximize: bool) -> float:
    """The best of some intermediate values, NaN left out; NaN if there is none."""
    numbers = [value for value in values if value == value]
    return (max if maximize else min)(numbers, default=math.nan)
