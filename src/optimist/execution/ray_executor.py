"""RayExecutor: Ray's tasks, with the face of ``concurrent.futures``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final, TypeVar

from optimist.exceptions import MissingDependencyError
from optimist.execution.addresses import address_towards

T = TypeVar("T")

_RESOURCES: Final = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}


class RayExecutor(Executor):
    """Run each call as a task of Ray; ``study.optimize(..., executor=RayExecutor(num_gpus=1))``.

    Ray is started with its defaults if it is not running. A task whose worker or node is lost is not tried again by Ray,
    unless the options say so: whoever handed it in is told. A task that is cancelled is ended, also while it runs.

    Args:
        options: As ``ray.remote`` takes them, such as ``num_cpus``, ``num_gpus``, ``resources``, ``runtime_env``. Without
            ``num_cpus``, a task takes one processor.

    Raises:
        MissingDependencyError: Ray is not installed.
    """

    def __init__(self, **options: Any) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingDependencyError(
                "RayExecutor needs Ray, which is not installed. Install it with: pip install 'optimist[ray]'"
            ) from error
        if not ray.is_initialized():
            ray.init()
        self._ray: Any = ray
        self._options = {"num_cpus": 1, "max_retries": 0, **options}
        self._remote = functools.cache(self._as_remote)
        self._is_shut = False

    @property
    def max_workers(self) -> int:
        """How many tasks the cluster can run at a time, as of now; at least one."""
        wanted = {name: self._options.get(option) for option, name in _RESOURCES.items()}
        wanted.update(self._options.get("resources") or {})
        there = self._ray.cluster_resources()
        return max(1, int(min((there.get(name, 0.0) // n for name, n in wanted.items() if n), default=1)))

    @property
    def host(self) -> str:
        """The address at which the cluster's nodes reach this process."""
        return address_towards(self._ray.get_runtime_context().gcs_address.rpartition(":")[0].strip("[]"))

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        if self._is_shut:
            raise RuntimeError("This RayExecutor was shut down; make another one.")
        task = _Task(self._ray, self._remote(fn).remote(*args, **kwargs))
        task.watch()
        return task

    def _as_remote(self, fn: Callable[..., Any]) -> Any:
        return self._ray.remote(**self._options)(fn)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._is_shut = True  # Ray itself goes on: whoever started it ends it


class _Task(Future[Any]):
    """The outcome of a task."""

    def __init__(self, ray: Any, reference: Any) -> None:
        super().__init__()
        self._ray = ray
        self._reference = reference

    def watch(self) -> None:
        """Follow the task."""
        self._reference.future().add_done_callback(self._take_over)

    def _take_over(self, done: Future[Any]) -> None:
        if not self.set_running_or_notify_cancel():
            return
        error = done.exception()
        if error is None:
            self.set_result(done.result())
        else:
            self.set_exception(error)

    def cancel(self) -> bool:
        is_cancelled = super().cancel()
        if is_cancelled:
            self._ray.cancel(self._reference, force=True)
        return is_cancelled
