"""examples/fashion_tune.py pairs its trainings by seed, and says no more than the figures do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fashion_trainer import Hyperparameters, load_split
from fashion_tune import DEFAULTS, Objective, conclude, describe_costs, restore, retrain_once
from scipy import stats

import optimist
from tests.idx import write_data_set

SMALL = Hyperparameters(width=8, batch_size=16)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    write_data_set(tmp_path, n_train=60)
    monkeypatch.setenv("OPTIMIST_FASHION_MNIST", str(tmp_path))
    load_split.cache_clear()
    yield
    load_split.cache_clear()


def test_the_first_trial_tries_the_defaults_of_the_trainer(images: None) -> None:
    study = optimist.create_study(direction="maximize", sampler=optimist.samplers.RandomSampler(seed=0))
    study.optimize(Objective(train_size=30, epochs=2, seed=0), n_trials=2)
    assert Hyperparameters(**study.trials[0].params) == DEFAULTS
    assert Hyperparameters(**study.trials[1].params) != DEFAULTS


def test_a_trial_is_worth_its_last_epoch_and_can_be_pruned(images: None) -> None:
    study = optimist.create_study(direction="maximize", pruner=optimist.pruners.ThresholdPruner(lower=0.0))
    study.optimize(Objective(train_size=30, epochs=3, seed=0), n_trials=1)
    study.pruner = optimist.pruners.ThresholdPruner(lower=2.0)
    study.optimize(Objective(train_size=30, epochs=3, seed=0), n_trials=1)
    full, pruned = study.trials
    assert full.value == full.intermediate_values[2]
    assert list(pruned.intermediate_values) == [0]
    assert describe_costs(study, epochs=3).startswith("4 epochs, 67% of the 6 without pruning: 1 of 2 trials")


def test_a_network_is_trained_again_from_its_seed_and_survives_the_way_to_the_parent(images: None) -> None:
    first, again, other = (retrain_once(SMALL, seed, train_size=30, epochs=1) for seed in (1, 1, 2))
    assert all((first[name] == again[name]).all() for name in first)
    assert any((first[name] != other[name]).any() for name in first)
    params = replace(SMALL, batch_norm=True)
    weights = retrain_once(params, 1, train_size=30, epochs=1)
    restored = restore(params, weights).state_dict()
    assert all(torch.equal(restored[name], torch.from_numpy(weights[name])) for name in weights)


@pytest.mark.parametrize(
    ("gain", "verdict"), [(0.01, "better"), (-0.01, "worse"), (0.0, "not clearly better or worse")]
)
def test_the_interval_is_that_of_a_paired_t_test(gain: float, verdict: str) -> None:
    defaults = np.array([0.86, 0.87, 0.85, 0.86])
    tuned = defaults + gain + np.array([0.002, -0.002, 0.001, -0.001])
    low, high = (100 * bound for bound in stats.ttest_rel(tuned, defaults).confidence_interval(0.95))
    _, line = conclude(defaults, tuned)
    assert line.endswith(f"[{low:+.2f}, {high:+.2f}]: {verdict}")


def test_defaults_that_were_not_beaten_are_no_gain() -> None:
    accuracies = np.array([0.86, 0.87])
    assert list(conclude(accuracies, accuracies))[1] == "The search found nothing better than the defaults."
