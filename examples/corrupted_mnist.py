"""Tune a convolutional network on corrupted MNIST by several processes that share one database.

The digits are rotated at random by up to 50 degrees. Of the ten training parts nine train and the tenth validates; the
test part is looked at once, at the end. The script is what one does by hand with a database server and any number of
machines, and prints each command: make the study, start the workers, read the results from the database. A second call
finds the study as it is; with more trials it goes on.

    python examples/corrupted_mnist.py                                             an SQLite file; minutes on two cores
    python examples/corrupted_mnist.py --storage mysql://root@localhost/example    MySQL or MariaDB
    python tools/servers.py mariadb                                                a private server; prints its URL
    python examples/corrupted_mnist.py --trials 3 --train-size 500 --epochs 2      seconds, to see that it runs
    python examples/corrupted_mnist.py --work --storage URL                        one more worker, on any machine
"""

from __future__ import annotations

import argparse
import functools
import os
import shlex
import subprocess
import sys
from collections import Counter
from operator import attrgetter
from pathlib import Path

import data
import numpy as np
import torch
from fashion_trainer import Labelled, fit, measure_accuracy, to_tensors
from rich.console import Console
from rich.table import Table
from torch import nn

import optimist
from optimist.trial import FrozenTrial, TrialState

SEED = 0
MEAN, DEVIATION = 33.3, 73.9  # of the grey values in corrupted MNIST, 0..255


# --------------------------------------------------------------------------------------------- what a worker does


def build_network(trial: optimist.Trial | FrozenTrial) -> nn.Module:
    """Stack two convolutions, each of which halves the sides of the image, and two dense layers."""
    channels = trial.suggest_int("channels", 4, 32, log=True)
    kernel = trial.suggest_categorical("kernel", [3, 5])
    width = trial.suggest_int("width", 16, 256, log=True)
    return nn.Sequential(
        nn.Conv2d(1, channels, kernel, stride=2, padding=kernel // 2),
        nn.ReLU(),
        nn.Conv2d(channels, 2 * channels, kernel, stride=2, padding=kernel // 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2 * channels * 7 * 7, width),
        nn.ReLU(),
        nn.Dropout(trial.suggest_float("dropout", 0.0, 0.7)),
        nn.Linear(width, 10),
    )


def train(trial: optimist.Trial | FrozenTrial, arguments: argparse.Namespace) -> tuple[nn.Module, float]:
    """Train one network; returns it and its validation accuracy.

    A trial that has ended can be trained again: it proposes what it proposed then, does not report, and is not pruned.
    """
    torch.manual_seed(SEED)
    network = build_network(trial)
    learning_rate = trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True)
    batch_size = trial.suggest_int("batch_size", 16, 256, log=True)
    images, validation = load_parts(arguments.data, arguments.train_size)
    accuracy = 0.0
    for epoch in fit(network, images, learning_rate, batch_size, arguments.epochs):
        accuracy = measure_accuracy(network, validation)
        trial.report(accuracy, epoch)
        if trial.should_prune():
            raise optimist.TrialPruned
    return network, accuracy


@functools.cache
def load_parts(folder: Path, train_size: int) -> tuple[Labelled, Labelled]:
    """Load images to train on, from the first nine parts, and all of the tenth to validate."""
    parts = [
        (np.load(folder / f"train_images_{i_part}.npy"), np.load(folder / f"train_labels_{i_part}.npy"))
        for i_part in range(data.N_PARTS)
    ]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts[:-1], strict=True))
    if not 1 < train_size <= len(labels):
        raise ValueError(
            f"{train_size} images cannot be used for training. Use a train size between 2 and {len(labels)}."
        )
    return (
        to_tensors(images[:train_size], labels[:train_size], MEAN, DEVIATION),
        to_tensors(*parts[-1], MEAN, DEVIATION),
    )


def load_test(folder: Path) -> Labelled:
    """Load the test part: to be looked at once, when nothing is left to be decided."""
    return to_tensors(np.load(folder / "test_images.npy"), np.load(folder / "test_labels.npy"), MEAN, DEVIATION)


def work(arguments: argparse.Namespace) -> None:
    """Run trials until the study has as many as it shall, whoever runs them."""
    study = optimist.load_study(
        study_name=study_name(arguments),
        storage=arguments.storage,
        sampler=optimist.samplers.AutoSampler(seed=SEED),
        pruner=optimist.pruners.CurvePruner(),
    )

    def objective(trial: optimist.Trial) -> float:
        trial.set_user_attr("worker", os.environ.get("OPTIMIST_WORKER", "by hand"))
        _, accuracy = train(trial, arguments)
        return accuracy

    study.optimize(objective, total_trials=arguments.trials)


# ------------------------------------------------------------------------------------------- what starts the workers


def main() -> None:
    """Be a worker, or make the study, start workers, and show the results."""
    arguments = parse_arguments()
    if not (arguments.data / "test_labels.npy").exists() and not data.write_corrupted_mnist(arguments.data):
        sys.exit(1)
    if arguments.work:
        work(arguments)
        return
    study = ["--storage", arguments.storage, "--study-name", study_name(arguments)]
    script = [sys.argv[0], "--work", "--storage", arguments.storage]
    settings = [f"--{name}={getattr(arguments, name.replace('-', '_'))}" for name in SETTINGS]
    call("create-study", *study, "--direction", "maximize", "--skip-if-exists")
    call("run", "--workers", str(arguments.workers), *study, *script, *settings)
    show_results(arguments)


SETTINGS = ("trials", "train-size", "epochs", "data")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--storage", default="sqlite:///corrupted_mnist.db", help="where the study lives")
    parser.add_argument("--trials", type=int, default=40, help="of all workers together")
    parser.add_argument("--train-size", type=int, default=10_000, help="images to train on, of 54,000")
    parser.add_argument("--epochs", type=int, default=6, help="of each training that is not pruned")
    parser.add_argument("--workers", type=int, default=2, help="processes, each of which keeps one core busy")
    parser.add_argument("--data", type=Path, default=Path("corrupted-mnist"), metavar="FOLDER", help="made if missing")
    parser.add_argument("--work", action="store_true", help="only work for a study that there is")
    return parser.parse_args()


def study_name(arguments: argparse.Namespace) -> str:
    """Name the study after what must be the same for all its trials."""
    return f"corrupted-mnist-{arguments.train_size}-images-{arguments.epochs}-epochs"


def call(*words: str) -> None:
    """Print a command of Optimist's, and run it."""
    print(f"$ {shlex.join(['optimist', *words])}", flush=True)
    subprocess.run([sys.executable, "-m", "optimist", *words], check=True)


# ------------------------------------------------------------------------------------------------ the results


def show_results(arguments: argparse.Namespace) -> None:
    """Read the study from the database, as anybody could who knows its URL, and test its best network."""
    study = optimist.load_study(study_name=study_name(arguments), storage=arguments.storage)
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    console.print(best_trials(study), summary(study, arguments.epochs), sep="\n")
    network, _ = train(study.best_trial, arguments)  # the same seed: the same network
    console.print(
        f"Test accuracy of the best: {measure_accuracy(network, load_test(arguments.data)):.4f}",
        "Look further:",
        f"  optimist best-trial --storage {arguments.storage} --study-name {study.study_name}",
        f"  optimist trials --storage {arguments.storage} --study-name {study.study_name}",
        sep="\n",
        soft_wrap=True,
    )


def best_trials(study: optimist.Study, n: int = 5) -> Table:
    """List the best trials."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    best = sorted(complete, key=attrgetter("value"), reverse=True)[:n]
    table = Table(title=f"The best of {len(study.trials)} trials", title_justify="left")
    for column in ("trial", "worker", "validation accuracy", *best[0].params):
        table.add_column(column.replace("_", " "), justify="right")
    for trial in best:
        values = (f"{value:.3g}" if isinstance(value, float) else str(value) for value in trial.params.values())
        table.add_row(str(trial.number), trial.user_attrs["worker"], f"{trial.value:.4f}", *values)
    return table


def summary(study: optimist.Study, epochs: int) -> str:
    """Say who did how much, and what pruning saved."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    n_pruned = sum(trial.state is TrialState.PRUNED for trial in trials)
    n_epochs = sum(len(trial.intermediate_values) for trial in trials)
    shares = Counter(trial.user_attrs["worker"] for trial in trials)
    return (
        f"Worker {', worker '.join(f'{worker}: {n} trials' for worker, n in sorted(shares.items()))}. "
        f"{n_pruned} were stopped early: {n_epochs} epochs instead of {epochs * len(trials)}."
    )


if __name__ == "__main__":
    main()
