"""What many trials cost: bytes a trial in memory, and the time to open a stored study of 10,000 trials.

python benchmarks/memory.py                 both sections
python benchmarks/memory.py --quick open    a tenth of the trials, one run each; one section
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from interleave import Case, Figures, Row, answer_as_child, measure, report

SECTIONS = ("memory", "open")
N_PARAMS = 10


def objective(trial: Any) -> float:  # Any: the trial may be of any of the three libraries
    """Sum of squares of ten floats."""
    return float(sum(trial.suggest_float(f"x{i}", -5, 5) ** 2 for i in range(N_PARAMS)))


# -------------------------------------------------------------------------------------------- inside a child


def run_case(case: Case, seed: int) -> Figures:
    """Measure one case in this interpreter."""
    if case.task == "bytes a trial":
        return weigh_trials(case, seed)
    return time_opening(case)


def weigh_trials(case: Case, seed: int) -> Figures:
    """Let an in-memory study grow, and compare the resident memory before and after."""
    n_before, n_after = int(case.options["n_before"]), int(case.options["n_after"])
    library = quiet(case.contender)
    sampler = importlib.import_module(f"{case.contender}.samplers").RandomSampler(seed=seed)
    study = library.create_study(sampler=sampler)
    study.optimize(objective, n_trials=n_before)
    before = resident_bytes()
    study.optimize(objective, n_trials=n_after - n_before)
    return {"bytes_per_trial": (resident_bytes() - before) / (n_after - n_before)}


def resident_bytes() -> int:
    """Read the resident set size of this process (Linux)."""
    gc.collect()
    n_pages = int(Path("/proc/self/statm").read_text().split()[1])
    return n_pages * os.sysconf("SC_PAGE_SIZE")


def time_opening(case: Case) -> Figures:
    """Open a stored study and ask for its best value, then for all its trials; imports are done before."""
    library = quiet(case.contender)
    warm_up = library.load_study(study_name="small", storage=case.options["url"])
    assert warm_up.best_value >= 0
    assert len(warm_up.trials) == 1
    del warm_up

    begin = time.perf_counter()
    study = library.load_study(study_name="large", storage=case.options["url"])
    best = study.best_value
    opened = time.perf_counter()
    trials = study.trials
    listed = time.perf_counter()
    assert best == min(trial.value for trial in trials)
    assert all(len(trial.params) == N_PARAMS for trial in trials)
    return {"open_ms": (opened - begin) * 1000, "trials_ms": (listed - opened) * 1000}


def quiet(name: str) -> Any:
    """Import a library with its log at WARNING."""
    library = importlib.import_module(name)
    if name != "rustuna":  # Rustuna logs nothing
        library.logging.set_verbosity(library.logging.WARNING)
    return library


# ------------------------------------------------------------------------------------------------ the sections


def compare_memory(n_repeats: int, scale: int) -> bool:
    """Growth of the resident memory from 10,000 to 100,000 trials."""
    n_before, n_after = 10_000 // scale, 100_000 // scale
    cases = [
        Case(library, "bytes a trial", {"n_before": n_before, "n_after": n_after})
        for library in ("optimist", "rustuna", "optuna")
    ]
    figures = measure(__file__, cases, n_repeats)
    rows = [
        Row(
            f"{case.contender:9} {case.task}",
            figures[case.name]["bytes_per_trial"],
            "bytes",
            at_most=600 if case.contender == "optimist" else None,
        )
        for case in cases
    ]
    return report(f"Memory, from {n_before:,} to {n_after:,} trials of {N_PARAMS} floats", rows)


def compare_opening(n_repeats: int, scale: int) -> bool:
    """Open a SQLite study, ask for the best value, list the trials."""
    n_trials = 10_000 // scale
    with tempfile.TemporaryDirectory() as directory:
        urls = {library: f"sqlite:///{directory}/{library}.db" for library in ("optimist", "optuna")}
        store_with_optimist(urls["optimist"], n_trials)
        store_with_optuna(urls["optuna"], n_trials)
        cases = [Case(library, "open", {"url": url}) for library, url in urls.items()]
        figures = measure(__file__, cases, n_repeats)

    ours, theirs = figures["optimist/open"], figures["optuna/open"]
    both = {name: sum(found.values()) for name, found in figures.items()}
    rows = [
        Row("optimist  open and best_value", ours["open_ms"], "ms"),
        Row("optuna    open and best_value", theirs["open_ms"], "ms"),
        Row("optimist  study.trials", ours["trials_ms"], "ms"),
        Row("optuna    study.trials", theirs["trials_ms"], "ms"),
        Row("Optimist's time / Optuna's, open and best_value", ours["open_ms"] / theirs["open_ms"], "x", at_most=0.3),
        Row("Optimist's time / Optuna's, study.trials", ours["trials_ms"] / theirs["trials_ms"], "x", at_most=0.1),
        Row("Optimist's time / Optuna's, both together", both["optimist/open"] / both["optuna/open"], "x"),
    ]
    return report(f"SQLite, {n_trials:,} trials of {N_PARAMS} parameters", rows)


def store_with_optimist(url: str, n_trials: int) -> None:
    """Fill a database by optimizing."""
    library = quiet("optimist")
    for name, n in (("small", 1), ("large", n_trials)):
        sampler = library.samplers.RandomSampler(seed=1)
        library.create_study(study_name=name, storage=url, sampler=sampler).optimize(objective, n_trials=n)


def store_with_optuna(url: str, n_trials: int) -> None:
    """Fill a database by optimizing one trial and copying its rows: ten thousand trials through Optuna take hours."""
    library = quiet("optuna")
    for name in ("small", "large"):
        sampler = library.samplers.RandomSampler(seed=1)
        library.create_study(study_name=name, storage=url, sampler=sampler).optimize(objective, n_trials=1)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        copy_last_trial(database, n_trials - 1)
    database.close()


def copy_last_trial(database: sqlite3.Connection, n_copies: int) -> None:
    """Repeat the last trial's rows with new keys, new parameters and the value that belongs to them."""
    trial = database.execute("SELECT * FROM trials ORDER BY trial_id DESC LIMIT 1").fetchone()
    first_id, first_number = trial[0], trial[1]
    values = database.execute("SELECT * FROM trial_values WHERE trial_id = ?", (first_id,)).fetchone()
    params = database.execute("SELECT * FROM trial_params WHERE trial_id = ?", (first_id,)).fetchall()
    rng = random.Random(1)

    for i in range(1, n_copies + 1):
        x = [rng.uniform(-5, 5) for _ in params]
        value = sum(x_j**2 for x_j in x)
        insert(database, "trials", (first_id + i, first_number + i, *trial[2:]))
        insert(database, "trial_values", (values[0] + i, first_id + i, values[2], value, *values[4:]))
        for j, param in enumerate(params):
            insert(
                database, "trial_params", (params[-1][0] + N_PARAMS * i + j, first_id + i, param[2], x[j], *param[4:])
            )


def insert(database: sqlite3.Connection, table: str, row: tuple[Any, ...]) -> None:
    """Insert one row."""
    database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608  (names are ours)


def main() -> int:
    """Run the sections asked for; the exit code says whether every bound holds."""
    answer_as_child(run_case)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"any of: {', '.join(SECTIONS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the trials, one run each")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each case; the median counts")
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")

    n_repeats, scale = (1, 10) if arguments.quick else (arguments.repeats, 1)
    comparisons = {"memory": compare_memory, "open": compare_opening}
    kept = [comparisons[section](n_repeats, scale) for section in arguments.sections or SECTIONS]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
