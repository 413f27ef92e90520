"""examples/fashion_trainer.py trains what its hyperparameters say, reports each epoch, and repeats itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fashion_trainer
import numpy as np
import pytest
import torch
from fashion_trainer import (
    ACTIVATIONS,
    Hyperparameters,
    build_network,
    load_split,
    load_test,
    make_loader,
    measure_accuracy,
    train,
)

from tests.idx import write_data_set

SMALL = Hyperparameters(width=8, batch_size=16)


@pytest.fixture
def split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fashion_trainer.Split]:
    write_data_set(tmp_path, n_train=60)
    monkeypatch.setenv("OPTIMIST_FASHION_MNIST", str(tmp_path))
    load_split.cache_clear()
    yield load_split(train_size=33, validation_size=20)
    load_split.cache_clear()


def curve(params: Hyperparameters, split: fashion_trainer.Split, epochs: int = 2, seed: int = 0) -> list[float]:
    accuracies: list[float] = []
    train(params, split, epochs, report=lambda accuracy, epoch: accuracies.insert(epoch, accuracy), seed=seed)
    return accuracies


def test_each_image_is_in_one_part_only(split: fashion_trainer.Split) -> None:
    images = torch.cat([split.train.images, split.validation.images, load_test().images]).flatten(1)
    assert images.shape == (33 + 20 + 20, 28 * 28)
    assert len(torch.unique(images, dim=0)) == 33 + 20 + 20


def test_a_tenth_of_all_images_validates_unless_told_otherwise(split: fashion_trainer.Split) -> None:
    chosen = load_split(train_size=30)
    assert (len(chosen.train.labels), len(chosen.validation.labels)) == (30, 6)


def test_a_loader_hands_out_images_with_their_labels_in_the_order_asked_for(split: fashion_trainer.Split) -> None:
    order = torch.randperm(33)
    batches = list(make_loader(split.train, order, batch_size=10))
    assert [len(labels) for _, labels in batches] == [10, 10, 10, 3]
    assert torch.equal(torch.cat([images for images, _ in batches]), split.train.images[order])
    assert torch.equal(torch.cat([labels for _, labels in batches]), split.train.labels[order])


def test_a_train_size_beyond_the_images_is_refused(split: fashion_trainer.Split) -> None:
    with pytest.raises(ValueError, match=r"Use a train size between 2 and 55"):
        load_split(train_size=56, validation_size=5)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_kind_of_network_trains(activation: str, batch_norm: bool, split: fashion_trainer.Split) -> None:
    """The 33 images leave a batch of one, which batch normalization cannot take."""
    params = replace(SMALL, activation=activation, batch_norm=batch_norm)
    accuracies = curve(params, split)
    assert len(accuracies) == 2
    assert all(0 <= accuracy <= 1 for accuracy in accuracies)


def test_the_second_last_layer_has_the_width_asked_for() -> None:
    dense = [layer for layer in build_network(replace(SMALL, width=37)) if isinstance(layer, torch.nn.Linear)]
    assert [layer.out_features for layer in dense] == [37, 10]


def test_the_same_seed_gives_the_same_curve(split: fashion_trainer.Split) -> None:
    params = replace(SMALL, learning_rate=0.01, dropout=0.5)
    first, again, other = (train(params, split, 1, report=lambda *_: None, seed=seed)[-1].weight for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_network_learns_its_training_images(split: fashion_trainer.Split) -> None:
    network = train(replace(SMALL, learning_rate=0.01, width=64, dropout=0.0), split, 30, report=lambda *_: None)
    assert measure_accuracy(network, split.train) > 0.9


def test_what_report_raises_ends_the_training(split: fashion_trainer.Split) -> None:
    epochs = []

    def stop(accuracy: float, epoch: int) -> None:
        epochs.append(epoch)
        raise StopIteration

    with pytest.raises(StopIteration):
        train(SMALL, split, 5, report=stop)
    assert epochs == [0]


def test_the_command_line_ends_with_the_test_accuracy(
    split: fashion_trainer.Split, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["fashion_trainer.py", "--train-size", "30", "--epochs", "2", "--batch-norm"])
    fashion_trainer.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["epoch", "1"], ["epoch", "2"], ["test", "accuracy"]]
    assert np.isfinite(float(lines[-1].split()[-1]))
