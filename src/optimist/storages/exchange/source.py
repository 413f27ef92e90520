"""What studies of Optuna are read from: the contract of a source."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from optimist.distributions import BaseDistribution, FloatDistribution, json_to_distribution, replace_deprecated
from optimist.history.attributes import METRICS_KEY, VOID_KEY
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection
from optimist.storages.tongues import hear_metrics


@dataclass(slots=True)
class SourceStudy:
    """A study that can be read.

    Attributes:
        key: What the source calls it.
        name: Unique in the source.
        directions: One per objective.
        n_trials: How many trials it has; more may be on their way.
        user_attrs, system_attrs: By key.
    """

    key: int
    name: str
    directions: tuple[StudyDirection, ...]
    n_trials: int = 0
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)


Batch = tuple[SourceStudy, list[TrialChange]]
"""Some trials of one study, whole, in the order of their numbers."""


class Source(ABC):
    """A store of Optuna's, of which nothing is changed."""

    @abstractmethod
    def studies(self) -> list[SourceStudy]:
        """All studies in order of creation."""

    @abstractmethod
    def batches(self, studies: Sequence[SourceStudy]) -> Iterator[Batch]:
        """The trials of some of the studies, a batch at a time; those of one study in the order of their numbers.

        Memory: that of one batch, whatever the number of trials.
        """

    def close(self) -> None:
        """Give back files and connections."""


@lru_cache(maxsize=4096)
def read_distribution(text: str) -> BaseDistribution:
    """Read a distribution; nearly all trials have the same few, which thus become the same objects.

    Raises:
        ValueError: The text is not that of a distribution.
    """
    with warnings.catch_warnings():  # the user of an old study can do nothing about its old names
        warnings.simplefilter("ignore", FutureWarning)
        return replace_deprecated(json_to_distribution(text))


def read_param(name: str, text: str, value: float) -> tuple[str, BaseDistribution, Any]:
    """A parameter as a change holds it: Optuna keeps integers and the indices of choices as floats."""
    distribution = read_distribution(text)
    return name, distribution, float(value) if isinstance(distribution, FloatDistribution) else int(value)


def with_our_own(change: TrialChange) -> TrialChange:
    """Take out of the system attributes what an export has put there: named metrics, and why a trial is void."""
    attrs = change.system_attrs
    if METRICS_KEY in attrs:
        change.metrics = hear_metrics(attrs.pop(METRICS_KEY))
    if VOID_KEY in attrs and change.state is not None and change.state.is_finished():
        change.void = attrs.pop(VOID_KEY)
    return change
