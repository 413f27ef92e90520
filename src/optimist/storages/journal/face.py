"""JournalStorage: studies in a journal, under the name that Optuna has for it."""

from __future__ import annotations

from optimist.exceptions import warn_user
from optimist.storages.face import StorageFace
from optimist.storages.journal.backends import BaseJournalBackend
from optimist.storages.journal.storage import JournalStore


class JournalStorage(StorageFace):
    """Keep studies in a journal, to which all workers append.

    Args:
        log_storage: Where its lines live, such as ``JournalFileBackend("study.journal")``.
    """

    def __init__(self, log_storage: BaseJournalBackend) -> None:
        super().__init__(JournalStore(log_storage))

    def restore_replay_result(self, snapshot: bytes) -> None:
        """Ignore a snapshot, and say so: the journal says all that there is, and foreign bytes are never unpickled."""
        warn_user(
            "JournalStorage.restore_replay_result() ignores its snapshot: studies are read from the journal. To make a "
            "long journal short, use JournalStore.compact()."
        )
