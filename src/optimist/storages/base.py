"""The contract of stores: how a study survives, and how many workers share it.

A store is narrow: it keeps studies, hands out trials one commit at a time, takes one atomic batch of changes to one
trial at a time, and tells what changed since a cursor. What the changes mean is the history's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from optimist.distributions import IntDistribution
from optimist.history.draft import Change, StudyChange, TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.leases import LeaseSettings

MAX_NAME_LENGTH: Final = 512
"""Of studies, parameters and attributes, in characters."""


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """A study as the store lists it.

    Attributes:
        study_id: Unique in the store.
        name: Unique in the store.
        directions: One per objective.
    """

    study_id: int
    name: str
    directions: tuple[StudyDirection, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What can be said of a study without reading its trials.

    Attributes:
        record: The study.
        counts: Number of trials by state.
        best: The best feasible complete trial of a study with one objective, as one change; None if there is none.
        first_start_us: Start of the earliest trial, microseconds since 1970 (UTC); None if none has started.
        attrs: User and system attributes of the study.
    """

    record: StudyRecord
    counts: dict[TrialState, int]
    best: TrialChange | None
    first_start_us: int | None
    attrs: StudyChange

    @property
    def n_trials(self) -> int:
        """Number of trials of any state."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since a cursor, in the order of commits.

    Attributes:
        changes: They may repeat what the reader knows, but never leave anything out.
        cursor: Where to go on reading.
    """

    changes: Sequence[Change] = field(default_factory=tuple)
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class Begun:
    """A trial that was begun.

    Attributes:
        number: Its number.
        delta: What changed since the cursor, this beginning included.
    """

    number: int
    delta: Delta


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a worker begins a trial.

    Attributes:
        lease_s: The trial counts as lost once its worker has not been heard of for so many seconds; None: never.
        total_trials: Begin none if the study has had so many trials; None for no limit. Trials that wait do not count
            yet; those that were reclaimed or voided do not count any more.
        wants_news: Whether to be told what else changed since the cursor. Without, the delta may hold nothing but the
            trial itself, and the cursor may stay where it was.
    """

    lease_s: float | None = None
    total_trials: int | None = None
    wants_news: bool = True


ANY_TERMS: Final = Terms()


class Storage(ABC):
    """Where studies live. All methods may be called from several threads at once; each is one atomic commit.

    Numbers are per study and dense from 0. A cursor is opaque but for 0, which stands for the beginning.

    Methods that take a ``study_id`` raise ``StudyNotFoundError`` if there is no such study (any more). Methods that
    take a change raise what ``check`` raises, before anything is written.

    Attributes:
        leases: What the worker loops of this process hold to.
    """

    leases: LeaseSettings = LeaseSettings()

    @property
    def location(self) -> Path | str | None:
        """What names the store to all who share it: its file, or an address without user and password; None: nothing.

        Checkpoints are kept beside the file, or in a folder that belongs to the address.
        """
        return None

    def check(self, change: TrialChange) -> None:
        """Refuse what the store cannot hold; called when a value is set, so that the error points to the right line.

        Raises:
            TypeError: An attribute or a distribution is of a kind that the store cannot hold.
            ValueError: It is too large, or a name has a NUL or more than 512 characters.
        """
        for name, distribution, value in change.params:
            check_name("A parameter's name", name)
            if isinstance(distribution, IntDistribution):
                _check_int64(name, distribution.low, distribution.high, value)
        for key in (*change.user_attrs, *change.system_attrs):
            check_name("An attribute's name", key)
        for name in change.metrics:
            check_name("A metric's name", name)
        if change.void is not None:
            check_name("The reason of a void", change.void)

    @abstractmethod
    def create_study(self, name: str | None, directions: Sequence[StudyDirection]) -> StudyRecord:
        """Make a study; without a name it gets a unique one.

        Raises:
            DuplicatedStudyError: The name is taken.
        """

    @abstractmethod
    def load_study(self, name: str) -> StudyRecord:
        """Find a study by name.

        Raises:
            StudyNotFoundError: There is none.
        """

    @abstractmethod
    def list_studies(self) -> list[StudyRecord]:
        """All studies in order of creation."""

    @abstractmethod
    def delete_study(self, study_id: int) -> None:
        """Remove a study and all its trials."""

    @abstractmethod
    def summary(self, study_id: int) -> Summary:
        """Describe a study at a cost that does not grow with its trials (beyond what an index needs)."""

    @abstractmethod
    def write_study(self, study_id: int, change: StudyChange) -> None:
        """Set attributes of the study; others keep their values."""

    @abstractmethod
    def add_trials(self, study_id: int, trials: Sequence[TrialChange]) -> list[int]:
        """Add whole trials of any state (WAITING: the queue) in one commit; return their numbers.

        Finished ones may come voided, as ``void`` leaves them. Those that ``gives_place_back`` names take no place in
        the budget.
        """

    @abstractmethod
    def begin_trial(self, study_id: int, cursor: int, terms: Terms = ANY_TERMS) -> Begun:
        """Start the oldest waiting trial, or a new one; two callers never get the same.

        Raises:
            BudgetSpentError: The study has had ``terms.total_trials`` trials.
        """

    @abstractmethod
    def claim(self, study_id: int, number: int) -> bool:
        """Start one certain trial if it waits; of several who do so at once, one succeeds.

        Returns:
            Whether it was started: False if it does not wait (any more).

        Raises:
            TrialNotFoundError: There is no trial of this number.
        """

    @abstractmethod
    def promote(
        self, study_id: int, number: int, trial: TrialChange, cursor: int, terms: Terms = ANY_TERMS
    ) -> Begun | None:
        """Begin a trial that goes on from a pruned one, unless that was done before; of several at once, one succeeds.

        It counts in no budget.

        Args:
            study_id: The study.
            number: The pruned trial.
            trial: Parameters and attributes of the new one; it has the system attribute ``RESUMED_KEY``.
            cursor: As in ``begin_trial``.
            terms: Likewise; ``total_trials`` means nothing here.

        Returns:
            None if the trial was promoted before, is not PRUNED, or is voided.

        Raises:
            TrialNotFoundError: There is no trial of this number.
        """

    @abstractmethod
    def write(self, study_id: int, change: TrialChange, cursor: int = 0) -> int:
        """Apply one batch of changes to one unfinished trial.

        Returns:
            A cursor behind this commit, if nobody else committed anything since ``cursor``; else ``cursor``.

        Raises:
            TrialNotFoundError: There is no trial of this number.
            UpdateFinishedTrialError: The trial is finished.
        """

    def finish_and_begin(
        self, study_id: int, change: TrialChange, cursor: int, terms: Terms
    ) -> tuple[int, Begun | None]:
        """Apply a change that finishes a trial, and begin a new one in the same commit if that costs no second one.

        Stores for which that makes no difference finish the trial, and begin none.

        Returns:
            The cursor as ``write`` returns it; and the new trial, with what changed since that cursor. None if there is
            none: one waits, the budget is spent, or the store has its reasons. ``begin_trial`` knows more.

        Raises:
            As ``write``; then no trial was begun.
        """
        return self.write(study_id, change, cursor), None

    @abstractmethod
    def void(self, study_id: int, number: int, reason: str) -> bool:
        """Void a finished trial: note why it counts no more.

        Nothing else about it changes: it keeps number, state and values, and is counted by state in ``summary``. But
        it is never the summary's best, and gives its place in the budget back, unless it took none: it was reclaimed
        (then it has the system attribute ``LEASE_LOST_KEY``), or is a promotion (``RESUMED_KEY``). Readers are told by a change of which ``void`` is the
        reason; it says all else about the trial as well, or comes after changes that do.

        Returns:
            False if the trial was voided before; then it keeps its first reason.

        Raises:
            TrialNotFoundError: There is no trial of this number.
            TrialNotFinishedError: The trial waits or runs.
            ValueError: The reason is no text that every store can hold; see ``check_name``.
        """

    @abstractmethod
    def changes_since(self, study_id: int, cursor: int) -> Delta:
        """Everything that was committed since the cursor: nothing stays invisible, whatever the order of commits."""

    @abstractmethod
    def find_trial(self, trial_id: int) -> tuple[int, int]:
        """The study and the number of the trial with this id.

        Raises:
            TrialNotFoundError: There is none.
        """

    # Leases: how the trials of dead workers are found. They cost no place in the sequence of changes.

    @abstractmethod
    def heartbeat(self, study_id: int, numbers: Sequence[int]) -> None:
        """Say that the workers of these trials live: their leases start anew. Others than running ones are ignored."""

    @abstractmethod
    def leased(self, study_id: int) -> list[int]:
        """The running trials that have a lease, over or not."""

    @abstractmethod
    def expired(self, study_id: int, numbers: Sequence[int]) -> list[int]:
        """Which of these trials are running under a lease that is over.

        A server judges by its own clock. A file has none: there a lease is over for those who have watched it (by
        calling this) for its whole length without hearing of the worker.
        """

    @abstractmethod
    def reclaim(
        self, study_id: int, end: TrialChange, retry: TrialChange | None = None, *, is_lost: bool = False
    ) -> bool:
        """End a trial whose lease is over, and queue another one in its place, in one commit.

        The trial gives its place in the budget back. If it is a promotion, which has none, ``end`` says so again by the
        system attribute ``RESUMED_KEY``; then its retry takes none either.

        Args:
            study_id: The study.
            end: How the trial ends, with a final state.
            retry: A waiting trial to add; None to give up.
            is_lost: The caller knows that the worker is gone, having seen its process end: the lease need not be over,
                nor need there be one.

        Returns:
            Whether it was ended: False if its worker was heard of meanwhile, or somebody else has ended it.
        """

    def close(self) -> None:
        """Give back files and connections; the storage opens them again when it is used again."""


def _check_int64(name: str, *numbers: float) -> None:
    for number in numbers:
        if not -(2**63) <= number < 2**63:
            raise ValueError(f"Parameter {name!r}: {number} does not fit into 64 bits.")


def check_name(what: str, name: str) -> None:
    """Refuse a name that not every store can hold.

    Raises:
        TypeError: It is not text.
        ValueError: It is longer than 512 characters, has a NUL, or half of a surrogate pair.
    """
    if not isinstance(name, str):
        raise TypeError(f"{what} must be text, but got {name!r}.")
    if len(name) > MAX_NAME_LENGTH:
        raise ValueError(f"{what} has at most {MAX_NAME_LENGTH} characters, but {name[:40]!r}... has {len(name)}.")
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{what} must be text that UTF-8 can hold, but got {name!r}.") from None
    if "\0" in name:
        raise ValueError(f"{what} must not have a NUL character, but got {name!r}.")
