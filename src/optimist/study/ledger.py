"""The ledger keeps a study's history and its store in step.

Everything a trial does goes through here: it changes the history of this process at once, and the store with the next
commit. ``optimist.study.ledgers`` has the two kinds that there are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from optimist.exceptions import UpdateFinishedTrialError
from optimist.history.draft import Draft, StudyChange, TrialChange
from optimist.history.history import History
from optimist.history.records import FrozenTrial
from optimist.states import TrialState
from optimist.storages.base import ANY_TERMS, Storage, StudyRecord, Summary, Terms


class Ledger(ABC):
    """What the study and its trials do to the history and the store.

    Attributes:
        record: Id, name and directions of the study.
        storage: Where it lives.
        is_shared: Whether other processes may work on it too.
        wants_news: Whether a trial of the loop begins with a look at what others committed, if the last look was more
            than a moment ago.
    """

    is_shared = True
    wants_news = True

    def __init__(self, storage: Storage, record: StudyRecord) -> None:
        self.storage = storage
        self.record = record

    @property
    @abstractmethod
    def history(self) -> History:
        """The history as this process knows it; another one, with the same lock, once a trial is voided."""

    @property
    def is_loaded(self) -> bool:
        """Whether the history was read from the store."""
        return True

    @abstractmethod
    def sync(self) -> None:
        """Take in what others committed."""

    def sync_if_due(self) -> None:
        """Take in what others committed, unless that was done a moment ago."""

    @abstractmethod
    def begin(self, terms: Terms = ANY_TERMS) -> Draft:
        """Start the oldest waiting trial, or a new one.

        Raises:
            BudgetSpentError: The study has had all the trials that ``terms`` allow.
        """

    @abstractmethod
    def promote(self, number: int, trial: TrialChange, terms: Terms) -> Draft | None:
        """Start a trial that goes on from a pruned one; None if that was done before, or it cannot be gone on from."""

    def foreign_drafts(self) -> list[Draft]:
        """Running trials that were not begun here, as far as this process knows."""
        return []

    def open(self, number: int) -> Draft | None:
        """The draft of a trial that was begun elsewhere, or lent, to work on it here; None if it is not open (any more)."""
        self.sync()
        return self.history.drafts.get(number)

    def lend(self, draft: Draft) -> None:
        """Commit what is pending of a trial, and leave it to another process until :meth:`open` takes it back.

        Meanwhile its lease is kept up here.

        Raises:
            UpdateFinishedTrialError: It was ended elsewhere.
        """

    @abstractmethod
    def finish(
        self, draft: Draft, state: TrialState, values: Sequence[float] | None, then: Terms | None = None
    ) -> Draft | None:
        """End a trial, with all that is pending, in one commit.

        Args:
            draft: The trial.
            state: How it ends.
            values: One per objective; None if there are none.
            then: Begin a new trial on these terms in the same commit, if that saves one; None: do not.

        Returns:
            The new trial; None if there is none, and :meth:`begin` is to be asked.
        """

    @abstractmethod
    def report(
        self, draft: Draft, step: int, value: float, *, at_once: bool, row: Mapping[str, float] | None = None
    ) -> None:
        """Note an intermediate value; it is committed at once, or soon if the trial's last commit was a moment ago.

        Args:
            draft: The trial.
            step: Where it is.
            value: The value.
            at_once: Whether to commit it before the call returns.
            row: All metrics of the step if they have names, the first one first.
        """

    def check(self, change: TrialChange) -> None:
        """Refuse what the store could not hold, before it is noted: later would be too late for the trial to end."""

    @abstractmethod
    def set_trial_attr(self, draft: Draft, key: str, value: Any, *, is_system: bool) -> None:
        """Note an attribute of an open trial."""

    def flush(self, draft: Draft) -> None:
        """Commit what is pending of a trial."""

    @abstractmethod
    def add_trials(self, trials: Sequence[TrialChange]) -> list[int]:
        """Add whole trials in one commit; return their numbers."""

    def void(self, number: int, reason: str) -> bool:
        """Set a finished trial aside; False if it is already."""
        is_new = self.storage.void(self.record.study_id, number, reason)
        self.sync()
        return is_new

    def set_study_attr(self, key: str, value: Any, *, is_system: bool) -> None:
        """Set an attribute of the study."""
        change = StudyChange(system_attrs={key: value}) if is_system else StudyChange(user_attrs={key: value})
        self.storage.write_study(self.record.study_id, change)
        self.sync()

    def best_trial(self) -> FrozenTrial | None:
        """The best feasible complete trial of a study with one objective."""
        with self.history.lock:
            history = self.history
            if history.best_row < 0:
                return None
            return history.trial(int(history.number.data[history.best_row]))

    def summary(self) -> Summary:
        """What the store says of the study as a whole."""
        return self.storage.summary(self.record.study_id)

    def working(self, look_after: Callable[[], None]) -> AbstractContextManager[None]:
        """While this lasts, what is pending for long is committed in the background, and leases are kept up.

        Args:
            look_after: Called now and then, in another thread: the place to look after the trials of lost workers.
        """
        return nullcontext()


def refuse_finished(draft: Draft) -> None:
    """Refuse to change a trial that has ended meanwhile.

    Raises:
        UpdateFinishedTrialError: It has.
    """
    if draft.state is not TrialState.RUNNING:
        raise UpdateFinishedTrialError(f"Trial {draft.number} is {draft.state.name}; only a running trial can change.")
