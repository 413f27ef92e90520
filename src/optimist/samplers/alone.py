"""Asking one sampler for what another leaves open."""

from __future__ import annotations

from typing import Any

from optimist.distributions import BaseDistribution
from optimist.history.layout import internal_value
from optimist.history.protocols import TrialLike
from optimist.numerics.streams import real_number
from optimist.samplers.base import BaseSampler, ColumnSampler


def propose_alone(sampler: BaseSampler, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
    """The internal value that any sampler proposes for one parameter on its own."""
    if isinstance(sampler, ColumnSampler):
        return sampler.propose_one(trial, name, distribution)
    study = trial.study
    number = real_number(trial.number)
    frozen = next(t for t in reversed(study.get_trials(deepcopy=False)) if t.number == number)
    return internal_value(distribution, sampler.sample_independent(study, frozen, name, distribution))
