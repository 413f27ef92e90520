"""Focus: parameters that a study fixes or narrows, and what has become of that, as its history tells it.

All workers read the same from the same view. A trial that becomes the best of its time by a value outside takes the
focus of that parameter back. One inside a narrowed range makes room around itself, so that a range follows the best.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.history.attributes import FOCUS_KEY
from optimist.history.view import View
from optimist.states import TrialState

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROOM: Final = 0.15  # around the best trial, as a share of the narrowed range


@dataclass(frozen=True)
class Restriction:
    """What the search keeps to for one parameter.

    Attributes:
        name: The parameter.
        low, high: The range that is searched; both the same number where the parameter is fixed at an internal value.
        log: Whether the range is logarithmic.
    """

    name: str
    low: float
    high: float
    log: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether one value alone is used."""
        return self.low == self.high

    @property
    def room(self) -> float:
        """How far around the best trial the range reaches at least, on the scale of the parameter."""
        return _ROOM * (self._scaled(self.high) - self._scaled(self.low))

    def holds(self, value: float) -> bool:
        """Whether an internal value is inside."""
        return self.low <= value <= self.high

    def around(self, value: float, room: float) -> Restriction:
        """The range, widened where it must be to have room around a value."""
        if self.is_fixed:
            return self
        at = self._scaled(value)
        return replace(
            self, low=min(self.low, self._unscaled(at - room)), high=max(self.high, self._unscaled(at + room))
        )

    def narrow(self, distribution: BaseDistribution) -> BaseDistribution:
        """The part of a distribution that is inside; all of it where nothing is."""
        if not isinstance(distribution, (FloatDistribution, IntDistribution)):
            return distribution
        low, high = max(self.low, distribution.low), min(self.high, distribution.high)
        if isinstance(distribution, FloatDistribution):
            if distribution.step is not None:
                first, last = _cells_between(low, high, distribution.low, distribution.step)
                low, high = distribution.value_at(first), distribution.value_at(last)
            if low >= high:
                return distribution
            return FloatDistribution(low, high, log=distribution.log, step=distribution.step)
        first, last = _cells_between(low, high, distribution.low, distribution.step)
        if first >= last:
            return distribution
        low, high = (distribution.low + i * distribution.step for i in (first, last))
        return IntDistribution(int(low), int(high), log=distribution.log, step=distribution.step)

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value

    def _unscaled(self, at: float) -> float:
        return math.exp(at) if self.log else at


@dataclass(frozen=True)
class Focus:
    """A focus, and how it stands.

    Attributes:
        since: The number of the first trial under it.
        budget: For how many trials it was made; None if that was not said.
        restrictions: What holds, ranges as they are now.
        taken_back: The parameters whose restriction a trial beat, and that trial's number.
    """

    since: int
    budget: int | None
    restrictions: tuple[Restriction, ...]
    taken_back: Mapping[str, int]

    @property
    def by_name(self) -> dict[str, Restriction]:
        """What holds, by parameter."""
        return {restriction.name: restriction for restriction in self.restrictions}


def to_record(since: int, budget: int | None, restrictions: tuple[Restriction, ...]) -> dict[str, Any]:
    """A focus as JSON, for the study's attribute."""
    kept = {r.name: {"low": r.low, "high": r.high, "log": r.log} for r in restrictions}
    return {"since": since, "budget": budget, "params": kept}


def focus_of(view: View) -> Focus | None:
    """Read the present focus of a study with one objective; None if there is none.

    Cost: O(n) array operations.
    """
    records = view.system_attrs.get(FOCUS_KEY)
    if not records:
        return None
    record = records[-1]
    restrictions = {name: Restriction(name, **kept) for name, kept in record["params"].items()}
    rooms = {name: restriction.room for name, restriction in restrictions.items()}
    taken_back: dict[str, int] = {}
    rows = _leaders(view, record["since"])
    for name in list(restrictions):
        if not len(rows) or name not in _known_names(view):
            continue
        held = rows[view.holds([name], rows)]
        for row, value in zip(held.tolist(), view.column(name)[held].tolist(), strict=True):
            if not restrictions[name].holds(value):
                taken_back[name] = int(view.numbers[row])
                del restrictions[name]
                break
            restrictions[name] = restrictions[name].around(value, rooms[name])
    return Focus(record["since"], record["budget"], tuple(restrictions.values()), taken_back)


def feasible_losses(view: View) -> NDArray[Any]:
    """(n,) the losses of the feasible complete trials, infinite for all others."""
    import numpy as np

    is_good = view.states == TrialState.COMPLETE
    for key in view.constraint_keys:
        is_good &= ~(view.constraint(key) > 0.0)
    losses = view.losses[:, 0]
    return np.where(is_good & ~np.isnan(losses), losses, np.inf)


def _leaders(view: View, since: int) -> NDArray[Any]:
    """The rows of the trials from number ``since`` on that were the best of their time."""
    import numpy as np

    if not view.n:
        return np.empty(0, np.intp)
    losses = feasible_losses(view)
    before = np.concatenate([[np.inf], np.minimum.accumulate(losses)[:-1]])
    return np.flatnonzero((losses < before) & (view.numbers >= since))


def _known_names(view: View) -> set[str]:
    return {name for layout in view.layouts for name in layout.items}


def _cells_between(low: float, high: float, origin: float, step: float) -> tuple[int, int]:
    """The first and the last step of a grid between two values; steps that are missed by rounding count as hit."""
    return math.ceil((low - origin) / step - 1e-9), math.floor((high - origin) / step + 1e-9)


def is_choice(distribution: BaseDistribution) -> bool:
    """Whether a parameter has no order, so that it can be fixed and not narrowed."""
    return isinstance(distribution, CategoricalDistribution)
