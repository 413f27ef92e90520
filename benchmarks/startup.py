"""How long a user waits before anything happens: the import, the command line's help, the first trial.

python benchmarks/startup.py [--quick]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from interleave import Case, Figures, Row, answer_as_child, measure, report

FIRST_TRIAL = """
import {library}
{library}.logging.set_verbosity({library}.logging.WARNING)
study = {library}.create_study()
study.optimize(lambda trial: trial.suggest_float("x", -5, 5) ** 2, n_trials=1)
"""


def run_case(case: Case, seed: int) -> Figures:  # noqa: ARG001  (nothing here is random)
    """Measure one case; this interpreter only holds the stopwatch."""
    if case.task == "import":
        return {"ms": import_time_ms(case.contender)}
    if case.task == "help":
        return {"ms": wall_time_ms([str(Path(sys.executable).with_name(case.contender)), "--help"])}
    return {"ms": wall_time_ms([sys.executable, "-c", FIRST_TRIAL.format(library=case.contender)])}


def import_time_ms(library: str) -> float:
    """Read the cumulative time of one import off python -X importtime."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {library}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    for line in lines:  # import time: self [us] | cumulative | package
        columns = [column.strip() for column in line.removeprefix("import time:").split("|")]
        if columns[-1] == library:
            return int(columns[1]) / 1000
    raise RuntimeError(f"`python -X importtime` does not mention {library}.")


def wall_time_ms(command: list[str]) -> float:
    """Time a command from start to end, its interpreter included."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return (time.perf_counter() - begin) * 1000


def main() -> int:
    """Print the table; the exit code says whether every bound holds."""
    answer_as_child(run_case)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three runs each instead of eleven")
    n_repeats = 3 if parser.parse_args().quick else 11

    cases = [Case(library, task) for task in ("import", "help", "first trial") for library in ("optimist", "optuna")]
    figures = measure(__file__, cases, n_repeats)
    ms = {name: found["ms"] for name, found in figures.items()}
    rows = [
        Row("optimist  import", ms["optimist/import"], "ms", at_most=30),
        Row("optuna    import", ms["optuna/import"], "ms"),
        Row("optimist  --help", ms["optimist/help"], "ms", at_most=200),
        Row("optuna    --help", ms["optuna/help"], "ms"),
        Row("optimist  import, study, one trial", ms["optimist/first trial"], "ms"),
        Row("optuna    import, study, one trial", ms["optuna/first trial"], "ms"),
        Row(
            "Optimist's time / Optuna's, to the end of one trial",
            ms["optimist/first trial"] / ms["optuna/first trial"],
            "x",
            at_most=0.7,
        ),
    ]
    return 0 if report("Start-up", rows) else 1


if __name__ == "__main__":
    sys.exit(main())
