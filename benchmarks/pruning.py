"""What pruners save and what that costs, by recorded learning curves: ours beside Optuna's.

A study is 60 of the recorded runs in a random order, one after the other; what a pruner stops it does not see again. The
runs of a task fall into two halves: the defaults of ours were chosen by those that were recorded first, `dev`; figures are of
those that were read only afterwards, `test`. Printed are, for each pruner:

    steps       share of the steps of all trials that were made
    regret      how much worse the best complete trial is than the best of the 60, in units of the metric: the mean over
                the studies and the 90th percentile
    stopped     share of the would-be incumbents that were stopped (they would have become the best of their moment), with
                the upper bound of an exact 95 % interval
    low lr      the same among the trials of the lowest third of the learning rates
    wrong       share of the stopped that were would-be incumbents
    us          of one decision, in microseconds

    python benchmarks/pruning.py                          all tasks, 100 orders, test half: some twenty minutes
    python benchmarks/pruning.py --half dev --orders 20 --only curve
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from recorded_curves import Recorded, load, names
from scipy.stats import beta

from optimist.pruners import (
    BasePruner,
    CurvePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PatientPruner,
    PercentilePruner,
    Recording,
    SuccessiveHalvingPruner,
    random_orders,
    replay,
)

N_TRIALS = 60
N_DEV = {"digits": 720, "digits_network": 0, "fashion_mnist": 900}
"""How many runs of each task were recorded first. The network for digits came when the form was frozen."""


@dataclass(frozen=True)
class Outcome:
    """What happened in some studies.

    Attributes:
        shares: (n_orders,) of the steps.
        regrets: (n_orders,) in units of the metric.
        would_lead: (n_orders, n_trials) would-be incumbents.
        is_stopped: (n_orders, n_trials) what was stopped.
        seconds: Of a decision.
    """

    shares: NDArray[np.float64]
    regrets: NDArray[np.float64]
    would_lead: NDArray[np.bool_]
    is_stopped: NDArray[np.bool_]
    seconds: float


def ours(make: Callable[[], BasePruner]) -> Callable[[Recorded, NDArray[np.intp]], Outcome]:
    """Replay under one of our pruners."""

    def run(task: Recorded, orders: NDArray[np.intp]) -> Outcome:
        found = replay(recording_of(task), make, orders)
        return Outcome(found.step_shares, found.regrets, found.would_lead, found.is_stopped, found.seconds_per_decision)

    return run


def optunas(make: Callable[[], Any]) -> Callable[[Recorded, NDArray[np.intp]], Outcome]:
    """Run Optuna's own studies under one of its pruners."""

    def run(task: Recorded, orders: NDArray[np.intp]) -> Outcome:
        sign = 1.0 if task.direction == "minimize" else -1.0
        n_steps = task.curves.shape[1]
        would_lead, is_stopped = np.zeros(orders.shape, bool), np.zeros(orders.shape, bool)
        shares, regrets = np.zeros(len(orders)), np.zeros(len(orders))
        n_decisions, spent_s = 0, 0.0
        for i, order in enumerate(orders.tolist()):
            sampler = optuna.samplers.RandomSampler(seed=0)
            study = optuna.create_study(
                direction=task.direction, sampler=sampler, pruner=make(), study_name=f"replay-{i}"
            )
            incumbent, n_made = np.inf, 0
            for turn, which in enumerate(order):
                trial = study.ask()
                for step, value in enumerate(task.curves[which].tolist()):
                    trial.report(value, step)
                    n_made += 1
                    began_at = time.perf_counter()
                    is_stopped[i, turn] = trial.should_prune()
                    spent_s += time.perf_counter() - began_at
                    n_decisions += 1
                    if is_stopped[i, turn]:
                        break
                final = sign * task.curves[which, -1]
                would_lead[i, turn] = incumbent < np.inf and final < incumbent
                if is_stopped[i, turn]:
                    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                else:
                    study.tell(trial, task.curves[which, -1])
                    incumbent = min(incumbent, final)
            shares[i] = n_made / (n_steps * len(order))
            regrets[i] = incumbent - (sign * task.curves[order, -1]).min()
        return Outcome(shares, regrets, would_lead, is_stopped, spent_s / n_decisions)

    return run


PRUNERS: dict[str, Callable[[Recorded, NDArray[np.intp]], Outcome]] = {
    "none": ours(NopPruner),
    "curve": ours(CurvePruner),
    "median 0-0": ours(lambda: MedianPruner(0, 0)),
    "median": ours(MedianPruner),
    "median 5-2": ours(lambda: MedianPruner(5, 2)),
    "percentile 25": ours(lambda: PercentilePruner(25.0)),
    "percentile 75": ours(lambda: PercentilePruner(75.0)),
    "halving": ours(SuccessiveHalvingPruner),
    "halving 1-2": ours(lambda: SuccessiveHalvingPruner(1, 2)),
    "hyperband": ours(HyperbandPruner),
    "patient": ours(lambda: PatientPruner(MedianPruner(), patience=1)),
    "optuna median 0-0": optunas(lambda: optuna.pruners.MedianPruner(0, 0)),
    "optuna median": optunas(optuna.pruners.MedianPruner),
    "optuna median 5-2": optunas(lambda: optuna.pruners.MedianPruner(5, 2)),
    "optuna percentile 25": optunas(lambda: optuna.pruners.PercentilePruner(25.0)),
    "optuna percentile 75": optunas(lambda: optuna.pruners.PercentilePruner(75.0)),
    "optuna halving": optunas(optuna.pruners.SuccessiveHalvingPruner),
    "optuna halving 1-2": optunas(lambda: optuna.pruners.SuccessiveHalvingPruner(1, 2)),
    "optuna hyperband": optunas(optuna.pruners.HyperbandPruner),
    "optuna patient": optunas(lambda: optuna.pruners.PatientPruner(optuna.pruners.MedianPruner(), patience=1)),
}


def half_of(name: str, half: str) -> Recorded:
    """The runs of one half of a task."""
    task, n = load(name), N_DEV[name]
    which = slice(n) if half == "dev" else slice(n, None)
    return Recorded(
        task.task,
        task.metric,
        task.final_metric,
        task.direction,
        task.step,
        task.space,
        task.params[which],
        task.curves[which],
        task.finals[which],
        task.seconds[which],
    )


def recording_of(task: Recorded) -> Recording:
    """The same runs, for our replay."""
    return Recording.of_arrays(task.curves, None, task.direction, task.params, dict(task.space))


def upper_bound(n_hits: int, n: int) -> float:
    """The upper end of Clopper and Pearson's 95 % interval of a share."""
    return 1.0 if n_hits == n else float(beta.ppf(0.975, n_hits + 1, n - n_hits))


def line(name: str, task: Recorded, orders: NDArray[np.intp], found: Outcome) -> str:
    """What is printed of a pruner."""
    rates = np.array([run["learning_rate"] for run in task.params])
    is_low = (rates <= np.quantile(rates, 1 / 3))[orders]
    cells = []
    for mask in (np.ones_like(is_low), is_low):
        n = int((found.would_lead & mask).sum())
        n_hits = int((found.would_lead & found.is_stopped & mask).sum())
        cells.append(f"{n_hits:4}/{n:<4}{n_hits / max(n, 1):6.1%} <{upper_bound(n_hits, n):6.1%}")
    n_stopped = int(found.is_stopped.sum())
    wrong = int((found.would_lead & found.is_stopped).sum()) / max(n_stopped, 1)
    return (
        f"{name:22}{found.shares.mean():6.3f}{found.regrets.mean():10.5f}{np.quantile(found.regrets, 0.9):9.5f}"
        f"  {cells[0]}  {cells[1]} {wrong:6.1%}{1e6 * found.seconds:8.0f}"
    )


def main() -> None:
    """Replay each task under each pruner, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100)
    parser.add_argument("--half", choices=["dev", "test"], default="test")
    parser.add_argument("--tasks", nargs="*", choices=names(), default=names())
    parser.add_argument("--only", nargs="*", default=list(PRUNERS), help="names of pruners")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name in args.tasks:
        task = half_of(name, args.half)
        if not task.params:
            print(f"\n{name}: no runs were recorded first, all are in the other half")
            continue
        orders = random_orders(len(task.curves), args.orders, N_TRIALS, seed=0)
        print(f"\n{name}: {task.metric} to {task.direction}, {len(task.curves)} runs of {task.curves.shape[1]} steps")
        print(f"{'':22} steps    regret     90 %  {'stopped':22}  {'low lr':22}  wrong      us")
        for pruner in args.only:
            print(line(pruner, task, orders, PRUNERS[pruner](task, orders)), flush=True)


if __name__ == "__main__":
    main()
