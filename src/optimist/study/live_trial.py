"""Trial: a running trial as the objective sees it."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping
from pathlib import Path
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
from optimist.history.base_trial import (
    CONSTRAINT_PREFIX,
    UNSET,
    BaseTrial,
    checked_constraint,
    read_constraints,
)
from optimist.history.confidence import Confidence, read_confidence
from optimist.history.draft import Draft, TrialChange
from optimist.history.layout import Edge, internal_value
from optimist.history.parameter_constraint import ParameterConstraint
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial, to_datetime
from optimist.history.view import View
from optimist.numerics.streams import DRAWS_PER_ROW
from optimist.pruners.base import BasePruner, Curve, PromotingPruner, judge, objectives_of
from optimist.samplers.base import BaseSampler, ColumnSampler
from optimist.states import TrialState
from optimist.study.checkpoints import Checkpoints
from optimist.study.ledger import Ledger, refuse_finished
from optimist.study.metrics import read_report, refuse_unnamed

_RUNNING: Final = TrialState.RUNNING
_STEP_LIMIT: Final = 2**63  # steps are kept as 64-bit integers


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


class Trial(BaseTrial):
    """A running trial: it suggests parameters and takes reports.

    Values come from the queue, then from what the sampler pins, then from the recommended defaults (in the trial that
    tries them), then from the sampler.

    Args:
        study: The study it belongs to, as the trial may know it.
        trial_id: Its id in the study's storage.
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
            self._draft.proposed = {
                **self._draft.proposed,
                edge.name: internal,
            }  # what other threads propose next sees it
        return internal

    # Reports

    def report(self, value: float | dict[str, float], step: int) -> None:
        """Report an intermediate value of the objective; or several metrics by name, as ``{"loss": a, "accuracy": b}``.

        The metric that the trial's first report names first is its intermediate value: pruners of studies with one
        objective judge by it, and each report of the trial has to have it. Others may come and go. In studies with
        several objectives, where reports need names, these are the study's ``metric_names``; without such, the first
        report names one metric for each objective first, in the order of the objectives.

        Args:
            value: What the objective would return if the trial ended now; or the values of metrics by name.
            step: How far the trial is, such as the epoch; at least 0. A second report of a step is ignored.

        Raises:
            NotImplementedError: The study has several objectives, and ``value`` has no names.
            TypeError: ``value`` is not a number, or ``step`` not an integer.
            ValueError: ``step`` is negative; or ``value`` names nothing, lacks the first metric, or has no names where
                earlier reports of the trial had, or the other way round.
        """
        draft = self._draft
        row: dict[str, float] | None = None
        if type(value) is not float or draft.metrics:
            value, row = read_report(value, draft, self._ledger)
        elif len(self._ledger.record.directions) > 1:
            refuse_unnamed()
        try:
            step = int(step)
        except (TypeError, ValueError, OverflowError):
            raise TypeError(f"report() needs an integer as step, but got {step!r} ({type(step).__name__}).") from None
        if not 0 <= step < _STEP_LIMIT:
            raise ValueError(f"report() needs a step from 0 to 2**63 - 1, but got {step}.")
        if step in draft.reports:
            warn_user(f"Trial {self._number} reported step {step} before; this report is ignored.")
            return
        if row is None:
            self._ledger.report(draft, step, value, at_once=self._writes_through)
        else:
            self._ledger.report(draft, step, value, at_once=self._writes_through, row=row)

    def should_prune(self) -> bool:
        """Say whether the pruner judges the trial hopeless.

        Raises:
            NotImplementedError: The study has several objectives, and a pruner that cannot judge these.
            ValueError: The trial has not reported a metric for each of several objectives.
        """
        if len(self._ledger.record.directions) > 1 and not getattr(self.study.pruner, "judges_several", False):
            raise NotImplementedError(
                f"Trial.should_prune() works in studies with one objective only, as {type(self.study.pruner).__name__} "
                "cannot judge several. SuccessiveHalvingPruner and HyperbandPruner can."
            )
        self._ledger.sync_if_due()
        draft = self._draft
        view = self.study.view(self._number)
        curve = Curve(
            self._number,
            draft.reports,
            draft.system_attrs,
            self._prune_by,
            self.study.study_name,
            self._internal_params,
            draft.metrics,
            objectives_of(view, self._number, draft.metrics),
        )
        verdict = judge(self.study.pruner, view, curve)
        for key, note in verdict.record.items():
            self._ledger.set_trial_attr(draft, key, note, is_system=True)
        if verdict.record and self._writes_through:
            self._ledger.flush(draft)
        return verdict.stop

    def _internal_params(self) -> dict[str, Any]:
        return dict(zip(self._draft.layout.items, self._draft.values, strict=False))

    def _prune_by(self, pruner: BasePruner) -> bool:
        return pruner.prune(self.study, self.freeze())

    # Checkpoints

    @property
    def checkpoint_dir(self) -> Path:
        """A folder for whatever the trial needs to go on from here, should its worker be lost.

        It is made when it is asked for first, and removed when the trial is complete; see ``Study.keep_checkpoints``.
        What the trial has said so far is committed, so that no checkpoint outlives the parameters that it belongs to.
        Write a file under another name and rename it when it is whole: a worker may be lost at any moment.

        Raises:
            UpdateFinishedTrialError: The trial is finished.
        """
        refuse_finished(self._draft)
        self._ledger.flush(self._draft)
        folder = self.study.checkpoints.folder_of(self._number, self._draft.started_us)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def resume_from(self) -> Path | None:
        """The checkpoints to go on from: those of the trial that this one retries or promotes; None for a fresh start.

        Where that trial was itself a retry or a promotion and left nothing, the folder of the one before it, and so on.
        """
        return self.study.checkpoints.resume_from(self._draft)

    @property
    def budget(self) -> int | None:
        pruner = self.study.pruner
        return pruner.budget(self._draft.system_attrs) if isinstance(pruner, PromotingPruner) else None

    # Attributes

    def set_user_attr(self, key: str, value: Any) -> None:
        self._set_attr(key, value, is_system=False)

    def set_constraint(self, key: str, value: float) -> None:
        self._set_attr(CONSTRAINT_PREFIX + key, checked_constraint(key, value), is_system=True)

    def _set_attr(self, key: str, value: Any, *, is_system: bool) -> None:
        self._ledger.set_trial_attr(self._draft, key, value, is_system=is_system)
        if self._writes_through:
            self._ledger.flush(self._draft)

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
    def user_attrs(self) -> dict[str, Any]:
        return dict(self._draft.user_attrs)

    @property
    def constraints(self) -> dict[str, float]:
        return read_constraints(self._draft.system_attrs)

    @property
    def datetime_start(self) -> datetime.datetime | None:
        return to_datetime(self._draft.started_us)

    @property
    def relative_params(self) -> dict[str, Any]:
        """What the sampler proposed jointly, as the user sees it."""
        space = self._relative_space
        return {name: space[name].to_external_repr(value) for name, value in self._relative.items()}

    # For the study and for samplers

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

    def _repr_html_(self) -> str:
        from optimist.history.notebook import trial_html  # nobody but a notebook needs it

        return trial_html(self.freeze())

    def defer_writes(self) -> None:
        """From now on, parameters and attributes travel with the next commit: somebody sees to it that there is one soon."""
        self._writes_through = False

    def freeze(self) -> FrozenTrial:
        """A snapshot of the trial."""
        return self._ledger.history.trial(self._number)

    @property
    def _trial_id(self) -> int:
        return self._draft.trial_id

    def __getstate__(self) -> dict[str, Any]:
        self._ledger.flush(self._draft)
        return {
            "study": self.study,
            "number": self._number,
            "relative": self._relative,
            "relative_space": self._relative_space,
            "uniforms": self._uniforms,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.study = state["study"]
        draft = self.study.ledger.open(state["number"])
        if draft is None:
            raise TrialNotFoundError(f"Trial {state['number']} is not running any more in {self.study.study_name!r}.")
        self._attach(draft)
        self._relative, self._relative_space = state["relative"], state["relative_space"]
        self._uniforms = state["uniforms"]


def _find_draft(ledger: Ledger, trial_id: int) -> Draft:
    ledger.sync()
    for draft in list(ledger.history.drafts.values()):
        if draft.trial_id == trial_id:
            found = ledger.open(draft.number)
            assert found is not None
            return found
    raise TrialNotFoundError(f"There is no running trial with the id {trial_id} in study {ledger.record.name!r}.")
