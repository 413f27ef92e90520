"""Is a Bayesian search better than a grid, or than chance? Ask repeats, on a random forest for handwritten digits.

Three ways to search the same small space, the mean accuracy of a three-fold cross-validation as the objective. The grid runs
once, for its order is arbitrary: what it would have found after so many cells can be said for all orders. The other two run
several times, with one seed each. The studies live in an SQLite file; a run that was interrupted continues.

    python examples/digits_comparison.py                          a few minutes on one core
    python examples/digits_comparison.py --trials 3 --repeats 2 --grid small   a few seconds, to see that it runs
"""

from __future__ import annotations

import argparse

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

import optimist

DIGITS, LABELS = load_digits(return_X_y=True)  # (1797, 64) grey values, (1797,) the digits they show
FOLDS = StratifiedKFold(n_splits=3, shuffle=True, random_state=0)
GRIDS: dict[str, dict[str, list[int | float]]] = {
    "full": {  # 36 cells
        "max_depth": [4, 8, 16],
        "max_features": [0.05, 0.125, 0.3, 0.8],
        "min_samples_leaf": [1, 4, 16],
    },
    "small": {"max_depth": [4, 16], "max_features": [0.125], "min_samples_leaf": [1, 16]},
}


def objective(trial: optimist.Trial) -> float:
    """Cross-validate a forest of twenty trees; the defaults are what scikit-learn recommends."""
    forest = RandomForestClassifier(
        n_estimators=20,
        max_depth=trial.suggest_int("max_depth", 4, 16, default=16),
        max_features=trial.suggest_float("max_features", 0.05, 0.8, log=True, default=0.125),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 16, log=True, default=1),
        random_state=0,
    )
    return float(cross_val_score(forest, DIGITS, LABELS, cv=FOLDS).mean())


def main() -> None:
    """Run what is missing of the studies, and compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=18, help="trials of each repeat")
    parser.add_argument("--repeats", type=int, default=5, help="repeats of the Bayesian and of the random search")
    parser.add_argument("--grid", choices=sorted(GRIDS), default="full", help="which grid to exhaust")
    parser.add_argument("--storage", default="sqlite:///comparison.db", help="where the studies live")
    arguments = parser.parse_args()
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    run("grid", 1000, optimist.samplers.GridSampler(GRIDS[arguments.grid], seed=0), arguments.storage)
    for seed in range(arguments.repeats):
        run(f"bayesian-{seed}", arguments.trials, optimist.samplers.AutoSampler(seed=seed), arguments.storage)
        run(f"random-{seed}", arguments.trials, optimist.samplers.RandomSampler(seed=seed), arguments.storage)
    print("Now ask:")
    print(
        f"  optimist compare grid 'bayesian=bayesian-*' 'random=random-*' --in-any-order grid --storage {arguments.storage}"
    )
    print(f"  optimist report bayesian-0 --out report.html --storage {arguments.storage}")


def run(name: str, n_trials: int, sampler: optimist.samplers.BaseSampler, storage: str) -> None:
    """Run a study up to a number of trials; a grid ends by itself."""
    study = optimist.create_study(
        study_name=name, storage=storage, sampler=sampler, direction="maximize", load_if_exists=True
    )
    study.optimize(objective, total_trials=n_trials)
    print(f"{name}: {study.best_value:.4f} after {len(study.trials)} trials")


if __name__ == "__main__":
    main()
