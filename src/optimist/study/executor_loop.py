"""The loop of a study whose trials run where an executor puts them: threads, processes, a cluster of Dask or Ray.

This process, the driver, asks and tells: it begins each trial, lets the sampler propose, hands it to the executor, and
ends it by what comes back. So the budget is met exactly, and a trial is known to be lost as soon as the executor says so:
it is given up, queued again, and its place in the budget is free.
"""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import ExitStack, contextmanager, suppress
from pickle import PickleError
from typing import Any, Final, Protocol

from optimist.exceptions import BudgetSpentError, UpdateFinishedTrialError, WorkerError
from optimist.execution.addresses import driver_address, is_loopback
from optimist.execution.executors import Pool
from optimist.history.attributes import LEASE_LOST_KEY
from optimist.history.draft import Draft
from optimist.logging import get_logger
from optimist.states import TrialState
from optimist.storages.serving import works_elsewhere, works_everywhere
from optimist.study.conductor import Conductor, end_trial, hand_back
from optimist.study.crew_messages import pack, pickle_for
from optimist.study.errand import Returned, attempt, run_errand
from optimist.study.halt import Halt
from optimist.study.live_trial import Trial
from optimist.study.optimize import log_end, log_failure
from optimist.study.outcome import Outcome
from optimist.study.outsourcing import Employer, call_back, meets_target, served, stand_ins_of, work_for
from optimist.study.plan import Plan
from optimist.study.promotions import at_rung

_logger = get_logger(__name__)

_TICK_S: Final = 0.1
_LOOK_AGAIN_S: Final = 1.0
_COUNT_AGAIN_S: Final = 1.0

_MAX_LOSSES_IN_A_ROW: Final = 10
"""So many trials may be lost one after the other without any coming to an end."""

_SAME_EVERYWHERE: Final = (ImportError, AttributeError, TypeError, PickleError)
"""What an executor raises if a call cannot be run by any of its workers: Optimist is not installed there, say."""


class Carrier(Protocol):
    """How trials get to the executor."""

    def send(self, trial: Trial) -> Future[Returned]:
        """Hand a trial in."""

    def take_back(self, trial: Trial) -> Draft | None:
        """The trial as it stands, to be ended here; None if it was ended elsewhere."""


class ExecutorLoop:
    """One call of ``Study.optimize`` with an executor.

    Args:
        study: Where trials live.
        plan: What to do: the objective runs out there, callbacks in this process.
        pool: The executor.
        n_slots: How many trials run at a time; None: as many as the executor has slots, which may change.

    Raises:
        ValueError: Neither says how many.
    """

    def __init__(self, study: Employer, plan: Plan, pool: Pool, n_slots: int | None) -> None:
        self._study = study
        self._plan = plan
        self._pool = pool
        self._conductor = Conductor(study)
        self._n_left = plan.n_trials
        self._running: dict[int, tuple[Trial, Future[Returned]]] = {}
        self._ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._halt = Halt()
        self._waits = False  # for trials of others, that may be lost
        self._look_at = 0.0  # no trial is begun before
        self._n_losses_in_a_row = 0
        self._has_workers = True
        self._is_fixed = n_slots is not None
        self._n_slots = n_slots if n_slots is not None else self._count()
        self._counted_at = time.monotonic()

    # The loop

    def run(self) -> None:
        """Run trials until there is a reason to stop.

        Raises:
            WorkerError: An objective raised what is not to be caught, or the executor takes no work any more.
            KeyboardInterrupt: Ctrl-C was pressed; the trials that were running have ended, or are queued again.
            Terminated: SIGTERM came; the trials that were running are queued again.
        """
        ledger = self._study.ledger
        with ExitStack() as stack:
            stack.enter_context(ledger.working(self._study.lost_trials.reclaim))
            self._carrier = stack.enter_context(_carrier_for(self._study, self._plan, self._pool))
            stack.enter_context(self._halt.on_signals())
            try:
                while self._turn():
                    pass
            finally:
                self._abandon()
                self._conductor.close()
        self._halt.raise_reason()

    def _turn(self) -> bool:
        """Begin and end what can be; False if all is done."""
        self._fill()
        if not self._running and not self._waits:
            return False
        with suppress(queue.Empty):
            number = self._ended.get(timeout=_TICK_S)
            while True:
                self._take_in(number)
                number = self._ended.get_nowait()
        return not self._halt.is_urgent

    # Trials that begin

    def _fill(self) -> None:
        """Hand in as many trials as there are free slots."""
        self._waits = False
        if not self._is_fixed and time.monotonic() - self._counted_at >= _COUNT_AGAIN_S:
            self._n_slots, self._counted_at = self._count(), time.monotonic()
        while len(self._running) < self._n_slots and self._may_begin():
            if time.monotonic() < self._look_at:
                self._waits = True
                return
            trial = self._begin()
            if trial is None:
                self._look_at = time.monotonic() + _LOOK_AGAIN_S
                return
            self._n_left -= 1
            self._send(trial)

    def _count(self) -> int:
        n_slots = self._pool.count_slots()
        if n_slots is None:
            raise ValueError(
                f"{type(self._pool.executor).__name__} does not tell how many calls it runs at a time. Say so with "
                "optimize(..., executor=..., workers=N)."
            )
        if n_slots == 0 and self._has_workers:
            _logger.warning("The executor has no workers at the moment; a trial waits for the first one.")
        self._has_workers = n_slots > 0
        return max(1, n_slots)  # a cluster that grows with its load has to see some

    def _may_begin(self) -> bool:
        if self._halt.is_on or self._study.is_stopping or self._plan.is_late or self._n_left <= 0:
            return False
        return self._study.escort.may_begin()

    def _begin(self) -> Trial | None:
        """Start a trial; None if there is none to be started now.

        Where nothing is left to try, a trial that is running may yet fail, or open a new branch. Where the budget is
        spent, one of another worker may be lost, and has to be run again.
        """
        conductor = self._conductor
        try:
            return conductor.begin(self._plan.terms) if conductor.wants_more() else None
        except BudgetSpentError:
            self._waits = conductor.waits_for_others()
        if self._waits or self._running:
            return None
        try:  # a trial may have been lost, and queued again, between the two questions
            return conductor.begin(self._plan.terms)
        except BudgetSpentError:
            return None

    def _send(self, trial: Trial) -> None:
        number = trial.number
        try:
            future = self._carrier.send(trial)
        except UpdateFinishedTrialError:
            self._note_late(number)
        except Exception as error:  # noqa: BLE001  executors of all kinds raise errors of all kinds
            self._give_back(trial)
            self._halt_broken(error)
        else:
            self._running[number] = trial, future
            future.add_done_callback(lambda _: self._ended.put(number))

    # Trials that end

    def _take_in(self, number: int) -> None:
        trial, future = self._running.pop(number)
        self._look_at = 0.0
        try:
            back = future.result()
        except BaseException as error:  # noqa: BLE001  among them cancellations, which are no Exception everywhere
            self._lose(trial, f"{type(error).__name__}: {error}", error)
            return
        if back.why_lost:
            self._lose(trial, back.why_lost)
            return
        self._n_losses_in_a_row = 0
        if back.is_stopping:
            self._study.is_stopping = True
        draft = self._carrier.take_back(trial)
        try:
            if draft is None:
                self._note_late(number)
            else:
                self._end(draft, back)
        except UpdateFinishedTrialError:
            self._note_late(number)

    def _end(self, draft: Draft, back: Returned) -> None:
        study = self._study
        outcome = at_rung(study, draft, back.outcome)
        is_forgiven = self._conductor.forgives(is_dead_end=back.is_dead_end)
        is_fatal = back.is_fatal and not is_forgiven
        end_trial(study, draft, outcome, back.recommended, confidence=back.confidence)
        params = draft.layout.params(draft.values)
        if outcome.state == TrialState.FAIL:
            told = Outcome(outcome.state, None, back.text) if back.text else outcome
            log_failure(draft.number, params, told, back.error)
        else:
            log_end(study.ledger, draft.number, params, outcome)
        study.escort.ended(draft.number, outcome.state, outcome.values, is_fatal=is_fatal)
        if is_fatal:
            self._halt.call(back.error or WorkerError(f"A trial that ran on the executor raised {back.text}"))
        else:
            self._follow(draft.number, outcome)

    def _follow(self, number: int, outcome: Outcome) -> None:
        """Do what is to be done after a trial."""
        if (error := call_back(self._study, self._plan, number)) is not None:
            self._halt.call(error)
        if meets_target(self._study, self._plan, outcome.state, outcome.values):
            self._halt.call()

    def _note_late(self, number: int) -> None:
        """A trial was ended elsewhere meanwhile."""
        study = self._study
        study.ledger.sync()
        trial = study.ledger.history.trial(number)
        is_lost = LEASE_LOST_KEY in trial.system_attrs
        what = "given up" if is_lost else "told"
        _logger.warning("Trial %d was %s elsewhere meanwhile. What it returned here is dropped.", number, what)
        study.escort.ended(number, trial.state, trial.values, is_fatal=False)
        if is_lost:
            self._n_left += 1  # its retry takes the place
        else:
            self._follow(number, Outcome(trial.state, trial.values))

    # Trials that are lost

    def _lose(self, trial: Trial, why: str, error: BaseException | None = None) -> None:
        """A trial will not come back: queue it again."""
        number, ledger = trial.number, self._study.ledger
        is_ended = self._study.give_up(number)
        ledger.open(number)  # its lease is nobody's any more
        if not is_ended:
            self._note_late(number)
            return
        _logger.warning("Trial %d is lost: %s", number, why)
        self._study.escort.ended(number, TrialState.FAIL, None, is_fatal=False)
        self._n_left += 1
        self._n_losses_in_a_row += 1
        if isinstance(error, (BrokenExecutor, *_SAME_EVERYWHERE)):
            self._halt_broken(error)
        elif self._n_losses_in_a_row >= _MAX_LOSSES_IN_A_ROW:
            self._halt.call(
                WorkerError(f"{self._n_losses_in_a_row} trials were lost one after the other; of the last: {why}")
            )

    def _halt_broken(self, error: BaseException) -> None:
        stopped = WorkerError(
            f"The executor cannot run trials (any more): {type(error).__name__}: {error}. Those that it had are queued "
            "again; call optimize() with another executor to go on."
        )
        stopped.__cause__ = error
        self._halt.call(stopped)

    def _give_back(self, trial: Trial) -> None:
        """A trial will not be run to its end, for no fault of its worker."""
        hand_back(self._study, trial.draft)
        self._n_left += 1
        self._study.escort.ended(trial.number, TrialState.FAIL, None, is_fatal=False)

    def _abandon(self) -> None:
        """Queue all trials again that still run; those that can be are ended."""
        running, self._running = self._running, {}
        for trial, future in running.values():
            future.cancel()
            try:
                self._give_back(trial)
            except Exception as error:  # noqa: BLE001  it is found when its lease is over
                _logger.warning("Trial %d could not be handed back: %s", trial.number, error)


@contextmanager
def _carrier_for(study: Employer, plan: Plan, pool: Pool) -> Iterator[Carrier]:
    if pool.shares_memory:
        yield _Threads(study, plan, pool)
        return
    address = driver_address(pool.host)
    works = works_elsewhere if is_loopback(address.host) else works_everywhere
    with served(study.ledger.storage, address, works) as storage:
        work = work_for(study, plan)
        yield _Elsewhere(study, pool, pack(storage, study.study_name, work, stand_ins_of(study)))


class _Threads:
    """The executor's workers are threads of this process: they get the trial itself."""

    def __init__(self, study: Employer, plan: Plan, pool: Pool) -> None:
        self._study = study
        self._plan = plan
        self._pool = pool

    def send(self, trial: Trial) -> Future[Returned]:
        plan = self._plan
        return self._pool.executor.submit(
            attempt, self._study, trial, plan.objective, plan.catch, gc_after_trial=plan.gc_after_trial
        )

    def take_back(self, trial: Trial) -> Draft | None:
        return trial.draft if trial.draft.state == TrialState.RUNNING else None


class _Elsewhere:
    """They are other processes, perhaps of other machines: the trial is lent to them."""

    def __init__(self, study: Employer, pool: Pool, luggage: bytes) -> None:
        self._study = study
        self._pool = pool
        self._key = secrets.token_hex(8)
        self._luggage = luggage
        self._stand_ins: dict[str, Any] = stand_ins_of(study)

    def send(self, trial: Trial) -> Future[Returned]:
        packed = pickle_for(trial, self._stand_ins)
        self._study.ledger.lend(trial.draft)
        return self._pool.executor.submit(run_errand, self._key, self._luggage, packed)

    def take_back(self, trial: Trial) -> Draft | None:
        return self._study.ledger.open(trial.number)
