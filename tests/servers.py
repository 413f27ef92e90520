"""Databases for tests: a private server of each kind, started when a test asks for it first, a database per test."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.servers import MariaDB, PostgreSQL, Redis, Server


@contextmanager
def running(kind: type[Server]) -> Iterator[Server]:
    """A server of this kind; a skip, with its reason, where its programs are not installed."""
    # Not in pytest's directories, which other accounts, such as PostgreSQL's own, cannot enter.
    with tempfile.TemporaryDirectory(prefix="optimist-") as directory:
        Path(directory).chmod(0o755)
        try:
            server = kind(Path(directory) / "server")
            server.__enter__()
        except FileNotFoundError as missing:
            pytest.skip(f"{missing} As root, `make test` installs it: apt-get install {kind.package}")
        try:
            yield server
        finally:
            server.__exit__()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    with running(MariaDB) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with running(PostgreSQL) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    with running(Redis) as server:
        yield server


def url_for(server: Server, directory: Path) -> str:
    """The URL of a database that belongs to a test's directory; it may have to be made."""
    name = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    base, _, _ = server.url.rpartition("/")
    return f"{base}/test_{name}"
