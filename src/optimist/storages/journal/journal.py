"""A journal at work: it follows a log, and appends commits that it has checked against all commits before."""

from __future__ import annotations

import os
import threading
import weakref
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from optimist.exceptions import StorageInternalError
from optimist.logging import get_logger
from optimist.storages.journal.index import read_index, to_state, write_index
from optimist.storages.journal.line import HEADER_LENGTH, Damage, Found, Place, Scanner, frame, is_foreign, payload_of
from optimist.storages.journal.log import Line, Log, LogReplaced
from optimist.storages.journal.records import FENCE, Record, decode_glances, decode_records, encode_record
from optimist.storages.journal.state import SUPERSEDED, JournalState, StudyState

RECENT_BYTES: Final = 4 * 2**20
"""How much of the newest records a process keeps at hand, so that a worker that follows reads nothing twice."""
INDEX_EVERY: Final = 1000
"""So many new records, and a tenth of all, before the index is written anew."""
_MAX_ATTEMPTS: Final = 1000
_CHUNK: Final = 5000

_KINDS: Final = {"torn": "cut short", "checksum": "not as it was written", "stale": "late"}

Fields = Mapping[str, Any]
"""What a record shall hold."""
AnswerT = TypeVar("AnswerT")
Plan = Callable[[JournalState], Fields | None]

_logger = get_logger(__name__)


class Journal:
    """A log, what is known from it, and the way to add to it. Its methods may be called from several threads.

    Args:
        log: Where the lines live.

    Attributes:
        log: Likewise.
        guard: Held around every use of log and state.
        state: What the records say, as far as they were read.
        damaged: Lines that did not count.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.guard = threading.RLock()
        self._reset()
        self._has_warned = False
        self._new_ids()
        _open_journals.add(self)

    def _reset(self) -> None:
        self.state = JournalState()
        self._scanner = Scanner(self.log.is_stream)
        self._recent: dict[int, bytes] = {}
        self._recent_bytes = 0
        self._last_ref = -1
        self._n_indexed = 0

    def _new_ids(self) -> None:
        self._pid = os.getpid()
        self._id = os.urandom(6).hex()
        self._n_ids = 0

    @property
    def damaged(self) -> list[Damage]:
        return self._scanner.damaged

    @property
    def last(self) -> Place:
        """The place of the last record."""
        return self._scanner.last

    # Reading

    @contextmanager
    def reading(self) -> Iterator[JournalState]:
        """The state after all commits so far; it stands still within the block."""
        with self.guard:
            self._notice_fork()
            self.catch_up()
            yield self.state

    def ask(self, question: Callable[[JournalState], AnswerT]) -> AnswerT:
        """Answer a question from the state after all commits so far, and from records read again."""
        with self.guard:
            self._notice_fork()
            for _ in range(_MAX_ATTEMPTS):
                self.catch_up()
                with suppress(LogReplaced):
                    return question(self.state)
        raise StorageInternalError(f"{self.log.name} is rewritten again and again. Stop whoever does that.")

    def catch_up(self, sought: str = "") -> int | None:
        """Read what was appended; return the sequence number of the record with this id, if it was among it."""
        seq = None
        try:
            while True:
                tail = self.log.read()
                if tail.is_new:
                    self._reset()
                    if self._resume():
                        continue
                elif not tail.lines:
                    self._save_index()
                    return seq
                seq = self._take(tail.lines, sought) or seq
        except BaseException:
            self.start_over()  # an interrupt must not leave half of a record taken in
            raise

    def _take(self, lines: Sequence[Line], sought: str) -> int | None:
        """Take in lines; return the sequence number of the record with the id that is sought."""
        seq = None
        n_damaged = len(self.damaged)
        found = self._scanner.scan(lines)
        if lines and not found and not self.state.n_records and is_foreign(lines[0][1]):
            raise StorageInternalError(
                f"{self.log.name} was not written by Optimist: it begins with {lines[0][1][:40]!r}. Name another file. "
                "Studies in a journal of Optuna's are copied with: optimist import FILE --to STORAGE; those of other "
                "storages with optimist.copy_study."
            )
        for start in range(0, len(found), _CHUNK):
            chunk = found[start : start + _CHUNK]
            glances = decode_glances([line.payload for line in chunk])
            self.state.take(chunk, glances)
            if sought:
                seq = next((line.seq for line, glance in zip(chunk, glances, strict=True) if glance.id == sought), seq)
        for line in found[-_CHUNK:]:
            self._remember(line)
        self._warn_of(self.damaged[n_damaged:])
        return seq

    def _resume(self) -> bool:
        """Take the state from the index, if there is one that agrees with the log."""
        data = self.log.load_index()
        index = read_index(data) if data else None
        if index is None or self._line_at(index.last_ref) != index.last_header:
            return False
        self.state = to_state(index)
        self._scanner.resume(index.place)
        self._last_ref, self._n_indexed = index.last_ref, index.n_records
        self.log.resume(index.position)
        return True

    def _save_index(self) -> None:
        n_new = self.state.n_records - self._n_indexed
        if n_new > max(INDEX_EVERY, self.state.n_records // 10) and not self.damaged:
            header = self._line_at(self._last_ref)
            self._n_indexed = self.state.n_records
            if header:
                position = self.log.position
                self.log.save_index(write_index(self.state, position, self._last_ref, header, self._scanner.state))

    def _line_at(self, ref: int) -> bytes:
        """The header of a line; nothing if there is none."""
        try:
            return self.log.fetch([ref], [HEADER_LENGTH])[0][:HEADER_LENGTH]
        except (LogReplaced, StorageInternalError):
            return b""

    def start_over(self) -> None:
        """Forget what was read."""
        self._reset()
        self.log.rewind()

    def records(self, study: StudyState, cursor: int = 0) -> list[tuple[int, Record]]:
        """Records of a study with their sequence numbers, those behind the cursor, in order.

        Those of which a later one says all that they say are left out.
        """
        rows = range(bisect_right(study.seqs, cursor), len(study.seqs))
        return self.records_at(study, [row for row in rows if study.standing[row] != SUPERSEDED])

    def records_at(self, study: StudyState, rows: Sequence[int]) -> list[tuple[int, Record]]:
        """Records of a study with their sequence numbers.

        Args:
            study: The study.
            rows: Rows of its index, ascending.
        """
        seqs = [study.seqs[row] for row in rows]
        recent = self._recent
        payloads: list[bytes]
        refs = [study.refs[row] for row in rows]
        if all(ref in recent for ref in refs):
            payloads = [recent[ref] for ref in refs]
        else:
            lines = self.log.fetch(refs, [study.sizes[row] for row in rows])
            checked = [payload_of(line, seq) for line, seq in zip(lines, seqs, strict=True)]
            if None in checked:
                _logger.warning("%s was damaged after it was read. To mend it: optimist storage repair", self.log.name)
                self.log.save_index(b"")
            seqs = [seq for seq, payload in zip(seqs, checked, strict=True) if payload is not None]
            payloads = [payload for payload in checked if payload is not None]
        return list(zip(seqs, decode_records(payloads), strict=True))

    def _remember(self, line: Found) -> None:
        self._last_ref = line.ref
        self._recent[line.ref] = line.payload
        self._recent_bytes += len(line.payload)
        while self._recent_bytes > RECENT_BYTES:
            oldest = next(iter(self._recent))
            self._recent_bytes -= len(self._recent.pop(oldest))

    def _warn_of(self, damaged: Sequence[Damage]) -> None:
        if not self._has_warned:
            for damage in damaged:
                if damage.kind == "stale" and self.log.is_contended:
                    continue
                self._has_warned = True
                _logger.warning(
                    "%s holds a record that is %s; it was passed over, and all others count. To see all that is "
                    "damaged, and to mend it: optimist storage repair",
                    self.log.name,
                    _KINDS[damage.kind],
                )
                return

    # Writing

    def commit(self, plan: Plan, is_durable: bool = True) -> int | None:
        """Append a record.

        Args:
            plan: Is given the state after all commits so far, which no other commit changes before this one, and
                says what the record shall hold, or None for no record. It raises what speaks against the commit, and
                is asked again if somebody else was faster.
            is_durable: Whether to wait until the record is safe from a failure of power.

        Returns:
            The record's sequence number; None if there is none.
        """
        with self.guard:
            self._notice_fork()
            seq = self._commit(plan)
        if is_durable and seq is not None:
            self.log.make_durable()
        return seq

    def _commit(self, plan: Plan) -> int | None:
        own_id = self._new_id()
        for _ in range(_MAX_ATTEMPTS):
            try:
                if self.log.begin_writing():
                    self.raise_epoch()
                self._catch_up_to_write()
                try:
                    fields = plan(self.state)
                except LogReplaced:
                    continue
                if fields is None:
                    return None
                epoch, seq = self.last
                if self._append(Place(epoch, seq + 1), fields, own_id):
                    return seq + 1
            finally:
                self.log.end_writing()
            landed = self.catch_up(own_id)
            if landed is not None:
                return landed
        raise StorageInternalError(
            f"{self.log.name}: others were faster {_MAX_ATTEMPTS} times in a row. Let fewer workers write to it."
        )

    def raise_epoch(self) -> None:
        """Append a record of the next epoch: what others append from now on without having read it does not count."""
        own_id = self._new_id()
        for _ in range(_MAX_ATTEMPTS):
            self._catch_up_to_write()
            epoch, seq = self.last
            if self._append(Place(epoch + 1, seq + 1), {"op": FENCE}, own_id) or self.catch_up(own_id) is not None:
                return
        raise StorageInternalError(f"{self.log.name}: others write to it without holding its lock.")

    def rewrite(self, make_lines: Callable[[], Sequence[bytes] | None], keep_as: str | None = None) -> str | None:
        """Put other lines in place of all; other processes notice, and read the new ones.

        Args:
            make_lines: Makes them from what was read, while nobody else writes; None to leave all as it is.
            keep_as: Keep the log as it was, under its name and this suffix.

        Returns:
            The name under which it was kept; None if nothing was rewritten or kept.
        """
        with self.guard:
            self._notice_fork()
            for _ in range(_MAX_ATTEMPTS):
                try:
                    self.log.begin_writing()
                    self.raise_epoch()
                    try:
                        lines = make_lines()
                    except LogReplaced:
                        continue
                    if lines is None:
                        return None
                    kept = self.log.rewrite(lines, keep_as)
                finally:
                    self.log.end_writing()
                self.catch_up()
                if kept is not None:
                    return kept or None
        raise StorageInternalError(f"{self.log.name}: others were faster. Rewrite it while fewer workers are running.")

    def _catch_up_to_write(self) -> None:
        self.catch_up()
        if self.log.mend_tail():
            self.catch_up()

    def _append(self, place: Place, fields: Fields, own_id: str) -> bool:
        line = frame(place, encode_record({"op": fields["op"], "id": own_id, **fields}))
        try:
            ref = self.log.append(line)
            if ref is not None:
                found = self._scanner.scan([(ref, line)])
                self.state.take(found, decode_glances([found[0].payload]))
                self._remember(found[0])
        except StorageInternalError:
            raise  # nothing was taken in
        except BaseException:
            self.start_over()
            raise
        return ref is not None

    def _new_id(self) -> str:
        self._n_ids += 1
        return f"{self._id}-{self._n_ids}"

    # Processes

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            self._new_ids()
            self.log.close()

    def close(self) -> None:
        """Give back files and connections."""
        with self.guard:
            self.log.close()


# A child must not share the open files of its parent: their locks and their positions would be one. So they are closed
# before the fork, while no thread uses them; parent and child open them again.

_open_journals: Final[weakref.WeakSet[Journal]] = weakref.WeakSet()
_held: Final[list[Journal]] = []


def _before_fork() -> None:
    for journal in list(_open_journals):
        journal.guard.acquire()
        _held.append(journal)
        journal.log.before_fork()


def _after_fork() -> None:
    while _held:
        journal = _held.pop()
        journal.log.after_fork()
        journal.guard.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
