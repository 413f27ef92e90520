"""Random search: every parameter on its own, by the law of its distribution."""

from __future__ import annotations

from typing import Any

from optimist.distributions import BaseDistribution
from optimist.history.protocols import TrialLike
from optimist.samplers.base import ColumnSampler
from optimist.search_space.quantile import quantile_function


class RandomSampler(ColumnSampler):
    """Sample every parameter independently and uniformly (in the logarithm, where ``log`` is set).

    Its law never changes: it may repeat a cell of a finite space. Trial k of a seed draws the same values whatever
    happened before and whoever asks.

    Args:
        seed: Fixes the draws.
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed)

    @property
    def reads_history(self) -> bool:
        return False

    def uniforms(self, trial: TrialLike) -> list[float] | None:
        return self.streams.uniforms(trial.number)

    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        return quantile_function(distribution)(self.streams.uniform(trial.number, trial.n_suggested))
