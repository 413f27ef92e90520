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


def ishigami(u: FloatArray) -> float:
    """The function of Ishigami and Homma 1990, with an interaction; seven of the ten parameters have no effect."""
    x = math.pi * (2 * u - 1)
    return float(math.sin(x[0]) + 7 * math.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * math.sin(x[0]))


_V1, _V2, _V13 = 0.5 * (1 + 0.1 * math.pi**4 / 5) ** 2, 49 / 8, 0.01 * math.pi**8 * (1 / 18 - 1 / 50)
ISHIGAMI_TRUTH = np.array([_V1, _V2] + [0.0] * 8) / (_V1 + _V2 + _V13)

FUNCTIONS = {"additive": (additive, ADDITIVE_TRUTH), "Ishigami": (ishigami, ISHIGAMI_TRUTH)}


def make_study(library: ModuleType, f: Callable[[FloatArray], float], n_trials: int, seed: int) -> Any:
    """A study of random trials; parameters are floats, some of them on a logarithmic scale."""
    rng = np.random.default_rng(seed)
    names = [f"x{i}" for i in range(N_PARAMETERS)]
    d = library.distributions
    space = {
        n: d.FloatDistribution(1e-4, 1, log=True) if i % 2 else d.FloatDistribution(0, 1) for i, n in enumerate(names)
    }
    study = library.create_study()
    trials = []
    for u in rng.random((n_trials, N_PARAMETERS)):
        values = np.where(np.arange(N_PARAMETERS) % 2, np.clip(10 ** (4 * u - 4), 1e-4, 1.0), u)
        params = dict(zip(names, values.tolist(), strict=True))
        trials.append(library.trial.create_trial(params=params, distributions=space, value=f(u)))
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
    for name, (f, _) in FUNCTIONS.items():
        for n in sizes:
            theirs, ours = (make_study(library, f, n, seed=1) for library in (optuna, optimist))
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
            print(f"  {name:10s} {n:6d} trials   {worst:.1e}")


def compare_forests(n_trials: int) -> None:
    """Print how the forests' importances compare with Optuna's and with the truth."""
    print(f"\nForests, {n_trials} trials, means over {N_SEEDS} seeds")
    print("  function   evaluator  rank correlation, where separated   error: Optuna's   ours")
    for name, (f, truth) in FUNCTIONS.items():
        for evaluator in FORESTS:
            runs = [
                np.array(
                    [
                        importances(library, make_study(library, f, n_trials, seed), evaluator, seed=seed)
                        for seed in range(N_SEEDS)
                    ]
                )
                for library in (optuna, optimist)
            ]
            theirs, ours = means = [run.mean(axis=0) for run in runs]
            apart = stand_apart(runs[0])
            rank, rank_apart = (float(spearmanr(theirs[m], ours[m]).statistic) for m in (slice(None), apart))
            errors = ["", ""]
            if evaluator.startswith("Fanova"):
                errors = [f"{np.max(np.abs(mean - truth)):.3f}" for mean in means]
            print(
                f"  {name:10s} {evaluator[:6]:9s} {rank:17.2f} {rank_apart:13.2f} of {apart.sum():2d} {errors[0]:>16s} {errors[1]:>11s}"
            )


def stand_apart(runs: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which parameters' importances (n_seeds, n_parameters) differ from all others by more than they vary."""
    means, deviations = runs.mean(axis=0), runs.std(axis=0)
    distance = np.abs(means[:, None] - means) - 2.0 * np.maximum(deviations[:, None], deviations)
    np.fill_diagonal(distance, np.inf)
    is_apart: npt.NDArray[np.bool_] = np.all(distance > 0.0, axis=1)
    return is_apart


def compare_speed(sizes: Sequence[int], n_runs: int) -> None:
    """Print the processor time of each evaluator, the least of some runs."""
    print("\nSeconds of processor time")
    print("  evaluator  trials   Optuna      ours   ratio")
    for n in sizes:
        studies = {library: make_study(library, additive, n, seed=1) for library in (optuna, optimist)}
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
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    for library in (optuna, optimist):
        library.logging.set_verbosity(library.logging.ERROR)
    sizes = (100, 1000) if arguments.short else (100, 1000, 10_000)
    compare_ped_anova(sizes)
    compare_forests(200 if arguments.short else 500)
    compare_speed(sizes[1:], n_runs=3)


if __name__ == "__main__":
    main()
