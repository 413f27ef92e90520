"""What worker processes bring: the time of a study with two of them, and budgets that many workers meet exactly.

python benchmarks/workers.py [--quick]

The objective computes for 50 ms in plain Python, where threads take turns and processes do not. The time is that of the
call of optimize(), the start of the processes included. Of several runs, turn and turn about, the quickest counts: other
work on the machine can only slow a run down, and two processes more than one. Two bare processes that share the same
work without any library show what the machine has to give. The second table lets 32 processes, started one by one by
nobody in particular, work on one study in a file with total_trials=1000.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from interleave import Case, Figures, Row, answer_as_child, report, run_child, show_progress

N_TRIALS, N_REPEATS = 200, 5
N_WORKERS, TOTAL = 32, 1000

LONE_WORKER = """
import sys
import optimist
optimist.logging.set_verbosity(optimist.logging.WARNING)
study = optimist.load_study(study_name="shared", storage=sys.argv[1], sampler=optimist.samplers.RandomSampler())
sys.stdin.read()
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), total_trials=int(sys.argv[2]))
"""


def compute(seconds: float) -> None:
    """Compute in plain Python for so many seconds of this thread's own time, whatever else the machine does."""
    total, end = 0.0, time.thread_time() + seconds
    while time.thread_time() < end:
        for i in range(1000):
            total += 0.5 * i


def burn(trial: Any) -> float:
    """Take 50 ms."""
    x: float = trial.suggest_float("x", -1, 1)
    compute(0.05)
    return x * x


def run_case(case: Case, seed: int) -> Figures:
    """Time one study, or what bare processes need for the same work."""
    if case.contender == "bare":
        return {"s": time_of_bare_processes(int(case.options["processes"]), int(case.options["n_trials"]))}
    library = importlib.import_module(case.contender)
    library.logging.set_verbosity(library.logging.WARNING)
    study = library.create_study(sampler=library.samplers.RandomSampler(seed=seed))
    n_trials = int(case.options["n_trials"])
    how = {name: int(value) for name, value in case.options.items() if name != "n_trials"}
    begin = time.perf_counter()
    study.optimize(burn, n_trials=n_trials, **how)
    return {"s": time.perf_counter() - begin, "n": float(len(study.trials))}


def time_of_bare_processes(n: int, n_trials: int) -> float:
    """Share the work out among processes that know of no study."""
    begin = time.perf_counter()
    code = f"import workers; workers.compute(0.05 * {n_trials / n})"
    processes = [subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parent) for _ in range(n)]
    for process in processes:
        process.wait()
    return time.perf_counter() - begin


def count_trials_of_many(n_workers: int, total: int) -> tuple[int, float]:
    """Let independent processes meet one budget; how many trials came of it, and in what time."""
    import optimist

    optimist.logging.set_verbosity(optimist.logging.WARNING)
    with tempfile.TemporaryDirectory() as directory:
        storage = str(Path(directory) / "study.db")
        study = optimist.create_study(study_name="shared", storage=storage)
        command = [sys.executable, "-c", LONE_WORKER, storage, str(total)]
        workers = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(n_workers)]
        begin = time.perf_counter()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.close()
        codes = [worker.wait() for worker in workers]
        if any(codes):
            sys.exit(f"Workers failed: {codes}")
        duration = time.perf_counter() - begin
        states = [trial.state.name for trial in study.get_trials(deepcopy=False)]
        return len(states) if set(states) == {"COMPLETE"} else -1, duration


def main() -> int:
    """Print the tables; the exit code says whether every bound holds."""
    answer_as_child(run_case)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="two runs each instead of five, and fewer trials")
    is_quick = parser.parse_args().quick
    n_trials, n_repeats = (N_TRIALS // 2, 2) if is_quick else (N_TRIALS, N_REPEATS)
    contenders: dict[str, tuple[str, dict[str, int]]] = {
        "one bare process": ("bare", {"processes": 1}),
        "two bare processes": ("bare", {"processes": 2}),
        "optimist, workers=1": ("optimist", {"workers": 1}),
        "optimist, workers=2": ("optimist", {"workers": 2}),
        "optimist, n_jobs=2": ("optimist", {"n_jobs": 2}),
        "optuna, n_jobs=1": ("optuna", {"n_jobs": 1}),
        "optuna, n_jobs=2": ("optuna", {"n_jobs": 2}),
    }
    seconds = dict.fromkeys(contenders, float("inf"))
    for i in range(n_repeats):
        for label, (library, how) in contenders.items():
            show_progress(f"run {i + 1} of {n_repeats}: {label}")
            case = Case(library, label, {"n_trials": n_trials, **how})
            seconds[label] = min(seconds[label], run_child(__file__, case, seed=i + 1)["s"])
    rows = [Row(f"{label}: {n_trials} trials of 50 ms", value, "s") for label, value in seconds.items()]
    rows += [
        Row("speed-up, two bare processes", seconds["one bare process"] / seconds["two bare processes"]),
        Row("speed-up, workers=2", seconds["optimist, workers=1"] / seconds["optimist, workers=2"], at_least=1.8),
        Row("speed-up, n_jobs=2 of Optuna", seconds["optuna, n_jobs=1"] / seconds["optuna, n_jobs=2"]),
    ]
    holds = report("Worker processes", rows)

    rows = []
    n_workers, total = (8, 200) if is_quick else (N_WORKERS, TOTAL)
    for i in range(3):
        show_progress(f"budget, run {i + 1} of 3")
        n_run, duration = count_trials_of_many(n_workers, total)
        rows.append(Row(f"run {i + 1}: trials of {n_workers} processes", n_run, at_least=total, at_most=total))
        rows.append(Row(f"run {i + 1}: time", duration, "s"))
    return 0 if report("One budget", rows) and holds else 1


if __name__ == "__main__":
    sys.exit(main())
