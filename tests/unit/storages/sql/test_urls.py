from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from optimist.storages.sql.urls import file_url, is_in_memory, masked, parse_url


def test_relative_file_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_url("sqlite:///x.db").database == str(tmp_path / "x.db")
    assert parse_url("sqlite:////abs/x.db").database == "/abs/x.db"
    assert parse_url("sqlite+pysqlite:///x.db").database == str(tmp_path / "x.db")


def test_options_are_kept() -> None:
    parsed = parse_url("sqlite:///file:/x.db?mode=ro&uri=true")
    assert parsed.database == "file:/x.db"
    assert dict(parsed.query) == {"mode": "ro", "uri": "true"}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_memory_is_recognised(url: str) -> None:
    assert is_in_memory(parse_url(url))
    assert not is_in_memory(parse_url("sqlite:///x.db"))


def test_file_names_are_not_urls() -> None:
    assert file_url("what?is=this").database == "what?is=this"


@pytest.mark.parametrize("url", ["nonsense", "", "sqlit:///x.db", "redis://host", "://"])
def test_unknown_scheme(url: str) -> None:
    with pytest.raises(ValueError, match="No storage is known"):
        parse_url(url)


def test_unreadable_url_keeps_its_secrets() -> None:
    with pytest.raises(ValueError, match="cannot be read") as caught:
        parse_url("sqlite://user:secret@host:port:99/x")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_password_is_masked() -> None:
    assert "secret" not in masked(make_url("mysql://user:secret@host/db"))
