"""The contract of samplers: where to look next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from optimist.distributions import BaseDistribution
from optimist.history.layout import internal_value
from optimist.history.protocols import StudyLike, TrialLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.numerics.streams import TrialStreams, real_number
from optimist.states import TrialState


class BaseSampler(ABC):
    """The public contract, the same as Optuna's: a sampler written against it runs unchanged.

    For each trial the study asks for the relative search space, then for joint values in it; a parameter outside that
    space is sampled on its own when the objective asks for it. Write a :class:`ColumnSampler` instead to read the
    history in columns.
    """

    pinned_params: Mapping[str, Any] = MappingProxyType({})
    """Values that every trial gets, whatever is proposed or recommended; see :class:`PartialFixedSampler`."""

    def __str__(self) -> str:
        return type(self).__name__

    def reseed_rng(self) -> None:
        """Take a new random seed; called for each worker of ``optimize(n_jobs > 1)``."""

    @abstractmethod
    def infer_relative_search_space(self, study: StudyLike, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The parameters that :meth:`sample_relative` shall propose together."""

    @abstractmethod
    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Propose values (as the user sees them) for parameters of the relative search space."""

    @abstractmethod
    def sample_independent(
        self, study: StudyLike, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Propose a value (as the user sees it) for one parameter on its own."""

    def has_more(self, view: View) -> bool:
        """Whether there is anything left to propose; ``optimize`` ends when there is not.

        Args:
            view: What was tried; the open trials that it shows are going to be tried.
        """
        return True

    @property
    def is_exhaustive(self) -> bool:
        """Whether it tries given values once each, so that no other ones may take their place."""
        return False

    @property
    def is_seeded(self) -> bool:
        """Whether its random choices follow from a seed and the trial's number; the deterministic mode asks for that."""
        return True

    @property
    def reads_history(self) -> bool:
        """Whether what other trials gave matters to it; if not, a worker is spared reading what other workers found."""
        return True

    def needs_all_before(self, number: int) -> bool:
        """Whether the trial of this number can be proposed only when all trials before it are finished.

        The deterministic mode asks; it is for samplers that shall neither repeat nor leave out anything.
        """
        return False

    def pin(self, params: Mapping[str, Any]) -> BaseSampler:
        """The sampler to use where some parameters are fixed; override it if that changes what is left to propose."""
        return self

    def before_trial(self, study: StudyLike, trial: FrozenTrial) -> None:
        """Called when a trial starts, before anything is sampled for it."""

    def after_trial(
        self, study: StudyLike, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Called when a trial ends, before its outcome is written."""


class ColumnSampler(BaseSampler):
    """A sampler that reads the history's columns and proposes internal values.

    Args:
        seed: Fixes all random choices. Each trial draws from a stream of its own, so that proposals do not depend on
            which worker asks, and workers with the same seed do not repeat each other.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.streams = TrialStreams(seed)

    @property
    def is_seeded(self) -> bool:
        return self.streams.is_seeded

    def uniforms(self, trial: TrialLike) -> list[float] | None:
        """The uniform draws of a trial whose parameters follow the law of random search; None for any other trial."""
        return None

    def uniform(self, trial: TrialLike, ordinal: int) -> float:
        """The draw for the ordinal-th parameter of a trial that has ``uniforms``, which may be more than they are."""
        return self.streams.uniform(trial.number, ordinal)

    def relative_space(self, view: View) -> dict[str, BaseDistribution]:
        """The parameters that :meth:`propose` shall propose together."""
        return {}

    def propose(self, trial: TrialLike, space: dict[str, BaseDistribution]) -> dict[str, Any]:
        """Propose internal values for parameters of ``space``; those it leaves out are proposed one by one."""
        return {}

    @abstractmethod
    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        """Propose an internal value for one parameter on its own."""

    # Optuna's hooks, for callers who hold a sampler in their hands

    def infer_relative_search_space(self, study: StudyLike, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self.relative_space(study.view(trial.number))

    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        values = self.propose(FrozenContext(study, trial), search_space) if search_space else {}
        return {name: search_space[name].to_external_repr(value) for name, value in values.items()}

    def sample_independent(
        self, study: StudyLike, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        value = self.propose_one(FrozenContext(study, trial), param_name, param_distribution)
        return param_distribution.to_external_repr(value)


class FrozenContext:
    """A frozen trial as :class:`ColumnSampler` sees the trial that it proposes values for."""

    def __init__(self, study: StudyLike, trial: FrozenTrial) -> None:
        self.number = trial.number
        self.study = study
        self._trial = trial
        self._view: View | None = None

    @property
    def view(self) -> View:
        """The history without this trial."""
        if self._view is None:
            self._view = self.study.view(real_number(self.number))
        return self._view

    @property
    def n_suggested(self) -> int:
        """How many parameters the trial has."""
        return len(self._trial.params)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Distributions of the trial's parameters."""
        return self._trial.distributions

    @property
    def values(self) -> dict[str, Any]:
        """Internal values of the trial's parameters."""
        distributions = self._trial.distributions
        return {name: internal_value(distributions[name], value) for name, value in self._trial.params.items()}
