"""Tune the digits forest with several processes that share one database, and see what each more of them gains.

The same search runs with one, two and four workers, each time as a study of its own in MySQL or MariaDB. Afterwards the
results are read back from the database, as anybody could who knows its URL.

    python examples/several_workers.py                                    mysql://root@localhost/example
    python examples/several_workers.py --storage sqlite:///workers.db     without a server
    python tools/servers.py mariadb                                       a private server to try it on; prints its URL
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

import optimist

SEED = 0
STORAGE = "mysql://root@localhost/example"


@dataclass(frozen=True)
class Run:
    """What one study took and found.

    Attributes:
        n_workers: Processes that shared it.
        seconds: From the first trial to the last.
    """

    n_workers: int
    seconds: float

    @property
    def study_name(self) -> str:
        """The study in the database."""
        return name_of(self.n_workers)


def name_of(n_workers: int) -> str:
    """The name of the study that so many workers share."""
    return f"digits-{n_workers}-workers"


def objective(trial: optimist.Trial) -> float:
    """Cross-validate one forest on one core: the other cores belong to the other workers."""
    forest = RandomForestClassifier(
        n_estimators=trial.suggest_int("n_estimators", 10, 100, default=100),
        max_depth=trial.suggest_int("max_depth", 5, 20, default=20),
        max_features=trial.suggest_float("max_features", 0.05, 0.3, log=True, default=0.125),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 4, default=1),
        criterion=trial.suggest_categorical("criterion", ["gini", "entropy"], default="gini"),
        random_state=SEED,
    )
    digits, labels = load_digits(return_X_y=True)
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)
    return float(cross_val_score(forest, digits, labels, cv=folds).mean())


def main() -> None:
    """Run the studies, then look them up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--storage", default=STORAGE, help=f"where the studies live; {STORAGE} if left out")
    parser.add_argument("--trials", type=int, default=24, help="trials of each study")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], help="how many processes, one study each")
    arguments = parser.parse_args()
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    console = Console()
    runs = []
    for n_workers in arguments.workers:
        console.print(f"[bold]{name_of(n_workers)}[/bold], trials: {arguments.trials}")
        runs.append(run(n_workers, arguments.trials, arguments.storage))
    console.print(compare(runs, arguments.storage))
    console.print(
        "Look further:",
        f"  optimist studies --storage {arguments.storage}",
        f"  optimist best-trial --storage {arguments.storage} --study-name {runs[-1].study_name}",
        sep="\n",
    )


def run(n_workers: int, n_trials: int, storage: str) -> Run:
    """Search with so many workers, from scratch."""
    study = optimist.create_study(
        study_name=name_of(n_workers),
        storage=storage,
        direction="maximize",
        sampler=optimist.samplers.TPESampler(seed=SEED),
        load_if_exists=True,
        create_database=True,
    )
    if study.trials:  # of an earlier call
        optimist.delete_study(study_name=name_of(n_workers), storage=storage)
        return run(n_workers, n_trials, storage)
    start = time.monotonic()
    study.optimize(objective, n_trials=n_trials, workers=n_workers, show_progress_bar=True)
    return Run(n_workers, time.monotonic() - start)


def compare(runs: list[Run], storage: str) -> Table:
    """Read every study from the database, and set it beside the time that it took."""
    table = Table(title="One search, several processes", title_justify="left")
    for column in ("workers", "trials", "seconds", "speed-up", "best score", "chosen parameters"):
        table.add_column(column, justify="left" if column == "chosen parameters" else "right")
    for one in runs:
        study = optimist.load_study(study_name=one.study_name, storage=storage)
        chosen = ", ".join(
            f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in study.best_params.items()
        )
        table.add_row(
            str(one.n_workers),
            str(len(study.trials)),
            f"{one.seconds:.1f}",
            f"{runs[0].seconds / one.seconds:.2f} x",
            f"{study.best_value:.4f}",
            chosen,
        )
    return table


if __name__ == "__main__":
    main()
