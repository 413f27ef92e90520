"""What a proposal of GPSampler costs: milliseconds a trial, and how they grow with the trials already made.

    python benchmarks/gaussian_process.py                   200, 1,000 and 5,000 trials in 10 dimensions
    python benchmarks/gaussian_process.py --dimensions 40   in 40

One core (BLAS with one thread). The time is that of the processor in this thread, so that other work on the machine
counts little. A study of n trials is made of random ones up to n - 48 and then goes on by itself for 48 timed trials,
among which the kernel is fitted anew at least once. Required: at most 20 ms, the median at 200 trials in 10 dimensions,
and at most 1.5 times that at 5,000.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # one core

import numpy as np  # noqa: E402 - after the line that keeps it to one core

import optimist  # noqa: E402
from optimist.distributions import BaseDistribution, FloatDistribution  # noqa: E402

SIZES = (200, 1000, 5000)
N_TIMED = 48
MAX_MS, MAX_GROWTH = 20.0, 1.5


def loss(x: np.ndarray) -> float:
    """A bowl with ripples, its axes of different length."""
    return float((np.arange(1, len(x) + 1) * (x - 1.3) ** 2).sum() + 3.0 * np.sin(3.0 * x).sum())


def filled_study(n: int, d: int) -> optimist.Study:
    """A study with ``n`` random trials."""
    rng = np.random.default_rng(0)
    study = optimist.create_study(sampler=optimist.samplers.GPSampler(seed=0))
    distributions: dict[str, BaseDistribution] = {f"x{i}": FloatDistribution(-5, 5) for i in range(d)}
    study.add_trials(
        [
            optimist.create_trial(
                value=loss(x), params=dict(zip(distributions, x.tolist(), strict=True)), distributions=distributions
            )
            for x in rng.uniform(-5, 5, (n, d))
        ]
    )
    return study


def milliseconds(n: int, d: int) -> np.ndarray:
    """(N_TIMED,) of the last proposals of a study with ``n`` trials."""
    study = filled_study(n - N_TIMED, d)
    times = []
    for _ in range(N_TIMED):
        start = time.thread_time()
        trial = study.ask()
        x = np.array([trial.suggest_float(f"x{i}", -5, 5) for i in range(d)])
        times.append(1e3 * (time.thread_time() - start))
        study.tell(trial, loss(x))
    return np.array(times)


def main() -> int:
    """Print the table; the exit code says whether the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dimensions", type=int, default=10)
    d = parser.parse_args().dimensions
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    milliseconds(100, d)  # loads what is loaded once
    print(f"{d} dimensions\n{'trials':>8} {'median ms':>10} {'mean ms':>10} {'longest ms':>11}")
    medians = []
    for n in SIZES:
        times = milliseconds(n, d)
        medians.append(float(np.median(times)))
        print(f"{n:8} {medians[-1]:10.1f} {times.mean():10.1f} {times.max():11.1f}")
    holds = medians[-1] <= MAX_GROWTH * medians[0] and (d != 10 or medians[0] <= MAX_MS)
    print("holds" if holds else "BROKEN")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
