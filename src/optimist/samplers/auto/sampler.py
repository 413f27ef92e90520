"""AutoSampler: the default, which chooses a sampler for each trial."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Self

from optimist import samplers
from optimist.distributions import BaseDistribution
from optimist.history.protocols import TrialLike
from optimist.history.view import View
from optimist.samplers.auto.choice import Choice, choose, choose_quick
from optimist.samplers.auto.pace import Pace
from optimist.samplers.base import ColumnSampler

METHOD_KEY: Final = "optimist:method"
"""On a trial: [name of the sampler that proposed it, why]."""

_COSTLY: Final = frozenset({"GPSampler"})


class AutoSampler(ColumnSampler):
    """The default sampler: for each trial the one that finds the best values at a cost that trials of this length bear.

    With one objective that is a Gaussian process (:class:`GPSampler`), in turns with :class:`TPESampler` while the latest
    five trials brought nothing better; with several they take turns as well, and from some hundred trials on it is evolution
    (:class:`NSGAIISampler`), with three objectives in turns with the Gaussian process. Where trials take less than some
    tenths of a second, a Gaussian process would hold them up: it is then used as long as proposals, loading of libraries
    included, take no more than a twelfth of the time that the trials take themselves. The other trials are proposed by
    :class:`TPESampler`, in a fraction of a millisecond, or by evolution.

    With a seed the clock plays no part: what is proposed depends on the seed and on the trials alone. The system attribute
    ``optimist:method`` of a trial says which sampler proposed it, and why.

    Example:
        >>> import optimist
        >>> study = optimist.create_study(sampler=optimist.samplers.AutoSampler(seed=1))
        >>> study.optimize(lambda trial: trial.suggest_float("x", -10, 10) ** 2, n_trials=15)
        >>> study.trials[-1].system_attrs["optimist:method"]
        ['GPSampler', 'one objective']

    Args:
        seed: Fixes all random choices, and makes them depend on the trials alone.
    """

    def __init__(self, *, seed: int | None = None) -> None:
        super().__init__(seed)
        self._pinned: dict[str, Any] = {}
        self._samplers: dict[str, ColumnSampler] = {}
        self._pace = None if self.is_seeded else Pace()
        self._last: tuple[View, Choice] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last": None}

    def pin(self, params: Mapping[str, Any]) -> Self:
        pinned = copy.copy(self)
        pinned._pinned, pinned._samplers = {**self._pinned, **params}, {}  # noqa: SLF001  (its own class)
        return pinned

    # Which way a trial goes

    def uniforms(self, trial: TrialLike) -> list[float] | None:
        choice = self._choice(trial.view)
        trial.study.set_trial_system_attr(trial.number, METHOD_KEY, list(choice))
        return self._sampler(choice).uniforms(trial)

    def uniform(self, trial: TrialLike, ordinal: int) -> float:
        return self._sampler(self._choice(trial.view)).uniform(trial, ordinal)

    def _choice(self, view: View) -> Choice:
        """The same for all questions about one view of the trials."""
        last = self._last
        if last is not None and last[0] is view:
            return last[1]
        choice = choose(view)
        if choice.sampler in _COSTLY and self._pace is not None and not self._pace.affords(view):
            choice = choose_quick(view)
        self._last = view, choice
        return choice

    # Proposals

    def relative_space(self, view: View) -> dict[str, BaseDistribution]:
        return self._sampler(self._choice(view)).relative_space(view)

    def propose(self, trial: TrialLike, space: dict[str, BaseDistribution]) -> dict[str, Any]:
        choice = self._choice(trial.view)
        with self._timed(choice):
            return self._sampler(choice).propose(trial, space)

    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        choice = self._choice(trial.view)
        with self._timed(choice):
            return self._sampler(choice).propose_one(trial, name, distribution)

    def _timed(self, choice: Choice) -> AbstractContextManager[None]:
        return nullcontext() if self._pace is None else self._pace.spending(is_costly=choice.sampler in _COSTLY)

    def _sampler(self, choice: Choice) -> ColumnSampler:
        sampler = self._samplers.get(choice.sampler)
        if sampler is None:
            made = getattr(samplers, choice.sampler)(
                seed=self.streams.seed
            )  # NSGA-II loads numpy, so not before it is due
            sampler = self._samplers[choice.sampler] = made.pin(self._pinned) if self._pinned else made
        return sampler
