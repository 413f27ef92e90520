"""Private database servers on 127.0.0.1, for tests and benchmarks: made in a directory of their own, gone at the end.

    with MariaDB(directory) as server:
        optimist.create_study(storage=server.url)

Commits are on the disk before they return, as a server does by default. Run as a script, it keeps one running until
Ctrl-C and prints its URL:

    python tools/servers.py mariadb
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

PATIENCE_S = 60.0


class Server(ABC):
    """A server that only this machine can reach.

    Args:
        directory: Where its files live; made if missing, and left behind.

    Attributes:
        port: On 127.0.0.1; it stays the same when the server is started again.
        process: The running server; None while it is stopped.
    """

    package: ClassVar[str]
    """Debian's package that has the programs."""

    farewell: ClassVar[signal.Signals] = signal.SIGKILL
    """What ends a server whose files nobody wants any more: writing them to the disk would take minutes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """What ``storage=`` takes."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the files of a new server."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command that runs the server in the foreground."""

    @abstractmethod
    def accepts(self) -> bool:
        """Whether the server takes commands yet."""

    def finish(self) -> None:
        """Do what has to be done once, when the new server runs for the first time."""

    @property
    def owner(self) -> str | None:
        """The account that the server runs as; None for our own."""
        return None

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.owner is not None:
            shutil.chown(self.directory, self.owner)
        self.prepare()
        self.start()
        self.finish()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(self.farewell)

    def start(self) -> None:
        """Start the server, and wait until it takes commands."""
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.directory, user=self.owner
            )
        deadline = time.monotonic() + PATIENCE_S
        while not self.accepts():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.package} does not start:\n{(self.directory / 'server.log').read_text()}")
            time.sleep(0.05)

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> None:
        """End the server; SIGKILL ends it without a farewell."""
        if self.process is not None:
            self.process.send_signal(sig)
            self.process.wait(PATIENCE_S)
            self.process = None

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of the server's programs, as its owner."""
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=self.directory, user=self.owner)

    def succeeds(self, *command: str) -> bool:
        """Whether a program of the server ends well."""
        try:
            self.run(*command)
        except subprocess.CalledProcessError:
            return False
        return True


class MariaDB(Server):
    """MariaDB, with the user ``root`` without a password and the database ``optimist``."""

    package = "mariadb-server"

    @property
    def url(self) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/optimist"

    def prepare(self) -> None:
        self.run(
            program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.directory}/data",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        )

    def command(self) -> Sequence[str]:
        return (
            program("mariadbd"),
            "--no-defaults",
            f"--user={pwd.getpwuid(os.getuid()).pw_name}",
            f"--datadir={self.directory}/data",
            f"--socket={self.directory}/socket",
            f"--pid-file={self.directory}/pid",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--max-connections=300",
        )

    def accepts(self) -> bool:
        return self.succeeds(program("mariadb-admin"), *self._at(), "ping")

    def finish(self) -> None:
        self.query("CREATE DATABASE optimist")

    def query(self, sql: str) -> str:
        """Run a statement as root."""
        return self.run(program("mariadb"), *self._at(), "--batch", "--execute", sql).stdout

    def _at(self) -> tuple[str, ...]:
        return ("--no-defaults", f"--socket={self.directory}/socket", "--user=root")


class PostgreSQL(Server):
    """PostgreSQL, with the user ``optimist`` without a password and the database ``optimist``."""

    package = "postgresql"
    farewell = signal.SIGQUIT  # at once as well, but it takes its shared memory along

    @property
    def url(self) -> str:
        return f"postgresql://optimist@127.0.0.1:{self.port}/optimist"

    @property
    def owner(self) -> str | None:
        return "postgres" if os.getuid() == 0 else None  # it refuses to run as root

    def prepare(self) -> None:
        self.run(
            postgres("initdb"),
            f"--pgdata={self.directory}/data",
            "--username=optimist",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-instructions",
        )

    def command(self) -> Sequence[str]:
        return (
            postgres("postgres"),
            "-D",
            f"{self.directory}/data",
            "-p",
            str(self.port),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={self.directory}",
            "-c",
            "max_connections=300",
        )

    def accepts(self) -> bool:
        return self.succeeds(postgres("pg_isready"), "--host=127.0.0.1", f"--port={self.port}", "--quiet")

    def finish(self) -> None:
        self.query("CREATE DATABASE optimist", "postgres")

    def query(self, sql: str, database: str = "optimist") -> str:
        """Run a statement."""
        at = ("--host=127.0.0.1", f"--port={self.port}", "--username=optimist", f"--dbname={database}")
        return self.run(program("psql"), *at, "--no-psqlrc", "--tuples-only", "--no-align", "--command", sql).stdout

    def stop(self, sig: signal.Signals = signal.SIGINT) -> None:  # SIGTERM would wait for every client to leave
        children = child_processes(self.process.pid) if self.process and sig == signal.SIGKILL else []
        super().stop(sig)
        for pid in children:  # its helpers outlive a killed server for a moment, and would keep it from starting again
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if children:
            (self.directory / "data" / "postmaster.pid").unlink(missing_ok=True)


class Redis(Server):
    """Redis, with every write on the disk before it is answered."""

    package = "redis-server"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Nothing: it makes its files itself."""

    def command(self) -> Sequence[str]:
        return (
            program("redis-server"),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self.directory),
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
        )

    def accepts(self) -> bool:
        return self.succeeds(program("redis-cli"), "-p", str(self.port), "ping")


SERVERS: dict[str, type[Server]] = {"mariadb": MariaDB, "postgresql": PostgreSQL, "redis": Redis}
"""By name, as the script takes them."""


def program(name: str) -> str:
    """Where a program is.

    Raises:
        FileNotFoundError: It is not installed.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError(f"The program {name} is not installed.")
    return found


def postgres(name: str) -> str:
    """Where a program of PostgreSQL's server is; Debian keeps them outside the path; errors as in ``program``."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return str(versions[-1]) if versions else program(name)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def child_processes(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in found.stdout.split()]


def main() -> None:
    """Keep a server running until Ctrl-C."""
    if len(sys.argv) != 2 or sys.argv[1] not in SERVERS:
        sys.exit(f"usage: python tools/servers.py {'|'.join(SERVERS)}")
    with tempfile.TemporaryDirectory(prefix="optimist-") as directory:
        Path(directory).chmod(0o755)
        with SERVERS[sys.argv[1]](Path(directory) / "server") as server:
            print(server.url, flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()


if __name__ == "__main__":
    main()
