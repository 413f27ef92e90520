"""The loop: ask, call the objective, tell; until the budget is spent."""

from __future__ import annotations

import contextlib
import gc
import logging
import threading
from typing import Any, Final, Protocol

from optimist.exceptions import BudgetSpentError, DeadEndError, LeaseLostError, TrialPruned, UpdateFinishedTrialError
from optimist.execution.interrupts import Interrupts, Terminated, terminating
from optimist.execution.loops import run_in_threads, run_serially
from optimist.logging import get_logger
from optimist.states import TrialState
from optimist.study.conductor import Conducted, Conductor, hand_back
from optimist.study.ledger import Ledger
from optimist.study.live_trial import Trial
from optimist.study.outcome import Outcome, outcome_of
from optimist.study.plan import Plan, is_at_least
from optimist.study.promotions import at_rung

_logger = get_logger(__name__)

_LOOK_AGAIN_S: Final = 1.0


class LoopStudy(Conducted, Protocol):
    """What the loop needs of the study that it runs for."""

    in_loop: threading.local


class Loop:
    """One call of ``Study.optimize``.

    Args:
        study: Where trials begin and end.
        plan: What to do.
        lag: Of the deterministic mode; 0 without.
    """

    def __init__(self, study: LoopStudy, plan: Plan, lag: int = 0) -> None:
        self._study = study
        self._plan = plan
        self._conductor = Conductor(study, lag)
        self._n_left = plan.n_trials
        self._running: list[Trial] = []
        self._n_waiting = 0
        self._may_overlap = False
        self._has_next = False  # its trial was begun with the end of the last one
        self._lock = threading.Lock()
        self._turn = threading.Condition(self._lock)
        self._interrupts = Interrupts(handles_term=study.escort.handles_term)

    def run(self, n_threads: int) -> None:
        """Run trials until there is a reason to stop."""
        try:
            if n_threads == 1:
                plan = self._plan
                self._may_overlap = not plan.callbacks and plan.target is None and self._conductor.may_overlap()
                with self._interrupts:
                    run_serially(self._run_one)
            else:
                with terminating(self._hand_back_all):
                    run_in_threads(self._run_one, n_threads, self._halt)
        finally:
            self._conductor.close()

    def _halt(self) -> None:
        with self._lock:
            self._study.is_stopping = True
            self._turn.notify_all()

    def _hand_back_all(self) -> None:
        """SIGTERM came, and threads cannot be ended: all that runs is queued again before the process ends."""
        if self._study.ledger.is_shared:
            for trial in list(self._running):
                _hand_back(self._study, trial)

    def _run_one(self) -> bool:
        """Run one trial; False if none is to be run any more."""
        study = self._study
        self._interrupts.hold()
        study.in_loop.is_set = True
        try:
            trial = self._begin()
            if trial is None:
                return False
            try:
                outcome = self._run(trial)
            finally:
                self._leave(trial)
            if self._plan.callbacks:
                frozen = trial.freeze()
                self._interrupts.release()
                for callback in self._plan.callbacks:
                    callback(study, frozen)
                self._interrupts.hold()
        finally:
            study.in_loop.is_set = False
        if self._plan.progress is not None:
            self._plan.progress.update(study.ledger)
        if self._plan.gc_after_trial:
            gc.collect()
        if self._plan.target is not None and outcome.values is not None and self._is_target_met(outcome):
            study.is_stopping = True
        if not self._has_next:  # else Ctrl-C finds it running
            self._interrupts.release()
        return True

    def _begin(self) -> Trial | None:
        """Start a trial; None if none is to be run any more.

        One thread after the other, so that none starts a trial for what another one has just taken. Where nothing is
        left, a thread waits for the trials that are running: one may fail, or open a new branch. Where the budget is
        spent, it waits for those of other workers: one may be lost, and has to be run again.
        """
        study, conductor = self._study, self._conductor
        with self._lock:
            if self._has_next:
                self._has_next = False
                return self._enter(conductor.begin(self._plan.terms))
            if not study.escort.may_begin():
                return None
            is_spent = False  # as the last look found, with nobody to wait for
            while not study.is_stopping and self._n_left > 0:
                if self._plan.is_late:
                    break
                try:
                    trial = conductor.begin(self._plan.terms) if conductor.wants_more() else None
                    may_change = bool(self._running)
                except BudgetSpentError:
                    trial = None
                    may_change = conductor.waits_for_others()
                    if not may_change and not is_spent:
                        is_spent = True  # but a trial may have been lost, and queued again, between the two questions
                        continue
                if trial is not None:
                    self._n_left -= 1
                    return self._enter(trial)
                if not may_change:
                    break
                self._n_waiting += 1
                self._turn.wait(_LOOK_AGAIN_S)
                self._n_waiting -= 1
        return None

    def _may_begin_next(self) -> bool:
        """Whether it is certain, before a trial has ended, that another one will be run after it."""
        return (
            self._may_overlap
            and not self._study.is_stopping
            and self._n_left > 0
            and not self._plan.is_late
            and self._study.escort.may_begin()
        )

    def _enter(self, trial: Trial | None) -> Trial | None:
        if trial is not None:
            self._running.append(trial)
        return trial

    def _leave(self, trial: Trial) -> None:
        with self._lock:
            self._running.remove(trial)
            if self._n_waiting:
                self._turn.notify_all()

    def _is_target_met(self, outcome: Outcome) -> bool:
        assert outcome.values is not None
        if outcome.state != TrialState.COMPLETE:
            return False
        return is_at_least(outcome.values[0], self._plan.target, self._study.ledger.record.directions[0])

    def _run(self, trial: Trial) -> Outcome:
        study = self._study
        n_objectives = len(study.ledger.record.directions)
        error: BaseException | None = None
        try:
            self._interrupts.release()
            outcome = outcome_of(trial.draft, self._plan.objective(trial), None, n_objectives)
            outcome = at_rung(study, trial.draft, outcome)
            self._interrupts.hold()
        except TrialPruned:
            self._interrupts.hold()
            outcome = outcome_of(trial.draft, None, TrialState.PRUNED, n_objectives, study.ledger.history.system_attrs)
        except Terminated:
            self._interrupts.hold()
            _hand_back(study, trial)
            raise
        except BaseException as raised:  # noqa: BLE001 - whatever happens, the trial gets an outcome
            self._interrupts.hold()
            outcome = Outcome(TrialState.FAIL, None, f"{type(raised).__name__}: {raised}")
            error = raised
        is_forgiven = self._conductor.forgives(is_dead_end=isinstance(error, DeadEndError))
        is_fatal = error is not None and not is_forgiven and not isinstance(error, self._plan.catch)
        then = self._plan.terms if not is_fatal and self._may_begin_next() else None
        try:
            self._has_next = self._conductor.end(trial, outcome, then)
            self._n_left -= self._has_next
        except UpdateFinishedTrialError as late:
            lost = (
                str(late) if isinstance(late, LeaseLostError) else f"Trial {trial.number} was told elsewhere meanwhile."
            )
            _logger.warning("%s What it returned here is dropped.", lost)
            study.ledger.sync()
            outcome = Outcome(trial.freeze().state)
            if isinstance(error, UpdateFinishedTrialError):
                error = None  # the objective noticed it when it reported
        except BaseException:
            with contextlib.suppress(Exception):  # once more: what happened shall not be lost to one failed commit
                study.ledger.finish(trial.draft, outcome.state, outcome.values)
            raise
        else:
            if outcome.state == TrialState.FAIL:
                log_failure(trial.number, trial.params, outcome, error)
            elif _logger.isEnabledFor(logging.INFO):
                log_end(study.ledger, trial.number, trial.params, outcome)
        is_fatal = is_fatal and error is not None
        study.escort.ended(trial.number, outcome.state, outcome.values, is_fatal=is_fatal)
        if error is not None and is_fatal:
            raise error
        return outcome


def _hand_back(study: LoopStudy, trial: Trial) -> None:
    if hand_back(study, trial.draft):
        _logger.warning("SIGTERM: trial %d is handed back to the queue.", trial.number)
    study.escort.ended(trial.number, TrialState.FAIL, None, is_fatal=False)


def log_failure(number: int, params: dict[str, Any], outcome: Outcome, error: BaseException | None) -> None:
    """Tell of a trial that failed."""
    _logger.warning("Trial %d failed with parameters %s. %s", number, params, outcome.problem, exc_info=error)


def log_end(ledger: Ledger, number: int, params: dict[str, Any], outcome: Outcome) -> None:
    """Tell of a trial that is complete or pruned."""
    if outcome.state == TrialState.PRUNED:
        _logger.info("Trial %d pruned.", number)
        return
    assert outcome.values is not None
    if len(outcome.values) > 1:
        _logger.info("Trial %d finished with values %s and parameters %s.", number, outcome.values, params)
        return
    best = ledger.best_trial()
    tail = "" if best is None else f" Best is trial {best.number} with value {best.value}."
    _logger.info("Trial %d finished with value %s and parameters %s.%s", number, outcome.values[0], params, tail)
