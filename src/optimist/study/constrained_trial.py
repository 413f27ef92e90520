"""ConstrainedTrial: a trial of a study with a parameter constraint; here, for all samplers, proposals are admitted.

A proposal is admitted if the constraint allows it. Where the constraint needs parameters that the objective has not asked
for yet, it looks ahead: the missing ones are drawn at random from the ranges that they had in earlier trials.

- A sampler that draws from the law of random search is asked once; then whole points are drawn by that law until one is
  allowed. So the accepted ones follow it exactly, within what is allowed.
- A model is asked again a few times, with other random numbers (TPE and the Gaussian process leave out forbidden candidates
  themselves, and so propose their next best); then whole points are drawn at random.
- Samplers that end know by themselves what is allowed; they are never replaced by random draws.

Where nothing is found, the trial has met a dead end, and fails.
"""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from optimist.distributions import BaseDistribution, distribution_to_json
from optimist.exceptions import DeadEndError, ForbiddenParametersError
from optimist.history.attributes import DEFAULTS_KEY, FIXED_PARAMS_KEY, REFUSED_KEY
from optimist.history.base_trial import UNSET
from optimist.history.draft import Draft
from optimist.history.latest_ranges import LatestRanges
from optimist.history.layout import Edge, internal_value
from optimist.history.parameter_constraint import ParameterConstraint
from optimist.numerics.streams import number_again
from optimist.samplers.base import BaseSampler, ColumnSampler
from optimist.search_space.quantile import quantile_function
from optimist.study.live_trial import Trial
from optimist.study.suggesting_trial import Owner

N_ATTEMPTS: Final = 8
"""So often a model is asked."""

N_DRAWS: Final = 2000
"""So many random points are tried after that."""

_N_AHEAD: Final = 32  # random completions of a model's proposal, before it is held to be forbidden

Planned = dict[str, tuple[BaseDistribution, Any]]


class ConstrainedTrial(Trial):
    """A running trial that keeps to the parameter constraint of its study; see the module, and :class:`Trial`."""

    def __init__(self, study: Owner, trial_id: int, *, draft: Draft | None = None, writes_through: bool = True) -> None:
        super().__init__(study, trial_id, draft=draft, writes_through=writes_through)
        self._n_random = 0  # each value is looked at

    def _attach(self, draft: Draft, writes_through: bool = True) -> None:
        super()._attach(draft, writes_through)
        assert self.study.constraint is not None
        self._constraint: ParameterConstraint = self.study.constraint
        sampler = self.study.sampler
        self._is_exhaustive = sampler.is_exhaustive
        streams = getattr(sampler, "streams", None)
        name = f"constraint/{draft.number}"
        self._random = random.Random(name if streams is None else streams.name(name))
        self._planned: Planned = {}  # parameters to come, so that the point as a whole is allowed
        self.expected: Mapping[str, BaseDistribution] = {}  # parameters that are sure to come

    # Values proposed together

    def _propose(self, sampler: ColumnSampler) -> None:
        super()._propose(sampler)
        self._admit_relative(lambda attempt: sampler.propose(_Again(self, attempt), self._relative_space))

    def _propose_by_hooks(self, sampler: BaseSampler) -> None:
        super()._propose_by_hooks(sampler)

        def propose(attempt: int) -> dict[str, Any]:
            space = self._relative_space
            values = sampler.sample_relative(self.study, self._frozen_again(attempt), space)
            return {name: internal_value(space[name], value) for name, value in values.items()}

        self._admit_relative(propose)

    def _admit_relative(self, propose: Callable[[int], dict[str, Any]]) -> None:
        """Replace joint values that are forbidden by others; by none if none are found."""
        if not self._relative or self._admits_together(self._relative):
            return
        n_draws = 0 if self._is_exhaustive else N_DRAWS
        quantiles = {name: quantile_function(self._relative_space[name]) for name in self._relative}
        draws = ({name: q(self._random.random()) for name, q in quantiles.items()} for _ in range(n_draws))
        asked = (propose(attempt) for attempt in range(1, N_ATTEMPTS))
        self._relative = next((values for values in itertools.chain(asked, draws) if self._admits_together(values)), {})
        self._draft.proposed = self._relative

    def _admits_together(self, values: Mapping[str, Any]) -> bool:
        space = self._relative_space
        external = {name: space[name].to_external_repr(value) for name, value in values.items()}
        planned = self._look_ahead({**external, **self._settled_beforehand()}, _N_AHEAD, is_own=False)
        if planned is None:
            return False
        self._planned = planned
        return True

    def _settled_beforehand(self) -> dict[str, Any]:
        """Values that the trial is going to have whatever is proposed, as far as they are known."""
        defaults = self._ledger.history.system_attrs.get(DEFAULTS_KEY) if self._tries_defaults else None
        return {**(defaults if isinstance(defaults, dict) else {}), **self._given}

    # Values one by one

    def _choose(self, edge: Edge, default: Any) -> Any:
        with self.study.proposal_lock:
            params = self.params
            value = self._settled(edge, default)
            if value is not UNSET and self._is_warm and self._forgets(edge, value, params):
                value = UNSET
            if value is not UNSET:
                self._check_settled({**params, edge.name: edge.external(value)}, edge.name)
                return value
            for value, n_ahead, is_own in self._candidates(edge):
                planned = self._look_ahead({**params, edge.name: edge.external(value)}, n_ahead, is_own=is_own)
                if planned is not None:
                    self._planned = planned
                    return value
            raise self._dead_end(edge, params)

    def _forgets(self, edge: Edge, value: Any, params: dict[str, Any]) -> bool:
        """Whether the value of an earlier study's trial is forbidden here, and so is forgotten."""
        is_queued = edge.name in self._given and edge.name not in self.study.sampler.pinned_params
        if not is_queued or self._constraint.judge({**params, edge.name: edge.external(value)}) is not False:
            return False
        self._given = {known: value for known, value in self._given.items() if known != edge.name}
        return True

    def _check_settled(self, params: dict[str, Any], name: str) -> None:
        """Refuse what the user gave, if it is forbidden.

        Raises:
            ForbiddenParametersError: It is.
        """
        if self._constraint.judge(params) is False:
            source = "an only value"
            if name in self._given:
                is_queued = name in self._draft.system_attrs.get(FIXED_PARAMS_KEY, {})
                source = "the queue" if is_queued else "the sampler's fixed values"
            elif name in self._defaults:
                source = "default="
            raise ForbiddenParametersError(
                f"Trial {self._number}: the parameters {params} are forbidden by the study's parameter_constraint; "
                f"{name!r} is from {source}. Change that value, or the constraint."
            )

    def _candidates(self, edge: Edge) -> Iterator[tuple[Any, int, bool]]:
        """Values to try in turn; how many completions each deserves, and whether the first is the trial's own."""
        if self._uniforms is not None:
            n_ahead = 1  # then the law of what is accepted is that of random search
            yield from ((value, 1, True) for value in self._planned_value(edge))
            yield edge.quantile(self._own_uniform(len(self._draft.values))), 1, True
        else:
            n_ahead = _N_AHEAD
            yield self._sampled(edge), n_ahead, True
            if edge.name in self._relative:
                yield self._sample_alone(edge), n_ahead, True
            for attempt in range(1, N_ATTEMPTS):
                yield self._sample_again(edge, attempt), n_ahead, True
            yield from ((value, n_ahead, True) for value in self._planned_value(edge))
        if not self._is_exhaustive:
            for i in range(N_DRAWS):
                yield edge.quantile(self._random.random()), n_ahead if i < N_DRAWS // 2 else _N_AHEAD, False

    def _planned_value(self, edge: Edge) -> Iterator[Any]:
        planned = self._planned.get(edge.name)
        if planned is not None and planned[0] == edge.distribution:
            yield planned[1]

    def _sample_again(self, edge: Edge, attempt: int) -> Any:
        sampler = self.study.sampler
        if isinstance(sampler, ColumnSampler):
            return sampler.propose_one(_Again(self, attempt), edge.name, edge.distribution)
        frozen = self._frozen_again(attempt)
        return internal_value(
            edge.distribution, sampler.sample_independent(self.study, frozen, edge.name, edge.distribution)
        )

    def _frozen_again(self, attempt: int) -> Any:
        frozen = copy.copy(self.freeze())
        frozen.number = number_again(self._number, attempt)
        return frozen

    def _dead_end(self, edge: Edge, params: dict[str, Any]) -> DeadEndError:
        refused = {edge.name: distribution_to_json(edge.distribution)}
        self._ledger.set_trial_attr(self._draft, REFUSED_KEY, refused, is_system=True)
        tried = "what the sampler has left" if self._is_exhaustive else f"{N_DRAWS} random draws"
        return DeadEndError(
            f"Trial {self._number}: no value of {edge.name!r} from {edge.distribution} was found that the study's "
            f"parameter_constraint allows after {params or 'nothing'}, in {tried}. Make the constraint refuse such values as "
            "soon as it sees them, or narrow the ranges to where it allows something."
        )

    # Parameters to come

    def _look_ahead(self, params: Mapping[str, Any], n_times: int, *, is_own: bool) -> Planned | None:
        """Find values of parameters to come with which the constraint allows ``params``.

        Args:
            params: As the user sees them.
            n_times: How many random completions are tried.
            is_own: Whether to try first what the trial has planned, or would draw, for the parameters to come.

        Returns:
            What it needs to know and was drawn; None if it allows none of that.
        """
        if self._is_exhaustive:
            return None if self._constraint.judge(params) is False else {}
        for i in range(n_times):
            planned: Planned = {}
            known = dict(params)
            ordinal = len(self._draft.values)
            while isinstance(missing := self._constraint.judge(known), str):
                drawn = self._drawn_ahead(missing, ordinal + 1 + len(planned), is_own=is_own and i == 0)
                if drawn is None:
                    return planned  # a parameter that nobody has asked for so far
                planned[missing] = drawn
                known[missing] = drawn[0].to_external_repr(drawn[1])
            if missing:
                return planned
            if not planned:
                break
        return None

    def _drawn_ahead(self, name: str, ordinal: int, *, is_own: bool) -> tuple[BaseDistribution, Any] | None:
        """The range of a parameter to come, and a value: the trial's own, or a random one; None if nothing is known of it."""
        if is_own and name in self._planned:
            return self._planned[name]
        if is_own and name in self._relative:
            return self._relative_space[name], self._relative[name]
        distribution = self.expected.get(name) or self.view.tracker(LatestRanges, LatestRanges).by_name.get(name)
        if distribution is None or name in self._given:
            return None
        u = self._own_uniform(ordinal) if is_own and self._uniforms is not None else self._random.random()
        return distribution, quantile_function(distribution)(u)

    def _own_uniform(self, ordinal: int) -> float:
        """The draw of a trial by the law of random search for its parameter at this position."""
        sampler, uniforms = self.study.sampler, self._uniforms
        assert uniforms is not None
        assert isinstance(sampler, ColumnSampler)
        return uniforms[ordinal] if ordinal < len(uniforms) else sampler.uniform(self, ordinal)


class _Again:
    """A trial as a sampler sees it that is asked once more: with the random numbers of nobody else."""

    def __init__(self, trial: Trial, attempt: int) -> None:
        self._trial = trial
        self.number = number_again(trial.number, attempt)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trial, name)
