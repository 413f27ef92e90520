from __future__ import annotations

from pathlib import Path

import pytest

from optimist.exceptions import MissingDependencyError
from optimist.storages.base import Storage, check_name
from optimist.storages.memory import MemoryStore
from optimist.storages.open import open_storage
from optimist.storages.sql.storage import SQLStorage


def test_nothing_named_is_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPTIMIST_STORAGE", raising=False)
    assert isinstance(open_storage(None), MemoryStore)


def test_variable_names_the_storage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPTIMIST_STORAGE", f"sqlite:///{tmp_path}/study.db")
    assert isinstance(open_storage(None), SQLStorage)
    assert (tmp_path / "study.db").exists()
    monkeypatch.setenv("OPTIMIST_STORAGE", "")
    assert isinstance(open_storage(None), MemoryStore)


def test_storage_is_used_as_it_is() -> None:
    storage = MemoryStore()
    assert open_storage(storage) is storage


@pytest.mark.parametrize("name", ["study.db", "no suffix", "a?b=c.db", "100%25 #1.db", "naïve 🦜.db"])
def test_bare_file_name_is_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    for storage in (open_storage(name), open_storage(Path(name)), open_storage(tmp_path / name)):
        assert isinstance(storage, SQLStorage)
        assert storage.url.database == str(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(("-wal", "-shm"))] == [name]


def test_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="URL, a file name or a storage"):
        open_storage(3)  # type: ignore[arg-type]


def test_unknown_scheme_lists_what_is_known() -> None:
    with pytest.raises(ValueError, match=r"No storage .* foo:// .*sqlite:///file\.db.*mysql://") as caught:
        open_storage("foo://user:secret@host/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("scheme", "extra"), [("mysql", "mysql"), ("mariadb", "mysql"), ("postgresql", "postgres")])
def test_missing_driver_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, scheme: str, extra: str) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=rf"pip install 'optimist\[{extra}\]'") as caught:
        open_storage(f"{scheme}://user:secret@host/x")
    assert "secret" not in str(caught.value)


def test_good_names_pass() -> None:
    for name in ("x", "", "naïve 🦜", "x" * 512):
        check_name("A name", name)


@pytest.mark.parametrize(
    ("name", "problem"),
    [("a\0b", "NUL"), ("x" * 513, "512"), ("\ud800", "UTF-8")],
)
def test_bad_names_are_refused(name: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check_name("A name", name)


def test_name_must_be_text() -> None:
    with pytest.raises(TypeError, match="must be text"):
        check_name("A name", 3)  # type: ignore[arg-type]


def test_storages_may_be_closed() -> None:
    storage: Storage = MemoryStore()
    storage.close()
    assert storage.list_studies() == []
