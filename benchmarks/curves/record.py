"""Record full learning curves of random hyperparameters, so that pruners can be measured without training anything.

Three tasks: the network of `examples/fashion_trainer.py` on FashionMNIST, and gradient boosting and a network of one hidden
layer on scikit-learn's digits.
Every run that ends adds a line to `benchmarks/results/curves-<task>.jsonl`. Whoever stops the script loses only the
runs under way: the next call does what is missing. At the end the lines join `benchmarks/curves/<task>.json.bz2`, whose
form `benchmarks/recorded_curves.py` describes; its runs are not done again.

    python benchmarks/curves/record.py fashion_mnist --runs 1600     300 more: twenty minutes on two cores; needs PyTorch
    python benchmarks/curves/record.py digits --runs 1860            240 more: about ten minutes
    python benchmarks/curves/record.py digits_network --runs 1000    a quarter of an hour on one core
    python benchmarks/curves/record.py digits --runs 0               pack what has been recorded so far
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

BENCHMARKS = Path(__file__).resolve().parents[1]
sys.path += [str(BENCHMARKS), str(BENCHMARKS.parent / "examples")]

import msgspec
import numpy as np
from recorded_curves import Direction, Document, Run, load_runs, names, pack_space, round_all, save

import optimist
from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

SEED: Final = 20
N_EPOCHS: Final = 12
TRAIN_SIZE: Final = 10_000
VALIDATION_SIZE: Final = 2_000
N_STEPS: Final = 20
STAGES_PER_STEP: Final = 10


@dataclass(frozen=True)
class Task:
    """What to record.

    Attributes:
        title, metric, final_metric, direction, step: As in the file.
        space: Where hyperparameters are drawn from.
        run: Trains once with the given hyperparameters and seed; returns the curve, the final value, and the seconds
            of each step.
    """

    title: str
    metric: str
    final_metric: str
    direction: Direction
    step: str
    space: Mapping[str, BaseDistribution]
    run: Callable[[Mapping[str, Any], int], tuple[list[float], float, list[float]]]


class Stopwatch:
    """Collects the values of a curve and the time that each of them took."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.seconds: list[float] = []
        self._since = time.perf_counter()

    def report(self, value: float, step: int) -> None:
        """Take in the value after a step."""
        assert step == len(self.values)
        now = time.perf_counter()
        self.values.append(value)
        self.seconds.append(now - self._since)
        self._since = now


# ---------------------------------------------------------------------------------------------------- the tasks


def run_fashion(params: Mapping[str, Any], seed: int) -> tuple[list[float], float, list[float]]:
    """Train the example's network."""
    import fashion_trainer

    split, test = fashion_trainer.load_split(TRAIN_SIZE, VALIDATION_SIZE), load_fashion_test()
    watch = Stopwatch()
    network = fashion_trainer.train(
        fashion_trainer.Hyperparameters(**params), split, N_EPOCHS, report=watch.report, seed=seed
    )
    return watch.values, fashion_trainer.measure_accuracy(network, test), watch.seconds


@functools.cache
def load_fashion_test() -> Any:
    """Load the test images once in each process."""
    import fashion_trainer

    return fashion_trainer.load_test()


def run_digits(params: Mapping[str, Any], seed: int) -> tuple[list[float], float, list[float]]:
    """Boost trees for digits, a few stages at a time."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.metrics import log_loss

    images, labels, (train, validation, test) = load_digits_parts()
    model = GradientBoostingClassifier(warm_start=True, random_state=seed, **params)
    watch = Stopwatch()
    for step in range(N_STEPS):
        model.set_params(n_estimators=(step + 1) * STAGES_PER_STEP)
        model.fit(images[train], labels[train])
        watch.report(float(log_loss(labels[validation], model.predict_proba(images[validation]))), step)
    return watch.values, float(log_loss(labels[test], model.predict_proba(images[test]))), watch.seconds


def run_digits_network(params: Mapping[str, Any], seed: int) -> tuple[list[float], float, list[float]]:
    """Train a network of one hidden layer for digits."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    images, labels, (train, validation, test) = load_digits_parts()
    images = StandardScaler().fit(images[train]).transform(images)
    names = {"learning_rate": "learning_rate_init", "width": "hidden_layer_sizes"}
    model = MLPClassifier(random_state=seed, **{names.get(name, name): value for name, value in params.items()})
    watch = Stopwatch()
    for step in range(N_STEPS):
        with contextlib.suppress(ValueError):  # its weights are infinite, and stay so
            model.partial_fit(images[train], labels[train], classes=np.unique(labels))
        watch.report(float((model.predict(images[validation]) == labels[validation]).mean()), step)
    return watch.values, float((model.predict(images[test]) == labels[test]).mean()), watch.seconds


@functools.cache
def load_digits_parts() -> tuple[Any, Any, list[Any]]:
    """1,797 images, their labels, and which of them train (half), validate and test (a quarter each)."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    drawn = np.random.default_rng(SEED).permutation(len(labels))
    return images, labels, np.split(drawn, [len(drawn) // 2, len(drawn) * 3 // 4])


TASKS: Final = {
    "fashion_mnist": Task(
        title=f"small convolutional network on {TRAIN_SIZE} images of FashionMNIST, {VALIDATION_SIZE} for validation",
        metric="validation accuracy",
        final_metric="test accuracy",
        direction="maximize",
        step="epoch",
        space={
            "learning_rate": FloatDistribution(1e-6, 1.0, log=True),
            "width": IntDistribution(8, 512, log=True),
            "dropout": FloatDistribution(0.0, 0.7),
            "batch_size": CategoricalDistribution([16, 32, 64, 128, 256, 512]),
            "batch_norm": CategoricalDistribution([False, True]),
            "activation": CategoricalDistribution(["relu", "tanh", "leaky relu", "gelu"]),
        },
        run=run_fashion,
    ),
    "digits": Task(
        title="gradient boosting on 898 of scikit-learn's digits, 449 for validation",
        metric="validation log loss",
        final_metric="test log loss",
        direction="minimize",
        step=f"{STAGES_PER_STEP} stages",
        space={
            "learning_rate": FloatDistribution(3e-3, 1.0, log=True),
            "max_depth": IntDistribution(1, 8),
            "subsample": FloatDistribution(0.3, 1.0),
            "max_features": FloatDistribution(0.02, 1.0, log=True),
            "min_samples_leaf": IntDistribution(1, 64, log=True),
        },
        run=run_digits,
    ),
    "digits_network": Task(
        title="network of one hidden layer on 898 of scikit-learn's digits, 449 for validation",
        metric="validation accuracy",
        final_metric="test accuracy",
        direction="maximize",
        step="epoch",
        space={
            "learning_rate": FloatDistribution(1e-5, 1.0, log=True),
            "width": IntDistribution(4, 256, log=True),
            "alpha": FloatDistribution(1e-7, 10.0, log=True),
            "batch_size": CategoricalDistribution([16, 32, 64, 128]),
            "activation": CategoricalDistribution(["relu", "tanh", "logistic"]),
            "solver": CategoricalDistribution(["sgd", "adam"]),
        },
        run=run_digits_network,
    ),
}


# --------------------------------------------------------------------------------------------------- recording


def main() -> None:
    """Record what is missing, and pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=list(TASKS))
    parser.add_argument("--runs", type=int, default=240, help="how many there shall be in the end; 0 packs only")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    lines = BENCHMARKS / "results" / f"curves-{arguments.task}.jsonl"
    lines.parent.mkdir(exist_ok=True)
    record(arguments.task, lines, arguments.runs, arguments.processes)
    runs = sorted(recorded(arguments.task, lines).values(), key=lambda run: run.index)
    task = TASKS[arguments.task]
    document = Document(
        task=task.title,
        metric=task.metric,
        final_metric=task.final_metric,
        direction=task.direction,
        step=task.step,
        space=pack_space(task.space),
        runs=runs,
    )
    path = save(arguments.task, document)
    print(f"{len(runs)} runs in {path}, {path.stat().st_size / 1000:.0f} kB")


def record(name: str, lines: Path, n_runs: int, n_processes: int) -> None:
    """Run what has no line yet, and write a line as soon as a run ends."""
    done = recorded(name, lines)
    draws = draw(TASKS[name].space, n_runs)
    missing = [(name, index, params) for index, params in enumerate(draws) if index not in done]
    if not missing:
        return
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # each process has one core
    start = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(n_processes) as pool, lines.open("ab") as file:
        file.write(b"\n")  # ends a line that a kill cut off
        for n_ended, run in enumerate(pool.imap_unordered(run_once, missing), start=1):
            file.write(msgspec.json.encode(run) + b"\n")
            file.flush()
            minutes = (time.monotonic() - start) / 60
            print(
                f"{n_ended} of {len(missing)} in {minutes:.1f} min, {minutes / n_ended * len(missing):.0f} in all; "
                f"run {run.index}: {run.curve[-1]:.4f} in {sum(run.seconds):.1f} s",
                flush=True,
            )


def draw(space: Mapping[str, BaseDistribution], n_runs: int) -> list[dict[str, Any]]:
    """Draw hyperparameters; a longer list begins with the shorter one."""
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    study = optimist.create_study(sampler=optimist.samplers.RandomSampler(seed=SEED))
    return [study.ask(dict(space)).params for _ in range(n_runs)]


def run_once(job: tuple[str, int, dict[str, Any]]) -> Run:
    """Train with one draw, in a process of the pool."""
    name, index, params = job
    curve, final, seconds = TASKS[name].run(params, index)
    return Run(index, params, round_all(curve, 6), round(final, 6), round_all(seconds, 3))


def recorded(name: str, lines: Path) -> dict[int, Run]:
    """What there is, by index: the runs that were packed, and those that ended since."""
    packed = load_runs(name) if name in names() else []
    return {run.index: run for run in [*packed, *read_lines(lines)]}


def read_lines(lines: Path) -> Iterator[Run]:
    """Read the runs that ended; what a kill left of a line is none."""
    if lines.is_file():
        for line in lines.read_bytes().splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                yield msgspec.json.decode(line, type=Run)


if __name__ == "__main__":
    main()
