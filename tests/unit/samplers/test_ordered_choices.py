"""Ordered choices are modelled as ordered: a good choice speaks well of its neighbours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import optimist
from optimist.distributions import CategoricalDistribution, FloatDistribution
from optimist.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, QMCSampler, RandomSampler, TPESampler
from optimist.samplers.gp.domain import domain_of
from optimist.samplers.tpe.box import box_of
from optimist.search_space.encoding import encoding_of
from optimist.search_space.space import SearchSpace
from optimist.trial import FixedTrial

SIZES = [f"size {i}" for i in range(20)]
ORDERED = SearchSpace({"size": CategoricalDistribution(SIZES, ordered=True)})


def objective(ordered: bool) -> Callable[[optimist.Trial], float]:
    """Far from the best size, the loss says which way to go."""

    def loss(trial: optimist.Trial) -> float:
        return abs(SIZES.index(trial.suggest_categorical("size", SIZES, ordered=ordered)) - 13) / 10 + abs(
            trial.suggest_float("x", -1, 1)
        )

    return loss


def test_they_are_numbers_to_the_models() -> None:
    assert not encoding_of(ORDERED).is_categorical.any()
    assert encoding_of(ORDERED, one_hot=True).n_columns == 1
    assert domain_of(ORDERED, frozenset()).f == 1
    box = box_of(ORDERED)
    assert box.axes.cells.tolist() == [20.0]
    assert not len(box.axes.n_choices)
    values = np.array([[0.0, 7.0, 19.0]])
    assert [box.values(point)["size"] for point in box.points(values).T] == [0, 7, 19]


def test_features_of_the_gaussian_process_are_evenly_spaced() -> None:
    domain = domain_of(ORDERED, frozenset())
    points = domain.encoding.encode({"size": np.arange(20)})
    features = domain.features(points, np.ones((20, 1), np.bool_))
    np.testing.assert_allclose(features[:, 0], np.linspace(0, 1, 20), atol=1e-12)


@pytest.mark.parametrize(
    "make", [lambda seed: TPESampler(seed=seed), lambda seed: GPSampler(seed=seed)], ids=["TPE", "GP"]
)
def test_knowing_the_order_helps(make: Callable[[int], BaseSampler]) -> None:
    totals = {}
    for ordered in (False, True):
        best = []
        for seed in range(4):
            study = optimist.create_study(sampler=make(seed))
            study.optimize(objective(ordered), n_trials=22)
            best.append(study.best_value)
        totals[ordered] = sum(best)
    assert totals[True] < totals[False]


def test_cma_es_searches_them() -> None:
    study = optimist.create_study(sampler=CmaEsSampler(seed=0, warn_independent_sampling=False))
    study.optimize(objective(ordered=True), n_trials=5)
    space = study.sampler.infer_relative_search_space(study, study.trials[-1])
    assert set(space) == {"size", "x"}
    study.optimize(objective(ordered=True), n_trials=60)
    assert study.best_value < 0.2


@pytest.mark.parametrize("sampler", [RandomSampler, QMCSampler, TPESampler])
def test_what_is_random_stays_the_same(sampler: type) -> None:
    studies = [optimist.create_study(sampler=sampler(seed=1)) for _ in range(2)]
    for study, ordered in zip(studies, (False, True), strict=True):
        study.optimize(objective(ordered), n_trials=10)
    assert [t.params for t in studies[0].trials] == [t.params for t in studies[1].trials]


@pytest.mark.parametrize(
    "make",
    [TPESampler, GPSampler, lambda seed: NSGAIISampler(seed=seed, population_size=8)],
    ids=["TPE", "GP", "NSGA-II"],
)
def test_the_order_may_be_told_later(make: Callable[..., BaseSampler]) -> None:
    study = optimist.create_study(sampler=make(seed=0))
    study.optimize(objective(ordered=False), n_trials=15)
    study.optimize(objective(ordered=True), n_trials=15)
    assert all(trial.params["size"] in SIZES for trial in study.trials)
    assert study.trials[-1].distributions["size"] == ORDERED["size"]
    assert study.trials[-1].distributions["x"] == FloatDistribution(-1, 1)


def test_fixed_trials_take_the_argument() -> None:
    assert FixedTrial({"size": "b"}).suggest_categorical("size", ["a", "b"], ordered=True) == "b"
