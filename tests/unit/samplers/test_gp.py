"""GPSampler: what it proposes, by the trials it has seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import optimist
from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.history.records import FrozenTrial, create_trial
from optimist.samplers import BaseSampler, GPSampler, RandomSampler
from optimist.study.study import Study
from optimist.trial import Trial

XY = {"x": FloatDistribution(-5, 5), "y": FloatDistribution(-5, 5)}


def run(objective: Callable[[Trial], Any], n_trials: int, seed: int = 0, **options: Any) -> Study:
    catch = options.pop("catch", ())
    study_options = {key: options.pop(key) for key in ("direction", "directions") if key in options}
    study = optimist.create_study(sampler=GPSampler(seed=seed, **options), **study_options)
    study.optimize(objective, n_trials=n_trials, catch=catch)
    return study


def bowl(trial: Trial) -> float:
    return (trial.suggest_float("x", -5, 5) - 1.3) ** 2 + (trial.suggest_float("y", -5, 5) + 2.1) ** 2


def after(study: Study, n: int) -> list[FrozenTrial]:
    return study.trials[n:]


# Before the model


def test_the_first_trial_is_in_the_middle() -> None:
    def mixed(trial: Trial) -> float:
        trial.suggest_float("rate", 1e-4, 1.0, log=True)
        trial.suggest_int("n", 0, 10)
        trial.suggest_categorical("kind", ["a", "b", "c"])
        return trial.suggest_float("x", -5, 5)

    params = [run(mixed, 1, seed).trials[0].params for seed in range(8)]
    assert {(round(p["rate"], 9), p["n"], p["x"]) for p in params} == {(0.01, 5, 0.0)}
    assert len({p["kind"] for p in params}) > 1


def test_startup_trials_share_out_ranges() -> None:
    study = run(bowl, 17, startup="full", n_startup_trials=20)
    for name in ("x", "y"):
        parts = sorted(int((trial.params[name] + 5) / 10 * 16) for trial in study.trials[1:16])
        assert len(set(parts)) == 15  # the sixteenth part belongs to the first trial, which is in the middle


def test_many_parameters_start_away_from_the_ends() -> None:
    study = run(lambda trial: sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(20)), 5)
    later = np.array([list(trial.params.values()) for trial in after(study, 1)])
    assert np.abs(later - 0.5).max() <= 0.25


@pytest.mark.parametrize(("options", "n"), [({}, 5), ({"startup": "full"}, 10), ({"n_startup_trials": 3}, 3)])
def test_when_the_model_begins(options: dict[str, Any], n: int) -> None:
    study, random = run(bowl, n + 1, **options), run(bowl, n + 1, n_startup_trials=50, startup="full")
    same = [a.params == b.params for a, b in zip(study.trials, random.trials, strict=True)]
    assert same == [True] * n + [False]


def test_the_model_begins_at_once_where_it_can() -> None:
    assert run(bowl, 12, n_startup_trials=0).best_value < 0.5


# With the model


@pytest.mark.parametrize("deterministic", [False, True])
def test_a_bowl(deterministic: bool) -> None:
    assert run(bowl, 25, deterministic_objective=deterministic).best_value < 1e-3


def test_maximising() -> None:
    assert run(lambda trial: -bowl(trial), 25, direction="maximize").best_value > -1e-3


def test_noise_is_seen_through() -> None:
    rng = np.random.default_rng(0)
    study = run(lambda trial: bowl(trial) + rng.normal(), 50)
    latest = np.median([[trial.params["x"], trial.params["y"]] for trial in after(study, 35)], axis=0)
    np.testing.assert_allclose(latest, [1.3, -2.1], atol=0.8)


def test_integers_steps_and_choices() -> None:
    def mixed(trial: Trial) -> float:
        n, kind = trial.suggest_int("n", 0, 100), trial.suggest_categorical("kind", ["a", "b", "c", "d"])
        x, w = trial.suggest_float("x", 0, 1, step=0.05), trial.suggest_int("w", 1, 512, log=True)
        return abs(n - 71) / 20 + (kind != "c") + abs(x - 0.65) + abs(math.log2(w / 64))

    study = run(mixed, 45)
    assert study.best_value < 0.2
    assert study.best_params["kind"] == "c"


def test_the_best_branch_is_found() -> None:
    def branches(trial: Trial) -> float:
        if trial.suggest_categorical("kind", ["line", "curve"]) == "line":
            return 1.0 + abs(trial.suggest_float("slope", -3, 3) - 1)
        return (trial.suggest_float("bend", 0, 4) - 2.7) ** 2 + abs(trial.suggest_int("degree", 1, 9) - 7) / 4

    assert run(branches, 30).best_value < 0.05


def test_no_point_comes_twice_where_branches_are_finite() -> None:
    def branches(trial: Trial) -> float:
        if trial.suggest_categorical("kind", ["small", "large"]) == "small":
            return 0.01 * trial.suggest_int("n", 0, 9)
        return 5.0 + trial.suggest_float("x", 0, 1)

    points = [repr(trial.params) for trial in after(run(branches, 20), 5)]
    assert len(set(points)) == len(points)
    again = [repr(trial.params) for trial in after(run(branches, 20, duplicates="repeat"), 5)]
    assert len(set(again)) < len(again)


def test_constraints_are_met() -> None:
    def constrained(trial: Trial) -> float:
        value = bowl(trial)
        trial.set_constraint("sum", 1.0 - trial.params["x"] - trial.params["y"])  # best at (2.2, -1.2)
        return value

    study = run(constrained, 35)
    assert study.best_value == pytest.approx(1.62, abs=0.1)


def test_where_trials_fail_is_left_alone() -> None:
    def brittle(trial: Trial) -> float:
        value = bowl(trial)
        if trial.params["x"] > 1.0:
            raise ValueError(value)
        return value

    study = run(brittle, 35, catch=ValueError)
    assert study.best_value < 0.15
    assert sum(trial.params["x"] > 1.0 for trial in after(study, 20)) <= 7


def test_pruned_trials_teach_as_well() -> None:
    def pruned(trial: Trial) -> float:
        value = bowl(trial)
        trial.report(value, 1)
        if value > 4.0:
            raise optimist.TrialPruned
        return value

    assert run(pruned, 30).best_value < 0.01


@pytest.mark.parametrize("n_objectives", [2, 3])
def test_several_objectives(n_objectives: int) -> None:
    corners = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])[:n_objectives]

    def distances(trial: Trial) -> list[float]:
        point = np.array([trial.suggest_float("x", -5, 5), trial.suggest_float("y", -5, 5)])
        return np.linalg.norm(corners - point, axis=1).tolist()

    study = run(distances, 30, directions=["minimize"] * n_objectives)
    values = np.array([trial.values for trial in after(study, 10)])
    assert np.mean(values.sum(axis=1) < 3.6 + 3.9 * (n_objectives - 2)) > 0.7
    for k in range(n_objectives):
        assert values[:, k].min() < (0.5 if n_objectives == 2 else 3.0)


def test_running_trials_keep_apart() -> None:
    study = run(bowl, 8)
    trials = [study.ask(dict(XY)) for _ in range(6)]
    points = np.array([[trial.params["x"], trial.params["y"]] for trial in trials])
    distances = np.linalg.norm(points[:, None] - points, axis=2) + 10 * np.eye(6)
    assert distances.min() > 1e-3


def test_a_range_that_depends_on_another_value() -> None:
    def dependent(trial: Trial) -> float:
        low = trial.suggest_int("low", 0, 20)
        return abs(low - 12) + abs(trial.suggest_int("high", low, 40) - 23)

    assert run(dependent, 40).best_value <= 3


def test_a_long_history_costs_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    study = optimist.create_study(sampler=GPSampler(seed=0))
    study.add_trials(
        [
            create_trial(value=(x - 1.3) ** 2 + (y + 2.1) ** 2, params={"x": x, "y": y}, distributions=dict(XY))
            for x, y in rng.uniform(-5, 5, (600, 2)).tolist()
        ]
    )
    sizes = []
    factor = optimist.samplers.gp.surrogate.Factor

    class Counted(factor):  # type: ignore[misc, valid-type]
        def extended(self, x: Any) -> Any:
            found = super().extended(x)
            sizes.append(len(found.x))
            return found

    monkeypatch.setattr(optimist.samplers.gp.surrogate, "Factor", Counted)
    study.optimize(bowl, n_trials=3)
    assert max(sizes) <= 224 + 32
    assert min(trial.value for trial in after(study, 600)) < 0.01


# Other samplers, and arguments


class Fixed(BaseSampler):
    """Proposes the lower end, with nothing but Optuna's hooks."""

    def infer_relative_search_space(self, study: Any, trial: FrozenTrial) -> dict[str, Any]:
        return {}

    def sample_relative(self, study: Any, trial: FrozenTrial, search_space: dict[str, Any]) -> dict[str, Any]:
        return {}

    def sample_independent(self, study: Any, trial: FrozenTrial, param_name: str, param_distribution: Any) -> Any:
        if isinstance(param_distribution, CategoricalDistribution):
            return param_distribution.choices[0]
        assert isinstance(param_distribution, (FloatDistribution, IntDistribution))
        return param_distribution.low


def test_an_independent_sampler_proposes_what_the_model_does_not_know(caplog: pytest.LogCaptureFixture) -> None:
    def growing(trial: Trial) -> float:
        value = bowl(trial)
        return value + trial.suggest_int("new", 3, 9) if trial.number == 6 else value

    optimist.logging.enable_propagation()
    study = run(growing, 7, independent_sampler=Fixed())
    assert [trial.params["x"] for trial in study.trials[:5]] == [-5.0] * 5
    assert study.trials[5].params["x"] != -5.0
    assert study.trials[6].params["new"] == 3
    assert "leaves 'new' to" in caplog.text
    caplog.clear()
    run(growing, 7, independent_sampler=RandomSampler(seed=1), warn_independent_sampling=False)
    assert "leaves 'new' to" not in caplog.text


def test_reseeding_and_seeds_of_an_independent_sampler() -> None:
    assert GPSampler(seed=1).is_seeded
    assert not GPSampler().is_seeded
    sampler = GPSampler(seed=1, independent_sampler=RandomSampler())
    assert not sampler.is_seeded
    sampler.reseed_rng()


def test_constraints_func_is_deprecated_and_works() -> None:
    with pytest.warns(FutureWarning, match="set_constraint"):
        sampler = GPSampler(seed=0, constraints_func=lambda trial: [trial.params["x"]])
    study = optimist.create_study(sampler=sampler)
    study.optimize(bowl, n_trials=15)
    assert study.trials[3].constraints == {"0": study.trials[3].params["x"]}
    assert study.best_params["x"] <= 0.0


@pytest.mark.parametrize("options", [{"duplicates": "no"}, {"startup": "long"}, {"n_startup_trials": -1}])
def test_wrong_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        GPSampler(**options)


def test_fixed_parameters_are_part_of_the_model() -> None:
    sampler = optimist.samplers.PartialFixedSampler({"x": 3.0}, GPSampler(seed=0))
    study = optimist.create_study(sampler=sampler)
    study.optimize(lambda trial: bowl(trial) + trial.params["x"] * trial.params["y"], n_trials=20)
    assert {trial.params["x"] for trial in study.trials} == {3.0}
    assert study.best_params["y"] == pytest.approx(-3.6, abs=0.1)
