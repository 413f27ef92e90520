"""Tune the digits forest on a cluster of Dask or Ray: here a small one on this machine, whose workers stand for nodes.

The script asks and tells, the forests are cross-validated on the workers. With --lose, one worker is killed in the
middle of a trial, as a node that fails: the trial is run again, and the budget is met all the same.

    python examples/forest_on_cluster.py --on dask
    python examples/forest_on_cluster.py --on ray --lose
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

import optimist

SEED = 0


def objective(trial: optimist.Trial) -> float:
    """Cross-validate one forest, fold by fold; what it needs it loads where it runs."""
    digits, labels = load_digits(return_X_y=True)  # (1797, 64) grey values, (1797,) the digits they show
    forest = RandomForestClassifier(
        n_estimators=trial.suggest_int("n_estimators", 10, 100, default=100),
        max_depth=trial.suggest_int("max_depth", 5, 20, default=20),
        max_features=trial.suggest_float("max_features", 0.05, 0.3, log=True, default=0.125),
        min_samples_leaf=trial.suggest_int("min_samples_leaf", 1, 4, default=1),
        random_state=SEED,
    )
    scores: list[float] = []
    for fold, rows in enumerate(StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED).split(digits, labels)):
        scores.append(float(cross_val_score(forest, digits, labels, cv=[rows])[0]))
        trial.report(sum(scores) / len(scores), fold)
        if trial.should_prune():
            raise optimist.TrialPruned
    return sum(scores) / len(scores)


@contextmanager
def dask_cluster(n_workers: int) -> Iterator[Any]:
    """Start workers of Dask on this machine. On a real cluster: Client("tcp://scheduler:8786")."""
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50)
    with cluster, Client(cluster) as client:
        yield client


@contextmanager
def ray_cluster(n_workers: int) -> Iterator[Any]:
    """Start Ray on this machine. On a real cluster: ray.init("auto")."""
    import ray

    ray.init(num_cpus=n_workers, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        yield ray
    finally:
        ray.shutdown()


CLUSTERS = {"dask": dask_cluster, "ray": ray_cluster}


class LoseOneWorker:
    """After some trials, kills the worker of one that is running."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.is_done = False

    def __call__(self, study: optimist.Study, trial: Any) -> None:
        """Do so; called after each trial."""
        if self.is_done or len(study.trials) < self.after:
            return
        for other in study.get_trials(states=[optimist.trial.TrialState.RUNNING]):
            if "optimist:ran_on" in other.system_attrs:
                print(f"Killing the worker of trial {other.number}")
                os.kill(other.system_attrs["optimist:ran_on"]["process"], signal.SIGKILL)
                self.is_done = True
                return


def main() -> None:
    """Run the search, and say where each trial ran."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", choices=sorted(CLUSTERS), default="dask", help="whose cluster")
    parser.add_argument("--workers", type=int, default=2, help="how many workers it has")
    parser.add_argument("--trials", type=int, default=16, help="the budget")
    parser.add_argument("--lose", action="store_true", help="kill a worker in the middle")
    arguments = parser.parse_args()

    optimist.logging.set_verbosity(optimist.logging.WARNING)
    study = optimist.create_study(direction="maximize", sampler=optimist.samplers.TPESampler(seed=SEED))
    with CLUSTERS[arguments.on](arguments.workers) as executor:
        start = time.monotonic()
        study.optimize(
            objective,
            n_trials=arguments.trials,
            executor=executor,
            callbacks=[LoseOneWorker(after=arguments.trials // 2)] if arguments.lose else None,
        )
        seconds = time.monotonic() - start

    states = Counter(trial.state.name for trial in study.trials)
    places = Counter(trial.system_attrs["optimist:ran_on"]["process"] for trial in study.trials)
    print(f"{', '.join(f'{n} {state}' for state, n in states.items())} in {seconds:.1f} s")
    print("Trials by process: " + ", ".join(f"{n} in {process}" for process, n in places.items()))
    for trial in study.trials:
        if "failed_trial" in trial.system_attrs:
            print(f"Trial {trial.number} ran trial {trial.system_attrs['failed_trial']} again: {trial.state.name}")
    print(f"Best accuracy {study.best_value:.4f} with {study.best_params}")


if __name__ == "__main__":
    main()
