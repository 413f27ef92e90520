"""Executors of other libraries: how many calls one runs at a time, and from where its workers call back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from optimist.execution.addresses import LOOPBACK, address_towards
from optimist.execution.ray_executor import RayExecutor


@dataclass(frozen=True)
class Pool:
    """An executor, and what has to be known of it.

    Attributes:
        executor: Takes calls.
        count_slots: How many of them it runs at a time, as of now; 0 if it waits for workers; None if it does not tell.
        host: The address at which its workers reach this process.
        shares_memory: Whether its workers are threads of this process.
    """

    executor: Executor
    count_slots: Callable[[], int | None]
    host: str
    shares_memory: bool = False


def pool_of(executor: Any) -> Pool:
    """Understand what a user gives as ``executor``.

    Args:
        executor: An executor of ``concurrent.futures``, a Dask client, or the module ``ray``.

    Raises:
        TypeError: It is something else, or an asynchronous Dask client.
    """
    if executor is sys.modules.get("ray"):
        executor = RayExecutor()
    elif _is_of_dask(executor) and hasattr(executor, "get_executor"):
        if executor.asynchronous:
            raise TypeError("executor must not be an asynchronous Dask client: optimize() waits for its trials.")
        executor = executor.get_executor(pure=False)
    if isinstance(executor, type) or not isinstance(executor, Executor):
        raise TypeError(
            "executor must be an executor of concurrent.futures, a Dask client, or the module ray (or a RayExecutor), "
            f"but got {executor!r}."
        )
    if isinstance(executor, RayExecutor):
        return Pool(executor, lambda: executor.max_workers, executor.host)
    if _is_of_dask(executor):
        client = executor.__dict__["_client"]
        return Pool(executor, lambda: sum(client.nthreads().values()), _address_for(client.scheduler.address))
    return Pool(executor, lambda: _declared_slots(executor), LOOPBACK, _runs_threads(executor))


def _is_of_dask(executor: Any) -> bool:
    return type(executor).__module__.partition(".")[0] == "distributed"


def _address_for(scheduler: str) -> str:
    """The address at which the workers of a Dask scheduler reach this process, if they reach it as the scheduler does."""
    parts = urlsplit(scheduler)
    if parts.scheme == "inproc" or parts.hostname is None:
        return LOOPBACK
    return address_towards(parts.hostname)


def _declared_slots(executor: Executor) -> int | None:
    for name in ("max_workers", "_max_workers"):  # the standard library keeps it to itself; others follow its example
        declared = getattr(executor, name, None)
        if isinstance(declared, int):
            return declared
    return None


def _runs_threads(executor: Executor) -> bool:
    # An InterpreterPoolExecutor is a ThreadPoolExecutor by inheritance, but its interpreters share nothing.
    return isinstance(executor, ThreadPoolExecutor) and "Interpreter" not in type(executor).__name__
