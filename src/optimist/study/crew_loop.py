"""The loop of a study whose trials run in worker processes: the parent's side.

The parent keeps the budget and hands out places in it, one trial at a time, so that it is met exactly whatever becomes
of a worker. It knows which trial each process runs: when one dies, its trial is reclaimed at once and its place in the
budget is handed out again. What goes over a limit is killed, and its trial fails with the reason.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from optimist.exceptions import UpdateFinishedTrialError, WorkerError
from optimist.execution.crew import Crew, Ended, Member, Said, describe_end
from optimist.history.attributes import FAIL_REASON_KEY, LEASE_LOST_KEY
from optimist.history.draft import TrialChange
from optimist.logging import get_logger
from optimist.states import TrialState
from optimist.storages.memory import MemoryStore, now_us
from optimist.study import crew_messages as messages
from optimist.study.halt import Halt
from optimist.study.limits import Limits
from optimist.study.outsourcing import Employer, call_back, meets_target, served, stand_ins_of, work_for
from optimist.study.plan import Plan

_logger = get_logger(__name__)

_WORKER: Final = "optimist.study.worker:main"

_MAX_DEATHS_IN_A_ROW: Final = 10
"""So many processes may die one after the other without any trial coming to an end."""


@dataclass
class _Seat:
    """What the parent knows of one worker.

    Attributes:
        has_place: Whether it holds a place in the budget.
        trial: The trial that it runs; None between trials.
        since: When that began, by ``time.monotonic()``.
        is_leaving: Whether it was told that there is nothing more to do, or is about to end of its own accord.
        reason: Why its process is being killed; empty if it is not.
    """

    has_place: bool = False
    trial: int | None = None
    since: float = 0.0
    is_leaving: bool = False
    reason: str = ""


class CrewLoop:
    """One call of ``Study.optimize`` with worker processes.

    Args:
        study: Where trials live.
        plan: What to do: the objective runs in a worker, callbacks in this process.
        limits: What a trial may take.
        lag: Of the deterministic mode; 0 without.
    """

    def __init__(self, study: Employer, plan: Plan, limits: Limits, lag: int) -> None:
        self._study = study
        self._plan = plan
        self._n_left = plan.n_trials
        self._limits = limits
        self._lag = lag
        self._seats: dict[Member, _Seat] = {}
        self._halt = Halt()
        self._is_idle = False  # a worker found that there is nothing to try
        self._n_deaths_in_a_row = 0
        self._beaten_at = time.monotonic()

    # The loop

    def run(self, n_workers: int) -> None:
        """Run trials until there is a reason to stop.

        Raises:
            WorkerError: A worker raised what is not to be caught, or they die again and again.
            KeyboardInterrupt: Ctrl-C was pressed; the trials that were running have ended, or are queued again.
            Terminated: SIGTERM came; the trials that were running are queued again.
        """
        study = self._study
        with served(study.ledger.storage) as storage, self._halt.on_signals():
            payload = messages.pack(
                storage, study.study_name, work_for(study, self._plan, self._lag), stand_ins_of(study)
            )
            with Crew(_WORKER, payload) as crew:
                try:
                    self._hire(crew, n_workers)
                    while crew.members:
                        self._turn(crew)
                        self._hire(crew, n_workers)
                finally:
                    for member in crew.members:
                        crew.kill(member)
                    while crew.members:
                        for event in crew.wait():
                            self._take_in(crew, event)
        self._halt.raise_reason()

    def _hire(self, crew: Crew, n_workers: int) -> None:
        """Start as many processes as there are free desks and places in the budget for."""
        if self._is_over() or self._is_idle:
            return
        n_coming = sum(not seat.has_place and not seat.is_leaving for seat in self._seats.values())
        desks = set(range(n_workers)) - {member.place for member in self._seats}
        for desk in sorted(desks):
            if n_coming >= self._n_left:
                return
            self._seats[crew.start(desk)] = _Seat()
            n_coming += 1

    def _is_over(self) -> bool:
        """Whether no further trial may begin, the number of trials aside."""
        if self._halt.is_on or self._study.is_stopping or self._plan.is_late:
            return True
        return not self._study.escort.may_begin()

    def _turn(self, crew: Crew) -> None:
        for event in crew.wait():
            self._take_in(crew, event)
        if self._halt.is_urgent:
            for member, seat in self._seats.items():
                if not seat.reason:
                    seat.reason = "interrupted"
                    crew.kill(member)
        if self._limits:
            self._enforce_limits(crew)
        self._keep_leases()

    # What workers say

    def _take_in(self, crew: Crew, event: Said | Ended) -> None:
        seat = self._seats[event.member]
        if isinstance(event, Ended):
            del self._seats[event.member]
            self._bury(event.member, seat, event.code)
            return
        match messages.decode(event.frame):
            case messages.Wants():
                self._answer(crew, event.member, seat)
            case messages.Began(number):
                seat.trial, seat.since = number, time.monotonic()
                self._study.escort.begun(number)
            case messages.Dropped(number):
                seat.trial = None
                self._study.escort.dropped(number)
            case messages.Over() as over:
                seat.trial, seat.has_place = None, False
                self._note_end(over)
            case messages.Stopped():
                self._halt.call()
            case messages.Failed(what, text):
                seat.is_leaving = True
                self._halt.call(WorkerError(f"A worker process raised {what}\n\n{text.rstrip()}"))

    def _answer(self, crew: Crew, member: Member, seat: _Seat) -> None:
        if self._is_over() or self._n_left <= 0 or seat.reason:  # a trial of its own may be over just before the kill
            seat.is_leaving = True
            crew.say(member, messages.END)
        else:
            self._n_left -= 1
            seat.has_place = True
            crew.say(member, messages.GO)

    def _note_end(self, over: messages.Over) -> None:
        self._n_deaths_in_a_row = 0
        state = TrialState(over.state)
        values = None if over.values is None else [float(value) for value in over.values]
        self._study.escort.ended(over.number, state, values, is_fatal=over.is_fatal)
        if over.is_lost:
            self._n_left += 1  # its retry takes the place
            self._is_idle = False
            return
        if over.is_fatal:
            return
        if (error := call_back(self._study, self._plan, over.number)) is not None:
            self._halt.call(error)  # raised when the workers have ended
        if meets_target(self._study, self._plan, state, values):
            self._halt.call()

    # Workers that end

    def _bury(self, member: Member, seat: _Seat, code: int) -> None:
        if seat.trial is not None:
            self._settle(member, seat, seat.trial, code)
        elif seat.has_place:
            self._n_left += 1
            if code != 0:
                self._find_unannounced()
        if seat.reason:
            return  # we ended it
        if code != 0 or seat.trial is not None:
            self._is_idle = False
            self._n_deaths_in_a_row += 1
            if self._n_deaths_in_a_row >= _MAX_DEATHS_IN_A_ROW:
                self._halt.call(
                    WorkerError(
                        f"{self._n_deaths_in_a_row} worker processes died one after the other without ending a trial; "
                        f"of the last, {describe_end(code)}."
                    )
                )
        elif not seat.is_leaving:
            self._is_idle = True

    def _settle(self, member: Member, seat: _Seat, number: int, code: int) -> None:
        """See to the trial of a process that has ended."""
        study = self._study
        study.ledger.sync()
        is_limited = bool(seat.reason) and seat.reason != "interrupted"
        if is_limited and self._fail(number, seat.reason):
            _logger.warning("Trial %d fails: it went over its %s.", number, seat.reason)
        elif not is_limited and study.give_up(number, always_retry=bool(seat.reason)):
            _logger.warning("Trial %d is lost with worker %d: %s.", number, member.place, describe_end(code))
        trial = study.ledger.history.trial(number)
        is_lost = LEASE_LOST_KEY in trial.system_attrs
        told = None if trial.values is None else [repr(value) for value in trial.values]
        n_deaths = self._n_deaths_in_a_row
        self._note_end(messages.Over(number, int(trial.state), told, is_lost))
        if is_lost:
            self._n_deaths_in_a_row = n_deaths

    def _fail(self, number: int, reason: str) -> bool:
        """End the trial of a process that we have killed; False if it was told before."""
        ledger = self._study.ledger
        end = TrialChange(number, state=TrialState.FAIL, completed_us=now_us(), system_attrs={FAIL_REASON_KEY: reason})
        try:
            ledger.storage.write(ledger.record.study_id, end)
        except UpdateFinishedTrialError:
            return False
        finally:
            ledger.sync()
        return True

    def _find_unannounced(self) -> None:
        """A process died between beginning a trial and saying so.

        In a store of this process we know all that run. In others the trial is found when its lease is over.
        """
        ledger = self._study.ledger
        if isinstance(ledger.storage, MemoryStore):
            known = {seat.trial for seat in self._seats.values()}
            places = [seat for seat in self._seats.values() if seat.has_place and seat.trial is None]
            if not places:  # else it might be that of a worker that is about to say so
                for number in ledger.storage.leased(ledger.record.study_id):
                    if number not in known:
                        self._study.give_up(number)

    # While workers work

    def _enforce_limits(self, crew: Crew) -> None:
        now = time.monotonic()
        for member, seat in self._seats.items():
            if seat.trial is not None and not seat.reason:
                seat.reason, grace_s = self._limits.excess(member.process.pid, now - seat.since)
                if seat.reason:
                    crew.kill(member, grace_s=grace_s)

    def _keep_leases(self) -> None:
        """Say that the workers live, whose own heartbeat may be held up by an objective that never lets go."""
        ledger = self._study.ledger
        now = time.monotonic()
        if now - self._beaten_at < ledger.storage.leases.interval_s:
            return
        self._beaten_at = now
        numbers = [seat.trial for seat in self._seats.values() if seat.trial is not None]
        try:
            ledger.storage.heartbeat(ledger.record.study_id, numbers)
        except Exception as error:  # noqa: BLE001  it is tried again soon, and nobody waits for it
            _logger.warning("Could not say that the workers live: %s", error)
