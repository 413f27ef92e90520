"""Let a random share of the trials that a pruner condemns go on to their end, so that one learns what pruning costs."""

from __future__ import annotations

import copy
import random
from collections.abc import Container
from dataclasses import replace

from optimist.history.attributes import AUDIT_KEY
from optimist.history.condemned import Condemnation, Shadow, is_control
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.study_face import StudyFace
from optimist.history.trackers import loss
from optimist.history.view import View
from optimist.pruners.base import GO_ON, BasePruner, ColumnPruner, Curve, PromotingPruner, Verdict, judge
from optimist.states import StudyDirection, TrialState


class AuditedPruner(ColumnPruner):
    """Ask another pruner, and let a random share of the trials that it condemns go on: the controls of an audit.

    Nobody knows how good a stopped trial would have become. By the controls one does: ``Study.pruning_audit`` and
    ``optimist audit`` estimate from them how many of the condemned trials would have become the best, and which
    hyperparameters were condemned too early.

    The audited pruner decides about all other trials as if the controls had been pruned: it sees each with the curve that
    it had when it was condemned, and never its end. Whether a trial becomes a control follows from the seed and the
    trial's number, whichever worker asks. Samplers, and ``Study.best_trial``, do learn of the controls' values. For studies
    with one objective.

    Args:
        pruner: Any pruner. One that is written against :class:`BasePruner` alone sees a study whose trials, best trial
            and view stand as above; the trials' times and attributes are as they are, and so is what it takes from the
            storage past the study.
        control: The share of the condemned trials to let go on, from 0 to 1: 0.1 for one in ten. With 0 the condemned
            trials are only noted, with 1 none is stopped.
        seed: Decides which; any non-negative integer. None takes the study's name in its place.

    Raises:
        TypeError: ``pruner`` is no pruner, is audited already, or promotes trials.
        ValueError: ``control`` is outside its range.
    """

    def __init__(self, pruner: BasePruner, control: float = 0.1, seed: int | None = None) -> None:
        given: object = pruner
        if not isinstance(given, BasePruner) or isinstance(given, AuditedPruner):
            raise TypeError(
                f"AuditedPruner wraps a pruner that is not audited yet, such as MedianPruner(), but got {pruner!r}."
            )
        if isinstance(given, PromotingPruner):
            raise TypeError(
                f"AuditedPruner cannot audit {type(given).__name__}: what that stops is only put off, and goes on when it "
                "deserves it."
            )
        if not 0.0 <= control <= 1.0:
            raise ValueError(
                f"AuditedPruner needs 0 <= control <= 1, but got control={control!r}. "
                "It is a share of the condemned trials: 0.1 lets one in ten go on."
            )
        self._pruner = pruner
        self._control = control
        self._seed = seed

    @property
    def uses_clock(self) -> bool:
        return self._pruner.uses_clock

    def decide(self, view: View, trial: Curve) -> Verdict:
        if is_control(trial.system_attrs):
            return GO_ON
        shown = view.tracker(Shadow, Shadow).view(view)
        verdict = judge(
            self._pruner, shown, replace(trial, prune_by=lambda pruner: trial.prune_by(_WithoutControls(pruner)))
        )
        if not verdict.stop or AUDIT_KEY in trial.system_attrs:  # which was told to stop, and did not
            return verdict
        condemned = Condemnation(
            step=trial.last_step,
            value=trial.reports.get(trial.last_step, float("nan")),
            incumbent=_incumbent(shown),
            is_control=self._is_control(trial),
            pruner=type(self._pruner).__name__,
            reason=verdict.reason,
        )
        record = {**verdict.record, AUDIT_KEY: condemned.note()}
        if condemned.is_control:
            return Verdict(False, f"It goes on as a control of the audit. {verdict.reason}".rstrip(), record)
        return Verdict(True, verdict.reason or f"{condemned.pruner} says so.", record)

    def _is_control(self, trial: Curve) -> bool:
        """Draw for a trial: a number in [0, 1) that follows from a key and its number, and from nothing else.

        Samplers draw by seed and number as well. The key says what for, lest the same seed give the same numbers.
        """
        key = trial.study_name if self._seed is None else self._seed
        return random.Random(f"audit/{key}/{trial.number}").random() < self._control  # a text is hashed with SHA-512


def _incumbent(view: View) -> float | None:
    if view.n_objectives > 1:
        return None
    lead = view.leader(loss)
    if lead is None:
        return None
    return -lead.measure if view.directions[0] == StudyDirection.MAXIMIZE else lead.measure


class _WithoutControls(BasePruner):
    """Puts a study before a pruner that reads no columns, as if its controls had been pruned.

    Args:
        pruner: The pruner.
    """

    def __init__(self, pruner: BasePruner) -> None:
        self._pruner = pruner

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        return bool(self._pruner.prune(StudyWithoutControls(study), trial))


class StudyWithoutControls(StudyFace):
    """A study as if the controls of its audit had been pruned when they were condemned."""

    def view(self, exclude: int = -1) -> View:
        view = self._study.view(exclude)
        return view.tracker(Shadow, Shadow).view(view)

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        trials = (_as_pruned(trial) for trial in self._study.get_trials(deepcopy=deepcopy))
        return [trial for trial in trials if states is None or trial.state in states]

    @property
    def best_trial(self) -> FrozenTrial:
        view = self.view()
        lead = view.leader(loss)
        if lead is None:
            raise ValueError("No feasible trial is complete that is no control.")
        number = view.numbers[lead.row]
        return next(copy.deepcopy(t) for t in self._study.get_trials(deepcopy=False) if t.number == number)


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    """A control as it stood when it was condemned; any other trial as it is."""
    if not is_control(trial.system_attrs):
        return trial
    condemned_at = trial.system_attrs[AUDIT_KEY]["step"]
    pruned = copy.copy(trial)
    pruned.state = TrialState.PRUNED
    pruned.intermediate_values = {s: v for s, v in trial.intermediate_values.items() if s <= condemned_at}
    pruned.intermediate_metrics = {s: row for s, row in trial.intermediate_metrics.items() if s <= condemned_at}
    last = pruned.intermediate_values.get(condemned_at)
    pruned.values = None if last is None or last != last else [last]
    return pruned
