"""What a process knows of a journal: everything that commits are checked against, and where to read the rest.

It follows from the records alone, one after another, so that all processes that have read the same records know the
same. Of a finished trial it keeps a byte, and of each record where it stands; what the record says is read again when
somebody asks.

Records may be missing, where a journal was damaged. A trial whose beginning is lost is known from the next record that
speaks of it; what a study and a distribution are is told by two records, so that the loss of one harms no others.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from optimist.distributions import BaseDistribution, FloatDistribution, json_to_distribution
from optimist.history.base_trial import read_constraints
from optimist.history.draft import StudyChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import StudyRecord
from optimist.storages.documents import read_attrs
from optimist.storages.journal import records
from optimist.storages.journal.line import Found
from optimist.storages.journal.records import Glance, GlanceDocument, GlanceEntry
from optimist.storages.known import KnownDistributions

_STATES: Final = tuple(TrialState)  # by their numbers
_RUNNING, _WAITING, _COMPLETE = TrialState.RUNNING, TrialState.WAITING, TrialState.COMPLETE
_OPEN: Final = -1  # or not known
ALONE: Final = 0
SHARED: Final = 1
SUPERSEDED: Final = 2
_NO_DISTRIBUTION: Final = FloatDistribution(0.0, 0.0)


class OpenTrial:
    """A waiting or running trial.

    Attributes:
        state: WAITING or RUNNING.
        lease_s: Length of its lease in seconds; None if it has none.
        slot: Where its heartbeats go; None if it has no lease.
        started_us: When it started, microseconds since 1970 (UTC); None if it has not, or nobody said.
        rows: Its records, as rows of the study's index.
        constraints: By key, as far as they were reported.
        has_document: Whether anything was said of it but state, times and lease.
    """

    __slots__ = ("constraints", "has_document", "lease_s", "rows", "slot", "started_us", "state")

    def __init__(self, state: TrialState) -> None:
        self.state = state
        self.lease_s: float | None = None
        self.slot: int | None = None
        self.started_us: int | None = None
        self.rows: list[int] = []
        self.constraints: dict[str, float] | None = None
        self.has_document = False


class StudyState:
    """A study, as far as the journal was read.

    Attributes:
        record: The study.
        seq: Sequence number of its last record: the cursor.
        created_seq: That of its first record.
        n_trials: The next new trial gets this number.
        counts: Number of trials by state.
        n_reclaimed: How many trials gave their place in the budget back, or took none.
        reclaimed: Their numbers, as far as they are known.
        promoted: The pruned trials from which others went on.
        voids: Why trials are void, by number.
        open: Waiting and running trials by number.
        attrs: User and system attributes.
        attrs_seq: Sequence number of the record that set any of them last; 0 if none has.
        first_start_us: Start of the earliest trial, microseconds since 1970 (UTC); None if none has started.
        known: Its distributions.
        lost: Ids of distributions of which all records were damaged.
        n_told: How many records have said what the study is called and what it optimizes.
        n_told_distributions: By id, how many records have said what it is.
        offered: Distributions about to be committed, by name and JSON: objects that come again are found faster.
        is_best_known: False once the best trial is void; then the next is found by reading all records.
        best_number: The best trial; -1 if there is none.
        best_rows: The records of the best trial, as rows of the index; empty if there is none.
        seqs, refs, sizes: The index: of each record its sequence number, where the log keeps it, and its length.
        standing: Of each record, ``ALONE`` if it speaks of one trial only, ``SUPERSEDED`` if moreover a later one says
            all that it says, else ``SHARED``.
        finished: The final state of each trial by number; -1 if it has none.
    """

    def __init__(self, record: StudyRecord, seq: int) -> None:
        self.record = record
        self.seq = seq
        self.created_seq = seq
        self.n_trials = 0
        self.counts = [0] * len(TrialState)
        self.n_reclaimed = 0
        self.reclaimed: set[int] = set()
        self.promoted: set[int] = set()
        self.voids: dict[int, str] = {}
        self.open: dict[int, OpenTrial] = {}
        self.attrs = StudyChange()
        self.attrs_seq = 0
        self.first_start_us: int | None = None
        self.known = KnownDistributions()
        self.lost: set[int] = set()
        self.n_told = 0
        self.n_told_distributions: list[int] = []
        self.offered: dict[tuple[str, str], BaseDistribution] = {}
        self.is_best_known = True
        self.best_number = -1
        self.best_rows: list[int] = []
        self.seqs = array("q")
        self.refs = array("q")
        self.sizes = array("q")
        self.standing = array("b")
        self.finished = array("b")
        self._waiting: list[int] = []  # a heap; those that have left the queue go when they come to the top
        self.best_loss = float("inf")
        self._sign = -1.0 if record.directions[0] == StudyDirection.MAXIMIZE else 1.0

    @property
    def n_counted(self) -> int:
        """How many trials count against a budget."""
        return self.n_trials - self.counts[_WAITING] - self.n_reclaimed

    def final_state(self, number: int) -> TrialState | None:
        """How a trial has finished; None if it has not, or is not known."""
        if 0 <= number < len(self.finished) and self.finished[number] != _OPEN:
            return _STATES[self.finished[number]]
        return None

    def oldest_waiting(self) -> int | None:
        """The waiting trial with the lowest number."""
        while self._waiting:
            trial = self.open.get(self._waiting[0])
            if trial is not None and trial.state == _WAITING:
                return self._waiting[0]
            heapq.heappop(self._waiting)
        return None

    def queue_waiting(self) -> None:
        """Make the queue anew from the open trials."""
        self._waiting = sorted(number for number, trial in self.open.items() if trial.state == _WAITING)

    def slot_of(self, number: int) -> int | None:
        """Where the heartbeats of a trial go; None if it does not run under a lease."""
        trial = self.open.get(number)
        return None if trial is None or trial.state != _RUNNING else trial.slot

    def free_slot(self) -> int:
        """The lowest place for heartbeats that no open trial uses."""
        used = {trial.slot for trial in self.open.values()}
        return next(slot for slot in range(len(used) + 1) if slot not in used)

    def take(self, found: Found, glance: Glance) -> None:
        """Take in a record."""
        row = len(self.seqs)
        self.seqs.append(found.seq)
        self.refs.append(found.ref)
        self.sizes.append(found.size)
        is_alone = len(glance.trials) == 1 and glance.attrs is None and glance.op != records.CREATE
        self.standing.append(ALONE if is_alone else SHARED)
        self.seq = found.seq
        if glance.directions:  # the name may be empty
            self.n_told += 1
        if glance.space:
            self._learn(glance.space)
        if glance.op == records.RECLAIM:
            self._give_back(glance.trials[0].number)
        elif glance.op == records.PROMOTE:
            self.promoted.add(glance.of)
        elif glance.op == records.CREATE:
            self.n_reclaimed = glance.n_reclaimed
            self._make_room(glance.n_trials)
        if glance.attrs is not None:
            self.attrs.user_attrs.update(read_attrs(glance.attrs.user_attrs))
            self.attrs.system_attrs.update(read_attrs(glance.attrs.system_attrs))
            self.attrs_seq = found.seq
        for entry in glance.trials:
            if glance.op == records.VOID:
                self._take_void(entry)
            else:
                self._take_entry(row, entry)

    def _learn(self, space: Sequence[records.NewDistribution]) -> None:
        known, told = self.known, self.n_told_distributions
        for i, name, text in space:
            while len(known.items) < i:  # one before it is lost, or comes when it is told again
                self.lost.add(len(known.items))
                known.items.append(("", _NO_DISTRIBUTION))
                told.append(0)
            if i == len(known.items) or i in self.lost:
                distribution = self.offered.pop((name, text), None) or json_to_distribution(text)
                if i == len(known.items):
                    known.add([(i, name, distribution)])
                    told.append(0)
                else:
                    self.lost.discard(i)
                    known.items[i] = (name, distribution)
                    known.ids.setdefault((name, distribution), i)
            told[i] += 1

    def _make_room(self, n_trials: int) -> None:
        if n_trials > self.n_trials:
            self.finished.extend([_OPEN] * (n_trials - self.n_trials))
            self.n_trials = n_trials

    def _give_back(self, number: int) -> None:
        if number not in self.reclaimed:
            self.reclaimed.add(number)
            self.n_reclaimed += 1

    def _take_void(self, entry: GlanceEntry) -> None:
        number = entry.number
        if number < 0 or entry.void is None:
            return
        self._make_room(number + 1)
        if self.final_state(number) is None or number in self.voids:  # not finished: its end is lost
            return
        self.voids[number] = entry.void
        self._give_back(number)
        if number == self.best_number:
            self.is_best_known = False

    def _take_entry(self, row: int, entry: GlanceEntry) -> None:
        number = entry.number
        if number < 0 or self.final_state(number) is not None:
            return
        state = None if entry.state is None else _STATES[entry.state]
        trial = self.open.get(number)
        if trial is None:
            self._make_room(number + 1)
            trial = self.open[number] = OpenTrial(_WAITING if state == _WAITING else _RUNNING)
            self.counts[trial.state] += 1
            if state == _WAITING:
                heapq.heappush(self._waiting, number)
        elif trial.state == _WAITING and state is not None and state != _WAITING:
            self.counts[_WAITING] -= 1
            self.counts[_RUNNING] += 1
            trial.state = _RUNNING
        trial.rows.append(row)
        if entry.gives_back:
            self._give_back(number)
        if entry.promoted:
            self.promoted.add(number)
        if entry.lease_s is not None:
            trial.lease_s, trial.slot = entry.lease_s, entry.slot
        start = entry.started_us
        if start is not None:
            trial.started_us = start
        if start is not None and (self.first_start_us is None or start < self.first_start_us):
            self.first_start_us = start
        trial.has_document = trial.has_document or entry.doc is not None
        if entry.doc is not None and entry.doc.system_attrs is not records.NO_ATTRS:
            constraints = read_constraints(read_attrs(msgspec.json.decode(entry.doc.system_attrs)))
            if constraints:
                trial.constraints = {**(trial.constraints or {}), **constraints}
        if state is not None and state.is_finished():
            if entry.whole:
                for earlier in trial.rows[:-1]:
                    if self.standing[earlier] == ALONE:
                        self.standing[earlier] = SUPERSEDED
                del trial.rows[:-1]
            if entry.void is not None:
                self.voids[number] = entry.void
            self._finish(number, trial, state, entry.doc)

    def _finish(self, number: int, trial: OpenTrial, state: TrialState, document: GlanceDocument | None) -> None:
        del self.open[number]
        self.counts[trial.state] -= 1
        self.counts[state] += 1
        self.finished[number] = state
        if state != _COMPLETE or document is None or not document.values or len(self.record.directions) > 1:
            return
        if number in self.voids or not self.is_best_known:
            return
        if trial.constraints is not None and any(value > 0 for value in trial.constraints.values()):
            return
        self._offer_best(number, document.values[0], trial.rows)

    def _offer_best(self, number: int, value: float | str, rows: list[int]) -> None:
        loss = float(value) * self._sign
        if loss < self.best_loss or (self.best_number < 0 and loss == loss):
            self.best_loss, self.best_number, self.best_rows = loss, number, rows

    def find_best(self, candidates: Iterable[tuple[int, float]], rows_of: Callable[[int], list[int]]) -> None:
        """Find the best trial anew.

        Args:
            candidates: (number, value) of the feasible complete trials that are not void, in the order of their ends.
            rows_of: Gives the records of a trial, as rows of the index.
        """
        self.best_number, self.best_loss, self.best_rows = -1, float("inf"), []
        for number, value in candidates:
            self._offer_best(number, value, [])
        if self.best_number >= 0:
            self.best_rows = rows_of(self.best_number)
        self.is_best_known = True


class JournalState:
    """All studies of a journal, as far as it was read.

    Attributes:
        studies: By id, in order of creation.
        ids: The id of each study by name.
        n_studies: How many studies there have been; the next one gets this id.
        n_records: How many records were taken in.
    """

    def __init__(self) -> None:
        self.studies: dict[int, StudyState] = {}
        self.ids: dict[str, int] = {}
        self.n_studies = 0
        self.n_records = 0

    def take(self, found: Sequence[Found], glances: Sequence[Glance]) -> None:
        """Take in records, in order."""
        for line, glance in zip(found, glances, strict=True):
            self._take(line, glance)
        self.n_records += len(found)

    def _take(self, found: Found, glance: Glance) -> None:
        study_id = glance.study
        # Also where a study's first record is lost: its id must not be given to another one.
        self.n_studies = max(self.n_studies, study_id + 1, glance.n_studies)
        study = self.studies.get(study_id)
        if study is None and glance.directions and glance.op != records.DELETE:
            if glance.name in self.ids:  # that it was deleted was said in a record that is lost
                del self.studies[self.ids[glance.name]]
            directions = tuple(StudyDirection(direction) for direction in glance.directions)
            study = self.studies[study_id] = StudyState(StudyRecord(study_id, glance.name, directions), found.seq)
            self.ids[glance.name] = study_id
        if study is None:
            return
        if glance.op == records.DELETE:
            del self.studies[study_id]
            del self.ids[study.record.name]
        else:
            study.take(found, glance)
