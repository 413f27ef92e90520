"""The contract of pruners: when to stop a trial early."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View


class BasePruner(ABC):
    """The public contract, the same as Optuna's: a pruner written against it runs unchanged."""

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


@dataclass(frozen=True, slots=True)
class Curve:
    """The running trial that a pruner judges.

    Attributes:
        number: Its number in the study.
        reports: Intermediate value by step, in order of reporting. Not to be changed.
        system_attrs: Its system attributes by key. Not to be changed.
    """

    number: int
    reports: dict[int, float]
    system_attrs: dict[str, Any]

    @property
    def last_step(self) -> int:
        """The highest reported step; -1 without reports."""
        return max(self.reports, default=-1)

    def best(self, maximize: bool) -> float:
        """The best reported value, NaN left out; NaN if there is none."""
        numbers = [value for value in self.reports.values() if value == value]
        return (max if maximize else min)(numbers, default=math.nan)


class ColumnPruner(BasePruner):
    """A pruner that reads the history's columns and statistics; its cost does not grow with the trials."""

    @abstractmethod
    def decide(self, view: View, trial: Curve) -> Verdict:
        """Judge a running trial of a study with one objective."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        curve = Curve(trial.number, trial.intermediate_values, trial.system_attrs)
        return self.decide(study.view(trial.number), curve).stop
