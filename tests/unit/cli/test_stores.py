"""Which storage a command is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimist.cli.settings import Settings
from optimist.cli.stores import file_of, open_storage_of
from optimist.exceptions import CLIUsageError
from optimist.storages.journal.storage import JournalStore


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("study.db", "study.db"),
        ("sub/study.db", "sub/study.db"),
        ("sqlite:///study.db", "study.db"),
        ("sqlite:////tmp/study.db", "/tmp/study.db"),
        ("sqlite+pysqlite:///study.db?timeout=3", "study.db"),
        ("sqlite:///:memory:", None),
        ("sqlite://", None),
        ("journal://a.journal", "a.journal"),
        ("journal:///tmp/a?b.journal", "/tmp/a?b.journal"),
        ("redis://localhost/0", None),
        ("sqlite:///file:study.db?mode=ro&uri=true", None),
        ("mysql://root@localhost/study", None),
        ("postgresql+psycopg://root@localhost/study", None),
    ],
)
def test_file_of(url: str, path: str | None) -> None:
    assert file_of(url) == (None if path is None else Path(path))


def test_storage_class(tmp_path: Path) -> None:
    url = str(tmp_path / "a.db")
    assert open_storage_of(Settings(storage=url, storage_class="RDBStorage"), may_be_new=True).list_studies() == []
    journal = str(tmp_path / "a.journal")
    with pytest.raises(CLIUsageError, match="There is no file"):
        open_storage_of(Settings(storage=journal, storage_class="JournalFileBackend"))
    for name, storage_class in ((journal, "JournalFileBackend"), (f"journal://{journal}", None)):
        settings = Settings(storage=name, storage_class=storage_class)
        assert isinstance(open_storage_of(settings, may_be_new=True), JournalStore)
    with pytest.raises(CLIUsageError, match="redis://localhost"):
        open_storage_of(Settings(storage=url, storage_class="JournalRedisBackend"), may_be_new=True)
