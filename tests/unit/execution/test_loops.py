"""Work in a loop, in this thread or in several."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable

import pytest

from optimist.execution.loops import count_threads, count_workers, run_in_threads, run_serially


def count_to(n: int) -> tuple[Callable[[], bool], list[str]]:
    """Work that is done after n calls, and the names of the threads that did it."""
    counter, names, lock = itertools.count(1), [], threading.Lock()

    def work() -> bool:
        with lock:
            if next(counter) > n:
                return False
            names.append(threading.current_thread().name)
        return True

    return work, names


def test_serially() -> None:
    work, names = count_to(5)
    run_serially(work)
    assert names == [threading.current_thread().name] * 5


def test_serially_an_error_ends_it() -> None:
    calls: list[int] = []

    def work() -> bool:
        calls.append(1)
        if len(calls) == 3:
            raise ValueError("no")
        return True

    with pytest.raises(ValueError, match="no"):
        run_serially(work)
    assert len(calls) == 3


def test_in_threads() -> None:
    work, names = count_to(20)
    run_in_threads(work, 3, lambda: None)
    assert len(names) == 20
    assert all(name.startswith("optimist") for name in names)


def test_threads_run_at_the_same_time() -> None:
    barrier = threading.Barrier(3, timeout=10)
    done = threading.local()

    def work() -> bool:
        if getattr(done, "once", False):
            return False
        barrier.wait()
        done.once = True
        return True

    run_in_threads(work, 3, lambda: None)


def test_the_first_error_halts_the_others() -> None:
    halted = threading.Event()
    all_started = threading.Barrier(3, timeout=10)
    ended: list[bool] = []

    def work() -> bool:
        if all_started.wait() == 0:
            raise ValueError("no")
        assert halted.wait(timeout=10)
        ended.append(True)
        return False

    with pytest.raises(ValueError, match="no"):
        run_in_threads(work, 3, halted.set)
    assert ended == [True] * 2  # they have ended when the error comes out


@pytest.mark.parametrize(("n_jobs", "n_threads"), [(1, 1), (7, 7), (-1, os.cpu_count())])
def test_count_threads(n_jobs: int, n_threads: int) -> None:
    assert count_threads(n_jobs) == n_threads


@pytest.mark.parametrize("n_jobs", [0, -2])
def test_no_threads(n_jobs: int) -> None:
    with pytest.raises(ValueError, match=f"but got {n_jobs}"):
        count_threads(n_jobs)


def test_count_workers() -> None:
    assert count_workers(3, 1) == 3
    assert count_workers(None, 1) == 1
    assert count_workers(-1, 1) == (os.cpu_count() or 1)
    for workers in (0, -2):
        with pytest.raises(ValueError, match="workers must be"):
            count_workers(workers, 1)
    with pytest.raises(ValueError, match="leave out n_jobs=2"):
        count_workers(2, 2)
