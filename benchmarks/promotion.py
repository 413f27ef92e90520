"""What a second chance is worth: promotion beside killing, on recorded learning curves.

Both share epochs out by successive halving with the same factor. `SuccessiveHalvingPruner` stops what is not among the
best when it comes to a rung; `PromotionPruner` pauses every trial there, and goes on with what is among the best later.
A study is 60 of the recorded runs in a random order, one worker; a promotion goes on from its checkpoint. Printed are the
epochs used as a share of all, the regret (how far the final value of the trial that looks best, of those that ran to the
end, is below that of the run that looks best of all 60), and how often that run was the one found.

    python benchmarks/promotion.py                    100 orders
    python benchmarks/promotion.py --orders 20 --trials 60
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from recorded_curves import Recorded, load

import optimist
from optimist.pruners import BasePruner, NopPruner, PromotionPruner, SuccessiveHalvingPruner
from optimist.samplers import RandomSampler

TASKS = ("fashion_mnist", "digits")


@dataclass(frozen=True)
class Result:
    """What became of one study.

    Attributes:
        epochs: Share of the epochs of all trials.
        regret: In units of the final metric.
        found: Whether the best run was found.
    """

    epochs: float
    regret: float
    found: bool


def search(task: Recorded, order: list[int], pruner: BasePruner) -> Result:
    """Run a study of these runs, in this order."""
    sign = 1.0 if task.direction == "maximize" else -1.0
    curves = task.curves
    n_steps = curves.shape[1]
    study = optimist.create_study(sampler=RandomSampler(seed=0), pruner=pruner, direction=task.direction)
    for run in order:
        study.enqueue_trial({"run": run})
    n_used = 0
    reached: dict[int, int] = {}

    def objective(trial: optimist.Trial) -> float:
        nonlocal n_used
        run = trial.suggest_int("run", 0, len(curves) - 1)
        for step in range(reached.get(run, 0), trial.budget or n_steps):
            n_used += 1
            reached[run] = step + 1
            trial.report(curves[run, step], step)
            if trial.should_prune():
                raise optimist.TrialPruned
        return float(curves[run, -1])

    study.optimize(objective, total_trials=len(order))
    chosen = study.best_trial.params["run"] if study.best_trials else order[0]
    best = max(order, key=lambda run: sign * curves[run, -1])
    return Result(n_used / (n_steps * len(order)), sign * (task.finals[best] - task.finals[chosen]), chosen == best)


def main() -> None:
    """Print a table for each task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100)
    parser.add_argument("--trials", type=int, default=60)
    arguments = parser.parse_args()
    optimist.logging.set_verbosity(optimist.logging.ERROR)
    for name in TASKS:
        task = load(name)
        n_steps = task.curves.shape[1]
        pruners: dict[str, BasePruner] = {
            "none": NopPruner(),
            "killing, rungs from step 1": SuccessiveHalvingPruner(1, 3),
            "killing, rungs from step 2": SuccessiveHalvingPruner(2, 3),
            "promotion, budgets from 1": PromotionPruner(n_steps, reduction_factor=3),
            "promotion, budgets from 2": PromotionPruner(n_steps, min_resource=2, reduction_factor=3),
        }
        print(f"\n{name}: {len(task.curves)} runs of {n_steps} steps ({task.step})")
        print(f"{'':28} {'epochs':>7} {'regret':>8} {'90%':>8} {'found':>6}")
        for label, pruner in pruners.items():
            rng = np.random.default_rng(0)
            orders = [rng.permutation(len(task.curves))[: arguments.trials].tolist() for _ in range(arguments.orders)]
            results = [search(task, order, pruner) for order in orders]
            regrets = [result.regret for result in results]
            epochs, found = np.mean([r.epochs for r in results]), np.mean([r.found for r in results])
            print(f"{label:28} {epochs:7.3f} {np.mean(regrets):8.4f} {np.percentile(regrets, 90):8.4f} {found:6.2f}")


if __name__ == "__main__":
    main()
