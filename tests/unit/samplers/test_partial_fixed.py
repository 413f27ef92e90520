"""PartialFixedSampler: fixed values around any sampler, ours or a foreign one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import optimist
from optimist.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optimist.samplers import BaseSampler, PartialFixedSampler, RandomSampler
from optimist.trial import FrozenTrial, Trial, TrialState


def objective(trial: Trial) -> float:
    return trial.suggest_float("x", -1, 1) + trial.suggest_int("y", 0, 9) + trial.suggest_float("z", 1, 2)


class Listening(BaseSampler):
    """A sampler that uses Optuna's public hooks only, and writes down how it is called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.has_reseeded = False

    def reseed_rng(self) -> None:
        self.has_reseeded = True

    def infer_relative_search_space(self, study: Any, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {"x": FloatDistribution(-1, 1), "y": IntDistribution(0, 9)}

    def sample_relative(
        self, study: Any, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        self.calls.append(f"relative {','.join(search_space)}")
        return {name: value for name, value in {"x": 0.5, "y": 5}.items() if name in search_space}

    def sample_independent(
        self, study: Any, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        self.calls.append(f"independent {param_name}")
        return 1.5

    def before_trial(self, study: Any, trial: FrozenTrial) -> None:
        self.calls.append("before")

    def after_trial(self, study: Any, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        self.calls.append(f"after {state.name}")


def test_fixed_values_and_the_base_sampler_for_the_rest() -> None:
    base = Listening()
    study = optimist.create_study(sampler=PartialFixedSampler({"y": 7}, base))
    study.optimize(objective, n_trials=1)
    assert study.trials[0].params == {"x": 0.5, "y": 7, "z": 1.5}
    assert base.calls == ["before", "relative x", "independent z", "after COMPLETE"]


def test_the_base_sampler_draws_what_it_would_without() -> None:
    params = []
    for sampler in (RandomSampler(1), PartialFixedSampler({"y": 7}, RandomSampler(1))):
        study = optimist.create_study(sampler=sampler)
        study.optimize(objective, n_trials=5)
        params.append([{**trial.params, "y": 7} for trial in study.trials])
    assert params[0] == params[1]


def test_the_queue_comes_first_then_fixed_values_then_defaults() -> None:
    def recommending(trial: Trial) -> float:
        trial.suggest_int("x", 0, 9, default=3)
        trial.suggest_int("y", 0, 9, default=3)
        trial.suggest_int("z", 0, 9, default=3)
        return 0.0

    study = optimist.create_study(sampler=PartialFixedSampler({"x": 7, "y": 7}, RandomSampler(1)))
    study.enqueue_trial({"x": 5})
    study.optimize(recommending, n_trials=2)
    assert [trial.params for trial in study.trials] == [{"x": 5, "y": 7, "z": 3}, {"x": 7, "y": 7, "z": 3}]


def test_a_value_outside_its_range_is_used_with_a_warning() -> None:
    study = optimist.create_study(sampler=PartialFixedSampler({"y": 20}, RandomSampler(1)))
    with pytest.warns(UserWarning, match="'y'.*20"):
        assert study.ask().suggest_int("y", 0, 9) == 20


def test_nested_fixing_adds_up_and_the_outer_one_wins() -> None:
    inner = PartialFixedSampler({"x": 0.25, "y": 1}, RandomSampler(1))
    study = optimist.create_study(sampler=PartialFixedSampler({"y": 2}, inner))
    study.optimize(objective, n_trials=1)
    assert study.trials[0].params["x"] == 0.25
    assert study.trials[0].params["y"] == 2


def test_parameters_that_are_never_asked_for_do_no_harm() -> None:
    study = optimist.create_study(sampler=PartialFixedSampler({"unknown": 1}, RandomSampler(1)))
    study.optimize(objective, n_trials=2)
    assert "unknown" not in study.trials[0].params


def test_by_hand_it_answers_for_fixed_parameters() -> None:
    base = Listening()
    sampler = PartialFixedSampler({"y": 7}, base)
    study = optimist.create_study(sampler=sampler)
    study.ask()
    frozen = study.get_trials()[0]
    assert list(sampler.infer_relative_search_space(study, frozen)) == ["x"]
    assert sampler.sample_independent(study, frozen, "y", IntDistribution(0, 9)) == 7
    assert sampler.sample_independent(study, frozen, "z", FloatDistribution(1, 2)) == 1.5
    with pytest.warns(UserWarning, match="the fixed value 7 is used although"):
        assert sampler.sample_independent(study, frozen, "y", IntDistribution(0, 5)) == 7


def test_reseeding_reaches_the_base_sampler() -> None:
    base = Listening()
    PartialFixedSampler({}, base).reseed_rng()
    assert base.has_reseeded


def test_its_name_says_what_is_fixed() -> None:
    assert str(PartialFixedSampler({"x": 1}, RandomSampler())) == "PartialFixedSampler(x; RandomSampler)"
