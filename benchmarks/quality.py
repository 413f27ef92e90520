"""How good are the values that TPE finds: our default TPE beside Optuna 5's, with the same objectives and budgets.

Each problem is searched with the same seeds by both. For each problem and seed the better of the two gets rank 1, the
other rank 2, and equal values 1.5 each. What counts is the difference of the mean ranks with its 95 % bootstrap
interval (seeds drawn anew within each problem): it must exclude a loss of more than 0.1.

    python benchmarks/quality.py                       all problems, 20 seeds
    python benchmarks/quality.py --seeds 5 branin svm  some of them

Finished searches are kept in benchmarks/results/quality.json, so that a broken run goes on where it stopped; they are
made anew when the sampler's or the problems' code has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import math
import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # one core for each process

import numpy as np  # noqa: E402 - after the line that keeps it to one core

CONTENDERS = ("optimist", "optuna")
TOLERATED_LOSS = 0.1
RESULTS = Path(__file__).parent / "results" / "quality.json"
SOURCES = Path(__file__).parents[1] / "src" / "optimist"


# ------------------------------------------------------------------------------------------------- analytic


def branin(trial: Any) -> float:
    """Two floats, three equal minima."""
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    bowl = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return float(bowl**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


HARTMANN_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
HARTMANN_P = np.array(
    [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ]
)


def hartmann(trial: Any) -> float:
    """Six floats, a few local minima."""
    x = np.array([trial.suggest_float(f"x{i}", 0, 1) for i in range(6)])
    return float(-np.exp(-(HARTMANN_A * (x - HARTMANN_P) ** 2).sum(axis=1)) @ [1.0, 1.2, 3.0, 3.2])


def rosenbrock(trial: Any) -> float:
    """Four floats that depend on each other: a bent valley."""
    x = [trial.suggest_float(f"x{i}", -2, 2) for i in range(4)]
    return float(sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x)))


def rastrigin(trial: Any) -> float:
    """Five floats, very many local minima."""
    x = [trial.suggest_float(f"x{i}", -5.12, 5.12) for i in range(5)]
    return float(sum(10 + a**2 - 10 * math.cos(2 * math.pi * a) for a in x))


def ackley(trial: Any) -> float:
    """Ten floats, flat far away from the minimum."""
    x = np.array([trial.suggest_float(f"x{i}", -32.8, 32.8) for i in range(10)]) - 3
    return float(
        20 + math.e - 20 * math.exp(-0.2 * math.sqrt((x**2).mean())) - math.exp(np.cos(2 * math.pi * x).mean())
    )


# ---------------------------------------------------------------------------------------------------- mixed


def network(trial: Any) -> float:
    """What training a network feels like: a sharp best learning rate that depends on the width."""
    rate = math.log10(trial.suggest_float("rate", 1e-6, 1.0, log=True))
    width = math.log2(trial.suggest_int("width", 8, 512, log=True))
    dropout = trial.suggest_float("dropout", 0.0, 0.8)
    batch = trial.suggest_categorical("batch", [16, 32, 64, 128, 256])
    activation = trial.suggest_categorical("activation", ["relu", "gelu", "tanh", "sigmoid"])
    is_normalized = trial.suggest_categorical("norm", [False, True])
    best_rate = -2.5 - 0.2 * (width - 5) + 0.15 * math.log2(batch / 64) + (0.5 if is_normalized else 0)
    loss = 0.25 * abs(rate - best_rate) ** 1.5 + 0.03 * (width - 8) ** 2 + 0.5 * (dropout - 0.03 * width) ** 2
    return float(loss + {"relu": 0.02, "gelu": 0.0, "tanh": 0.08, "sigmoid": 0.3}[activation] - 0.05 * is_normalized)


def counts(trial: Any) -> float:
    """Six integers of different ranges and steps, in pairs that depend on each other."""
    n = [
        trial.suggest_int(f"n{i}", 0, high, step=step)
        for i, (high, step) in enumerate([(100, 1), (100, 5), (30, 1), (30, 3), (8, 1), (8, 2)])
    ]
    return float(
        abs(n[0] - 37) / 10
        + abs(n[0] + n[1] - 90) / 10
        + abs(n[2] - 22) / 3
        + abs(n[2] - n[3] - 4) / 3
        + abs(n[4] - 5)
        + abs(n[5] - 4)
    )


def choices(trial: Any) -> float:
    """Eight categorical parameters; neighbours interact."""
    picks = [trial.suggest_categorical(f"c{i}", ["a", "b", "c", "d", "e"]) for i in range(8)]
    codes = ["abcde".index(pick) for pick in picks]
    cost = sum((7 * i + 3 * code) % 5 for i, code in enumerate(codes))
    return float(cost + sum((a + b) % 3 for a, b in pairwise(codes)) / 2)


def schedule(trial: Any) -> float:
    """Floats on a grid and on a log scale, with a plateau."""
    warmup = trial.suggest_float("warmup", 0, 1, step=0.05)
    decay = trial.suggest_float("decay", 1e-8, 1e-1, log=True)
    momentum = trial.suggest_float("momentum", 0.5, 0.999)
    restarts = trial.suggest_int("restarts", 0, 10)
    penalty = abs(math.log10(decay) + 4 + restarts / 5) + 8 * abs(warmup - 0.15) + 20 * (momentum - 0.93) ** 2
    return float(max(penalty, 0.05) + 0.01 * restarts)


# ---------------------------------------------------------------------------------------------- conditional


def pipeline(trial: Any) -> float:
    """Three models with parameters of their own."""
    model = trial.suggest_categorical("model", ["svm", "forest", "net"])
    if model == "svm":
        c = math.log10(trial.suggest_float("c", 1e-3, 1e3, log=True))
        gamma = math.log10(trial.suggest_float("gamma", 1e-5, 1e1, log=True))
        return 0.12 + 0.02 * (c - 1) ** 2 + 0.03 * (gamma + 2 - c / 3) ** 2
    if model == "forest":
        depth, leaf = trial.suggest_int("depth", 1, 30), trial.suggest_int("leaf", 1, 20)
        return float(0.15 + 0.0006 * (depth - 18) ** 2 + 0.004 * (leaf - 2))
    rate = math.log10(trial.suggest_float("rate", 1e-5, 1.0, log=True))
    width = trial.suggest_int("width", 8, 256, log=True)
    return 0.08 + 0.06 * (rate + 3) ** 2 + 0.05 * abs(math.log2(width) - 6.5)


def layers(trial: Any) -> float:
    """A number of layers, and a width and a dropout for each."""
    n_layers = trial.suggest_int("n_layers", 1, 4)
    loss = 0.3 * abs(n_layers - 3)
    for i in range(n_layers):
        width = math.log2(trial.suggest_int(f"width{i}", 4, 256, log=True))
        loss += 0.1 * (width - (7 - i)) ** 2 / n_layers
        if trial.suggest_categorical(f"has_dropout{i}", [False, True]):
            loss += (trial.suggest_float(f"dropout{i}", 0, 0.9) - 0.2) ** 2 - 0.05
    return float(loss)


# ------------------------------------------------------------------------------------- real, cross-validated


@cache
def data(name: str, n_rows: int) -> tuple[Any, Any]:
    """A part of one of scikit-learn's own data sets, the same in every run: (X, y)."""
    datasets = importlib.import_module("sklearn.datasets")
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(x))[:n_rows]
    return x[rows], y[rows]


def error(model: Any, name: str, n_rows: int) -> float:
    """The misclassified share in three stratified, seeded folds."""
    selection = importlib.import_module("sklearn.model_selection")
    folds = selection.StratifiedKFold(3, shuffle=True, random_state=0)
    x, y = data(name, n_rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # solvers that stop early are part of the landscape
        return 1.0 - float(selection.cross_val_score(model, x, y, cv=folds).mean())


def svm(trial: Any) -> float:
    """Support vectors on handwritten digits."""
    from sklearn.svm import SVC

    kernel = trial.suggest_categorical("kernel", ["rbf", "poly", "sigmoid", "linear"])
    c, gamma = trial.suggest_float("C", 1e-4, 1e4, log=True), trial.suggest_float("gamma", 1e-7, 1e1, log=True)
    degree, coef0 = trial.suggest_int("degree", 1, 5), trial.suggest_float("coef0", -1, 1)
    return error(SVC(C=c, gamma=gamma, kernel=kernel, degree=degree, coef0=coef0), "digits", 400)


def forest(trial: Any) -> float:
    """A random forest on breast cancer."""
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(
        n_estimators=trial.suggest_int("n_estimators", 2, 40, log=True),
        max_depth=trial.suggest_int("max_depth", 1, 16),
        max_features=trial.suggest_float("max_features", 0.05, 1.0),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 20),
        criterion=trial.suggest_categorical("criterion", ["gini", "entropy"]),
        random_state=0,
    )
    return error(model, "breast_cancer", 300)


def neighbors(trial: Any) -> float:
    """Nearest neighbours on scaled digits, with principal components before."""
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline

    n_components = trial.suggest_int("n_components", 2, 60)
    model = KNeighborsClassifier(
        n_neighbors=trial.suggest_int("n_neighbors", 1, 40),
        weights=trial.suggest_categorical("weights", ["uniform", "distance"]),
        p=trial.suggest_categorical("p", [1, 2]),
    )
    return error(make_pipeline(PCA(n_components, random_state=0), model), "digits", 500)


def logistic(trial: Any) -> float:
    """Logistic regression on wine, scaled or not."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    scaler = trial.suggest_categorical("scaler", ["none", "standard", "minmax"])
    tolerance = trial.suggest_float("tol", 1e-6, 1e-1, log=True)
    model = LogisticRegression(
        C=trial.suggest_float("C", 1e-5, 1e5, log=True), tol=tolerance, max_iter=trial.suggest_int("max_iter", 5, 100)
    )
    steps = {"none": [], "standard": [StandardScaler()], "minmax": [MinMaxScaler()]}[scaler]
    return error(make_pipeline(*steps, model), "wine", 178)


@dataclass(frozen=True)
class Problem:
    """An objective to minimise, with its family and its budget in trials."""

    family: str
    objective: Callable[[Any], float]
    n_trials: int


PROBLEMS = {
    "branin": Problem("analytic", branin, 60),
    "hartmann": Problem("analytic", hartmann, 100),
    "rosenbrock": Problem("analytic", rosenbrock, 150),
    "rastrigin": Problem("analytic", rastrigin, 150),
    "ackley": Problem("analytic", ackley, 200),
    "network": Problem("mixed", network, 100),
    "counts": Problem("mixed", counts, 100),
    "choices": Problem("mixed", choices, 100),
    "schedule": Problem("mixed", schedule, 80),
    "pipeline": Problem("conditional", pipeline, 80),
    "layers": Problem("conditional", layers, 120),
    "svm": Problem("real", svm, 60),
    "forest": Problem("real", forest, 60),
    "neighbors": Problem("real", neighbors, 60),
    "logistic": Problem("real", logistic, 60),
}


def search(name: str, contender: str, seed: int) -> float:
    """Run one search; return the best value found."""
    library = importlib.import_module(contender)
    library.logging.set_verbosity(library.logging.WARNING)
    study = library.create_study(sampler=library.samplers.TPESampler(seed=seed))
    problem = PROBLEMS[name]
    study.optimize(problem.objective, n_trials=problem.n_trials)
    return float(study.best_value)


def fingerprint(contender: str) -> str:
    """Change whenever a kept result would not be the same any more."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    if contender == "optimist":
        for path in sorted((SOURCES / "samplers" / "tpe").glob("*.py")) + sorted((SOURCES / "numerics").glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def run_all(
    names: list[str], n_seeds: int, contenders: tuple[str, ...] = CONTENDERS
) -> dict[tuple[str, str, int], float]:
    """Run what is not kept from an earlier run, in two processes."""
    marks = {contender: fingerprint(contender) for contender in contenders}
    kept: dict[str, float] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    keys = {(n, c, s): f"{n}/{c}/{s}/{marks[c]}" for s in range(n_seeds) for n in names for c in contenders}
    todo = [key for key, text in keys.items() if text not in kept]
    RESULTS.parent.mkdir(exist_ok=True)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(search, *key): key for key in todo}
        for i, future in enumerate(as_completed(futures), 1):
            kept[keys[futures[future]]] = future.result()
            if i % 20 == 0 or i == len(todo):
                RESULTS.write_text(json.dumps(kept))
                print(f"\r{i} of {len(todo)} searches", end="", file=sys.stderr, flush=True)
    return {key: kept[text] for key, text in keys.items()}


def rank_differences(found: dict[tuple[str, str, int], float], names: list[str], n_seeds: int) -> np.ndarray:
    """(n_problems, n_seeds) our rank less Optuna's: -1 where we are better, 0 if equal, 1 where we are worse."""
    return np.array([[np.sign(found[n, "optimist", s] - found[n, "optuna", s]) for s in range(n_seeds)] for n in names])


def interval(differences: np.ndarray) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean over problems and seeds; seeds are drawn within each problem."""
    rng = np.random.default_rng(0)
    n_problems, n_seeds = differences.shape
    drawn = rng.integers(n_seeds, size=(10_000, n_problems, n_seeds))
    means = differences[np.arange(n_problems)[:, None], drawn].mean(axis=(1, 2))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def main() -> int:
    """Print the table; the exit code says whether the bound holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=list(PROBLEMS), help="names (default: all)")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    names, n_seeds = options.problems, options.seeds
    found = run_all(names, n_seeds)
    differences = rank_differences(found, names, n_seeds)
    print(
        f"\n{'problem':12} {'family':12} {'trials':>6} {'median, Optimist':>18} {'median, Optuna':>16} {'rank difference':>16}"
    )
    for name, row in zip(names, differences, strict=True):
        medians = [np.median([found[name, contender, s] for s in range(n_seeds)]) for contender in CONTENDERS]
        problem = PROBLEMS[name]
        print(
            f"{name:12} {problem.family:12} {problem.n_trials:6} {medians[0]:18.6g} {medians[1]:16.6g} {row.mean():+16.2f}"
        )
    print()
    for family in dict.fromkeys(PROBLEMS[name].family for name in names):
        rows = differences[[PROBLEMS[name].family == family for name in names]]
        print(f"{family:12} mean rank: Optimist {1.5 + rows.mean() / 2:.3f}, Optuna {1.5 - rows.mean() / 2:.3f}")
    low, high = interval(differences)
    print(
        f"{'all':12} mean rank: Optimist {1.5 + differences.mean() / 2:.3f}, Optuna {1.5 - differences.mean() / 2:.3f}"
    )
    holds = high <= TOLERATED_LOSS
    print(
        f"\nDifference in mean rank {differences.mean():+.3f}, 95 % interval [{low:+.3f}, {high:+.3f}]; negative: we are better."
    )
    print(f"Required: a loss of more than {TOLERATED_LOSS} is excluded: {'holds' if holds else 'BROKEN'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
