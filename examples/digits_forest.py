"""Tune a random forest on handwritten digits three ways, and see what each way costs.

The recommended defaults, a Bayesian search of ten trials and the full grid share one objective: the mean accuracy of
a five-fold cross-validation. Everything is seeded, so a second run finds the same. The studies live in an SQLite
file: a run that was interrupted continues where it stopped, a finished one starts again.

    python examples/digits_forest.py                        about two minutes on two cores
    python examples/digits_forest.py --trials 3 --grid small  a few seconds, to see that it runs
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import prod
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

import optimist

SEED = 0
DIGITS, LABELS = load_digits(return_X_y=True)  # (1797, 64) grey values, (1797,) the digits they show
FOLDS = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)

Grid = Mapping[str, Sequence[int | float | str]]
GRIDS: dict[str, Grid] = {
    "full": {  # 144 cells
        "n_estimators": [10, 30, 60, 100],
        "max_depth": [5, 10, 20],
        "max_features": [0.05, 0.125, 0.3],
        "min_samples_leaf": [1, 4],
        "criterion": ["gini", "entropy"],
    },
    "small": {  # 4 cells
        "n_estimators": [10, 20],
        "max_depth": [10],
        "max_features": [0.05, 0.125],
        "min_samples_leaf": [1],
        "criterion": ["gini"],
    },
}


def objective(trial: optimist.Trial) -> float:
    """Cross-validate one forest; the `default` of each parameter is what scikit-learn recommends."""
    forest = RandomForestClassifier(
        n_estimators=trial.suggest_int("n_estimators", 10, 100, default=100),
        max_depth=trial.suggest_int("max_depth", 5, 20, default=20),  # 20 is as good as unlimited here
        max_features=trial.suggest_float("max_features", 0.05, 0.3, log=True, default=0.125),  # sqrt(64) of 64
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 4, default=1),
        criterion=trial.suggest_categorical("criterion", ["gini", "entropy"], default="gini"),
        random_state=SEED,
    )
    return cross_validate(forest)


def cross_validate(forest: RandomForestClassifier) -> float:
    """Take the mean accuracy over five stratified folds, one fold per core."""
    return float(cross_val_score(forest, DIGITS, LABELS, cv=FOLDS, n_jobs=-1).mean())


def main() -> None:
    """Run the three studies, print the table and where to look further."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10, help="trials of the Bayesian search")
    parser.add_argument("--grid", choices=sorted(GRIDS), default="full", help="which grid to exhaust")
    parser.add_argument("--storage", default="sqlite:///digits.db", help="where the studies live")
    arguments = parser.parse_args()
    grid = GRIDS[arguments.grid]
    optimist.logging.set_verbosity(optimist.logging.WARNING)  # the progress bar says enough

    plan = {  # study name: (trials, sampler)
        "digits-defaults": (1, optimist.samplers.AutoSampler(seed=SEED)),
        "digits-bayesian": (arguments.trials, optimist.samplers.AutoSampler(seed=SEED)),
        "digits-grid": (prod(map(len, grid.values())), optimist.samplers.GridSampler(grid, seed=SEED)),
    }
    console = Console()
    cross_validate(RandomForestClassifier(n_estimators=1))  # starts the worker processes, so that no study pays for it
    forget_finished_run(arguments.storage, {name: n_trials for name, (n_trials, _) in plan.items()})
    studies = {}
    for name, (n_trials, sampler) in plan.items():
        console.print(f"[bold]{name}[/bold], trials: {n_trials}")
        studies[name] = run_study(name, n_trials, sampler, arguments.storage)
    console.print(compare(studies), conclude(studies), sep="\n")
    print_next_steps(console, arguments.storage)


def run_study(name: str, n_trials: int, sampler: optimist.samplers.BaseSampler, storage: str) -> optimist.Study:
    """Run what is missing of a study."""
    study = optimist.create_study(
        study_name=name, storage=storage, sampler=sampler, direction="maximize", load_if_exists=True
    )
    n_missing = n_trials - len(complete_trials(study))
    if n_missing > 0:
        study.optimize(objective, n_trials=n_missing, show_progress_bar=True)
    return study


def forget_finished_run(storage: str, n_planned: Mapping[str, int]) -> None:
    """Delete the studies of an earlier run that came to its end; keep those of one that did not."""
    existing = set(optimist.get_all_study_names(storage)) & set(n_planned)
    studies = {name: optimist.load_study(study_name=name, storage=storage) for name in existing}
    if existing == set(n_planned) and all(
        len(complete_trials(study)) >= n_planned[name] for name, study in studies.items()
    ):
        for name in existing:
            optimist.delete_study(study_name=name, storage=storage)


def complete_trials(study: optimist.Study) -> list[optimist.trial.FrozenTrial]:
    """Pick the trials that have a score."""
    return study.get_trials(deepcopy=False, states=(optimist.trial.TrialState.COMPLETE,))


def compare(studies: Mapping[str, optimist.Study]) -> Table:
    """Put the three ways side by side."""
    titles = {"digits-defaults": "Defaults", "digits-bayesian": "Bayesian", "digits-grid": "Grid"}
    table = Table(title="Random forest on digits: mean accuracy of five folds", show_lines=True)
    table.add_column("Way", style="bold")
    for column in ("Best\nscore", "Points behind\nthe grid", "Trials", "Seconds"):
        table.add_column(column, justify="right")
    table.add_column("Chosen parameters", no_wrap=True)
    for name, study in studies.items():
        table.add_row(
            titles[name],
            f"{study.best_value:.4f}",
            f"{points_behind(study, studies['digits-grid']):.2f}",
            str(len(complete_trials(study))),
            f"{seconds_spent(study):.1f}",
            "\n".join(f"{name} = {short(value)}" for name, value in study.best_params.items()),
        )
    return table


def conclude(studies: Mapping[str, optimist.Study]) -> str:
    """Say in a sentence what the table shows."""
    bayesian, grid = studies["digits-bayesian"], studies["digits-grid"]
    points = points_behind(bayesian, grid)
    return (
        f"{len(complete_trials(bayesian))} Bayesian trials end {abs(points):.2f} points of accuracy "
        f"{'behind' if points >= 0 else 'ahead of'} the grid of {len(complete_trials(grid))}, "
        f"in {seconds_spent(bayesian) / seconds_spent(grid):.0%} of its time."
    )


def points_behind(study: optimist.Study, grid: optimist.Study) -> float:
    """Measure how far the best score stays behind the grid's, in percentage points."""
    return 100 * (grid.best_value - study.best_value)


def seconds_spent(study: optimist.Study) -> float:
    """Add up the time in trials, over all runs of a study."""
    return sum((trial.duration or timedelta() for trial in complete_trials(study)), timedelta()).total_seconds()


def short(value: object) -> str:
    """Write a number as short as it is clear."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def print_next_steps(console: Console, storage: str) -> None:
    """Print commands that look at the studies further; they work as they stand."""
    command = "optimist" if shutil.which("optimist") else relative(Path(sys.executable).with_name("optimist"))
    console.print("\nLook further:")
    for step in (
        f"studies --storage {storage}",
        f"best-trial --storage {storage} --study-name digits-bayesian",
        f"trials --storage {storage} --study-name digits-grid",
    ):
        console.print(f"  {command} {step}", soft_wrap=True, highlight=False)


def relative(path: Path) -> str:
    """Shorten a path to one that works from the current directory."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    main()
