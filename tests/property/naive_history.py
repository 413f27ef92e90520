"""The history as a list of plain records, every question answered by a pass over all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from optimist.distributions import BaseDistribution, CategoricalDistribution
from optimist.states import StudyDirection, TrialState


@dataclass
class NaiveTrial:
    number: int
    state: TrialState
    started_us: int
    params: dict[str, tuple[BaseDistribution, Any]] = field(
        default_factory=dict
    )  # name -> distribution, internal value
    reports: dict[int, float] = field(default_factory=dict)
    metrics: dict[str, dict[int, float]] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    values: tuple[float, ...] | None = None
    completed_us: int = -1

    @property
    def constraints(self) -> dict[str, float]:
        prefix = "constraints:"
        return {key[len(prefix) :]: v for key, v in self.system_attrs.items() if key.startswith(prefix)}

    @property
    def external_params(self) -> dict[str, Any]:
        return {
            name: distribution.choices[value] if isinstance(distribution, CategoricalDistribution) else value
            for name, (distribution, value) in self.params.items()
        }

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return {name: distribution for name, (distribution, _) in self.params.items()}

    @property
    def is_feasible(self) -> bool:
        return all(value <= 0 for value in self.constraints.values())


@dataclass
class NaiveHistory:
    directions: tuple[StudyDirection, ...]
    trials: dict[int, NaiveTrial] = field(default_factory=dict)
    finished: list[NaiveTrial] = field(default_factory=list)  # in order of finishing
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> list[NaiveTrial]:
        return [trial for trial in self.trials.values() if not trial.state.is_finished()]

    def counts(self) -> dict[TrialState, int]:
        return {state: sum(trial.state == state for trial in self.trials.values()) for state in TrialState}

    def losses(self, trial: NaiveTrial) -> list[float]:
        assert trial.values is not None
        return [
            -value if direction == StudyDirection.MAXIMIZE else value
            for value, direction in zip(trial.values, self.directions, strict=True)
        ]

    @property
    def complete(self) -> list[NaiveTrial]:
        return [trial for trial in self.finished if trial.state == TrialState.COMPLETE]

    def best(self) -> NaiveTrial | None:
        feasible = [trial for trial in self.complete if trial.is_feasible]
        return min(feasible, key=lambda trial: self.losses(trial)[0], default=None)

    def front(self) -> list[int]:
        feasible = [trial for trial in self.complete if trial.is_feasible]

        def dominates(a: NaiveTrial, b: NaiveTrial) -> bool:
            pairs = list(zip(self.losses(a), self.losses(b), strict=True))
            return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)

        return [
            row
            for row, trial in enumerate(self.finished)
            if trial in feasible and not any(dominates(other, trial) for other in feasible)
        ]

    def violation(self, trial: NaiveTrial) -> float:
        if not any(other.constraints for other in self.finished):
            return 0.0
        if not trial.constraints:
            return math.inf
        return sum(value for value in trial.constraints.values() if value > 0)

    def ranked(self, names: set[str]) -> list[int]:
        """Rows of trials that did not fail and have these parameters, best first."""

        def key(row: int) -> tuple[float, ...]:
            trial = self.finished[row]
            if self.violation(trial) > 0:
                return (3, self.violation(trial))
            if trial.state == TrialState.COMPLETE:
                return (0, self.losses(trial)[0])
            if not trial.reports:
                return (2,)
            last = max(trial.reports)
            value = trial.reports[last]
            if math.isnan(value):
                return (1, -last, math.inf)
            return (1, -last, -value if self.directions[0] == StudyDirection.MAXIMIZE else value)

        rows = [
            row
            for row, trial in enumerate(self.finished)
            if trial.state != TrialState.FAIL and names <= trial.params.keys()
        ]
        return sorted(rows, key=key)  # stable: the first among equals

    def reported(self, step: int) -> list[float]:
        return [trial.reports[step] for trial in self.complete if step in trial.reports]

    def shared_space(self, include_pruned: bool) -> dict[str, BaseDistribution]:
        states = {TrialState.COMPLETE, TrialState.PRUNED} if include_pruned else {TrialState.COMPLETE}
        trials = [trial for trial in self.finished if trial.state in states]
        if not trials:
            return {}
        return {
            name: distribution
            for name, distribution in sorted(trials[0].distributions.items())
            if all(trial.distributions.get(name) == distribution for trial in trials)
        }
