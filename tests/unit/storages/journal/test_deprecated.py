"""Names that scripts from before Optuna 4 use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.storages import journal

PAIRS = [
    ("JournalFileStorage", journal.JournalFileBackend),
    ("JournalFileSymlinkLock", journal.JournalFileSymlinkLock),
    ("JournalFileOpenLock", journal.JournalFileOpenLock),
]


@pytest.mark.parametrize(("name", "current"), PAIRS)
def test_old_names_work_and_name_the_new_one(tmp_path: Path, name: str, current: type) -> None:
    old: Any = getattr(optimist.storages, name)
    with pytest.warns(FutureWarning, match=re.escape(f"Use optimist.storages.journal.{current.__name__}")):
        made = old(str(tmp_path / "study.journal"))
    assert isinstance(made, current)


def test_backends_of_old_may_derive_from_the_old_name() -> None:
    class Backend(optimist.storages.BaseJournalLogStorage):
        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            raise NotImplementedError

        def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
            return []

    with pytest.warns(FutureWarning, match="BaseJournalBackend"):
        assert isinstance(Backend(), journal.BaseJournalBackend)
    assert issubclass(optimist.storages.JournalRedisStorage, journal.JournalRedisBackend)
