"""What the contenders of ``storage.py`` do: Optimist, Optuna 5 and the raw drivers, several processes from one gate.

The raw contender is the least that any storage could do: one INSERT and one UPDATE a trial, each a commit of its own
that is on the disk when it returns, with 300 bytes, which is what a trial with ten parameters amounts to. In a file of
lines it is two appends, each followed by fdatasync.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any, Final
from urllib.parse import urlsplit

from homes import open_optuna, path_of
from interleave import Figures

Run = Callable[[], object]

PAYLOAD: Final = "pq" * 150  # reversed it differs: an UPDATE that changes nothing would not reach the disk
_N_WARM_UP: Final = 5
_PATIENCE_S: Final = 120.0


@dataclass(frozen=True)
class Job:
    """What one run of several processes has to do.

    Attributes:
        contender: "optimist", "optuna" or "raw".
        url: The storage.
        study: A study that is there already; nothing to the raw contender.
        n_trials: Of each process.
        reports: Whether trials report five values, each followed by ``should_prune``.
        seed: Of the run.
    """

    contender: str
    url: str
    study: str
    n_trials: int
    reports: bool
    seed: int


# ------------------------------------------------------------------------------------------------- objectives


def ten_floats(trial: Any) -> float:
    """Sum of squares of ten floats."""
    return float(sum(trial.suggest_float(f"x{i}", -5, 5) ** 2 for i in range(10)))


def five_reports(trial: Any) -> float:
    """Ten floats and five reports; never stops, so that all trials cost the same."""
    total = ten_floats(trial)
    for step in range(5):
        trial.report(total + step, step)
        trial.should_prune()
    return total


# ------------------------------------------------------------------------------------- processes from one gate


def run_together(job: Job, n_processes: int) -> Figures:
    """Run a job in so many processes.

    Returns:
        Trials a second from the gate to the last end; CPU of the workers and calls of fsync for each trial.
    """
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(n_processes)
    ends = []
    processes = []
    for i in range(n_processes):
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(job, i, gate, theirs))
        process.start()
        theirs.close()
        ends.append(ours)
        processes.append(process)
    answers = [end.recv() for end in ends]  # EOFError if one died
    for process in processes:
        process.join()
    wall_s = max(answer["end"] for answer in answers) - min(answer["start"] for answer in answers)
    n_trials = job.n_trials * n_processes
    return {
        "trials_per_s": n_trials / wall_s,
        "cpu_us": sum(answer["cpu_s"] for answer in answers) / n_trials * 1e6,
        "syncs": sum(answer["n_syncs"] for answer in answers) / n_trials,
    }


def _work(job: Job, i_worker: int, gate: Barrier, answer: Connection) -> None:
    syncs = SyncCounter()
    run = CONTENDERS[job.contender](job, i_worker)
    gate.wait(_PATIENCE_S)
    start, cpu, n_syncs = time.monotonic(), time.process_time(), syncs.n  # one clock for all processes of a machine
    run()
    end, cpu_end = time.monotonic(), time.process_time()
    answer.send({"start": start, "end": end, "cpu_s": cpu_end - cpu, "n_syncs": syncs.n - n_syncs})


class SyncCounter:
    """Counts this process's own fsyncs; to be made before a library is loaded. What SQLite does is not seen.

    Attributes:
        n: How many so far.
    """

    def __init__(self) -> None:
        self.n = 0
        for name in ("fsync", "fdatasync"):
            setattr(os, name, self._counting(getattr(os, name)))

    def _counting(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        def counted(fd: int) -> None:
            self.n += 1
            sync(fd)

        return counted


# ------------------------------------------------------------------------------------------------- contenders


def _prepare_optimist(job: Job, i_worker: int) -> Run:
    import optimist
    from optimist.storages.open import open_storage

    optimist.logging.set_verbosity(optimist.logging.WARNING)
    sampler = optimist.samplers.RandomSampler(seed=1000 * job.seed + i_worker)
    return _trials_of(optimist, job, open_storage(job.url), sampler)


def _prepare_optuna(job: Job, i_worker: int) -> Run:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.RandomSampler(seed=1000 * job.seed + i_worker)
    return _trials_of(optuna, job, open_optuna(job.url), sampler)


def _trials_of(library: Any, job: Job, storage: Any, sampler: Any) -> Run:
    objective = five_reports if job.reports else ten_floats
    pruner = importlib.import_module(f"{library.__name__}.pruners").MedianPruner()
    warm_up = library.load_study(study_name=warm_up_of(job.study), storage=storage, sampler=sampler, pruner=pruner)
    warm_up.optimize(objective, n_trials=_N_WARM_UP)
    study = library.load_study(study_name=job.study, storage=storage, sampler=sampler, pruner=pruner)
    return lambda: study.optimize(objective, n_trials=job.n_trials)


def _prepare_raw(job: Job, _i_worker: int) -> Run:
    trial = _RAW[_kind_of(job.url)](job.url)
    for _ in range(_N_WARM_UP):
        trial()

    def run() -> None:
        for _ in range(job.n_trials):
            trial()

    return run


CONTENDERS: Final[dict[str, Callable[[Job, int], Run]]] = {
    "optimist": _prepare_optimist,
    "optuna": _prepare_optuna,
    "raw": _prepare_raw,
}


def _raw_mysql(url: str) -> Run:
    cursor = connect_mysql(url).cursor()

    def trial() -> None:
        cursor.execute("INSERT INTO raw_trials (payload) VALUES (%s)", (PAYLOAD,))
        cursor.execute("UPDATE raw_trials SET payload = %s WHERE id = %s", (PAYLOAD[::-1], cursor.lastrowid))

    return trial


def _raw_postgresql(url: str) -> Run:
    connection = connect_postgresql(url)

    def trial() -> None:
        row = connection.execute("INSERT INTO raw_trials (payload) VALUES (%s) RETURNING id", (PAYLOAD,)).fetchone()
        connection.execute("UPDATE raw_trials SET payload = %s WHERE id = %s", (PAYLOAD[::-1], row[0]))

    return trial


def _raw_sqlite(url: str) -> Run:
    connection = sqlite3.connect(path_of(url), timeout=0, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")

    def commit(statement: str, parameters: tuple[object, ...]) -> int | None:
        # SQLite's own waiting grows longer and longer, so that one of several processes does all the work.
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                time.sleep(random.uniform(0.001, 0.003))
        cursor = connection.execute(statement, parameters)
        connection.execute("COMMIT")
        return cursor.lastrowid

    def trial() -> None:
        number = commit("INSERT INTO raw_trials (payload) VALUES (?)", (PAYLOAD,))
        commit("UPDATE raw_trials SET payload = ? WHERE id = ?", (PAYLOAD[::-1], number))

    return trial


def _raw_file(url: str) -> Run:
    fd = os.open(path_of(url), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    line = f"{PAYLOAD[1:]}\n".encode()

    def trial() -> None:
        for _ in range(2):
            os.write(fd, line)
            os.fdatasync(fd)

    return trial


_RAW: Final = {"mysql": _raw_mysql, "postgresql": _raw_postgresql, "sqlite": _raw_sqlite, "journal": _raw_file}


def _kind_of(url: str) -> str:
    return url.partition("://")[0].partition("+")[0]


def make_study(contender: str, url: str, name: str) -> None:
    """Make what a run begins with: an empty study, or an empty table."""
    if contender == "optimist":
        import optimist

        optimist.logging.set_verbosity(optimist.logging.WARNING)
        for study_name in (name, warm_up_of(name)):
            optimist.create_study(storage=url, study_name=study_name)
    elif contender == "optuna":
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        for study_name in (name, warm_up_of(name)):
            optuna.create_study(storage=open_optuna(url), study_name=study_name)
    else:
        _make_table(url)


def warm_up_of(name: str) -> str:
    """The study beside one that is measured, on which workers try what they have to load late."""
    return f"{name}-warm-up"


def _make_table(url: str) -> None:
    scheme = _kind_of(url)
    if scheme == "mysql":
        table = "CREATE TABLE IF NOT EXISTS raw_trials (id INTEGER PRIMARY KEY AUTO_INCREMENT, payload TEXT)"
        with connect_mysql(url) as connection, connection.cursor() as cursor:
            cursor.execute(table)
    elif scheme == "postgresql":
        with connect_postgresql(url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS raw_trials (id SERIAL PRIMARY KEY, payload TEXT)")
    elif scheme == "sqlite":
        connection = sqlite3.connect(path_of(url))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE raw_trials (id INTEGER PRIMARY KEY, payload TEXT)")
        connection.close()


def connect_mysql(url: str) -> Any:
    """Connect with the plain driver; each statement commits by itself."""
    import pymysql

    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname, port=parts.port, user=parts.username, database=parts.path[1:], autocommit=True
    )


def connect_postgresql(url: str) -> Any:
    """Connect with the plain driver; each statement commits by itself."""
    import psycopg

    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
