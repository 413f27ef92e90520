"""SuggestingTrial: where the parameters of a running trial come from."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    check_distribution_compatibility,
)
from optimist.exceptions import InvalidSpaceError, TrialNotFoundError, warn_user
from optimist.history.attributes import DEFAULTS_KEY, FIXED_PARAMS_KEY, WARM_POINT_KEY
from optimist.history.base_trial import UNSET, BaseTrial
from optimist.history.confidence import Confidence, read_confidence
from optimist.history.draft import Draft, TrialChange
from optimist.history.layout import Edge, internal_value
from optimist.history.parameter_constraint import ParameterConstraint
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.numerics.streams import DRAWS_PER_ROW
from optimist.pruners.base import BasePruner
from optimist.samplers.base import BaseSampler, ColumnSampler
from optimist.states import TrialState
from optimist.study.checkpoints import Checkpoints
from optimist.study.ledger import Ledger, refuse_finished

_RUNNING: Final = TrialState.RUNNING


class Owner(StudyLike, Protocol):
    """What a running trial needs of its study."""

    ledger: Ledger
    sampler: BaseSampler
    pruner: BasePruner
    proposal_lock: threading.RLock
    checkpoints: Checkpoints
    constraint: ParameterConstraint | None

    def tries_defaults(self, number: int) -> bool:
        """Whether a trial that starts now shall try the recommended values."""


class SuggestingTrial(BaseTrial):
    """A running trial that knows its parameters, and nothing yet of reports.

    Values come from the queue, then from what the sampler pins, then from the recommended defaults (in the trial that
    tries them), then from the sampler.

    Args:
        study: The study it belongs to, as the trial may know it.
        trial_id: Its id in the study's storage.
        draft: Its record, if it is at hand.
        writes_through: Whether each parameter and attribute is committed at once; see :meth:`defer_writes`.
    """

    _uniforms: list[float] | None
    _is_warm = False  # whether it tries a trial of an earlier study again
    _confidence: Mapping[str, float] = MappingProxyType({})  # by parameter, as it was written

    def __init__(self, study: Owner, trial_id: int, *, draft: Draft | None = None, writes_through: bool = True) -> None:
        self.study = study
        self._attach(_find_draft(study.ledger, trial_id) if draft is None else draft, writes_through)
        sampler = study.sampler
        if isinstance(sampler, ColumnSampler):
            self._uniforms = sampler.uniforms(self)
            if self._uniforms is None:
                with study.proposal_lock:
                    self._propose(sampler)
        else:
            with study.proposal_lock:
                self._propose_by_hooks(sampler)
        if self._uniforms is not None and not self._given and not self._tries_defaults:
            self._n_random = DRAWS_PER_ROW

    def _attach(self, draft: Draft, writes_through: bool = True) -> None:
        self._ledger = self.study.ledger
        self._draft = draft
        self._number = draft.number
        self._writes_through = writes_through
        self._view: View | None = None
        self._relative: dict[str, Any] = {}
        self._relative_space: dict[str, BaseDistribution] = {}
        self._defaults: dict[str, Any] = {}
        self._given: Mapping[str, Any] = self.study.sampler.pinned_params
        if FIXED_PARAMS_KEY in draft.system_attrs:
            self._is_warm = WARM_POINT_KEY in draft.system_attrs
            queued = draft.system_attrs[FIXED_PARAMS_KEY]
            self._given = {**queued, **self._given} if self._is_warm else {**self._given, **queued}
        self._tries_defaults = self.study.tries_defaults(draft.number)
        self._uniforms = None
        self._n_random = 0  # how many parameters get the uniforms as they are

    def _propose(self, sampler: ColumnSampler) -> None:
        space = sampler.relative_space(self.view)
        if space:
            self._draft.proposed = self._relative = sampler.propose(self, space)
            self._relative_space = space

    def _propose_by_hooks(self, sampler: BaseSampler) -> None:
        sampler.before_trial(self.study, self.freeze())
        frozen = self.freeze()
        self._relative_space = space = sampler.infer_relative_search_space(self.study, frozen)
        values = sampler.sample_relative(self.study, frozen, space)
        self._relative = {name: internal_value(space[name], value) for name, value in values.items()}
        self._draft.proposed = self._relative

    # Suggestions

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
        default: float | None = None,
        confidence: Confidence | None = None,
    ) -> float:
        draft = self._draft
        edge = draft.layout.edges.get(name)
        if edge is None or edge.signature != (low, high, step, log):
            distribution = FloatDistribution(low, high, log=log, step=step)
            if draft.layout.find(name) is not None:
                return float(self._again(name, distribution))
            edge = self._edge(name, distribution, (low, high, step, log))
        if draft.state is not _RUNNING:
            refuse_finished(draft)
        if confidence is not None:
            self._note_confidence(name, confidence, has_default=default is not None)
        values = draft.values
        if len(values) < self._n_random:
            value = edge.quantile(self._uniforms[len(values)])  # type: ignore[index]
        else:
            value = self._choose(edge, UNSET if default is None else default)
        values.append(value)
        draft.layout = edge.target
        if self._writes_through:
            self._ledger.flush(draft)
        return value  # type: ignore[no-any-return]

    def suggest_int(
        self,
        name: str,
        low: int,
        high: int,
        *,
        step: int = 1,
        log: bool = False,
        default: int | None = None,
        confidence: Confidence | None = None,
    ) -> int:
        draft = self._draft
        edge = draft.layout.edges.get(name)
        if edge is None or edge.signature != (low, high, step, log, int):
            distribution = IntDistribution(low, high, log=log, step=step)
            if draft.layout.find(name) is not None:
                return int(self._again(name, distribution))
            edge = self._edge(name, distribution, (low, high, step, log, int))
        if confidence is not None:
            self._note_confidence(name, confidence, has_default=default is not None)
        return self._suggest(edge, UNSET if default is None else default)  # type: ignore[no-any-return]

    def _suggest_choice(
        self, name: str, choices: Any, default: Any, confidence: Confidence | None, *, ordered: bool
    ) -> Any:
        draft = self._draft
        edge = draft.layout.edges.get(name)
        choices = tuple(choices)
        # 1 == True == 1.0: equal tuples are the same choices only if their types agree as well.
        signature: tuple[Any, ...] = (choices, tuple(map(type, choices)))
        if ordered:
            signature += (True,)
        if edge is None or edge.signature != signature:
            distribution = CategoricalDistribution(choices, ordered)
            if draft.layout.find(name) is not None:
                return self._again(name, distribution)
            edge = self._edge(name, distribution, signature)
        if confidence is not None:
            self._note_confidence(name, confidence, has_default=default is not UNSET)
        return self._suggest(edge, default)

    def suggest(self, name: str, distribution: BaseDistribution) -> Any:
        """Suggest a value from a distribution; what ``ask(fixed_distributions=...)`` does for each parameter."""
        if self._draft.layout.find(name) is not None:
            return self._again(name, distribution)
        return self._suggest(self._edge(name, distribution, None), UNSET)

    def _note_confidence(self, name: str, confidence: Confidence, *, has_default: bool) -> None:
        self._confidence = {**self._confidence, name: read_confidence(name, confidence, has_default=has_default)}

    def _edge(self, name: str, distribution: BaseDistribution, signature: object) -> Edge:
        refuse_finished(self._draft)
        self._ledger.check(TrialChange(params=[(name, distribution, 0)]))
        ledger = self._ledger
        with ledger.history.lock:
            return ledger.history.tree.extend(self._draft.layout, name, distribution, signature)

    def _suggest(self, edge: Edge, default: Any) -> Any:
        """Choose a value, note it, and return it as the user sees it."""
        draft = self._draft
        if draft.state is not _RUNNING:
            refuse_finished(draft)
        value = self._choose(edge, default)
        draft.values.append(value)
        draft.layout = edge.target
        if self._writes_through:
            self._ledger.flush(draft)
        return value if edge.choices is None else edge.choices[value]

    def _again(self, name: str, distribution: BaseDistribution) -> Any:
        """The value of a parameter that the trial has already."""
        i, edge = self._draft.layout.items[name]
        if edge.distribution != distribution:
            check_distribution_compatibility(edge.distribution, distribution)
            warn_user(
                f"Trial {self._number} asks for the parameter {name!r} again, from {distribution}; it keeps the value "
                f"of the first call, from {edge.distribution}.",
                RuntimeWarning,
            )
        return edge.external(self._draft.values[i])

    def _choose(self, edge: Edge, default: Any) -> Any:
        """The internal value of a new parameter."""
        value = self._settled(edge, default)
        return self._sampled(edge) if value is UNSET else value

    def _settled(self, edge: Edge, default: Any) -> Any:
        """The internal value of a parameter that is not up to the sampler; else a mark of its own."""
        name, distribution = edge.name, edge.distribution
        if default is not UNSET:
            if not distribution.contains(default):
                raise InvalidSpaceError(
                    f"Parameter {name!r}: the recommended value default={default!r} is not in {distribution}."
                )
            self._defaults[name] = default
        if name in self._given and not (self._is_warm and self._leaves_open(name, distribution)):
            return self._checked_given(name, distribution)
        if default is not UNSET and self._tries_defaults:
            if DEFAULTS_KEY not in self._draft.system_attrs and FIXED_PARAMS_KEY not in self._draft.system_attrs:
                self._ledger.set_trial_attr(self._draft, DEFAULTS_KEY, True, is_system=True)
            return internal_value(distribution, default)
        return edge.quantile(0.0) if distribution.single() else UNSET

    def _sampled(self, edge: Edge) -> Any:
        """The internal value that the sampler proposes."""
        name = edge.name
        if name in self._relative and self._fits(name, edge.distribution):
            return self._relative[name]
        return self._sample_alone(edge)

    def _checked_given(self, name: str, distribution: BaseDistribution) -> Any:
        internal = internal_value(distribution, self._given[name])
        if not distribution._contains(internal):
            warn_user(
                f"Parameter {name!r}: the given value {self._given[name]!r} is used although it is not in "
                f"{distribution}.",
            )
        return internal

    def _leaves_open(self, name: str, distribution: BaseDistribution) -> bool:
        """Whether the value of an earlier study's trial is none of this study's range, and so is forgotten."""
        if name in self.study.sampler.pinned_params or distribution.contains(self._given[name]):
            return False
        self._given = {known: value for known, value in self._given.items() if known != name}
        return True

    def _fits(self, name: str, distribution: BaseDistribution) -> bool:
        """Whether a proposal made for the space seen so far is allowed by what the objective asks for now."""
        expected = self._relative_space[name]
        if expected is distribution or expected == distribution:
            return True
        check_distribution_compatibility(expected, distribution)
        return distribution._contains(self._relative[name])

    def _sample_alone(self, edge: Edge) -> Any:
        sampler = self.study.sampler
        if self._uniforms is not None:
            assert isinstance(sampler, ColumnSampler)
            return edge.quantile(sampler.uniform(self, len(self._draft.values)))
        with self.study.proposal_lock:
            if isinstance(sampler, ColumnSampler):
                internal = sampler.propose_one(self, edge.name, edge.distribution)
            else:
                value = sampler.sample_independent(self.study, self.freeze(), edge.name, edge.distribution)
                internal = internal_value(edge.distribution, value)
            # What other threads propose next sees it.
            self._draft.proposed = {**self._draft.proposed, edge.name: internal}
        return internal

    # What it has so far

    @property
    def number(self) -> int:
        return self._number

    @property
    def params(self) -> dict[str, Any]:
        return self._draft.layout.params(self._draft.values)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return self._draft.layout.distributions

    @property
    def relative_params(self) -> dict[str, Any]:
        """What the sampler proposed jointly, as the user sees it."""
        space = self._relative_space
        return {name: space[name].to_external_repr(value) for name, value in self._relative.items()}

    @property
    def draft(self) -> Draft:
        """The record of the trial in the history."""
        return self._draft

    @property
    def view(self) -> View:
        """The history without this trial, taken when it is asked for first."""
        if self._view is None:
            self._view = self.study.view(self._number)
        return self._view

    @property
    def n_suggested(self) -> int:
        """How many parameters the trial has."""
        return len(self._draft.values)

    @property
    def values(self) -> dict[str, Any]:
        """Internal values of the trial's parameters by name."""
        return {name: self._draft.values[i] for name, (i, _) in self._draft.layout.items.items()}

    @property
    def recommended(self) -> dict[str, Any]:
        """The recommended values that the objective gave in this trial; of a trial by random draws only the first."""
        return self._defaults

    @property
    def confidence(self) -> dict[str, float]:
        """How sure they are, by parameter, where the objective said so."""
        confidence = self._confidence
        return {name: sure for name, sure in confidence.items() if name in self._defaults} if confidence else {}

    def defer_writes(self) -> None:
        """From now on, parameters and attributes travel with the next commit: somebody sees to it that there is one soon."""
        self._writes_through = False

    def freeze(self) -> FrozenTrial:
        """A snapshot of the trial."""
        return self._ledger.history.trial(self._number)


def _find_draft(ledger: Ledger, trial_id: int) -> Draft:
    ledger.sync()
    for draft in list(ledger.history.drafts.values()):
        if draft.trial_id == trial_id:
            found = ledger.open(draft.number)
            assert found is not None
            return found
    raise TrialNotFoundError(f"There is no running trial with the id {trial_id} in study {ledger.record.name!r}.")
