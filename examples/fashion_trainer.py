"""Train a small convolutional network on FashionMNIST: a plain PyTorch script, as it is before any tuning.

Six hyperparameters have defaults on the command line. Some training images are kept apart for validation: the script
prints the accuracy on them after each epoch, and the accuracy on the test images once, at the end. It runs on one
core, and the same seed gives the same numbers.

    python examples/fashion_trainer.py                                   all images; half a minute
    python examples/fashion_trainer.py --train-size 10000 --epochs 5     a sixth of them
    python examples/fashion_trainer.py --learning-rate 0.003 --width 256 --batch-norm --activation gelu
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import data
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "leaky relu": nn.LeakyReLU, "gelu": nn.GELU}
ALL_IMAGES = 54_000  # what remains of 60,000 for training when a tenth is kept for validation
SPLIT_SEED = 0
MEAN, DEVIATION = 72.9, 90.0  # of the grey values in FashionMNIST, 0..255


@dataclass(frozen=True)
class Hyperparameters:
    """What can be tuned; the defaults are what one would write without tuning.

    Attributes:
        learning_rate: Of Adam.
        width: Neurons in the second-last layer.
        dropout: Share of that layer's neurons that are left out in training.
        batch_size: Images per step.
        batch_norm: Whether batches are normalized after each layer but the last.
        activation: A key of `ACTIVATIONS`.
    """

    learning_rate: float = 1e-3
    width: int = 128
    dropout: float = 0.2
    batch_size: int = 64
    batch_norm: bool = False
    activation: str = "relu"


@dataclass(frozen=True)
class Labelled:
    """Images (n, 1, 28, 28), standardized, and their labels (n,)."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Split:
    """The images to train with and to choose by: each is in one part only, and none is a test image."""

    train: Labelled
    validation: Labelled


@functools.cache  # a worker process runs many trials
def load_split(train_size: int = ALL_IMAGES, validation_size: int | None = None) -> Split:
    """Draw training and validation images from FashionMNIST's training part, the same ones in every run.

    Args:
        train_size: Images to train on.
        validation_size: Images to validate on; if left out, a tenth of all, however few of the others train.
    """
    images = data.load_fashion_mnist()
    n_images = len(images.train_images)
    n_validation = n_images // 10 if validation_size is None else validation_size
    if not 1 < train_size <= n_images - n_validation:
        raise ValueError(
            f"Of {n_images} images, {train_size} cannot be used for training and {n_validation} for validation. "
            f"Use a train size between 2 and {n_images - n_validation}."
        )
    drawn = np.random.default_rng(SPLIT_SEED).permutation(n_images)
    train, validation = drawn[n_validation : n_validation + train_size], drawn[:n_validation]
    return Split(
        train=to_tensors(images.train_images[train], images.train_labels[train]),
        validation=to_tensors(images.train_images[validation], images.train_labels[validation]),
    )


def load_test() -> Labelled:
    """Load the test images: to be looked at once, when nothing is left to be decided."""
    images = data.load_fashion_mnist()
    return to_tensors(images.test_images, images.test_labels)


def to_tensors(images: data.Bytes, labels: data.Bytes, mean: float = MEAN, deviation: float = DEVIATION) -> Labelled:
    """Standardize the images by the mean and the standard deviation of all grey values."""
    standardized = (images[:, np.newaxis].astype(np.float32) - mean) / deviation
    return Labelled(torch.from_numpy(standardized), torch.from_numpy(labels.astype(np.int64)))


def build_network(params: Hyperparameters) -> nn.Module:
    """Stack two convolutions, each of which halves the sides of the image, and two dense layers."""
    activation = ACTIVATIONS[params.activation]

    def normalized(layer: nn.Module, norm: nn.Module) -> list[nn.Module]:
        return [layer, *([norm] if params.batch_norm else []), activation()]

    return nn.Sequential(
        *normalized(nn.Conv2d(1, 8, kernel_size=5, stride=2, padding=2), nn.BatchNorm2d(8)),
        *normalized(nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1), nn.BatchNorm2d(16)),
        nn.Flatten(),
        *normalized(nn.Linear(16 * 7 * 7, params.width), nn.BatchNorm1d(params.width)),
        nn.Dropout(params.dropout),
        nn.Linear(params.width, 10),
    )


def train(
    params: Hyperparameters, split: Split, epochs: int, report: Callable[[float, int], object], seed: int = 0
) -> nn.Module:
    """Train a new network, and report the validation accuracy and the epoch's number, from 0, after each epoch.

    What `report` raises ends the training; so a tuner can prune.
    """
    torch.manual_seed(seed)
    network = build_network(params)
    for epoch in fit(network, split.train, params.learning_rate, params.batch_size, epochs):
        report(measure_accuracy(network, split.validation), epoch)
    return network


def fit(network: nn.Module, labelled: Labelled, learning_rate: float, batch_size: int, epochs: int) -> Iterator[int]:
    """Train a network by Adam; yields the number of each epoch, from 0, when it is over."""
    torch.set_num_threads(1)  # the other cores belong to other trials
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=True)
    for epoch in range(epochs):
        network.train()
        for images, labels in make_loader(labelled, torch.randperm(len(labelled.labels)), batch_size):
            if len(labels) > 1:  # batch normalization needs two
                loss = nn.functional.cross_entropy(network(images), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        yield epoch


def measure_accuracy(network: nn.Module, labelled: Labelled) -> float:
    """Count the share of images that the network names right."""
    network.eval()
    with torch.inference_mode():
        n_right = sum(
            int((network(images).argmax(dim=1) == labels).sum())
            for images, labels in make_loader(labelled, torch.arange(len(labelled.labels)), batch_size=1000)
        )
    return n_right / len(labelled.labels)


def make_loader(labelled: Labelled, order: Tensor, batch_size: int) -> DataLoader:
    """Hand out the images in an order, batch by batch; a batch is cut from memory at once, not image by image."""
    return DataLoader(
        TensorDataset(labelled.images, labelled.labels),
        sampler=order.split(batch_size),
        batch_size=None,  # the sampler makes them
        generator=torch.Generator(),  # the loader takes no random number from the training
    )


def main() -> None:
    """Train once, with the hyperparameters of the command line."""
    defaults = Hyperparameters()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learning-rate", type=float, default=defaults.learning_rate)
    parser.add_argument("--width", type=int, default=defaults.width, help="neurons in the second-last layer")
    parser.add_argument("--dropout", type=float, default=defaults.dropout)
    parser.add_argument("--batch-size", type=int, default=defaults.batch_size)
    parser.add_argument("--batch-norm", action=argparse.BooleanOptionalAction, default=defaults.batch_norm)
    parser.add_argument("--activation", choices=list(ACTIVATIONS), default=defaults.activation)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--train-size", type=int, default=ALL_IMAGES, help="images to train on")
    parser.add_argument("--seed", type=int, default=0, help="of the first weights and the order of images")
    arguments = parser.parse_args()
    params = Hyperparameters(
        learning_rate=arguments.learning_rate,
        width=arguments.width,
        dropout=arguments.dropout,
        batch_size=arguments.batch_size,
        batch_norm=arguments.batch_norm,
        activation=arguments.activation,
    )
    split = load_split(arguments.train_size)
    network = train(params, split, arguments.epochs, report=print_epoch, seed=arguments.seed)
    print(f"test accuracy {measure_accuracy(network, load_test()):.4f}")


def print_epoch(accuracy: float, epoch: int) -> None:
    """Print one line."""
    print(f"epoch {epoch + 1:2d}   validation accuracy {accuracy:.4f}", flush=True)


if __name__ == "__main__":
    main()
