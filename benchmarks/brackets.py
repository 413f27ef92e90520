"""Does TPE find better values beside Hyperband if it sees only the trials of its own bracket? Own bracket against all.

Both run the same pruner; parameters come from one TPE for all trials, or from one for each bracket. A search ends when
its trials have run for so many steps in all, and counts by the best value of a complete trial. Printed is how often the
one for all ends with the better value, less how often with the worse, with a 95 % bootstrap interval over the seeds.

    python benchmarks/brackets.py                       30 seeds, 600 and 2,400 steps
    python benchmarks/brackets.py --seeds 100 --steps 1200
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import optimist
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.pruners import HyperbandPruner
from optimist.pruners.hyperband import Brackets, bracket_shares
from optimist.samplers import RandomSampler, TPESampler
from optimist.states import TrialState

N_STEPS, REDUCTION_FACTOR = 27, 3
NOISE = 0.01

Curve = Callable[[int], float]
Space = dict[str, BaseDistribution]


def network(p: dict[str, Any]) -> Curve:
    """A learning rate that is low learns slowly, so early values mislead."""
    lr, wd = math.log10(p["lr"]), math.log10(p["wd"])
    final = 0.1 + 0.05 * (lr + 2.5) ** 2 + 0.02 * (wd + 4) ** 2 + 0.03 * abs(math.log2(p["width"]) - 7)
    final += 0.3 * (p["dropout"] - 0.3) ** 2 + {"a": 0.0, "b": 0.05, "c": 0.1}[p["act"]]
    speed = 0.05 + 0.4 / (1 + math.exp(-1.5 * (lr + 3)))
    return lambda step: final + (1.5 - min(final, 1.4)) * math.exp(-speed * step)


def crossing(p: dict[str, Any]) -> Curve:
    """The faster a trial falls, the worse it ends: the misleading extreme."""
    final = sum((x - 0.6) ** 2 for x in p.values())
    speed = 0.05 + 0.5 * abs(p["x0"] - 0.6)
    return lambda step: final + math.exp(-speed * step)


def parallel(p: dict[str, Any]) -> Curve:
    """Early values tell everything; what they tell about is a bent valley."""
    x = list(p.values())
    final = math.log1p(sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in (0, 2, 4)))
    return lambda step: final + 3 * math.exp(-0.2 * step)


PROBLEMS: dict[str, tuple[Space, Callable[[dict[str, Any]], Curve]]] = {
    "network": (
        {
            "lr": FloatDistribution(1e-5, 1, log=True),
            "wd": FloatDistribution(1e-6, 1e-1, log=True),
            "width": IntDistribution(8, 512, log=True),
            "dropout": FloatDistribution(0, 0.8),
            "act": CategoricalDistribution(("a", "b", "c")),
        },
        network,
    ),
    "crossing": ({f"x{i}": FloatDistribution(0, 1) for i in range(4)}, crossing),
    "parallel": ({f"x{i}": FloatDistribution(-5, 5) for i in range(6)}, parallel),
}


def search(problem: str, seed: int, n_steps: int, *, own_bracket_only: bool) -> float:
    """The best value of a complete trial after so many steps."""
    space, curve_of = PROBLEMS[problem]
    name = f"{problem} {seed}"
    brackets = Brackets(name, bracket_shares(1, N_STEPS, REDUCTION_FACTOR))
    pruner = HyperbandPruner(1, N_STEPS, REDUCTION_FACTOR)
    race = optimist.create_study(study_name=name, sampler=RandomSampler(seed), pruner=pruner)
    models = [
        optimist.create_study(sampler=TPESampler(seed=1000 * bracket + seed))
        for bracket in range(len(brackets.shares) if own_bracket_only else 1)
    ]
    rng = np.random.default_rng(seed)
    n_left = n_steps
    while n_left > 0:
        trial = race.ask()
        model = models[brackets(trial.number) if own_bracket_only else 0]
        proposal = model.ask(space)
        curve = curve_of(proposal.params)
        value, is_stopped = math.inf, False
        for step in range(1, N_STEPS + 1):
            value = curve(step) + rng.normal(0, NOISE)
            n_left -= 1
            proposal.report(value, step)
            trial.report(value, step)
            is_stopped = trial.should_prune()
            if is_stopped:
                break
        outcome: dict[str, Any] = {"state": TrialState.PRUNED} if is_stopped else {"values": value}
        race.tell(trial, **outcome)
        model.tell(proposal, **outcome)
    return race.best_value


def compare(problem: str, n_steps: int, n_seeds: int) -> Sequence[float]:
    """For each seed 1 if the model of all trials ends with the better value, -1 if with the worse."""
    signs = []
    for seed in range(n_seeds):
        alone, together = (search(problem, seed, n_steps, own_bracket_only=own) for own in (True, False))
        signs.append(float(np.sign(alone - together)))
    return signs


def main() -> None:
    """Compare on each problem, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--steps", type=int, nargs="*", default=[600, 2400])
    args = parser.parse_args()
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    rng = np.random.default_rng(0)
    for n_steps in args.steps:
        for problem in PROBLEMS:
            signs = np.array(compare(problem, n_steps, args.seeds))
            means = rng.choice(signs, (10_000, len(signs))).mean(axis=1)
            low, high = np.percentile(means, [2.5, 97.5])
            print(f"{problem:10}{n_steps:6} steps  {signs.mean():+.2f}  [{low:+.2f}, {high:+.2f}]", flush=True)


if __name__ == "__main__":
    main()
