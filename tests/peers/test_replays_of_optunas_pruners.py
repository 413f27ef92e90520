"""Optuna's own pruners can be replayed, and stop the same trials at the same steps as ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest

import optimist
from optimist.pruners import Recording, random_orders, replay

PRUNERS: list[Callable[[Any], Any]] = [
    lambda pruners: pruners.MedianPruner(),
    lambda pruners: pruners.PercentilePruner(25.0, n_startup_trials=2, n_warmup_steps=3),
    lambda pruners: pruners.PatientPruner(pruners.MedianPruner(n_startup_trials=1), patience=0),
    lambda pruners: pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
    lambda pruners: pruners.WilcoxonPruner(p_threshold=0.3),
]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("make", PRUNERS, ids=["median", "percentile", "patient", "halving", "wilcoxon"])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_same_trials_are_stopped(make: Callable[[Any], Any], direction: str) -> None:
    rng = np.random.default_rng(0)
    levels, speeds = rng.uniform(0.5, 1, (30, 1)), rng.uniform(0.1, 1, (30, 1))
    curves = levels * (1 - np.exp(-speeds * np.arange(1, 11))) + 0.05 * rng.normal(size=(30, 10))
    recording = Recording.of_arrays(curves if direction == "maximize" else -curves, direction=direction)
    orders = random_orders(30, n_orders=2, n_trials=25)
    ours = replay(recording, lambda: make(optimist.pruners), orders)
    theirs = replay(recording, lambda: make(optuna.pruners), orders)
    assert ours.n_steps.tolist() == theirs.n_steps.tolist()
    assert ours.is_stopped.any()
