"""What a user writes as the URL of a database, understood and checked before anything is opened."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from optimist.exceptions import MissingDependencyError
from optimist.storages.sql.dialects.base import Dialect

MEMORY: Final = ":memory:"


@dataclass(frozen=True, slots=True)
class Driver:
    """The library that speaks to a database server.

    Attributes:
        name: What SQLAlchemy calls it in URLs, such as ``mysql+pymysql``.
        module: What has to be importable.
        extra: The extra of our package that installs it.
        example: A URL to imitate.
    """

    name: str
    module: str
    extra: str
    example: str


_MYSQL: Final = (
    Driver("mysqldb", "MySQLdb", "mysql", "mysql://user@host/database"),  # mysqlclient
    Driver("pymysql", "pymysql", "mysql", "mysql://user@host/database"),
)
_DRIVERS: Final[dict[str, tuple[Driver, ...]]] = {
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "postgresql": (Driver("psycopg", "psycopg", "postgres", "postgresql://user@host/database"),),
}
"""By the kind of database. Where a URL names no driver, the first that is installed is used."""

_DIALECTS: Final = {
    "sqlite": ("sqlite", "SQLite"),
    "mysql": ("mysql", "MySQL"),
    "mariadb": ("mysql", "MySQL"),
    "postgresql": ("postgresql", "PostgreSQL"),
}
"""By the kind of database, the file in dialects/ and the class."""

_EXAMPLES: Final = ("sqlite:///file.db", "journal://file.journal", "mysql://user@host/database", "postgresql://…")
_MYSQL_SOCKETS: Final = ("/run/mysqld/mysqld.sock", "/tmp/mysql.sock")  # noqa: S108  where servers put them


def parse_url(url: str | URL) -> URL:
    """Understand a URL. File names become absolute, so that they mean the same after a change of directory.

    Raises:
        ValueError: The scheme is not known, or the URL cannot be read.
        MissingDependencyError: The driver of the database is not installed.
    """
    text = url.render_as_string(hide_password=False) if isinstance(url, URL) else url
    family, _, driver = text.partition("://")[0].lower().partition("+")
    family = "postgresql" if family == "postgres" else family
    if family not in _DIALECTS:
        raise ValueError(
            f"No storage is known that opens {family}:// URLs. Use a file name, or one of: {', '.join(_EXAMPLES)}."
        )
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # their text may hold the password
        raise ValueError(f"This {family}:// URL cannot be read. Write it like {_example(family)}.") from None
    if family == "sqlite":
        return _absolute(parsed)
    chosen = _driver(family, driver)
    if not parsed.database:
        raise ValueError(f"The URL {masked(parsed)} names no database. Write it like {_example(family)}.")
    return _through_socket(parsed.set(drivername=f"{family}+{chosen.name}"))


def file_url(path: str) -> URL:
    """The URL of a bare file name, whatever characters it has."""
    return URL.create("sqlite", database=path)


def dialect_of(url: URL) -> Dialect:
    """The ways of the database behind a URL."""
    return _dialect(*_DIALECTS[url.get_backend_name()])


def is_in_memory(url: URL) -> bool:
    """Whether the URL names an SQLite database that lives in one connection and ends with it."""
    return url.get_backend_name() == "sqlite" and (not url.database or url.database == MEMORY)


def masked(url: URL) -> str:
    """The URL for people to read, without the password."""
    return url.render_as_string(hide_password=True)


@cache
def _dialect(module: str, name: str) -> Dialect:
    made = getattr(importlib.import_module(f"optimist.storages.sql.dialects.{module}"), name)()
    assert isinstance(made, Dialect)
    return made


def _absolute(url: URL) -> URL:
    if is_in_memory(url) or "uri" in url.query:
        return url
    assert url.database is not None
    return url.set(database=str(Path(url.database).absolute()))


def _through_socket(url: URL) -> URL:
    """For MySQL's own clients, localhost without a port means the server's socket; for PyMySQL it does not."""
    if url.drivername.endswith("+pymysql") and url.host == "localhost" and not url.port and not url.query:
        for socket in _MYSQL_SOCKETS:
            if Path(socket).is_socket():
                return url.update_query_dict({"unix_socket": socket})
    return url


def _example(family: str) -> str:
    return _DRIVERS[family][0].example if family in _DRIVERS else _EXAMPLES[0]


def _driver(family: str, named: str) -> Driver:
    """The driver to use.

    Raises:
        ValueError: The URL names one that we do not know.
        MissingDependencyError: It is not installed.
    """
    known = _DRIVERS[family]
    wanted = [driver for driver in known if named in ("", driver.name)]
    if not wanted:
        names = " or ".join(f"{family}+{driver.name}" for driver in known)
        raise ValueError(f"Optimist speaks to this database as {names}, not as {family}+{named}. Or name no driver.")
    for driver in wanted:
        if importlib.util.find_spec(driver.module) is not None:
            return driver
    driver = wanted[-1]
    raise MissingDependencyError(
        f"{family}:// needs the driver {driver.module}, which is not installed. "
        f"Install it with: pip install 'optimist[{driver.extra}]'"
    )
