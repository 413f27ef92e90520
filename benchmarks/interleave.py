"""Measure contenders fairly: each run in an interpreter of its own, turn and turn about, medians told beside bounds.

A benchmark script lists its cases; `measure` starts the script again as a child for each of them, A B C A B C …, so
that a busy minute of the machine hits every contender alike. The child prints its figures as JSON on its last line.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"

Figures = dict[str, float]  # what a child measured, by name; the unit stands in the name


@dataclass(frozen=True)
class Case:
    """One contender at one task; `options` go to the child as they are."""

    contender: str
    task: str
    options: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How figures refer to this case."""
        return f"{self.contender}/{self.task}"


@dataclass(frozen=True)
class Row:
    """One line of a table: a figure, and the bound it has to keep, if any."""

    label: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the bound is kept; true without a bound."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )


def measure(script: str, cases: Iterable[Case], n_repeats: int) -> dict[str, Figures]:
    """Run all cases `n_repeats` times, interleaved; the median of each figure by case name."""
    cases = list(cases)
    runs: dict[str, list[Figures]] = {case.name: [] for case in cases}
    for i_repeat in range(n_repeats):
        for case in cases:
            show_progress(f"run {i_repeat + 1} of {n_repeats}: {case.name}")
            runs[case.name].append(run_child(script, case, seed=i_repeat + 1))
    show_progress("")
    return {name: medians(figures) for name, figures in runs.items()}


def show_progress(message: str) -> None:
    """Keep a person at a terminal informed, on one line."""
    if sys.stderr.isatty():
        print(f"  {message:<78}", end="\r", file=sys.stderr, flush=True)


def run_child(script: str, case: Case, seed: int) -> Figures:
    """Run one case in a fresh interpreter."""
    command = [sys.executable, script, "--child", json.dumps(asdict(case)), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{case.name} failed:\n{done.stderr[-3000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def answer_as_child(run: Callable[[Case, int], Figures]) -> None:
    """In a child, run the case named on the command line, print its figures and leave; in the parent, do nothing."""
    if len(sys.argv) == 4 and sys.argv[1] == "--child":
        print(json.dumps(run(Case(**json.loads(sys.argv[2])), int(sys.argv[3]))))
        sys.exit()


def medians(runs: list[Figures]) -> Figures:
    """Take the median of each figure over the runs."""
    return {name: statistics.median(figures[name] for figures in runs) for name in runs[0]}


def report(title: str, rows: list[Row]) -> bool:
    """Print a table with the last run beside it, remember this one, and say whether every bound holds."""
    store = RESULTS / (re.sub(r"\W+", "-", title.lower()) + ".json")
    last: dict[str, float] = json.loads(store.read_text()) if store.exists() else {}
    width = max(len(row.label) for row in rows)
    print(f"\n{title}")
    print(f"{'':{width}}  {'measured':>12} {'last run':>12}   required")
    for row in rows:
        before = show(last[row.label], row.unit) if row.label in last else "-"
        print(f"{row.label:{width}}  {show(row.value, row.unit):>12} {before:>12}   {show_bound(row)}")
    RESULTS.mkdir(exist_ok=True)
    store.write_text(json.dumps({**last, **{row.label: row.value for row in rows}}, indent=1))
    return all(row.holds for row in rows)


def show(value: float, unit: str) -> str:
    """Print a figure with three digits that matter."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 3
    return f"{value:,.{digits}f} {unit}".rstrip()


def show_bound(row: Row) -> str:
    """Print what is required and whether it holds."""
    verdict = "holds" if row.holds else "BROKEN"
    if row.at_most is not None:
        return f"at most {row.at_most:g} {row.unit}".rstrip() + f": {verdict}"
    if row.at_least is not None:
        return f"at least {row.at_least:g} {row.unit}".rstrip() + f": {verdict}"
    return ""
