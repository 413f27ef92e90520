"""Can one database serve a thousand workers? Their time is virtual, the store's is real.

A thousand workers share a study; their trials take a minute, give or take a fifth. So 17 trials a second end, each with a
commit that brings its worker what the others found meanwhile, and begins its next trial; and every worker says every ten
seconds that it lives. One process plays all workers, each with a study of its own: every call of the storage is a real one,
on a real server, and its time is measured. The calls of a moment are served one after the other, as if the store could do
one thing at a time. What a worker computes by itself (the sampler, reading what a server said) is its own time, which
passes on its own machine. A file has no server: its time is that of the transactions that write, one after the other.

Printed for each backend and sampler:

    busy            time of the store's calls, as a share of the virtual time; required: at most one half
    proposals a second, and how many the workers would make if the store took no time
    staleness       95th percentile, over proposals, of the age of the oldest result that was there when the trial began
                    and that its proposal did not know; and of how many there were
    worker          median of what a worker computes for a proposal

    python benchmarks/scale.py                                       three backends, TPE and the default
    python benchmarks/scale.py --backends sqlite --samplers default --workers 200 --minutes 1
"""

from __future__ import annotations

import argparse
import bisect
import heapq
import inspect
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # each worker has one core

import numpy as np  # noqa: E402 - after the line that keeps it to one core
from homes import home  # noqa: E402

import optimist  # noqa: E402
from optimist.states import TrialState  # noqa: E402
from optimist.storages.base import Terms  # noqa: E402
from optimist.study.conductor import Conductor  # noqa: E402
from optimist.study.outcome import Outcome  # noqa: E402

TRIAL_S: Final = 60.0
SPREAD: Final = 0.2
BEGIN_S: Final = 1.25 * TRIAL_S  # by then all workers have had a trial, and as many end as in the long run
MAX_BUSY: Final = 0.5
SAMPLERS: Final[dict[str, Callable[[int], Any]]] = {
    "tpe": lambda seed: optimist.samplers.TPESampler(seed=seed),
    "default": lambda seed: optimist.samplers.AutoSampler(seed=seed),
}


class Timed:
    """The time that a store takes for the calls of a storage.

    Of a server that is what its public methods wait for. In a file the transactions that write follow one another, while
    readers neither wait nor are waited for; so there it is the time of those transactions.

    Args:
        storage: Of the workers; its methods are wrapped.
        is_server: Whether the store is another process. Then what this process computes meanwhile, such as reading the
            answer, is not the store's time.
    """

    def __init__(self, storage: Any, *, is_server: bool) -> None:
        self.seconds = 0.0
        self._is_server = is_server
        self._depth = 0
        if not is_server:
            database = storage._database  # noqa: SLF001 - every writing transaction goes through its ``write``
            database.write = self._wrapped(database.write)
            return
        for name, method in inspect.getmembers(storage, inspect.ismethod):
            if not name.startswith("_") and name != "check":
                setattr(storage, name, self._wrapped(method))

    def _wrapped(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            self._depth += 1
            start, own = time.perf_counter(), time.thread_time()
            try:
                return method(*args, **options)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - start
                    self.seconds -= (time.thread_time() - own) if self._is_server else 0.0

        return call


@dataclass
class Figures:
    """What was seen.

    Attributes:
        store_s: Time of the store's calls, each (kind, seconds).
        worker_s: What workers computed by themselves for each proposal.
        proposals_s: When each proposal had read the store, and when its trial began.
        finished_s: When results were there, in order.
        committed_s: When the store had them, in order.
        end_s: The virtual time at the end.
    """

    store_s: list[tuple[str, float]] = field(default_factory=list)
    worker_s: list[float] = field(default_factory=list)
    proposals_s: list[tuple[float, float]] = field(default_factory=list)
    finished_s: list[float] = field(default_factory=list)
    committed_s: list[float] = field(default_factory=list)
    end_s: float = 0.0

    def staleness(self) -> tuple[list[float], list[int]]:
        """For each proposal: the age of the oldest result that it did not know when its trial began, and how many there were."""
        ages, numbers = [], []
        for read_s, began_s in self.proposals_s:
            n_known = bisect.bisect_right(self.committed_s, read_s)
            unknown = self.finished_s[n_known : bisect.bisect_right(self.finished_s, began_s)]
            ages.append(began_s - unknown[0] if unknown else 0.0)
            numbers.append(len(unknown))
        return ages, numbers


class Worker:
    """One worker of the study: its own ledger, its own sampler."""

    def __init__(self, storage: Any, name: str, sampler: Any) -> None:
        self.study = optimist.load_study(study_name=name, storage=storage, sampler=sampler)
        self._conductor = Conductor(self.study)
        self._terms = Terms(lease_s=86_400.0)  # a virtual minute takes longer than one
        self._trial: Any = None
        self._loss = 0.0

    def turn(self) -> None:
        """End the running trial, if there is one, and begin the next."""
        if self._trial is not None:
            self._conductor.end(self._trial, Outcome(TrialState.COMPLETE, [self._loss]), self._terms)
        self._trial = self._conductor.begin(self._terms)
        assert self._trial is not None
        x = [self._trial.suggest_float(f"x{i}", -5, 5) for i in range(10)]
        self._loss = float(sum(v * v for v in x))

    def beat(self) -> None:
        """Say that the trial is still worked on, and save what it has."""
        ledger = self.study.ledger
        ledger.flush(self._trial.draft)
        ledger.storage.heartbeat(ledger.record.study_id, [self._trial.number])


def simulate(url: str, make_sampler: Callable[[int], Any], n_workers: int, minutes: float) -> Figures:
    """Play the workers for so many virtual minutes, after those in which they begin."""
    study = optimist.create_study(storage=url, study_name="scale")
    timed = Timed(study.ledger.storage, is_server=not url.startswith("sqlite"))
    workers = [Worker(study._storage, "scale", make_sampler(seed)) for seed in range(n_workers)]
    rng = np.random.default_rng(0)
    end_s = BEGIN_S + TRIAL_S * minutes
    ids = count()
    events = [(float(t), next(ids), w, "turn") for w, t in enumerate(rng.uniform(0.0, TRIAL_S, n_workers))]
    heapq.heapify(events)
    found, free_s = Figures(end_s=end_s), 0.0
    while events and events[0][0] < end_s:
        now_s, _, w, kind = heapq.heappop(events)
        in_store, start = timed.seconds, time.perf_counter()
        worker = workers[w]
        has_result = kind == "turn" and worker.study.ledger.is_loaded
        (worker.turn if kind == "turn" else worker.beat)()
        took_s = timed.seconds - in_store
        own_s = time.perf_counter() - start - took_s
        free_s = max(now_s, free_s) + took_s
        if has_result:
            found.finished_s.append(now_s)  # events come in the order of time
            found.committed_s.append(free_s)
        if kind == "turn":
            began_s = free_s + own_s
            if now_s >= BEGIN_S:
                found.worker_s.append(own_s)
                found.proposals_s.append((free_s, began_s))
            trial_s = float(TRIAL_S * np.exp(rng.normal(0.0, SPREAD)))
            heapq.heappush(events, (began_s + trial_s, next(ids), w, "turn"))
            for beat_s in np.arange(10.0, trial_s, 10.0).tolist():
                heapq.heappush(events, (began_s + beat_s, next(ids), w, "beat"))
        if now_s >= BEGIN_S:
            found.store_s.append((kind, took_s))
    return found


def report(label: str, found: Figures, n_workers: int) -> bool:
    """Print a line; return whether the bound holds."""
    virtual_s = found.end_s - BEGIN_S
    turns = [s for kind, s in found.store_s if kind == "turn"]
    beats = [s for kind, s in found.store_s if kind == "beat"]
    ages, numbers = found.staleness()
    busy = (sum(turns) + sum(beats)) / virtual_s
    print(
        f"{label:22} busy {busy:6.1%} (turns {sum(turns) / virtual_s:.1%}, beats {sum(beats) / virtual_s:.1%})   "
        f"{len(turns) / virtual_s:5.1f} proposals a second of {n_workers / TRIAL_S:.1f}   "
        f"a turn {1e3 * np.median(turns):.1f} ms, a beat {1e3 * np.median(beats):.2f} ms   "
        f"staleness {np.quantile(ages, 0.95):.3f} s, {np.quantile(numbers, 0.95):.0f} results   "
        f"worker {1e3 * np.median(found.worker_s):.1f} ms   {'holds' if busy <= MAX_BUSY else 'BROKEN'}",
        flush=True,
    )
    return busy <= MAX_BUSY


def main() -> int:
    """Print the table; the exit code says whether the bound holds everywhere."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--backends", nargs="+", default=["sqlite", "mariadb", "postgresql"])
    parser.add_argument("--samplers", nargs="+", choices=list(SAMPLERS), default=list(SAMPLERS))
    options = parser.parse_args()
    optimist.logging.set_verbosity(optimist.logging.ERROR)
    holds = True
    for backend in options.backends:
        for sampler in options.samplers:
            with home(backend) as place:
                found = simulate(place.url(), SAMPLERS[sampler], options.workers, options.minutes)
            holds &= report(f"{backend}, {sampler}", found, options.workers)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
