"""Fix some parameters and search for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optimist.distributions import BaseDistribution
from optimist.exceptions import warn_user
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.samplers.base import BaseSampler
from optimist.states import TrialState


class PartialFixedSampler(BaseSampler):
    """Give every trial the same values of some parameters; another sampler proposes the rest.

    Fixed values take precedence over recommended defaults, but not over the queue. A grid search is cut down to the
    cells with these values, and brute force to the branches that they lead to.

    Args:
        fixed_params: The fixed values by parameter. One outside its range is used nevertheless, with a warning.
        base_sampler: Any sampler; it is not asked for the fixed parameters.
    """

    def __init__(self, fixed_params: dict[str, Any], base_sampler: BaseSampler) -> None:
        self.pinned_params = {**base_sampler.pinned_params, **fixed_params}
        self._base = base_sampler.pin(self.pinned_params)

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.pinned_params)}; {self._base})"

    def reseed_rng(self) -> None:
        self._base.reseed_rng()

    def has_more(self, view: View) -> bool:
        return self._base.has_more(view)

    @property
    def is_exhaustive(self) -> bool:
        return self._base.is_exhaustive

    @property
    def is_seeded(self) -> bool:
        return self._base.is_seeded

    @property
    def reads_history(self) -> bool:
        return self._base.reads_history

    def needs_all_before(self, number: int) -> bool:
        return self._base.needs_all_before(number)

    def pin(self, params: Mapping[str, Any]) -> BaseSampler:
        return PartialFixedSampler({**self.pinned_params, **params}, self._base)

    def infer_relative_search_space(self, study: StudyLike, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        space = self._base.infer_relative_search_space(study, trial)
        return {name: distribution for name, distribution in space.items() if name not in self.pinned_params}

    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._base.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: StudyLike, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        if param_name not in self.pinned_params:
            return self._base.sample_independent(study, trial, param_name, param_distribution)
        value = self.pinned_params[param_name]
        if not param_distribution.contains(value):
            warn_user(
                f"Parameter {param_name!r}: the fixed value {value!r} is used although it is not in "
                f"{param_distribution}."
            )
        return value

    def before_trial(self, study: StudyLike, trial: FrozenTrial) -> None:
        self._base.before_trial(study, trial)

    def after_trial(
        self, study: StudyLike, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._base.after_trial(study, trial, state, values)
