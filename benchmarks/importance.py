"""Parameter importances beside Optuna's: do both say the same, do they say the truth, and what does it cost?

Prints three tables:

1. PED-ANOVA: the largest difference between Optuna's importances and ours on the same trials.
2. The forests, fANOVA and mean decrease of impurity, on functions whose importances are known: the rank correlation of
   the means over ten seeds, for all parameters and for those whose importances are well separated in Optuna, and the largest difference to the truth (fANOVA's truth is the share of variance that a
   parameter explains by itself).
3. Seconds of processor time at 1,000 and 10,000 trials of ten parameters.

Run: python benchmarks/importance.py [--short]. Needs Optuna and scikit-learn; Optuna's fANOVA takes minutes at 10,000
trials.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
from scipy.stats import spearmanr

import optimist

FloatArray = npt.NDArray[np.float64]
N_SEEDS = 10
N_PARAMETERS = 10
FORESTS = ("FanovaImportanceEvaluator", "MeanDecreaseImpurityImportanceEvaluator")


def additive(u: FloatArray) -> float:
    """Five parameters, each with half the deviation of the one before, in shapes of several kinds; five without effect."""
    waves = np.array([u[0] - 0.5, u[1] ** 2, math.sin(2 * math.pi * u[2]), abs(u[3] - 0.5), u[4] > 0.5])
    return float(waves @ (ADDITIVE_WEIGHTS / ADDITIVE_DEVIATIONS))


ADDITIVE_WEIGHTS = 0.5 ** np.arange(5)
ADDITIVE_DEVIATIONS = np.array([1 / 12, 4 / 45, 1 / 2, 1 / 48, 1 / 4]) ** 0.5
ADDITIVE_TRUTH = np.append(ADDITIVE_WEIGHTS**2 / (ADDITIVE_WEIGHTS**2).sum(), np.zeros(5))


def sobol_g(u: FloatArray) -> float:
    """Sobol's g-function: a product, so with interactions; the effects of the parameters fall fast."""
    return float(np.prod((np.abs(4 * u - 2) + G_PARAMETERS) / (1 + G_PARAMETERS)))


G_PARAMETERS = np.array([0, 0.5, 1, 2, 4, 9, 20, 99, 99, 99])
_G_VARIANCES = 1 / (3 * (1 + G_PARAMETERS) ** 2)
G_TRUTH = _G_VARIANCES / (np.prod(1 + _G_VARIANCES) - 1)


@dataclass(frozen=True)
class Problem:
    """A function of the unit cube.

    Attributes:
        f: The function.
        truth: (n_parameters,) the share of variance that each parameter explains by itself.
        is_log: Whether every second parameter has a logarithmic range; uniform is the law of its logarithm.
    """

    f: Callable[[FloatArray], float]
    truth: FloatArray
    is_log: bool = False


PROBLEMS = {
    "additive": Problem(additive, ADDITIVE_TRUTH),
    "Sobol g": Problem(sobol_g, G_TRUTH),
    "additive, log": Problem(additive, ADDITIVE_TRUTH, is_log=True),
}


def make_study(library: ModuleType, problem: Problem, n_trials: int, seed: int) -> Any:
    """A study of random trials; parameters are floats."""
    rng = np.random.default_rng(seed)
    names = [f"x{i}" for i in range(N_PARAMETERS)]
    d = library.distributions
    is_log = problem.is_log & (np.arange(N_PARAMETERS) % 2 == 1)
    space = {
        name: d.FloatDistribution(1e-4, 1, log=True) if log else d.FloatDistribution(0, 1)
        for name, log in zip(names, is_log.tolist(), strict=True)
    }
    study = library.create_study()
    trials = []
    for u in rng.random((n_trials, N_PARAMETERS)):
        values = np.where(is_log, np.clip(10 ** (4 * u - 4), 1e-4, 1.0), u)
        params = dict(zip(names, values.tolist(), strict=True))
        trials.append(library.trial.create_trial(params=params, distributions=space, value=problem.f(u)))
    study.add_trials(trials)
    return study


def importances(library: ModuleType, study: Any, name: str, **options: Any) -> FloatArray:
    """Importances in the order of the parameters, not normalized."""
    evaluator = getattr(library.importance, name)(**options)
    found = library.importance.get_param_importances(study, evaluator=evaluator, normalize=False)
    return np.array([found[f"x{i}"] for i in range(N_PARAMETERS)])


def compare_ped_anova(sizes: Sequence[int]) -> None:
    """Print how far PED-ANOVA's importances are from Optuna's."""
    print("\nPED-ANOVA: largest difference to Optuna's importances")
    for name, problem in PROBLEMS.items():
        for n in sizes:
            theirs, ours = (make_study(library, problem, n, seed=1) for library in (optuna, optimist))
            options: list[dict[str, Any]] = [
                {},
                {"target_quantile": 0.3, "region_quantile": 0.6},
                {"evaluate_on_local": False},
            ]
            worst = max(
                float(
                    np.max(
                        np.abs(
                            importances(optuna, theirs, "PedAnovaImportanceEvaluator", **o)
                            - importances(optimist, ours, "PedAnovaImportanceEvaluator", **o)
                        )
                    )
                )
                for o in options
            )
            print(f"  {name:13s} {n:6d} trials   {worst:.1e}")


def compare_forests(n_trials: int) -> None:
    """Print how the forests' importances compare with Optuna's and with the truth."""
    print(f"\nForests, {n_trials} trials, means over {N_SEEDS} seeds")
    print("  function      evaluator  rank correlation, where separated   error: Optuna's   ours")
    for name, problem in PROBLEMS.items():
        for evaluator in FORESTS:
            runs = [
                np.array(
                    [
                        importances(library, make_study(library, problem, n_trials, seed), evaluator, seed=seed)
                        for seed in range(N_SEEDS)
                    ]
                )
                for library in (optuna, optimist)
            ]
            theirs, ours = means = [run.mean(axis=0) for run in runs]
            apart = stand_apart(runs[0])
            rank = float(spearmanr(theirs, ours).statistic)
            rank_apart = f"{spearmanr(theirs[apart], ours[apart]).statistic:.2f}" if apart.sum() > 1 else "-"
            errors = ["", ""]
            if evaluator.startswith("Fanova"):
                errors = [f"{np.max(np.abs(mean - problem.truth)):.3f}" for mean in means]
            print(
                f"  {name:13s} {evaluator[:6]:9s} {rank:17.2f} {rank_apart:>13s} of {apart.sum():2d} {errors[0]:>16s} {errors[1]:>11s}"
            )


def stand_apart(runs: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which parameters' mean importances differ from all others by three standard errors; ``runs`` by seed."""
    means, errors = runs.mean(axis=0), runs.std(axis=0, ddof=1) / math.sqrt(len(runs))
    distance = np.abs(means[:, None] - means) - 3.0 * np.maximum(errors[:, None], errors)
    np.fill_diagonal(distance, np.inf)
    is_apart: npt.NDArray[np.bool_] = np.all(distance > 0.0, axis=1)
    return is_apart


def compare_speed(sizes: Sequence[int], n_runs: int) -> None:
    """Print the processor time of each evaluator, the least of some runs."""
    print("\nSeconds of processor time")
    print("  evaluator  trials   Optuna      ours   ratio")
    for n in sizes:
        studies = {library: make_study(library, PROBLEMS["additive"], n, seed=1) for library in (optuna, optimist)}
        for name in ("PedAnovaImportanceEvaluator", *FORESTS):
            options = {} if name.startswith("Ped") else {"seed": 1}
            seconds = {}
            for library, study in studies.items():
                times = []
                for _ in range(1 if library is optuna and name.startswith("Fanova") else n_runs):
                    start = time.process_time()
                    importances(library, study, name, **options)
                    times.append(time.process_time() - start)
                seconds[library] = min(times)
            ratio = seconds[optuna] / seconds[optimist]
            print(f"  {name[:6]:9s} {n:7d} {seconds[optuna]:8.3f} {seconds[optimist]:9.3f} {ratio:7.1f}", flush=True)


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="1,000 trials at most")
    parser.add_argument("--tables", nargs="+", choices=("1", "2", "3"), default=("1", "2", "3"))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    for library in (optuna, optimist):
        library.logging.set_verbosity(library.logging.ERROR)
    sizes = (100, 1000) if arguments.short else (100, 1000, 10_000)
    if "1" in arguments.tables:
        compare_ped_anova(sizes)
    if "2" in arguments.tables:
        compare_forests(200)
    if "3" in arguments.tables:
        compare_speed(sizes[1:], n_runs=3)


if __name__ == "__main__":
    main()
