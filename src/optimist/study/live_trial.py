"""Trial: a running trial as the objective sees it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, Final

from optimist.exceptions import TrialNotFoundError, warn_user
from optimist.history.base_trial import CONSTRAINT_PREFIX, checked_constraint, read_constraints
from optimist.history.records import to_datetime
from optimist.pruners.base import BasePruner, Curve, PromotingPruner, judge, objectives_of
from optimist.study.ledger import refuse_finished
from optimist.study.metrics import read_report, refuse_unnamed
from optimist.study.suggesting_trial import SuggestingTrial

_STEP_LIMIT: Final = 2**63  # steps are kept as 64-bit integers


class Trial(SuggestingTrial):
    """A running trial: it suggests parameters, takes reports, and says whether to go on; see :class:`SuggestingTrial`."""

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
    def user_attrs(self) -> dict[str, Any]:
        return dict(self._draft.user_attrs)

    @property
    def constraints(self) -> dict[str, float]:
        return read_constraints(self._draft.system_attrs)

    @property
    def datetime_start(self) -> datetime.datetime | None:
        return to_datetime(self._draft.started_us)

    # For notebooks and other processes

    def _repr_html_(self) -> str:
        from optimist.history.notebook import trial_html  # nobody but a notebook needs it

        return trial_html(self.freeze())

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
