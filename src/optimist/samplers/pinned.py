"""What samplers of whole points have in common: parameters that are fixed, and cells that are not to be repeated."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Self

from optimist.history.protocols import TrialLike
from optimist.samplers.base import ColumnSampler
from optimist.samplers.untried import Untried, untried_cells

_UNTRIED_LANE: Final = 0


class PinnedSampler(ColumnSampler):
    """A sampler that proposes differently where some parameters are fixed, and by default repeats no cell of a finite space.

    Lane 0 of a trial's random numbers belongs to the choice among untried cells.
    """

    _pinned: Mapping[str, Any] = MappingProxyType({})
    _avoids_duplicates: bool = True

    def pin(self, params: Mapping[str, Any]) -> Self:
        pinned = copy.copy(self)
        pinned._pinned = {**self._pinned, **params}  # noqa: SLF001  (its own class)
        return pinned

    def _untried(self, trial: TrialLike) -> Untried | None:
        """The cells that may be proposed; None if any point may."""
        if not self._avoids_duplicates:
            return None
        return untried_cells(trial.view, self._pinned, lambda: self.streams.generator(trial.number, _UNTRIED_LANE))
