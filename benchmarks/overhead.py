"""How much time a library takes for itself per trial: Optimist beside Optuna 5 and Rustuna.

The objectives cost next to nothing, so the time of `optimize` is the library's own. Every run has its own
interpreter and a short warm-up study, which pays for late imports; logging is at WARNING everywhere.

    python benchmarks/overhead.py                    the full comparison (about a quarter of an hour)
    python benchmarks/overhead.py --quick            fewer trials and repeats, to see the direction
    python benchmarks/overhead.py random flatness    some sections only
"""

from __future__ import annotations

import argparse
import importlib
import math
import sys
import time
from collections.abc import Callable
from typing import Any

from interleave import Case, Figures, Row, answer_as_child, measure, report

Objective = Callable[[Any], float]  # Any: the trial may be of any of the three libraries
SECTIONS = ("random", "tpe", "tpe-long", "flatness")


# ------------------------------------------------------------------------------------------------- objectives


def ten_floats(trial: Any) -> float:
    """Sum of squares of ten floats."""
    return float(sum(trial.suggest_float(f"x{i}", -5, 5) ** 2 for i in range(10)))


def two_floats(trial: Any) -> float:
    """Sum of squares of two floats."""
    return float(sum(trial.suggest_float(f"x{i}", -5, 5) ** 2 for i in range(2)))


def mixed(trial: Any) -> float:
    """Four floats on a log scale, three integers, three categories of four choices."""
    total = sum(math.log10(trial.suggest_float(f"rate{i}", 1e-5, 1.0, log=True)) ** 2 for i in range(4))
    total += sum((trial.suggest_int(f"count{i}", 1, 100) / 50 - 1) ** 2 for i in range(3))
    total += sum(trial.suggest_categorical(f"kind{i}", ["a", "b", "c", "d"]) == "a" for i in range(3))
    return float(total)


def ten_reports(trial: Any) -> float:
    """One float and ten reports; never stops, so that every trial costs the pruner the same."""
    x = trial.suggest_float("x", -5, 5)
    for step in range(10):
        trial.report(x**2 + 1 / (step + 1), step)
        trial.should_prune()
    return float(x**2)


OBJECTIVES: dict[str, Objective] = {"10 floats": ten_floats, "2 floats": two_floats, "mixed": mixed}


# -------------------------------------------------------------------------------------------- inside a child


def run_case(case: Case, seed: int) -> Figures:
    """Measure one case in this interpreter."""
    if case.task.startswith("flat"):
        return time_flatness(case, seed)
    objective = OBJECTIVES[str(case.options["objective"])]
    n_trials = int(case.options["n_trials"])
    new_study(case, seed).optimize(objective, n_trials=15)
    study = new_study(case, seed)
    begin = time.perf_counter()
    study.optimize(objective, n_trials=n_trials)
    return {"us_per_trial": (time.perf_counter() - begin) / n_trials * 1e6}


def time_flatness(case: Case, seed: int) -> Figures:
    """Compare the last thousand trials with the second thousand, by clock readings inside the objective."""
    objective = ten_reports if case.options["pruner"] else ten_floats
    starts: list[float] = []

    def clocked(trial: Any) -> float:
        starts.append(time.perf_counter())
        return objective(trial)

    new_study(case, seed).optimize(clocked, n_trials=int(case.options["n_trials"]))
    second = (starts[2000] - starts[1000]) / 1000
    last = (starts[-1] - starts[-1001]) / 1000
    return {"second_us": second * 1e6, "last_us": last * 1e6, "ratio": last / second}


def new_study(case: Case, seed: int) -> Any:
    """Make an in-memory study of the contender with the sampler (and pruner) of the case."""
    library = importlib.import_module(case.contender)
    if case.contender != "rustuna":  # Rustuna logs nothing
        library.logging.set_verbosity(library.logging.WARNING)
    samplers = importlib.import_module(f"{case.contender}.samplers")
    sampler = getattr(samplers, f"{case.options['sampler']}Sampler")(seed=seed)
    if case.options.get("pruner"):
        pruners = importlib.import_module(f"{case.contender}.pruners")
        return library.create_study(sampler=sampler, pruner=pruners.MedianPruner())
    if case.contender == "rustuna":
        return library.create_study(sampler=sampler)
    return library.create_study(
        sampler=sampler, pruner=importlib.import_module(f"{case.contender}.pruners").NopPruner()
    )


# ------------------------------------------------------------------------------------------------ the sections


def compare_random(n_repeats: int, scale: int) -> bool:
    """RandomSampler, ten and two floats. Optuna runs a tenth of the trials: it takes 50 times longer for each."""
    n_trials = 20_000 // scale
    cases = [
        Case(library, f"random {name}", {"sampler": "Random", "objective": name, "n_trials": n})
        for name in ("10 floats", "2 floats")
        for library, n in (("optimist", n_trials), ("rustuna", n_trials), ("optuna", n_trials // 10))
    ]
    figures = measure(__file__, cases, n_repeats)
    rows = absolute_rows(cases, figures)
    rows += [ratio_row(figures, "random 10 floats", at_most=2.5), ratio_row(figures, "random 2 floats", at_most=6)]
    return report(f"Random sampler, {n_trials:,} trials", rows)


def compare_tpe(n_repeats: int, scale: int) -> bool:
    """TPESampler over 1,000 trials on all three objectives."""
    n_trials = 1000 // scale
    cases = [
        Case(library, f"tpe {name}", {"sampler": "TPE", "objective": name, "n_trials": n_trials})
        for name in OBJECTIVES
        for library in ("optimist", "rustuna", "optuna")
    ]
    figures = measure(__file__, cases, n_repeats)
    rows = absolute_rows(cases, figures)
    rows += [
        ratio_row(figures, "tpe 10 floats", at_most=1.0),
        ratio_row(figures, "tpe 2 floats", at_most=2.0),
        ratio_row(figures, "tpe mixed", at_most=0.7),
    ]
    speedup = us(figures, "optuna/tpe 10 floats") / us(figures, "optimist/tpe 10 floats")
    rows.append(Row("Optuna's time / Optimist's, tpe 10 floats", speedup, "x", at_least=20))
    return report(f"TPE sampler, {n_trials:,} trials", rows)


def compare_tpe_long(n_repeats: int, scale: int) -> bool:
    """TPESampler over 10,000 trials with ten floats."""
    n_trials = 10_000 // scale
    options: dict[str, int | str] = {"sampler": "TPE", "objective": "10 floats", "n_trials": n_trials}
    cases = [Case(library, "long tpe 10 floats", options) for library in ("optimist", "rustuna")]
    figures = measure(__file__, cases, n_repeats)
    rows = [*absolute_rows(cases, figures), ratio_row(figures, "long tpe 10 floats", at_most=0.2)]
    return report(f"Long TPE studies, {n_trials:,} trials", rows)


def compare_flatness(n_repeats: int, scale: int) -> bool:
    """Optimist alone: does a trial late in a study cost more than an early one?"""
    tasks = (("Random", "", 100_000), ("TPE", "", 100_000), ("Random", "Median", 10_000))
    cases = [
        Case(
            "optimist",
            f"flat {sampler} {pruner}".rstrip(),
            {"sampler": sampler, "pruner": pruner, "n_trials": max(3000, n_trials // scale)},
        )
        for sampler, pruner, n_trials in tasks
    ]
    figures = measure(__file__, cases, n_repeats)
    rows = []
    for case in cases:
        found = figures[case.name]
        what = f"{case.options['sampler']}Sampler" + (", MedianPruner, 10 reports" if case.options["pruner"] else "")
        rows += [
            Row(f"{what}: second thousand", found["second_us"], "us"),
            Row(f"{what}: last thousand of {case.options['n_trials']:,}", found["last_us"], "us"),
            Row(f"{what}: last / second", found["ratio"], "x", at_most=1.5),
        ]
    return report("Flatness: time a trial", rows)


def absolute_rows(cases: list[Case], figures: dict[str, Figures]) -> list[Row]:
    """One line per contender and task: microseconds a trial."""
    return [Row(f"{case.contender:9} {case.task}", us(figures, case.name), "us") for case in cases]


def ratio_row(figures: dict[str, Figures], task: str, at_most: float) -> Row:
    """Optimist's time over Rustuna's."""
    ratio = us(figures, f"optimist/{task}") / us(figures, f"rustuna/{task}")
    return Row(f"Optimist's time / Rustuna's, {task}", ratio, "x", at_most=at_most)


def us(figures: dict[str, Figures], name: str) -> float:
    """Look up the microseconds a trial of one case."""
    return figures[name]["us_per_trial"]


def main() -> int:
    """Run the sections asked for; the exit code says whether every bound holds."""
    answer_as_child(run_case)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"any of: {', '.join(SECTIONS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="a fifth of the trials, one run each")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each case; the median counts")
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")

    n_repeats, scale = (1, 5) if arguments.quick else (arguments.repeats, 1)
    comparisons = {
        "random": compare_random,
        "tpe": compare_tpe,
        "tpe-long": compare_tpe_long,
        "flatness": compare_flatness,
    }
    kept = [comparisons[section](n_repeats, scale) for section in arguments.sections or SECTIONS]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
