"""What worker processes bring: the time of a study with two of them, and budgets that many workers meet exactly.

python benchmarks/workers.py [--quick]

The objective computes for 50 ms in plain Python, where threads take turns and processes do not. The time is that of the
call of optimize(), the start of the processes included. The second table lets 32 processes, started one by one by
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

from interleave import Case, Figures, Row, answer_as_child, measure, report, show_progress

N_TRIALS = 200
N_WORKERS, TOTAL = 32, 1000

LONE_WORKER = """
import sys
import optimist
optimist.logging.set_verbosity(optimist.logging.WARNING)
study = optimist.load_study(study_name="shared", storage=sys.argv[1], sampler=optimist.samplers.RandomSampler())
sys.stdin.read()
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), total_trials=int(sys.argv[2]))
"""


def burn(trial: Any) -> float:
    """Compute for 50 ms of this thread's own time, whatever else the machine does."""
    x: float = trial.suggest_float("x", -1, 1)
    total, end = 0.0, time.thread_time() + 0.05
    while time.thread_time() < end:
        for i in range(1000):
            total += x * i
    return x * x + 0 * total


def run_case(case: Case, seed: int) -> Figures:
    """Time one study."""
    library = importlib.import_module(case.contender)
    library.logging.set_verbosity(library.logging.WARNING)
    study = library.create_study(sampler=library.samplers.RandomSampler(seed=seed))
    n_trials = int(case.options["n_trials"])
    how = {name: int(value) for name, value in case.options.items() if name != "n_trials"}
    begin = time.perf_counter()
    study.optimize(burn, n_trials=n_trials, **how)
    return {"s": time.perf_counter() - begin, "n": float(len(study.trials))}


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
    parser.add_argument("--quick", action="store_true", help="one run each instead of three, and fewer trials")
    is_quick = parser.parse_args().quick
    n_trials = N_TRIALS // 2 if is_quick else N_TRIALS
    contenders = {
        "optimist, one thread": ("optimist", {}),
        "optimist, workers=1": ("optimist", {"workers": 1}),
        "optimist, workers=2": ("optimist", {"workers": 2}),
        "optimist, n_jobs=2": ("optimist", {"n_jobs": 2}),
        "optuna, one thread": ("optuna", {}),
        "optuna, n_jobs=2": ("optuna", {"n_jobs": 2}),
    }
    cases = [Case(library, label, {"n_trials": n_trials, **how}) for label, (library, how) in contenders.items()]
    figures = measure(__file__, cases, 1 if is_quick else 3)
    seconds = {case.task: figures[case.name]["s"] for case in cases}
    rows = [Row(f"{label}: {n_trials} trials of 50 ms", value, "s") for label, value in seconds.items()]
    rows += [
        Row(
            "speed-up of workers=2 over workers=1",
            seconds["optimist, workers=1"] / seconds["optimist, workers=2"],
            at_least=1.8,
        ),
        Row("speed-up of workers=2 over one thread", seconds["optimist, one thread"] / seconds["optimist, workers=2"]),
        Row(
            "speed-up of Optuna's n_jobs=2 over one thread", seconds["optuna, one thread"] / seconds["optuna, n_jobs=2"]
        ),
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
