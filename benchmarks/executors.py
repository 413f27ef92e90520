"""What a trial costs on an executor: the journey to two workers and back, when the objective itself takes no time.

python benchmarks/executors.py

Each executor runs one study in memory, with TPE, a float, an integer, one report, one question to the pruner and one
attribute a trial. The first 20 trials pay for what workers load; of three runs of 200 more, the median counts.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import get_context
from typing import Any

from interleave import Row, report, show_progress

import optimist

N_FIRST, N_TRIALS, N_REPEATS, N_WORKERS = 20, 200, 3, 2


def objective(trial: optimist.Trial) -> float:
    """Use all of a trial, and take no time."""
    x = trial.suggest_float("x", -1, 1)
    n = trial.suggest_int("n", 1, 9)
    trial.report(x, 0)
    if trial.should_prune():
        raise optimist.TrialPruned
    trial.set_user_attr("n", n)
    return x * x + n


@contextmanager
def dask() -> Iterator[Any]:
    """Start workers of Dask on this machine."""
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=":0", silence_logs=50)
    with cluster, Client(cluster) as client:
        yield client


@contextmanager
def ray() -> Iterator[Any]:
    """Start Ray on this machine."""
    import ray

    ray.init(num_cpus=N_WORKERS, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        yield ray
    finally:
        ray.shutdown()


EXECUTORS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "threads": lambda: ThreadPoolExecutor(N_WORKERS),
    "processes": lambda: ProcessPoolExecutor(N_WORKERS, mp_context=get_context("spawn")),
    "dask": dask,
    "ray": ray,
}


def main() -> int:
    """Print the table."""
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    rows = []
    for name, executor_of in EXECUTORS.items():
        show_progress(name)
        study = optimist.create_study(sampler=optimist.samplers.TPESampler(seed=0))
        with executor_of() as executor:
            first = time_of(study, executor, N_FIRST)
            later = statistics.median(time_of(study, executor, N_TRIALS) for _ in range(N_REPEATS))
        rows.append(Row(f"{name}: the first {N_FIRST} trials, each", first, "ms"))
        rows.append(Row(f"{name}: a trial", later, "ms"))
    return 0 if report("Executors, two workers", rows) else 1


def time_of(study: optimist.Study, executor: Any, n_trials: int) -> float:
    """Run so many trials; return the milliseconds that one took."""
    begin = time.perf_counter()
    study.optimize(objective, n_trials=n_trials, executor=executor)
    return 1000 * (time.perf_counter() - begin) / n_trials


if __name__ == "__main__":
    sys.exit(main())
