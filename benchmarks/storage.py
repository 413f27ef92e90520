"""What storage costs: Optimist beside Optuna 5 and beside the raw drivers, on MariaDB, PostgreSQL, SQLite and a journal.

The raw drivers make one INSERT commit and one UPDATE commit a trial, with the same driver, 300 bytes, and every commit
on the disk; that is the yardstick. Runs are interleaved, medians count, and the disk's own latency is printed, since
nothing else matters as much. Servers are private ones, in a temporary directory (see ``TMPDIR``).

    rates       trials a second without reports, 1, 2, 4 and 8 processes; CPU a trial; fsyncs a trial of the journal
    reports     the same with five times report + should_prune
    statements  commits and statements of a trial with ten parameters, as the database counts them
    pruning     CPU of should_prune beside 5,000 trials
    reading     10,000 trials in a fresh process

    python benchmarks/storage.py                                     everything (about an hour)
    python benchmarks/storage.py --quick                             fewer trials, one run each
    python benchmarks/storage.py rates reading --backends sqlite     some sections, some backends
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homes import BACKENDS, Home, home
from interleave import Case, Figures, Row, answer_as_child, measure, report, run_child
from storage_counts import count_around
from storage_history import fill, time_pruning, time_reading
from storage_runs import CONTENDERS, Job, make_study, run_together

N_TRIALS: Final = {"optimist": 2000, "raw": 2000, "optuna": 100}
"""Of a run, over all its processes; Optuna takes so much longer that fewer tell as much."""
_AT_LEAST: Final = {1: 0.5, 4: 0.4, 8: 0.4}
_AT_LEAST_WITH_REPORTS: Final = 0.25
_JOURNAL_AT_LEAST: Final = 0.4
_N_HISTORY: Final = 10_000
_N_PRUNING: Final = 5_000
_N_COUNTED: Final = 200


@dataclass(frozen=True)
class Settings:
    """What the command line says.

    Attributes:
        n_repeats: Runs of each case.
        scale: Divides the numbers of trials.
        n_processes: Which numbers of processes to run.
        with_optuna: Whether Optuna runs too.
    """

    n_repeats: int
    scale: int
    n_processes: Sequence[int]
    with_optuna: bool


# -------------------------------------------------------------------------------------------- inside a child


def run_case(case: Case, seed: int) -> Figures:
    """Measure one case in this interpreter."""
    options = case.options
    url, n_trials = str(options.get("url", "")), int(options.get("n_trials", 0))
    name = str(options.get("study") or f"study-{uuid.uuid4().hex}")
    kind = case.task.split()[0]
    if kind == "fill":
        return fill(case.contender, url, name, n_trials)
    if kind == "reading":
        return time_reading(case.contender, url, name, str(options["small"]))
    if kind == "pruning":
        return time_pruning(url, name, n_trials)
    backend, server = str(options["backend"]), str(options["directory"])
    if not url:  # files: a new one for each run
        url = Home(backend, Path(server)).url()
    make_study(case.contender, url, name)
    if kind == "statements":
        return count_statements(case.contender, url, name, n_trials, f"{server}/server/server.log")
    n_processes = int(options["n_processes"])
    job = Job(case.contender, url, name, n_trials // n_processes, kind == "reports", seed)
    return run_together(job, n_processes)


def count_statements(contender: str, url: str, name: str, n_trials: int, server_log: str) -> Figures:
    """Commits and statements a trial, after a few trials that have paid for what happens once."""

    def prepare() -> Callable[[], object]:
        CONTENDERS[contender](Job(contender, url, name, 5, False, 1), 0)()
        return CONTENDERS[contender](Job(contender, url, name, n_trials, False, 1), 0)

    return count_around(url, server_log, prepare, n_trials)


# ------------------------------------------------------------------------------------------------ the sections


def compare_rates(place: Home, settings: Settings, *, with_reports: bool = False) -> bool:
    """Trials a second, from one gate to the last end."""
    kind = "reports" if with_reports else "rates"
    cases = []
    for n in settings.n_processes:
        # Whatever Optimist does, the raw drivers commit twice a trial: their rate is the same with and without reports.
        contenders = ["optimist", *(["raw"] if place.backend != "journal" or n == 1 else [])]
        contenders += ["optuna"] * settings.with_optuna
        cases += [
            Case(
                contender,
                f"{kind} {place.backend} {n}",
                {**where(place), "n_processes": n, "n_trials": max(n, N_TRIALS[contender] // settings.scale)},
            )
            for contender in contenders
        ]
    latency_before = fsync_latency_us()
    figures = measure(__file__, cases, settings.n_repeats)
    rows = [Row("fsync before the runs", latency_before, "us"), Row("fsync after them", fsync_latency_us(), "us")]
    for n in settings.n_processes:
        rows += rate_rows(figures, place.backend, kind, n)
    what = "five reports" if with_reports else "no reports"
    return report(f"Trials a second on {place.backend}, {what}", rows)


def rate_rows(figures: dict[str, Figures], backend: str, kind: str, n: int) -> list[Row]:
    """The lines for one number of processes."""
    found = {name: figures.get(f"{name}/{kind} {backend} {n}") for name in N_TRIALS}
    ours, raw, optuna = found["optimist"], found["raw"], found["optuna"]
    assert ours is not None
    at = f"{n} process" if n == 1 else f"{n} processes"
    rows = [Row(f"{at}: {name}", f["trials_per_s"], "/s") for name, f in found.items() if f is not None]
    if raw is not None:
        bound = _AT_LEAST.get(n) if backend != "journal" else _JOURNAL_AT_LEAST
        bound = _AT_LEAST_WITH_REPORTS if kind == "reports" else bound
        rows.append(Row(f"{at}: optimist / raw", ours["trials_per_s"] / raw["trials_per_s"], at_least=bound))
    if optuna is not None:
        rows.append(Row(f"{at}: optimist / optuna", ours["trials_per_s"] / optuna["trials_per_s"]))
    rows += [Row(f"{at}: CPU, {name}", f["cpu_us"], "us") for name, f in found.items() if f is not None]
    if raw is not None and kind == "rates":
        bound = 300 if backend != "journal" else None
        rows.append(Row(f"{at}: CPU, optimist - raw", ours["cpu_us"] - raw["cpu_us"], "us", at_most=bound))
    if backend == "journal":
        bound = 0.999 if n == 8 and kind == "rates" else None
        rows.append(Row(f"{at}: fsyncs a trial, optimist", ours["syncs"], at_most=bound))
    return rows


def compare_reports(place: Home, settings: Settings) -> bool:
    """Trials a second with reports."""
    return compare_rates(place, settings, with_reports=True)


def compare_statements(place: Home, settings: Settings) -> bool:
    """Commits and statements a trial, counted over 200 trials; a journal has none."""
    if place.backend == "journal":
        return True
    contenders = ["optimist", *["optuna"] * settings.with_optuna]
    cases = [Case(c, f"statements {place.backend}", {**where(place), "n_trials": _N_COUNTED}) for c in contenders]
    figures = measure(__file__, cases, 1)
    rows = []
    for case in cases:
        # A little more than 2 and 6: the loop's keeper looks around now and then. SQLite's calls are no round trips.
        bounds = {"commits": 2.05, "statements": 6.1} if case.contender == "optimist" else {}
        if place.backend == "sqlite":
            bounds.pop("statements", None)
        rows += [
            Row(f"{case.contender}: {name} a trial", n, at_most=bounds.get(name))
            for name, n in figures[case.name].items()
        ]
    return report(f"Commits and statements on {place.backend}, ten parameters", rows)


def compare_pruning(place: Home, settings: Settings) -> bool:
    """CPU of should_prune beside a long history."""
    n_history = _N_PRUNING // settings.scale
    options = filled(place, "optimist", n_history)
    case = Case("optimist", f"pruning {place.backend}", {**options, "n_trials": _N_COUNTED})
    found = measure(__file__, [case], settings.n_repeats)[case.name]
    rows = [Row("CPU of a call", found["should_prune_us"], "us", at_most=100)]
    return report(f"should_prune beside {n_history:,} trials on {place.backend}", rows)


def compare_reading(place: Home, settings: Settings) -> bool:
    """All trials, and the best value, in a fresh process that has its imports behind it."""
    n_history = _N_HISTORY // settings.scale
    contenders = ["optimist", *["optuna"] * settings.with_optuna]
    cases = [Case(c, f"reading {place.backend}", filled(place, c, n_history)) for c in contenders]
    figures = measure(__file__, cases, settings.n_repeats)
    rows = []
    for case in cases:
        found = figures[case.name]
        is_ours = case.contender == "optimist"
        at_most = (0.5 if place.backend == "journal" else 1.0) if is_ours else None
        rows += [
            Row(f"{case.contender}: trials", found["trials_s"], "s", at_most=at_most),
            Row(f"{case.contender}: best_value", found["best_value_s"], "s", at_most=0.1 if is_ours else None),
        ]
    return report(f"Reading {n_history:,} trials from {place.backend}", rows)


SECTIONS: Final[dict[str, Callable[[Home, Settings], bool]]] = {
    "rates": compare_rates,
    "reports": compare_reports,
    "statements": compare_statements,
    "pruning": compare_pruning,
    "reading": compare_reading,
}


def where(place: Home) -> dict[str, int | str]:
    """What a child has to know of a home; files are new for each run."""
    return {
        "backend": place.backend,
        "directory": str(place.directory),
        "url": "" if place.server is None else place.url(),
    }


def filled(place: Home, contender: str, n_trials: int) -> dict[str, int | str]:
    """Make a study with a history, and one without trials beside it; say where they are."""
    url, name = place.url(), f"history-{uuid.uuid4().hex}"
    for study, n in ((name, n_trials), (f"{name}-small", 1)):
        run_child(__file__, Case(contender, "fill", {"url": url, "study": study, "n_trials": n}), 1)
    return {"url": url, "study": name, "small": f"{name}-small"}


def fsync_latency_us() -> float:
    """What the disk takes for 300 bytes more, the median of 200 times."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(200):
            begin = time.perf_counter()
            os.write(file.fileno(), b"p" * 300)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e6


def main() -> int:
    """Run the sections asked for; the exit code says whether every bound holds."""
    answer_as_child(run_case)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"any of: {', '.join(SECTIONS)} (default: all)")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=list(BACKENDS))
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--quick", action="store_true", help="a quarter of the trials, one run each")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each case; the median counts")
    parser.add_argument("--without-optuna", action="store_true", help="only Optimist and the raw drivers")
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")

    n_repeats, scale = (1, 4) if arguments.quick else (arguments.repeats, 1)
    settings = Settings(n_repeats, scale, arguments.processes, not arguments.without_optuna)
    kept = []
    for backend in arguments.backends:
        with home(backend) as place:
            kept += [SECTIONS[section](place, settings) for section in arguments.sections or SECTIONS]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
