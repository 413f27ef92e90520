"""Where studies live while they are measured: a private server or file of each kind, and both libraries' names for it.

The servers are those of ``tools/servers.py``: made in a temporary directory, on 127.0.0.1 only, gone at the end, with
commits that are on the disk before they are answered.
"""

from __future__ import annotations

import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.append(str(Path(__file__).resolve().parents[1]))  # a script's own directory is all that Python looks into

from tools.servers import MariaDB, PostgreSQL, Server

BACKENDS: Final = ("mariadb", "postgresql", "sqlite", "journal")

_SERVERS: Final[dict[str, type[Server]]] = {"mariadb": MariaDB, "postgresql": PostgreSQL}
_DRIVERS: Final = {"mysql": "mysql+pymysql", "postgresql": "postgresql+psycopg"}


@dataclass(frozen=True)
class Home:
    """A place for studies.

    Attributes:
        backend: One of ``BACKENDS``.
        directory: Where its files are.
        server: The server; None for files.
    """

    backend: str
    directory: Path
    server: Server | None = None

    def url(self) -> str:
        """A URL with the driver's name, so that all contenders use the same; with files, a new one for each call."""
        if self.server is not None:
            scheme, _, rest = self.server.url.partition("://")
            return f"{_DRIVERS[scheme]}://{rest}"
        path = self.directory / uuid.uuid4().hex
        return f"sqlite:///{path}.db" if self.backend == "sqlite" else f"journal://{path}.journal"


@contextmanager
def home(backend: str) -> Iterator[Home]:
    """Make a home in a temporary directory, with its server running if it has one."""
    # Other accounts, such as PostgreSQL's own, have to be able to enter.
    with tempfile.TemporaryDirectory(prefix="optimist-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        if backend not in _SERVERS:
            yield Home(backend, directory)
            return
        with _SERVERS[backend](directory / "server") as server:
            yield Home(backend, directory, server)


def open_optuna(url: str, **heartbeat: Any) -> Any:
    """Open the storage behind a URL as Optuna does; a journal takes no heartbeats there."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    scheme, _, rest = url.partition("://")
    if scheme == "journal":
        return optuna.storages.JournalStorage(JournalFileBackend(rest))
    patience = {"connect_args": {"timeout": 60}} if scheme == "sqlite" else {}  # its default gives up after 5 s
    return optuna.storages.RDBStorage(url, engine_kwargs=patience, **heartbeat)


def path_of(url: str) -> str:
    """The file behind a URL of a file."""
    scheme, _, rest = url.partition("://")
    return rest[1:] if scheme == "sqlite" else rest
