"""Tune six hyperparameters of the FashionMNIST network, stop hopeless trials early, and measure what it was worth.

Worker processes share the search. A tenth of FashionMNIST's 60,000 training images validates: by these, trials are
compared and stopped. The best few are trained again with other seeds, and the best of these on average is chosen. Then the
defaults and the chosen hyperparameters are trained again, with new seeds, on the training images that the search used, and
only then the test images are looked at, once. Everything is seeded: the same
call with as many workers finds the same. The study lives in an SQLite file: a second call goes on where the first was
interrupted, or looks at its finished study again; with more trials it adds what is missing.

    python examples/fashion_tune.py --trials 60 --train-size 10000 --epochs 8    a few minutes on two cores
    python examples/fashion_tune.py --trials 3 --train-size 500 --epochs 2       seconds, to see that it runs
    python examples/fashion_tune.py --train-size 54000                           all images; an hour
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from fashion_trainer import (
    ACTIVATIONS,
    Hyperparameters,
    build_network,
    fit,
    load_split,
    load_test,
    measure_accuracy,
    train,
)
from rich.console import Console
from rich.table import Table
from scipy import stats
from torch import nn

import optimist
from optimist import pruners, visualization

DEFAULTS = Hyperparameters()
N_SECOND_SEEDS = 3
PRUNERS = {
    "curve": pruners.CurvePruner,
    "median": pruners.MedianPruner,
    "halving": pruners.SuccessiveHalvingPruner,
    "hyperband": pruners.HyperbandPruner,
    "none": pruners.NopPruner,
}

Weights = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Objective:
    """What a trial does; it travels to the worker processes without any images, which these load themselves.

    Attributes:
        train_size: Images to train on.
        epochs: How often these are seen, unless the trial is pruned.
        seed: Of the first weights and the order of images, the same for all trials.
    """

    train_size: int
    epochs: int
    seed: int

    def __call__(self, trial: optimist.Trial) -> float:
        """Train one network; returns its validation accuracy after the last epoch."""
        params = suggest(trial)
        accuracy = 0.0

        def report(latest: float, epoch: int) -> None:
            nonlocal accuracy
            accuracy = latest
            trial.report(accuracy, epoch)
            if trial.should_prune():
                raise optimist.TrialPruned

        train(params, load_split(self.train_size), self.epochs, report, self.seed)
        return accuracy


def suggest(trial: optimist.Trial) -> Hyperparameters:
    """Propose hyperparameters; the first trial tries the defaults."""
    return Hyperparameters(
        learning_rate=trial.suggest_float("learning_rate", 1e-6, 1.0, log=True, default=DEFAULTS.learning_rate),
        width=trial.suggest_int("width", 16, 512, log=True, default=DEFAULTS.width),
        dropout=trial.suggest_float("dropout", 0.0, 0.7, default=DEFAULTS.dropout),
        batch_size=trial.suggest_int("batch_size", 16, 512, log=True, default=DEFAULTS.batch_size),
        batch_norm=trial.suggest_categorical("batch_norm", [False, True], default=DEFAULTS.batch_norm),
        activation=trial.suggest_categorical("activation", list(ACTIVATIONS), default=DEFAULTS.activation),
    )


def main() -> None:
    """Tune, look at the study, train again, and open the test images."""
    arguments = parse_arguments()
    optimist.logging.set_verbosity(optimist.logging.WARNING)  # the progress bar says enough
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)

    study = tune(arguments)
    console.print(describe_best(study), describe_costs(study, arguments.epochs), sep="\n")
    if isinstance(study.pruner, pruners.AuditedPruner):
        console.print(describe_audit(study))
    save_pictures(study, arguments.pictures, arguments.picture_format)
    console.print(f"Pictures are in {arguments.pictures}")

    chosen = choose(study, arguments, console)
    console.print(f"Training defaults and chosen again, with {arguments.retrain} new seeds")
    seeds = [arguments.seed + 1 + N_SECOND_SEEDS + i for i in range(arguments.retrain)]
    networks = retrain({"defaults": DEFAULTS, "tuned": chosen}, seeds, arguments)

    # All is decided. The test images are loaded here, for the first and last time.
    test = load_test()
    accuracies = {
        name: np.array([measure_accuracy(network, test) for network in group]) for name, group in networks.items()
    }
    console.print(*conclude(accuracies["defaults"], accuracies["tuned"]), sep="\n")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=60, help="of the search")
    parser.add_argument("--train-size", type=int, default=10_000, help="images to train on, of 54,000")
    parser.add_argument("--epochs", type=int, default=8, help="of each training that is not pruned")
    parser.add_argument("--workers", type=int, default=2, help="processes, each of which keeps one core busy")
    parser.add_argument("--pruner", choices=list(PRUNERS), default="curve")
    parser.add_argument("--control", type=float, default=0.25, help="share of condemned trials that go on, as an audit")
    parser.add_argument("--finalists", type=int, default=5, help="best trials that are trained again to choose one")
    parser.add_argument("--retrain", type=int, default=20, metavar="SEEDS", help="trainings of each kind at the end")
    parser.add_argument("--seed", type=int, default=0, help="of the search and its trainings")
    parser.add_argument("--storage", default="sqlite:///fashion.db", help="where the study lives")
    parser.add_argument("--pictures", type=Path, default=Path("fashion-pictures"), metavar="FOLDER")
    parser.add_argument(
        "--picture-format", choices=["html", "png", "svg"], default="html", help="png and svg need kaleido and Chrome"
    )
    return parser.parse_args()


def tune(arguments: argparse.Namespace) -> optimist.Study:
    """Run the trials that are missing."""
    pruner = PRUNERS[arguments.pruner]()
    study = optimist.create_study(
        study_name="fashion-{pruner}-{train_size}-images-{epochs}-epochs-seed-{seed}".format(**vars(arguments)),
        storage=arguments.storage,
        direction="maximize",
        sampler=optimist.samplers.AutoSampler(seed=arguments.seed),
        pruner=pruner if arguments.pruner == "none" else pruners.AuditedPruner(pruner, arguments.control),
        load_if_exists=True,
    )
    if len(finished_trials(study)) < arguments.trials:
        study.optimize(
            Objective(arguments.train_size, arguments.epochs, arguments.seed),
            total_trials=arguments.trials,
            workers=arguments.workers,
            deterministic=True,  # costs a worker some waiting for the others; without it, every run is another one
            show_progress_bar=True,
        )
    return study


def finished_trials(study: optimist.Study) -> list[optimist.trial.FrozenTrial]:
    """Pick the trials that came to an end, by themselves or by the pruner."""
    states = (optimist.trial.TrialState.COMPLETE, optimist.trial.TrialState.PRUNED)
    return study.get_trials(deepcopy=False, states=states)


# ------------------------------------------------------------------------------------------- what the search gave


def describe_best(study: optimist.Study) -> Table:
    """Set the defaults beside the best hyperparameters."""
    table = Table(title=f"{len(finished_trials(study))} trials", title_justify="left")
    table.add_column("")
    table.add_column("defaults", justify="right")
    table.add_column(f"best, trial {study.best_trial.number}", justify="right")
    for name, default in vars(DEFAULTS).items():
        table.add_row(name.replace("_", " "), short(default), short(study.best_params[name]))
    table.add_section()
    table.add_row("validation accuracy", short(study.trials[0].value), short(study.best_value))
    return table


def short(value: object) -> str:
    """Write a number as short as it is clear."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def describe_costs(study: optimist.Study, epochs: int) -> str:
    """Say what the search took, and what it would have taken without a pruner."""
    trials = finished_trials(study)
    n_pruned = sum(trial.state is optimist.trial.TrialState.PRUNED for trial in trials)
    n_spent = sum(len(trial.intermediate_values) for trial in trials)
    n_without = epochs * len(trials)
    minutes = sum(trial.duration.total_seconds() for trial in trials if trial.duration) / 60
    return (
        f"{n_spent} epochs, {n_spent / n_without:.0%} of the {n_without} without pruning: {n_pruned} of {len(trials)} "
        f"trials were stopped. They took {minutes:.1f} minutes of a core."
    )


def describe_audit(study: optimist.Study) -> str:
    """Say what pruning saved and what it may have cost, by the trials that were condemned and let run."""
    return "\n".join(study.pruning_audit().sentences)


def save_pictures(study: optimist.Study, folder: Path, form: str) -> None:
    """Draw the study; as HTML, each picture can be zoomed, and asked for details."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ["optimization_history", "intermediate_values", "parallel_coordinate", "param_importances"]
    if isinstance(study.pruner, pruners.AuditedPruner):
        names.append("pruning_audit")
    for name in names:
        figure = getattr(visualization, f"plot_{name}")(study)
        path = folder / f"{name}.{form}"
        if form == "html":
            figure.write_html(path, include_plotlyjs="directory")  # plotly.js once for all, beside them
        else:
            figure.write_image(path, width=900)


# ------------------------------------------------------------------------------------------------ after the search


def choose(study: optimist.Study, arguments: argparse.Namespace, console: Console) -> Hyperparameters:
    """Train the best trials again with a few new seeds, and take the best on average: the best of many had luck too."""
    complete = study.get_trials(deepcopy=False, states=(optimist.trial.TrialState.COMPLETE,))
    finalists = sorted(complete, key=attrgetter("value"), reverse=True)[: arguments.finalists]
    ways = {f"trial {trial.number}": Hyperparameters(**trial.params) for trial in finalists}
    networks = retrain(ways, [arguments.seed + 1 + i for i in range(N_SECOND_SEEDS)], arguments)
    validation = load_split(arguments.train_size).validation
    means = {
        name: float(np.mean([measure_accuracy(network, validation) for network in group]))
        for name, group in networks.items()
    }
    listed = ", ".join(f"{name} {mean:.4f}" for name, mean in means.items())
    n_epochs = len(finalists) * N_SECOND_SEEDS * arguments.epochs
    console.print(f"Validation accuracy of the best with {N_SECOND_SEEDS} new seeds, {n_epochs} epochs more: {listed}")
    return ways[max(means, key=means.__getitem__)]


def retrain(
    ways: Mapping[str, Hyperparameters], seeds: Iterable[int], arguments: argparse.Namespace
) -> dict[str, list[nn.Module]]:
    """Train with each way and each seed, in as many processes as the search; the seeds pair the ways."""
    jobs = list(itertools.product(ways, seeds))
    spawn = multiprocessing.get_context("spawn")  # forked processes and PyTorch's threads do not go together
    with ProcessPoolExecutor(arguments.workers, mp_context=spawn) as pool:
        pending = [
            pool.submit(retrain_once, ways[name], seed, arguments.train_size, arguments.epochs) for name, seed in jobs
        ]
        weights = [future.result() for future in pending]
    networks: dict[str, list[nn.Module]] = {name: [] for name in ways}
    for (name, _), trained in zip(jobs, weights, strict=True):
        networks[name].append(restore(ways[name], trained))
    return networks


def retrain_once(params: Hyperparameters, seed: int, train_size: int, epochs: int) -> Weights:
    """Train one network; its weights go to the parent as plain arrays."""
    torch.manual_seed(seed)
    network = build_network(params)
    for _ in fit(network, load_split(train_size).train, params.learning_rate, params.batch_size, epochs):
        pass
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def restore(params: Hyperparameters, weights: Weights) -> nn.Module:
    """Build the network that has these weights."""
    network = build_network(params)
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return network


def conclude(defaults: npt.NDArray[np.float64], tuned: npt.NDArray[np.float64]) -> Iterable[str]:
    """Compare test accuracies, one for each seed; the same seed gives the same order of images to both."""
    yield (
        f"Test accuracy, mean of {len(tuned)} seeds: {defaults.mean():.4f} with the defaults, {tuned.mean():.4f} tuned"
    )
    gains = 100 * (tuned - defaults)
    if not gains.any():
        yield "The search found nothing better than the defaults."
        return
    half_width = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
    low, high = gains.mean() - half_width, gains.mean() + half_width
    verdict = "better" if low > 0 else "worse" if high < 0 else "not clearly better or worse"
    yield (
        f"Tuned minus defaults: {gains.mean():+.2f} points, 95 % interval over paired seeds "
        f"[{low:+.2f}, {high:+.2f}]: {verdict}"
    )


if __name__ == "__main__":
    main()
