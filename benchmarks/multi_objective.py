"""How good are fronts, and what does a trial cost? Optimist's samplers against Optuna's on ZDT, DTLZ and with constraints.

A search is scored by the hypervolume of its feasible trials, as a share of that of the true front, for a fixed reference
point. All samplers get the same seeds. Against the best of Optuna's the table gives the mean difference of the default
sampler's scores, with a 95 % bootstrap interval over seeds.

    python benchmarks/multi_objective.py                       200 trials, 10 seeds, all problems
    python benchmarks/multi_objective.py --trials 1000         more trials
    python benchmarks/multi_objective.py --gp zdt1 osy         with Optuna's Gaussian process (slow), some problems
    python benchmarks/multi_objective.py --speed               time at 10,000 trials, NSGA-II of both

Sources of the problems: Zitzler, Deb and Thiele 2000, doi:10.1162/106365600568202; Deb et al. 2005,
doi:10.1007/1-84628-137-7_6; Osyczka and Kundu 1995, doi:10.1007/BF01743536.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import moocore
import numpy as np
import numpy.typing as npt

import optimist

FloatArray = npt.NDArray[np.float64]
Objective = Callable[[Any], tuple[float, ...]]


@dataclass(frozen=True)
class Problem:
    """A problem with a known front.

    Attributes:
        objective: Takes a trial of either library.
        reference: The point up to which hypervolume counts.
        front: (n, n_objectives) many points of the true front.
    """

    objective: Objective
    reference: tuple[float, ...]
    front: FloatArray

    def score(self, values: FloatArray) -> float:
        """The share of the front's hypervolume that some points (n, n_objectives) have."""
        ideal = moocore.hypervolume(self.front, ref=self.reference)
        return float(moocore.hypervolume(values, ref=self.reference) / ideal) if len(values) else 0.0


def unit(trial: Any, n: int) -> list[float]:
    """N floats of the unit cube."""
    return [trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(n)]


def zdt1(trial: Any) -> tuple[float, float]:
    """Ten floats, a convex front."""
    x = unit(trial, 10)
    g = 1.0 + sum(x[1:])
    return x[0], g * (1.0 - math.sqrt(x[0] / g))


def zdt2(trial: Any) -> tuple[float, float]:
    """Ten floats, a concave front."""
    x = unit(trial, 10)
    g = 1.0 + sum(x[1:])
    return x[0], g * (1.0 - (x[0] / g) ** 2)


def zdt3(trial: Any) -> tuple[float, float]:
    """Ten floats, a front in five pieces."""
    x = unit(trial, 10)
    g = 1.0 + sum(x[1:])
    return x[0], g * (1.0 - math.sqrt(x[0] / g) - x[0] / g * math.sin(10.0 * math.pi * x[0]))


def zdt6(trial: Any) -> tuple[float, float]:
    """Ten floats, few points near the front and unevenly spread along it."""
    x = unit(trial, 10)
    first = 1.0 - math.exp(-4.0 * x[0]) * math.sin(6.0 * math.pi * x[0]) ** 6
    g = 1.0 + 9.0 * (sum(x[1:]) / 9.0) ** 0.25
    return first, g * (1.0 - (first / g) ** 2)


def dtlz2(trial: Any) -> tuple[float, float, float]:
    """Eight floats, three objectives, an eighth of a sphere."""
    x = unit(trial, 8)
    radius = 1.0 + sum((v - 0.5) ** 2 for v in x[2:])
    a, b = 0.5 * math.pi * x[0], 0.5 * math.pi * x[1]
    return radius * math.cos(a) * math.cos(b), radius * math.cos(a) * math.sin(b), radius * math.sin(a)


def dtlz7(trial: Any) -> tuple[float, float, float]:
    """Eight floats, three objectives, a front in four pieces."""
    x = unit(trial, 8)
    g = 1.0 + 9.0 * sum(x[2:]) / 6.0
    h = 3.0 - sum(v / (1.0 + g) * (1.0 + math.sin(3.0 * math.pi * v)) for v in x[:2])
    return x[0], x[1], (1.0 + g) * h


def osy(trial: Any) -> tuple[float, float]:
    """Six floats, six constraints; the front runs along their edges."""
    ranges = ((0, 10), (0, 10), (1, 5), (0, 6), (1, 5), (0, 10))
    x = [trial.suggest_float(f"x{i}", low, high) for i, (low, high) in enumerate(ranges)]
    slacks = (
        x[0] + x[1] - 2,
        6 - x[0] - x[1],
        2 - x[1] + x[0],
        2 - x[0] + 3 * x[1],
        4 - (x[2] - 3) ** 2 - x[3],
        (x[4] - 3) ** 2 + x[5] - 4,
    )
    for i, slack in enumerate(slacks):
        trial.set_constraint(str(i), -slack)
    first = 25 * (x[0] - 2) ** 2 + (x[1] - 2) ** 2 + (x[2] - 1) ** 2 + (x[3] - 4) ** 2 + (x[4] - 1) ** 2
    return -first, sum(v * v for v in x)


def curve(function: Callable[[FloatArray], FloatArray], low: float = 0.0) -> FloatArray:
    """Points (f1, f2) of a front with two objectives."""
    first = np.linspace(low, 1.0, 2000)
    return np.column_stack([first, function(first)])


def sphere() -> FloatArray:
    """Points of the eighth of the unit sphere."""
    a, b = np.meshgrid(*[np.linspace(0.0, 0.5 * np.pi, 60)] * 2)
    return np.column_stack([(np.cos(a) * np.cos(b)).ravel(), (np.cos(a) * np.sin(b)).ravel(), np.sin(a).ravel()])


def pieces() -> FloatArray:
    """Points of DTLZ7's front, with dominated ones among them."""
    x = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, 120)] * 2), axis=-1).reshape(-1, 2)
    third = 2.0 * (3.0 - (x / 2.0 * (1.0 + np.sin(3.0 * np.pi * x))).sum(axis=1))
    return np.column_stack([x, third])


def osy_front() -> FloatArray:
    """The five edges of OSY's front: x1, x2, x3 and x5 in turn run along a constraint; x4 = x6 = 0."""
    t = np.linspace(1.0, 5.0, 400)
    s, r = np.linspace(1.0, 3.732, 400), np.linspace(4.056, 5.0, 400)
    edges = [
        (np.full(400, 5.0), np.ones(400), t, np.full(400, 5.0)),
        (np.full(400, 5.0), np.ones(400), t, np.ones(400)),
        (r, (r - 2.0) / 3.0, np.ones(400), np.ones(400)),
        (np.zeros(400), np.full(400, 2.0), s, np.ones(400)),
        (np.linspace(0.0, 1.0, 400), 2.0 - np.linspace(0.0, 1.0, 400), np.ones(400), np.ones(400)),
    ]
    points = []
    for a, b, c, e in edges:
        first = 25 * (a - 2) ** 2 + (b - 2) ** 2 + (c - 1) ** 2 + 16 + (e - 1) ** 2
        points.append(np.column_stack([-first, a**2 + b**2 + c**2 + e**2]))
    return np.concatenate(points)


PROBLEMS = {
    "zdt1": Problem(zdt1, (1.1, 10.0), curve(lambda f: 1.0 - np.sqrt(f))),
    "zdt2": Problem(zdt2, (1.1, 10.0), curve(lambda f: 1.0 - f**2)),
    "zdt3": Problem(zdt3, (1.1, 10.0), curve(lambda f: 1.0 - np.sqrt(f) - f * np.sin(10.0 * np.pi * f))),
    "zdt6": Problem(zdt6, (1.1, 10.0), curve(lambda f: 1.0 - f**2, 0.2808)),
    "dtlz2": Problem(dtlz2, (2.5, 2.5, 2.5), sphere()),
    "dtlz7": Problem(dtlz7, (1.1, 1.1, 40.0), pieces()),
    "osy": Problem(osy, (0.0, 80.0), osy_front()),
}


CONTENDERS = [
    "optimist default",
    "optimist gp",
    "optimist tpe",
    "optimist nsga2",
    "optuna gp",
    "optuna tpe",
    "optuna nsga2",
    "optuna random",
]


def make(contender: str, seed: int) -> tuple[Any, Any]:
    """The library and the sampler of a contender; the default is made with a seed, as whoever wants to repeat it would."""
    library_name, name = contender.split(" ")
    library: Any = optimist
    if library_name == "optuna":
        import optuna as library
    samplers = library.samplers
    kinds = {"default": "AutoSampler", "tpe": "TPESampler", "nsga2": "NSGAIISampler", "gp": "GPSampler"}
    kinds["random"] = "RandomSampler"
    return library, getattr(samplers, kinds[name])(seed=seed)


def search(job: tuple[str, str, int, int]) -> list[float]:
    """Run one search; return its score at a quarter, at half and at the whole of its trials."""
    problem_name, contender, seed, n_trials = job
    problem = PROBLEMS[problem_name]
    warnings.simplefilter("ignore")
    library, sampler = make(contender, seed)
    library.logging.set_verbosity(library.logging.ERROR)
    study = library.create_study(directions=["minimize"] * len(problem.reference), sampler=sampler)
    study.optimize(problem.objective, n_trials=n_trials)
    values, feasible = [], []
    for trial in study.get_trials(deepcopy=False):
        values.append(trial.values)
        feasible.append(all(value <= 0 for value in trial.constraints.values()))
    return [problem.score(np.array(values[:n])[feasible[:n]]) for n in (n_trials // 4, n_trials // 2, n_trials)]


def interval(differences: FloatArray) -> tuple[float, float]:
    """A 95 % bootstrap interval of the mean."""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(len(differences), size=(4000, len(differences)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def compare(problems: list[str], contenders: list[str], n_seeds: int, n_trials: int, n_jobs: int) -> None:
    """Search all problems with all contenders, and print a table of each as soon as it is done."""
    print(
        f"share of the front's hypervolume after {n_trials // 4} / {n_trials // 2} / {n_trials} trials, {n_seeds} seeds"
    )
    with ProcessPoolExecutor(n_jobs) as pool:
        found = {
            p: {c: pool.map(search, [(p, c, seed, n_trials) for seed in range(n_seeds)]) for c in contenders}
            for p in problems
        }
        for p, by_contender in found.items():
            print_table(p, {c: np.array(list(scores)) for c, scores in by_contender.items()})


def print_table(problem: str, scores: dict[str, FloatArray]) -> None:
    """Print what each contender found (n_seeds, 3), and how far the default is from the best of Optuna's samplers."""
    print(f"\n{problem}")
    for contender, found in scores.items():
        error = found[:, -1].std() / math.sqrt(len(found))
        print(
            f"  {contender:16s}", "  ".join(f"{mean:.4f}" for mean in found.mean(axis=0)), f" ±{error:.4f}", flush=True
        )
    rivals = {contender: found for contender, found in scores.items() if contender.startswith("optuna")}
    if rivals:
        best = max(rivals, key=lambda contender: float(rivals[contender][:, -1].mean()))
        differences = scores["optimist default"][:, -1] - rivals[best][:, -1]
        low, high = interval(differences)
        print(f"  default less {best}: {differences.mean():+.4f} [{low:+.4f}, {high:+.4f}]", flush=True)


def measure_speed(n_trials: int) -> None:
    """Print what a trial of NSGA-II costs, all in all, in both libraries."""
    warnings.simplefilter("ignore")
    print(f"NSGA-II on zdt1, {n_trials} trials, in memory; CPU time")
    totals = {}
    for contender in ("optimist nsga2", "optuna nsga2"):
        library, sampler = make(contender, 0)
        library.logging.set_verbosity(library.logging.ERROR)
        study = library.create_study(directions=["minimize"] * 2, sampler=sampler)
        started, last = time.process_time(), 0.0
        for part in (n_trials - n_trials // 10, n_trials // 10):
            last = time.process_time()
            study.optimize(zdt1, n_trials=part)
        ended = time.process_time()
        totals[contender] = ended - started, (ended - last) / (n_trials // 10)
        print(
            f"  {contender}: {ended - started:.1f} s in all, {1e3 * totals[contender][1]:.3f} ms for each of the last tenth"
        )
    ours, theirs = totals.values()
    print(f"  faster by {theirs[0] / ours[0]:.1f} in all, by {theirs[1] / ours[1]:.1f} at the end")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", choices=[*PROBLEMS, []], default=[])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--gp", action="store_true", help="Optuna's Gaussian process too")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, metavar="CONTENDER", help="the default, and these")
    parser.add_argument("--speed", action="store_true", help="time at 10,000 trials instead")
    options = parser.parse_args()
    if options.speed:
        measure_speed(10_000)
        return
    only = options.only and ["optimist default", *options.only]
    contenders = only or [name for name in CONTENDERS if options.gp or name != "optuna gp"]
    compare(options.problems or list(PROBLEMS), contenders, options.seeds, options.trials, options.jobs)


if __name__ == "__main__":
    main()
