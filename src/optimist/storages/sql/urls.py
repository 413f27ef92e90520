"""What a user writes as the URL of a database, understood and checked before anything is opened."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from optimist.exceptions import MissingDependencyError
from optimist.storages.sql.dialect import DIALECTS, Dialect

MEMORY: Final = ":memory:"


@dataclass(frozen=True, slots=True)
class Driver:
    """The library that speaks to a database server.

    Attributes:
        module: What has to be importable.
        extra: The extra of our package that installs it.
        example: A URL to imitate.
    """

    module: str
    extra: str
    example: str


_DRIVERS: Final = {
    "mysql": Driver("pymysql", "mysql", "mysql://user@host/database"),
    "mariadb": Driver("pymysql", "mysql", "mariadb://user@host/database"),
    "postgresql": Driver("psycopg", "postgres", "postgresql://user@host/database"),
}
_EXAMPLES: Final = ("sqlite:///file.db", *(driver.example for driver in _DRIVERS.values()))


def parse_url(url: str | URL) -> URL:
    """Understand a URL. File names become absolute, so that they mean the same after a change of directory.

    Raises:
        ValueError: The scheme is not known, or the URL cannot be read.
        MissingDependencyError: The driver of the database is not installed.
    """
    text = url.render_as_string(hide_password=False) if isinstance(url, URL) else url
    family = text.partition("://")[0].partition("+")[0].lower()
    if family in _DRIVERS:
        _require(family, _DRIVERS[family])
    if family not in DIALECTS:
        raise ValueError(
            f"No storage is known that opens {family}:// URLs. Use a file name, or one of: {', '.join(_EXAMPLES)}."
        )
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # their text may hold the password
        raise ValueError(f"This {family}:// URL cannot be read. Write it like {_example(family)}.") from None
    if family == "sqlite" and not is_in_memory(parsed) and "uri" not in parsed.query:
        assert parsed.database is not None
        parsed = parsed.set(database=str(Path(parsed.database).absolute()))
    return parsed


def file_url(path: str) -> URL:
    """The URL of a bare file name, whatever characters it has."""
    return URL.create("sqlite", database=path)


def dialect_of(url: URL) -> Dialect:
    """The ways of the database behind a URL."""
    return DIALECTS[url.get_backend_name()]


def is_in_memory(url: URL) -> bool:
    """Whether the URL names an SQLite database that lives in one connection and ends with it."""
    return url.get_backend_name() == "sqlite" and (not url.database or url.database == MEMORY)


def masked(url: URL) -> str:
    """The URL for people to read, without the password."""
    return url.render_as_string(hide_password=True)


def _example(family: str) -> str:
    return _DRIVERS[family].example if family in _DRIVERS else _EXAMPLES[0]


def _require(family: str, driver: Driver) -> None:
    if importlib.util.find_spec(driver.module) is None:
        raise MissingDependencyError(
            f"{family}:// needs the driver {driver.module}, which is not installed. "
            f"Install it with: pip install 'optimist[{driver.extra}]'"
        )
