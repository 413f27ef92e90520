"""How many commits and statements a trial makes, as the database counts them: pings, rollbacks and reads included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from interleave import Figures
from storage_runs import Run, connect_mysql, connect_postgresql

Counts = dict[str, float]
Statement = tuple[str, str]  # connection, text

_STATUS: Final = ("Com_commit", "Com_rollback", "Com_begin", "Questions", "Com_admin_commands")
_LOGGED: Final = re.compile(r"\[(\d+)\] LOG:  (?:statement|execute [^:]*): (\S+)")


def count_around(url: str, server_log: str, prepare: Callable[[], Run], n_trials: int) -> Figures:
    """Commits and statements of each trial of a run.

    Args:
        url: The storage.
        server_log: The server's log; PostgreSQL is asked to write all statements into it meanwhile.
        prepare: Opens a study, and returns what runs ``n_trials`` trials in this process.
        n_trials: How many.
    """
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme == "sqlite":
        counts = _count_sqlite(prepare)
    elif scheme == "mysql":
        counts = _count_mysql(url, prepare())
    else:
        counts = _count_postgresql(url, Path(server_log), prepare())
    return {name: n / n_trials for name, n in counts.items()}


def _count_mysql(url: str, run: Run) -> Counts:
    with connect_mysql(url) as connection, connection.cursor() as cursor:

        def status() -> Counts:
            names = ", ".join(f"'{name}'" for name in _STATUS)
            cursor.execute(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({names})")
            return {name: int(value) for name, value in cursor.fetchall()}

        idle, before = status(), status()
        run()
        after = status()
    spent = {name: after[name] - before[name] - (before[name] - idle[name]) for name in _STATUS}
    # Pings are no questions to MariaDB, but they are round trips.
    return {
        "commits": spent["Com_commit"],
        "rollbacks": spent["Com_rollback"],
        "statements": spent["Questions"] + spent["Com_admin_commands"],
    }


def _count_postgresql(url: str, log: Path, run: Run) -> Counts:
    with connect_postgresql(url) as admin, ExitStack() as stack:
        ours = str(admin.info.backend_pid)
        # For sessions that are open already, too.
        admin.execute("ALTER SYSTEM SET log_statement = 'all'")
        admin.execute("SELECT pg_reload_conf()")
        stack.callback(admin.execute, "SELECT pg_reload_conf()")
        stack.callback(admin.execute, "ALTER SYSTEM RESET log_statement")
        admin.execute("SELECT pg_sleep(0.5)")
        start = log.stat().st_size
        run()
        admin.execute("SELECT pg_sleep(0.2)")
        lines = log.read_bytes()[start:].decode(errors="replace").splitlines()
    found = [match.groups() for line in lines if (match := _LOGGED.search(line))]
    return tally((pid, text) for pid, text in found if pid != ours)


def _count_sqlite(prepare: Callable[[], Run]) -> Counts:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    seen: list[Statement] = []

    def watch(connection: Any, _record: object) -> None:
        name = str(id(connection))
        connection.set_trace_callback(lambda text: seen.append((name, text)))

    event.listen(Engine, "connect", watch)
    try:
        run = prepare()
        seen.clear()
        run()
    finally:
        event.remove(Engine, "connect", watch)
    return tally(statement for statement in seen if not statement[1].startswith("--"))


def tally(statements: Iterable[Statement]) -> Counts:
    """Count statements, and what they commit: at COMMIT, or by themselves outside a transaction."""
    counts: Counts = {"commits": 0, "rollbacks": 0, "statements": 0}
    within: set[str] = set()
    for connection, text in statements:
        verb = text.split()[0].upper().rstrip(";")
        counts["statements"] += 1
        if verb == "BEGIN":
            within.add(connection)
        elif verb in ("COMMIT", "ROLLBACK"):
            within.discard(connection)
            counts["commits" if verb == "COMMIT" else "rollbacks"] += 1
        elif verb in ("INSERT", "UPDATE", "DELETE", "WITH", "REPLACE") and connection not in within:
            counts["commits"] += 1
    return counts
