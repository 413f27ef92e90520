"""How good is what a search ends with, where values are noisy: another seed of the same training gives another accuracy.

    python benchmarks/noise.py                       optuna-gp takes longer than all others together
    python benchmarks/noise.py --only optimist optimist-tpe random optuna-tpe rustuna    three minutes

Six hyperparameters of a network and its classification error, made up after those of ``examples/fashion_tune.py``: the
larger the batch, the larger the best learning rate; near the best little depends on anything. Four such landscapes have
their best points in different places. To each value a normal error is added, of a standard deviation of 0.004, which is
what 6,000 validation images and another seed make, or of 0.001.

Reported is the regret: by how much the true error of the trial with the best observed value exceeds the least possible one,
in thousandths; after 15, 30 and 60 trials, mean over landscapes and seeds with its standard error.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Mapping
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # one core for each process

import numpy as np  # noqa: E402 - after the line that keeps it to one core
from contenders import CONTENDERS  # noqa: E402
from problems import Problem  # noqa: E402
from problems.spaces import Choice, Parameter, Real, Whole  # noqa: E402

BUDGETS = (15, 30, 60)
NAMES = ("optimist", "optimist-gp", "optimist-tpe", "random", "optuna-tpe", "optuna-gp", "rustuna")
LEAST_ERROR = 0.115
SPACE = (
    Parameter("rate", Real(1e-6, 1.0, log=True)),
    Parameter("width", Whole(16, 512, log=True)),
    Parameter("dropout", Real(0.0, 0.7)),
    Parameter("batch", Whole(16, 512, log=True)),
    Parameter("normalises", Choice((False, True))),
    Parameter("activation", Choice(("relu", "tanh", "leaky relu", "gelu"))),
)
BEST: tuple[dict[str, Any], ...] = (
    {"rate": 0.0015, "width": 256, "dropout": 0.4, "batch": 32, "normalises": False, "activation": "gelu"},
    {"rate": 0.004, "width": 128, "dropout": 0.15, "batch": 64, "normalises": True, "activation": "relu"},
    {"rate": 0.0007, "width": 400, "dropout": 0.55, "batch": 128, "normalises": False, "activation": "leaky relu"},
    {"rate": 0.01, "width": 60, "dropout": 0.3, "batch": 24, "normalises": True, "activation": "tanh"},
)


def regret(values: Mapping[str, Any], best: Mapping[str, Any]) -> float:
    """By how much the error of a network exceeds that of the best one; at most 0.785, for it guesses one of ten."""
    batch = math.log2(values["batch"] / best["batch"])
    rate = math.log10(values["rate"] / best["rate"]) - 0.5 * math.log10(2) * batch
    exact: float = (
        (0.04 if rate > 0 else 0.02) * rate**2
        + 0.0015 * math.log2(values["width"] / best["width"]) ** 2
        + 0.05 * (values["dropout"] - best["dropout"]) ** 2
        + 0.0015 * batch**2
        + 0.003 * (values["normalises"] != best["normalises"])
        + 0.004 * (values["activation"] != best["activation"])
    )
    return min(exact, 0.9 - LEAST_ERROR)


def search(contender: str, best: Mapping[str, Any], seed: int, deviation: float) -> list[float]:
    """The regret of the trial that looks best, after each number of trials."""
    errors = np.random.default_rng(seed).normal(scale=deviation, size=max(BUDGETS))
    regrets: list[float] = []

    def loss(values: Mapping[str, Any]) -> float:
        regrets.append(regret(values, best))
        return LEAST_ERROR + regrets[-1] + float(errors[len(regrets) - 1])

    problem = Problem("noise", "dev", max(BUDGETS), SPACE, loss)
    observed = CONTENDERS[contender](problem, seed, problem.n_trials)
    return [regrets[int(np.argmin(observed[:n]))] for n in BUDGETS]


def main() -> None:
    """Run all searches, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    arguments = parser.parse_args()
    print(f"Regret in thousandths after {', '.join(map(str, BUDGETS))} trials")
    for deviation in (0.004, 0.001):
        for name in arguments.only:
            found = np.array([search(name, best, s, deviation) for best in BEST for s in range(arguments.seeds)])
            error = found.std(axis=0, ddof=1) / math.sqrt(len(found))
            cells = "   ".join(
                f"{1e3 * m:5.1f} ± {1e3 * e:.1f}" for m, e in zip(found.mean(axis=0), error, strict=True)
            )
            print(f"noise {deviation}   {name:14} {cells}", flush=True)


if __name__ == "__main__":
    main()
