"""One thread for linear algebra: matrices of some hundred rows gain nothing from more.

Where several processes share the cores, as workers do, threads of OpenBLAS that wait for each other make a decomposition of
a millisecond take a hundred.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

_lock = threading.RLock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold the linear algebra of this process to one thread for the time of a ``with`` block.

    To be entered after numpy and scipy were imported. The limit is that of the process, and who sets it has to bring back
    what was; so one thread at a time is inside, and others wait. Cost: some microseconds.
    """
    with _lock, _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
