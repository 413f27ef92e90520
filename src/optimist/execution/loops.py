"""Run a piece of work over and over, in this thread or in several, until it says that it is done."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait


def run_serially(work: Callable[[], bool]) -> None:
    """Call ``work`` until it returns False; what it raises ends the loop."""
    while work():
        pass


def run_in_threads(work: Callable[[], bool], n_threads: int, halt: Callable[[], None]) -> None:
    """Call ``work`` in several threads, in each until it returns False.

    The first exception calls ``halt``, which shall make the other threads' next call return False; it is raised when
    they have ended.
    """
    with ThreadPoolExecutor(max_workers=n_threads, thread_name_prefix="optimist") as pool:
        pending: set[Future[None]] = {pool.submit(run_serially, work) for _ in range(n_threads)}
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            halt()
            raise


def count_threads(n_jobs: int) -> int:
    """The number of threads that ``n_jobs`` asks for; -1 stands for one per processor.

    Raises:
        ValueError: ``n_jobs`` is neither -1 nor positive.
    """
    if n_jobs == -1:
        return os.cpu_count() or 1
    if n_jobs < 1:
        raise ValueError(f"n_jobs must be a positive number of threads, or -1 for one per processor, but got {n_jobs}.")
    return n_jobs


def count_workers(workers: int | None, n_jobs: int) -> int:
    """The number of processes that ``workers`` asks for; -1 stands for one per processor, None for one.

    Raises:
        ValueError: ``workers`` is neither -1 nor positive, or ``n_jobs`` asks for threads as well.
    """
    if n_jobs != 1:
        raise ValueError(f"n_jobs asks for threads, workers and limits for processes: leave out n_jobs={n_jobs}.")
    if workers is None:
        return 1
    if workers == -1:
        return os.cpu_count() or 1
    if workers < 1:
        raise ValueError(f"workers must be a positive number of processes, or -1 for one each, but got {workers}.")
    return workers
