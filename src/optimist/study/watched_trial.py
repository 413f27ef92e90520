"""A trial that notes how the objective uses it."""

from __future__ import annotations

import math
import os
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from optimist.distributions import BaseDistribution, check_distribution_compatibility
from optimist.execution.memory import can_measure, resident_bytes
from optimist.history.draft import Draft
from optimist.history.layout import Edge
from optimist.study.constrained_trial import ConstrainedTrial
from optimist.study.live_trial import Trial
from optimist.study.suggesting_trial import Owner

_INTERVAL_S = 0.02


@dataclass
class Usage:
    """What an objective did with its trial.

    Attributes:
        distributions: The parameters that it asked for, in order.
        n_recommended: How many of them came with a default.
        contradictions: A parameter that was asked for again, and the other range.
        n_reports, n_questions: How often it called ``report`` and ``should_prune``.
        nan_steps: The steps where it reported NaN.
    """

    distributions: dict[str, BaseDistribution] = field(default_factory=dict)
    n_recommended: int = 0
    contradictions: dict[str, BaseDistribution] = field(default_factory=dict)
    n_reports: int = 0
    n_questions: int = 0
    nan_steps: list[int] = field(default_factory=list)


class WatchedTrial(Trial):
    """A trial that is never pruned, and keeps a record of its use.

    Args:
        study: The study it belongs to.
        draft: Its record.
        can_be_pruned: Whether the real study's pruner can judge such trials.
    """

    def __init__(self, study: Owner, draft: Draft, *, can_be_pruned: bool) -> None:
        self.usage = Usage()
        self._can_be_pruned = can_be_pruned
        super().__init__(study, draft.trial_id, draft=draft)
        self._n_random = 0  # each parameter goes by _choose

    def _choose(self, edge: Edge, default: Any) -> Any:
        self.usage.distributions[edge.name] = edge.distribution
        value = super()._choose(edge, default)
        self.usage.n_recommended = len(self._defaults)
        return value

    def _again(self, name: str, distribution: BaseDistribution) -> Any:
        i, edge = self._draft.layout.items[name]
        if edge.distribution != distribution:
            check_distribution_compatibility(edge.distribution, distribution)
            self.usage.contradictions[name] = distribution
        return edge.external(self._draft.values[i])

    def report(self, value: float | dict[str, float], step: int) -> None:
        super().report(value, step)
        self.usage.n_reports += 1
        first = next(iter(value.values())) if isinstance(value, dict) else value
        if math.isnan(float(first)):
            self.usage.nan_steps.append(int(step))

    def should_prune(self) -> bool:
        self.usage.n_questions += 1
        if not self._can_be_pruned:
            super().should_prune()  # says what is wrong
        return False


class WatchedConstrainedTrial(WatchedTrial, ConstrainedTrial):
    """The same in a study with a parameter constraint."""


class MemoryPeak:
    """The most memory that this process and its children hold while this lasts; looks every 20 ms.

    Attributes:
        n_bytes: The peak; None if this system does not tell.
    """

    def __init__(self) -> None:
        self.n_bytes: int | None = resident_bytes(os.getpid()) if can_measure() else None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        if self.n_bytes is not None:
            self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self.n_bytes is not None:
            self._thread.join()

    def _look(self) -> None:
        while True:
            self.n_bytes = max(self.n_bytes or 0, resident_bytes(os.getpid()))
            if self._is_over.wait(_INTERVAL_S):
                return
