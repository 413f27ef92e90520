"""Recommended values as priors: what they do to proposals, how they fade, and that a wrong one is found out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import optimist
from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.history.attributes import CONFIDENCE_KEY, DEFAULTS_KEY
from optimist.samplers import AutoSampler, BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optimist.samplers.advice import BETA, FORGOTTEN_AFTER, Advice, advise
from optimist.search_space.space import SearchSpace
from optimist.study import Study
from optimist.trial import FixedTrial, create_trial

SPACE = SearchSpace(
    {"x": FloatDistribution(0, 1), "n": IntDistribution(1, 100, log=True), "kind": CategoricalDistribution(["a", "b"])}
)


def advised_study(*losses: float, default_loss: float | None = None, **confidence: float) -> Study:
    """A study that knows defaults, with trials of these losses; perhaps one that tried the defaults."""
    study = optimist.create_study()
    study.set_system_attr(DEFAULTS_KEY, {"x": 0.7, "n": 10, "kind": "b"})
    study.set_system_attr(CONFIDENCE_KEY, confidence)
    at = {"x": 0.7, "n": 10, "kind": "b"}
    if default_loss is not None:
        study.add_trial(
            create_trial(value=default_loss, params=at, distributions=dict(SPACE), system_attrs={DEFAULTS_KEY: True})
        )
    for i, loss in enumerate(losses):
        params = {"x": (0.05 + 0.37 * i) % 1, "n": 1 + i % 100, "kind": "a"}
        study.add_trial(create_trial(value=loss, params=params, distributions=dict(SPACE)))
    return study


def advice_of(study: Study) -> Advice:
    advice = advise(study.view(), SPACE)
    assert advice is not None
    return advice


def test_it_is_largest_at_the_recommended_values() -> None:
    advice = advice_of(advised_study(1.0, 2.0, 3.0, default_loss=0.0))
    log_n = (np.log(10.5) - np.log(0.5)) / (np.log(100.5) - np.log(0.5))
    best = np.array([[0.7, log_n, 0.75]])
    others = np.random.default_rng(0).random((200, 3))
    assert advice.log_prior(best)[0] > advice.log_prior(others).max() - 0.02


def test_it_fades_and_confidence_makes_it_sharper() -> None:
    strengths = [advice_of(advised_study(*[1.0] * n, default_loss=0.0)).strengths[0] for n in (9, 99)]
    assert strengths == pytest.approx([BETA / 10, BETA / 100])
    span = [
        np.ptp(advice_of(advised_study(1.0, 2.0, default_loss=0.0, x=sure)).log_prior(np.array([[0.7, 0.5, 0.75], [0.0, 0.5, 0.75]])))
        for sure in (0.25, 0.5, 0.9)
    ]  # fmt: skip
    assert span == sorted(span)
    assert advise(advised_study(1.0, x=0.0, n=0.0, kind=0.0).view(), SPACE) is None


def test_a_default_that_others_beat_says_nothing_any_more() -> None:
    assert advise(advised_study(1.0, 2.0, 3.0, 4.0, default_loss=2.5).view(), SPACE) is None
    half = advice_of(advised_study(1.0, 3.0, 4.0, 5.0, default_loss=2.5))
    assert half.strengths[0] == pytest.approx(0.5 * BETA / 5)


def test_it_is_forgotten_after_many_trials() -> None:
    """So that a proposal does not judge it by more and more of them."""
    assert advise(advised_study(*[1.0] * (FORGOTTEN_AFTER - 1), default_loss=0.0).view(), SPACE) is not None
    assert advise(advised_study(*[1.0] * FORGOTTEN_AFTER, default_loss=0.0).view(), SPACE) is None


def test_values_out_of_range_say_nothing() -> None:
    moved = SearchSpace({"x": FloatDistribution(2, 3), "kind": CategoricalDistribution(["c", "d"])})
    assert advise(advised_study(1.0, default_loss=0.0).view(), moved) is None


def test_draws_are_values_of_the_space() -> None:
    advice = advice_of(advised_study(1.0, default_loss=0.0, x=1.0, n=1.0, kind=1.0))
    rng = np.random.default_rng(0)
    drawn = [advice.draw(rng) for _ in range(100)]
    assert all(SPACE[name]._contains(value) for values in drawn for name, value in values.items())
    assert np.median([values["x"] for values in drawn]) == pytest.approx(0.7, abs=0.05)
    assert sum(values["kind"] == 1 for values in drawn) > 80


# In a study


def objective(best: float, default: float | None, confidence: Any = None) -> Callable[[optimist.Trial], float]:
    extra: dict[str, Any] = {} if default is None else {"default": default, "confidence": confidence}

    def loss(trial: optimist.Trial) -> float:
        values = [trial.suggest_float(f"x{i}", 0, 1, **extra) for i in range(4)]
        return sum((x - best) ** 2 for x in values) + 0.1 * (
            trial.suggest_categorical("kind", ["a", "b", "c"], **({} if default is None else {"default": "b"})) != "b"
        )

    return loss


@pytest.mark.parametrize("make", [TPESampler, GPSampler, AutoSampler])
def test_trials_before_and_with_the_model_go_where_the_default_is(make: Callable[..., BaseSampler]) -> None:
    near = {}
    for default in (None, 0.8):
        study = optimist.create_study(sampler=make(seed=3))
        study.optimize(objective(0.75, default, "high"), n_trials=14)
        near[default] = sum(
            float(np.mean([abs(trial.params[f"x{i}"] - 0.8) for i in range(4)])) for trial in study.trials[1:]
        )
    assert near[0.8] < near[None]


@pytest.mark.parametrize("make", [TPESampler, GPSampler])
def test_a_wrong_default_is_overcome(make: Callable[..., BaseSampler]) -> None:
    study = optimist.create_study(sampler=make(seed=0))
    study.optimize(objective(0.2, 0.95, "high"), n_trials=40)
    assert study.best_value < 0.08


@pytest.mark.parametrize("make", [TPESampler, GPSampler])
def test_the_same_seed_gives_the_same_study(make: Callable[..., BaseSampler]) -> None:
    studies = [optimist.create_study(sampler=make(seed=4)) for _ in range(2)]
    for study, parts in zip(studies, ([16], [5, 4, 7]), strict=True):
        for n in parts:
            study.sampler = make(seed=4)
            study.optimize(objective(0.3, 0.5), n_trials=n)
    assert [t.params for t in studies[0].trials] == [t.params for t in studies[1].trials]


def test_the_deterministic_mode_knows_values_and_confidence() -> None:
    studies = [optimist.create_study(sampler=TPESampler(seed=4)) for _ in range(2)]
    for study, n_jobs in zip(studies, (1, 3), strict=True):
        study.optimize(objective(0.3, 0.5, "high"), n_trials=20, n_jobs=n_jobs, deterministic=3)
    assert [t.params for t in studies[0].trials] == [t.params for t in studies[1].trials]


@pytest.mark.parametrize(
    "make",
    [RandomSampler, lambda seed: NSGAIISampler(seed=seed, population_size=5), lambda seed: TPESampler(seed=seed, group=False, multivariate=False)],
    ids=["random", "NSGA-II", "TPE parameter by parameter"],
)  # fmt: skip
def test_every_sampler_takes_defaults(make: Callable[..., BaseSampler]) -> None:
    study = optimist.create_study(sampler=make(seed=0))
    study.optimize(objective(0.3, 0.5), n_trials=16)
    assert study.trials[0].params == {**{f"x{i}": 0.5 for i in range(4)}, "kind": "b"}


def test_conditional_parameters_keep_their_own_defaults() -> None:
    def branches(trial: optimist.Trial) -> float:
        if trial.suggest_categorical("kind", ["tree", "net"], default="net", confidence=0.9) == "net":
            return abs(trial.suggest_int("width", 1, 64, log=True, default=16) - 20)
        return 30.0 + trial.suggest_int("depth", 1, 9, default=3)

    for sampler in (TPESampler(seed=0), GPSampler(seed=0)):
        study = optimist.create_study(sampler=sampler)
        study.optimize(branches, n_trials=25)
        assert study.best_value < 8


# What users write


def test_confidence_is_a_level_or_a_number_from_0_to_1() -> None:
    study = optimist.create_study()
    trial = study.ask()
    trial.suggest_float("x", 0, 1, default=0.5, confidence="high")
    trial.suggest_int("n", 0, 9, default=5, confidence=1)
    trial.suggest_categorical("kind", ["a", "b"], default="a", confidence=0.125)
    study.tell(trial, 0.0)
    assert study.view().system_attrs[CONFIDENCE_KEY] == {"x": 0.9, "n": 1.0, "kind": 0.125}
    for wrong in ("sure", 1.5, -0.1, True, [1]):
        with pytest.raises(ValueError, match="number from 0 to 1"):
            study.ask().suggest_float("x", 0, 1, default=0.5, confidence=wrong)
    with pytest.raises(ValueError, match="Give default= as well"):
        study.ask().suggest_categorical("kind", ["a", "b"], confidence=0.5)


def test_fixed_trials_take_it() -> None:
    assert FixedTrial({"x": 0.1}).suggest_float("x", 0, 1, default=0.5, confidence="low") == 0.1
