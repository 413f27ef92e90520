"""examples/corrupted_mnist.py keeps training, validation and test apart, and can train a trial again."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import corrupted_mnist
import data
import numpy as np
import pytest
import torch
from corrupted_mnist import best_trials, load_parts, load_test, summary, train, work

import optimist
from tests.idx import write_data_set


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[argparse.Namespace]:
    write_data_set(tmp_path / "mnist", n_train=50)
    monkeypatch.setenv("OPTIMIST_MNIST", str(tmp_path / "mnist"))
    assert data.write_corrupted_mnist(tmp_path / "parts")
    yield argparse.Namespace(
        data=tmp_path / "parts", train_size=40, epochs=2, trials=3, storage=f"sqlite:///{tmp_path}/study.db"
    )
    load_parts.cache_clear()


def test_nine_parts_train_and_the_tenth_validates(arguments: argparse.Namespace) -> None:
    images, validation = load_parts(arguments.data, 45)
    everything = torch.cat([images.images, validation.images, load_test(arguments.data).images]).flatten(1)
    assert (len(images.labels), len(validation.labels)) == (45, 5)
    assert len(torch.unique(everything, dim=0)) == 45 + 5 + 20


def test_a_train_size_beyond_nine_parts_is_refused(arguments: argparse.Namespace) -> None:
    with pytest.raises(ValueError, match="Use a train size between 2 and 45"):
        load_parts(arguments.data, 46)


def test_workers_make_as_many_trials_as_asked_for_and_their_best_network_can_be_trained_again(
    arguments: argparse.Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = corrupted_mnist.study_name(arguments)
    study = optimist.create_study(study_name=name, storage=arguments.storage, direction="maximize")
    monkeypatch.setenv("OPTIMIST_WORKER", "1")
    for _ in range(2):
        work(arguments)
    assert len(study.trials) == 3
    assert summary(study, arguments.epochs).startswith("Worker 1: 3 trials. ")
    assert best_trials(study).row_count == sum(trial.state.name == "COMPLETE" for trial in study.trials)

    _, accuracy = train(study.best_trial, arguments)
    assert accuracy == study.best_value


def test_grey_values_are_standardized(arguments: argparse.Namespace) -> None:
    test = load_test(arguments.data)
    expected = (np.load(arguments.data / "test_images.npy") - corrupted_mnist.MEAN) / corrupted_mnist.DEVIATION
    np.testing.assert_allclose(test.images[:, 0].numpy(), expected, rtol=1e-5, atol=1e-6)
