"""A worker of ``torture.py``: an interpreter of its own that optimizes, and keeps a diary that outlives it.

Each line of the diary is one write to a file of its own, so that whoever kills the worker can read afterwards what it
knew. Times are seconds of the machine's monotonic clock, which all processes share:

    ready TIME                     all libraries are loaded, the storage is not opened yet
    start NUMBER TIME              the objective begins
    end NUMBER TIME                it is left, whatever happens
    told NUMBER STATE VALUE TIME   the tell has returned
    report SECONDS TIME            a report took long
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import random
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

from homes import open_optuna

STUDY: Final = "torture"
_LONG_S: Final = 0.5
_N_STEPS: Final = 3


@dataclass(frozen=True)
class Orders:
    """What a worker is told on its command line.

    Attributes:
        library: "optimist" or "optuna".
        url: The storage.
        diary: The file for its lines.
        total_trials: When to stop.
        heartbeat_s, grace_s: Of the leases, seconds.
        seed: Of how long its trials take.
    """

    library: str
    url: str
    diary: str
    total_trials: int
    heartbeat_s: int
    grace_s: int
    seed: int


class Diary:
    """Appends lines to a file, each in one write.

    Args:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, *words: object) -> None:
        """Write a line that ends with the time."""
        os.write(self._fd, (" ".join(map(str, (*words, time.monotonic()))) + "\n").encode())


def work(orders: Orders) -> None:
    """Run trials until the study has had them all."""
    diary = Diary(orders.diary)
    rng = random.Random(orders.seed)
    if orders.library == "optimist":
        import optimist as library
    else:
        import optuna as library  # type: ignore[no-redef]

    library.logging.set_verbosity(logging.WARNING)
    _load_all(library, orders.url)

    def objective(trial: Any) -> float:
        diary.note("start", trial.number)
        try:
            x = trial.suggest_float("x", -5, 5)
            y = trial.suggest_int("y", 0, 10)
            value = float(x**2 + y)
            pause_s = rng.uniform(0.05, 0.3) / _N_STEPS
            for step in range(_N_STEPS):
                time.sleep(pause_s)
                begin = time.monotonic()
                trial.report(value + 1 / (step + 1), step)
                took_s = time.monotonic() - begin
                if took_s > _LONG_S:
                    diary.note("report", took_s)
            if rng.random() < 0.1:
                raise library.TrialPruned
            return value
        finally:
            diary.note("end", trial.number)

    def tell(_study: Any, trial: Any) -> None:
        diary.note("told", trial.number, trial.state.name, trial.value)

    diary.note("ready")
    study, budget = _open(orders, library)
    study.optimize(objective, callbacks=[tell, *budget.pop("callbacks", [])], **budget)


def _load_all(library: Any, url: str) -> None:
    """Load what is loaded late, so that it is not taken for waiting."""
    library.create_study().optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    if url.startswith("journal://"):
        module = "optimist.storages.journal.storage" if library.__name__ == "optimist" else "optuna.storages.journal"
        importlib.import_module(module)
    else:
        importlib.import_module("sqlalchemy").create_engine(url)  # loads the driver, and connects to nothing
        if library.__name__ == "optimist":
            importlib.import_module("optimist.storages.sql.storage")


def _open(orders: Orders, library: Any) -> tuple[Any, dict[str, Any]]:
    sampler = library.samplers.RandomSampler(seed=orders.seed)
    pruner = library.pruners.NopPruner()
    if orders.library == "optuna":
        callback = library.storages.RetryHeartbeatStaleTrialCallback(max_retry=None)
        storage = open_optuna(
            orders.url,
            heartbeat_interval=orders.heartbeat_s,
            grace_period=orders.grace_s,
            heartbeat_stale_trial_callback=callback,
        )
        states = tuple(state for state in library.trial.TrialState if state.is_finished())
        limit = library.study.MaxTrialsCallback(orders.total_trials, states=states)
        study = library.load_study(study_name=STUDY, storage=storage, sampler=sampler, pruner=pruner)
        return study, {"callbacks": [limit]}

    from optimist.storages.leases import LeaseSettings
    from optimist.storages.open import open_storage

    store = open_storage(orders.url)
    callback = library.storages.RetryHeartbeatStaleTrialCallback(max_retry=None)
    store.leases = LeaseSettings(orders.heartbeat_s, orders.grace_s, callback)
    study = library.load_study(study_name=STUDY, storage=store, sampler=sampler, pruner=pruner)
    return study, {"total_trials": orders.total_trials}


if __name__ == "__main__":
    work(Orders(**json.loads(sys.argv[1])))
