"""Keep another sampler to the focus of the study, and test now and then whether that focus is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.history.attributes import PROBE_KEY
from optimist.history.focusing import Focus, Restriction, focus_of
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.numerics.streams import real_number
from optimist.samplers.base import BaseSampler
from optimist.search_space.quantile import quantile_function
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState

_GOLDEN: Final = 0.6180339887498949  # multiples of it spread evenly, however many there are
_N_PLANS: Final = 64  # of the trials that are being proposed


@dataclass(frozen=True)
class _Plan:
    """What one trial keeps to, and the parameter that it tests outside, by the place among the values outside."""

    restrictions: Mapping[str, Restriction]
    probes: str = ""
    place: float = 0.0


class FocusedSampler(BaseSampler):
    """Search where :meth:`Study.focus` says; another sampler proposes there.

    ``Study.focus`` puts it around the study's sampler. A worker that opens the study by itself gives
    ``sampler=FocusedSampler(TPESampler())``: the focus is read from the study. Without a focus it does nothing.

    Every ``probe_every``-th trial is a probe: one of the restricted parameters, in turn, gets a value outside. A trial that
    becomes the best by such a value takes that restriction back. Queued trials and the recommended values take
    precedence over the focus.

    Args:
        base_sampler: Any sampler but an exhaustive one. The ranges it is asked for are the narrowed ones.
        probe_every: At least 2.

    Raises:
        ValueError: ``probe_every`` is below 2.
    """

    def __init__(self, base_sampler: BaseSampler, probe_every: int = 10) -> None:
        if probe_every < 2:
            raise ValueError(f"FocusedSampler(probe_every=...) must be at least 2, but got {probe_every!r}.")
        self.base_sampler = base_sampler
        self.probe_every = probe_every
        self.pinned_params = dict(base_sampler.pinned_params)
        self._plans: dict[int, _Plan] = {}

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.base_sampler})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_plans": {}}

    def reseed_rng(self) -> None:
        self.base_sampler.reseed_rng()

    def has_more(self, view: View) -> bool:
        return self.base_sampler.has_more(view)

    @property
    def is_exhaustive(self) -> bool:
        return self.base_sampler.is_exhaustive

    @property
    def is_seeded(self) -> bool:
        return self.base_sampler.is_seeded

    def needs_all_before(self, number: int) -> bool:
        return self.base_sampler.needs_all_before(number)

    def pin(self, params: Mapping[str, Any]) -> BaseSampler:
        return FocusedSampler(self.base_sampler.pin(params), self.probe_every)

    def before_trial(self, study: StudyLike, trial: FrozenTrial) -> None:
        focus = focus_of(study.view(trial.number)) if len(study.directions) == 1 else None
        self._plans[trial.number] = plan = self._plan(focus, trial.number)
        while len(self._plans) > _N_PLANS:
            del self._plans[next(iter(self._plans))]
        if plan.probes:
            study.set_trial_system_attr(trial.number, PROBE_KEY, plan.probes)
        self.base_sampler.before_trial(study, trial)

    def _plan(self, focus: Focus | None, number: int) -> _Plan:
        if focus is None or number < focus.since or not focus.restrictions:
            return _Plan({})
        i_probe, rest = divmod(number - focus.since, self.probe_every)
        if rest < self.probe_every - 1:
            return _Plan(focus.by_name)
        probed = focus.restrictions[i_probe % len(focus.restrictions)].name
        return _Plan(focus.by_name, probed, (_GOLDEN * (i_probe + 1)) % 1.0)

    def infer_relative_search_space(self, study: StudyLike, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self.base_sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: StudyLike, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        plan = self._plans.get(real_number(trial.number), _Plan({}))
        left, values = {}, {}
        for name, distribution in search_space.items():
            chosen = _chosen(plan, name, distribution)
            if chosen is None:
                restriction = plan.restrictions.get(name)
                left[name] = distribution if restriction is None else restriction.narrow(distribution)
            else:
                values[name] = distribution.to_external_repr(chosen)
        if left:
            values.update(self.base_sampler.sample_relative(study, trial, left))
        return values

    def sample_independent(
        self, study: StudyLike, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        plan = self._plans.get(real_number(trial.number), _Plan({}))
        chosen = _chosen(plan, param_name, param_distribution)
        if chosen is not None:
            return param_distribution.to_external_repr(chosen)
        restriction = plan.restrictions.get(param_name)
        narrowed = param_distribution if restriction is None else restriction.narrow(param_distribution)
        return self.base_sampler.sample_independent(study, trial, param_name, narrowed)

    def after_trial(
        self, study: StudyLike, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._plans.pop(trial.number, None)
        self.base_sampler.after_trial(study, trial, state, values)


def _chosen(plan: _Plan, name: str, distribution: BaseDistribution) -> Any:
    """The internal value that the plan gives a parameter; None if the base sampler shall choose."""
    restriction = plan.restrictions.get(name)
    if restriction is None:
        return None
    if name == plan.probes:
        return outside_value(restriction, distribution, plan.place)
    if not restriction.is_fixed:
        return None
    value = restriction.low if not isinstance(distribution, CategoricalDistribution) else int(restriction.low)
    return value if distribution._contains(value) else None


def outside_value(restriction: Restriction, distribution: BaseDistribution, place: float) -> Any:
    """An internal value outside a restriction; None if there is none.

    Args:
        restriction: What to be outside of.
        distribution: What to be inside of.
        place: In [0, 1): where among the values outside, by their probability under random search.
    """
    if isinstance(distribution, CategoricalDistribution):
        n_others = len(distribution.choices) - 1
        i = int(place * n_others)
        return (i + (i >= restriction.low)) if n_others else None
    quantile = quantile_function(distribution)
    if restriction.is_fixed:
        value = quantile(place)
        return None if restriction.holds(value) else value
    left = restriction.narrow(distribution)
    assert isinstance(left, (FloatDistribution, IntDistribution))
    from optimist.search_space.encoding import encoding_of  # loads numpy, which a study without a focus can do without

    encoding = encoding_of(SearchSpace({restriction.name: distribution}))
    lower, upper = encoding.cells({restriction.name: [left.low, left.high]})
    low, high = float(lower[0, 0]), float(upper[1, 0])
    u = place * (low + 1.0 - high)
    value = quantile(min(u if u < low else u + high - low, 1.0 - 2**-53))
    return None if restriction.holds(value) else value
