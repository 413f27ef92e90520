"""One thread for linear algebra: matrices of some hundred rows gain nothing from more.

Where several processes share the cores, as workers do, threads of OpenBLAS that wait for each other make a decomposition of
a millisecond take a hundred.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[Any]:
    """Hold the linear algebra of this process to one thread for the time of a ``with`` block.

    To be entered after numpy and scipy were imported. Cost: some microseconds.
    """
    limiter: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limiter


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
