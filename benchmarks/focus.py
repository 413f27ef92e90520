"""Does focusing help? Trials to a target with and without ``study.focus``, over the problems of benchmarks/problems.

A search with our default sampler makes half of the problem's budget. From there one study goes on as it is, another one,
of the same seed, is focused first. The target of a problem is the median, over the seeds, of the best value that the plain
searches have at their full budget. Counted are the trials from the fork until the target is met, at most
the full budget times 1.5; who does not meet it till then counts as if at the next trial. Seeds that meet it before the fork
say nothing, and are left out.

The ratio is focused / plain: below 1 the focus helps. Per problem the median over seeds; over all the median of the
problems' medians, with a bootstrap interval (seeds drawn within each problem), and the worst problem.

    python benchmarks/focus.py --seeds 10
    python benchmarks/focus.py branin network --seeds 5
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy is loaded

import argparse  # noqa: E402

import numpy as np  # noqa: E402
from problems import PROBLEMS  # noqa: E402  beside this file

import optimist  # noqa: E402

_EXTRA = 1.5


def curves(name: str, seed: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """The best value after each trial without and with a focus, and whether the focus restricted anything."""
    problem = PROBLEMS[name]
    n_half, n_all = problem.n_trials // 2, int(_EXTRA * problem.n_trials)
    found = []
    restricts = False
    for is_focused in (False, True):
        study = optimist.create_study(sampler=optimist.samplers.TPESampler(seed=seed))
        study.optimize(problem.objective, n_trials=n_half)
        if is_focused:
            report = study.focus(budget=n_all - n_half)
            restricts = any(p.treatment != "searched" for p in report.parameters)
        study.optimize(problem.objective, n_trials=n_all - n_half)
        values = [np.inf if t.value is None else t.value for t in study.get_trials(deepcopy=False)]
        found.append(np.minimum.accumulate(values))
    return found[0], found[1], restricts


def ratios(name: str, seeds: range) -> tuple[np.ndarray, int]:
    """(n_told,) focused / plain trials to the target after the fork, and how many focuses restricted anything."""
    problem = PROBLEMS[name]
    n_half = problem.n_trials // 2
    runs = [curves(name, seed) for seed in seeds]
    target = float(np.median([plain[problem.n_trials - 1] for plain, _, _ in runs]))
    told = []
    for plain, focused, _ in runs:
        if plain[n_half - 1] <= target:
            continue
        told.append(_n_to(focused, target, n_half) / _n_to(plain, target, n_half))
    return np.array(told), sum(restricts for _, _, restricts in runs)


def _n_to(curve: np.ndarray, target: float, n_half: int) -> int:
    """Trials from the fork to the target."""
    met = np.flatnonzero(curve[n_half:] <= target)
    return int(met[0]) + 1 if len(met) else len(curve) - n_half + 1


def interval(found: list[np.ndarray]) -> tuple[float, float]:
    """The 95% bootstrap interval of the median of medians."""
    rng = np.random.default_rng(0)
    draws = [np.median([np.median(rng.choice(r, len(r))) for r in found]) for _ in range(2000)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=list(PROBLEMS), help="names (default: all)")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=100, help="settings were chosen with the seeds below")
    options = parser.parse_args()
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    found: dict[str, np.ndarray] = {}
    print(f"{'problem':12} {'told':>5} {'focused':>8} {'median':>7} {'quartiles':>15} {'worst seed':>11}")
    for name in options.problems:
        told, n_restricted = ratios(name, range(options.first_seed, options.first_seed + options.seeds))
        if not len(told):
            print(f"{name:12}     0: every seed met the target before the fork")
            continue
        found[name] = told
        low, middle, high = np.quantile(told, [0.25, 0.5, 0.75])
        print(
            f"{name:12} {len(told):5} {n_restricted:8} {middle:7.2f} {f'{low:.2f} to {high:.2f}':>15} {told.max():11.2f}",
            flush=True,
        )
    medians = {name: float(np.median(told)) for name, told in found.items()}
    worst = max(medians, key=medians.__getitem__)
    low, high = interval(list(found.values()))
    print(
        f"\nmedian ratio {np.median(list(medians.values())):.2f}, 95% interval {low:.2f} to {high:.2f}; "
        f"worst: {worst} {medians[worst]:.2f}"
    )


if __name__ == "__main__":
    main()
