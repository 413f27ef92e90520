from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import qmc

import optimist
from optimist.samplers import QMCSampler, RandomSampler

NAMES = [f"x{i}" for i in range(5)]


def params_of(sampler: QMCSampler, n_trials: int = 32, name: str = "study") -> np.ndarray:
    study = optimist.create_study(study_name=name, storage=optimist.storages.InMemoryStorage(), sampler=sampler)
    study.optimize(lambda trial: sum(trial.suggest_float(name, 0, 1) for name in NAMES), n_trials=n_trials)
    return np.array([[trial.params[name] for name in NAMES] for trial in study.trials])


@pytest.mark.parametrize("qmc_type", ["sobol", "halton"])
@pytest.mark.parametrize("scramble", [False, True])
def test_trials_are_the_points_of_the_sequence(qmc_type: str, scramble: bool) -> None:
    kind = qmc.Sobol if qmc_type == "sobol" else qmc.Halton
    expected = kind(64, scramble=scramble, rng=3 if scramble else 0).random(128)[:100, :5]
    found = params_of(QMCSampler(qmc_type=qmc_type, scramble=scramble, seed=3), 100)
    assert found == pytest.approx(expected, abs=1e-15)


def test_points_are_more_even_than_random_ones() -> None:
    even = qmc.discrepancy(params_of(QMCSampler(scramble=True, seed=1), 128))
    study = optimist.create_study(sampler=RandomSampler(seed=1))
    study.optimize(lambda trial: sum(trial.suggest_float(name, 0, 1) for name in NAMES), n_trials=128)
    random = qmc.discrepancy(np.array([[trial.params[name] for name in NAMES] for trial in study.trials]))
    assert even < 0.25 * random


def test_every_choice_and_every_cell_has_its_share() -> None:
    study = optimist.create_study(sampler=QMCSampler(scramble=True, seed=1))

    def objective(trial: optimist.Trial) -> float:
        trial.suggest_categorical("kind", ["a", "b", "c", "d"])
        return trial.suggest_int("n", 1, 8)

    study.optimize(objective, n_trials=64)
    for name, n in (("kind", 4), ("n", 8)):
        values = [trial.params[name] for trial in study.trials]
        assert sorted(values.count(value) for value in set(values)) == [64 // n] * n


def test_without_a_seed_workers_of_a_study_scramble_alike() -> None:
    first, second = (params_of(QMCSampler(scramble=True)) for _ in range(2))
    assert (first == second).all()
    assert (first != params_of(QMCSampler(scramble=True), name="another")).any()


def test_order_of_asking_does_not_matter() -> None:
    study = optimist.create_study(sampler=QMCSampler(scramble=True, seed=5))
    trials = [study.ask() for _ in range(200)]
    backwards = [trial.suggest_float("x0", 0, 1) for trial in reversed(trials)][::-1]
    assert backwards[:100] == params_of(QMCSampler(scramble=True, seed=5), 100)[:, 0].tolist()


def test_more_parameters_than_dimensions() -> None:
    def objective(trial: optimist.Trial) -> float:
        return sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(70))

    study = optimist.create_study(sampler=QMCSampler(seed=1))
    with pytest.warns(UserWarning, match="more than 64 parameters"):
        study.optimize(objective, n_trials=2)
    study = optimist.create_study(sampler=QMCSampler(seed=1, warn_independent_sampling=False))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study.optimize(objective, n_trials=2)


def test_only_known_sequences() -> None:
    with pytest.raises(ValueError, match='"sobol" or "halton"'):
        QMCSampler(qmc_type="hammersley")
