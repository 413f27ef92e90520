from __future__ import annotations

import threading

import numpy as np
import pytest
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

from optimist.numerics.blas_threads import one_blas_thread


def n_threads() -> list[int]:
    np.linalg.inv(np.eye(2)), scipy.linalg.inv(np.eye(2))  # loaded, so that there is something to look at
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture
def two_threads() -> list[int]:
    with threadpool_limits(2, user_api="blas"):
        found = n_threads()
        if set(found) != {2}:
            pytest.skip("this build of BLAS has one thread anyway")
        yield found  # type: ignore[misc]


def test_one_inside_and_as_before_outside(two_threads: list[int]) -> None:
    with one_blas_thread():
        assert set(n_threads()) == {1}
    assert n_threads() == two_threads


def test_as_before_after_an_error(two_threads: list[int]) -> None:
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert n_threads() == two_threads


def test_many_threads_leave_it_as_it_was(two_threads: list[int]) -> None:
    def work() -> None:
        for _ in range(20):
            with one_blas_thread(), one_blas_thread():
                np.linalg.inv(np.eye(20))

    others = [threading.Thread(target=work) for _ in range(4)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert n_threads() == two_threads
