"""TPE: which trials count as good, what each option changes, and that the cost of a proposal is bounded."""

from __future__ import annotations

import logging
import math
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest

import optimist
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import ExperimentalWarning
from optimist.history.attributes import LEASE_LOST_KEY, SURPLUS_KEY
from optimist.numerics.parzen import ParzenMixtures
from optimist.samplers import TPESampler
from optimist.samplers.tpe import model
from optimist.samplers.tpe.model import Settings, Split, default_weights_at, split_trials
from optimist.samplers.tpe.sampler import (
    default_gamma,
    default_weights,
    hyperopt_default_gamma,
)
from optimist.search_space.space import SearchSpace
from optimist.study import Study
from optimist.trial import Trial, TrialState, create_trial

X = FloatDistribution(0.0, 100.0)
LINE = SearchSpace({"x": X})


def add(study: Study, x: float, *values: float, state: TrialState = TrialState.COMPLETE, **rest: Any) -> None:
    study.add_trial(
        create_trial(state=state, values=list(values) or None, params={"x": x}, distributions={"x": X}, **rest)
    )


def settings_of(study: Study, **options: Any) -> Settings:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TPESampler(**options)._model_settings()


def split_of(study: Study, space: SearchSpace = LINE, **options: Any) -> Split:
    return split_trials(study.view(), space, settings_of(study, **options))


def good(split: Split) -> list[float]:
    return sorted(split.values[0, : len(split.below.weights)].tolist())


def bad(split: Split) -> list[float]:
    return sorted(split.values[0, len(split.below.weights) :].tolist())


class TestGoodTrials:
    def test_are_a_tenth_of_the_best(self) -> None:
        study = optimist.create_study()
        for i in range(30):
            add(study, i, (i - 12) ** 2)
        assert good(split_of(study)) == [11, 12, 13]
        assert bad(split_of(study)) == [i for i in range(30) if i not in (11, 12, 13)]

    def test_are_the_highest_where_values_are_maximised(self) -> None:
        study = optimist.create_study(direction="maximize")
        for i in range(20):
            add(study, i, i)
        assert good(split_of(study)) == [18, 19]

    def test_pruned_trials_come_after_complete_ones_by_how_far_they_came_and_how_well(self) -> None:
        study = optimist.create_study()
        add(study, 0, 9.0)
        add(study, 1, state=TrialState.PRUNED, intermediate_values={1: 0.0})
        add(study, 2, state=TrialState.PRUNED, intermediate_values={1: 5.0, 2: 5.0})
        add(study, 3, state=TrialState.PRUNED, intermediate_values={2: 4.0})
        add(study, 4, state=TrialState.PRUNED)
        for n, expected in enumerate([[0], [0, 3], [0, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3, 4]], 1):
            assert good(split_of(study, gamma=lambda _, n=n: n)) == expected

    def test_infeasible_trials_come_last_by_violation(self) -> None:
        study = optimist.create_study()
        add(study, 0, 9.0, constraints={"c": 0.0})
        add(study, 1, 0.0, constraints={"c": 2.0})
        add(study, 2, 0.0, constraints={"c": 1.0})
        add(study, 3, state=TrialState.PRUNED, constraints={"c": -1.0})
        for n, expected in enumerate([[0], [0, 3], [0, 2, 3], [0, 1, 2, 3]], 1):
            assert good(split_of(study, gamma=lambda _, n=n: n)) == expected

    def test_failed_trials_are_bad_ones(self) -> None:
        study = optimist.create_study()
        for i in range(10):
            add(study, i, i)
            add(study, 50 + i, state=TrialState.FAIL)
        split = split_of(study)
        assert good(split) == [0]
        assert bad(split) == [*range(1, 10), *range(50, 60)]
        assert split.above.weights[-10:].sum() == pytest.approx(9.0)  # as much as all others

    def test_failed_trials_of_lost_workers_are_neither(self) -> None:
        study = optimist.create_study()
        for i in range(10):
            add(study, i, i)
        add(study, 50, state=TrialState.FAIL, system_attrs={LEASE_LOST_KEY: True})
        add(study, 51, state=TrialState.FAIL, system_attrs={SURPLUS_KEY: True})
        assert bad(split_of(study)) == list(range(1, 10))

    def test_are_chosen_among_the_trials_that_have_the_parameters(self) -> None:
        study = optimist.create_study()
        y = FloatDistribution(0, 1)
        for i in range(40):
            study.add_trial(create_trial(value=0.0, params={"y": 0.5}, distributions={"y": y}))
            add(study, i, 1.0 + i)
        assert good(split_of(study)) == [0, 1, 2, 3]

    def test_with_several_objectives_are_whole_fronts_then_what_spreads_widest(self) -> None:
        study = optimist.create_study(directions=["minimize", "maximize"])
        for x, a, b in [(0, 0, 1), (1, 5, 5), (2, 9, 9), (3, 9, 1), (4, 5.1, 5.0001), (5, 9.5, 0.5)]:
            add(study, x, a, b)
        assert good(split_of(study, gamma=lambda _: 3)) == [0, 1, 2]
        assert set(good(split_of(study, gamma=lambda _: 4))) > {0, 1, 2}

    def test_with_several_objectives_infeasible_ones_come_last(self) -> None:
        study = optimist.create_study(directions=["minimize", "minimize"])
        add(study, 0, 9.0, 9.0)
        add(study, 1, 0.0, 0.0, constraints={"c": 3.0})
        add(study, 2, 1.0, 1.0, constraints={"c": 1.0})
        add(study, 3, 8.0, 8.0, constraints={"c": 0.0})
        add(study, 4, state=TrialState.PRUNED, constraints={"c": 0.0})
        # Trial 0 reported no constraint, so nobody knows that it is feasible.
        for n, expected in enumerate([[3], [3, 4], [2, 3, 4], [1, 2, 3, 4]], 1):
            assert good(split_of(study, gamma=lambda _, n=n: n)) == expected

    def test_a_user_may_want_more_of_them_than_we_keep(self) -> None:
        study = optimist.create_study(directions=["minimize", "minimize"])
        for i in range(500):
            add(study, i / 5, i, 500 - i)
        assert len(good(split_of(study))) == 25
        assert len(good(split_of(study, gamma=lambda n: n // 2))) == 250


class TestOthers:
    def test_are_thinned_beyond_a_bound_and_stand_for_all(self) -> None:
        study = optimist.create_study()
        for i in range(1000):
            add(study, i / 10, abs(i - 500))
        split = split_of(study)
        assert len(split.below.weights) == 25
        assert len(split.above.weights) == model.MAX_ABOVE
        assert split.above.n_observations == 975
        assert split.above.weights.sum() == pytest.approx(default_weights(975).sum(), rel=0.02)
        assert not set(good(split)) & set(bad(split))

    def test_up_to_the_bound_each_has_a_kernel(self) -> None:
        study = optimist.create_study()
        n = next(n for n in range(500) if n - default_gamma(n) == model.MAX_ABOVE)
        for i in range(n):
            add(study, i / 10, i)
        split = split_of(study)
        assert bad(split) == [i / 10 for i in range(default_gamma(n), n)]
        assert split.above.scale is None
        assert split.above.weights == pytest.approx(default_weights(model.MAX_ABOVE))

    def test_running_trials_are_among_them_only_as_liars(self) -> None:
        study = optimist.create_study(sampler=TPESampler(seed=0))
        for i in range(20):
            add(study, i, i)
        asked = [study.ask({"x": X}).params["x"] for _ in range(3)]
        assert set(asked) <= set(bad(split_of(study)))
        assert not set(asked) & set(bad(split_of(study, constant_liar=False)))
        assert split_of(study).above.n_observations == 21


def test_default_weights_fade_with_age() -> None:
    for n in [*range(30), 200]:
        assert default_weights_at(n, np.arange(n)) == pytest.approx(default_weights(n))
    assert default_weights(30)[[0, 4, 5, 29]] == pytest.approx([1 / 30, 1, 1, 1])
    assert len(default_weights(0)) == 0


def test_numbers_of_good_trials() -> None:
    assert [default_gamma(n) for n in (0, 1, 10, 11, 250, 9999)] == [0, 1, 1, 2, 25, 25]
    assert [hyperopt_default_gamma(n) for n in (1, 100, 10**6)] == [1, 3, 25]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (lambda n: -np.ones(n), "negative"),
        (np.zeros, "zero"),
        (lambda n: np.full(n, np.nan), "finite"),
    ],
)
def test_weights_must_be_weights(weights: Callable[[int], Any], message: str) -> None:
    study = optimist.create_study()
    for i in range(20):
        add(study, i, i)
    with pytest.raises(ValueError, match=message):
        split_of(study, weights=weights)


def test_weights_of_the_users_own() -> None:
    study = optimist.create_study()
    for i in range(20):
        add(study, i, i)
    split = split_of(study, weights=lambda n: np.arange(1.0, n + 1))
    assert split.below.weights.tolist() == [1, 2]
    assert split.above.weights.tolist() == list(range(1, 19))


class TestOptions:
    @pytest.mark.parametrize(
        "options",
        [
            {"consider_prior": True},
            {"prior_weight": 2.0},
            {"consider_magic_clip": False},
            {"consider_endpoints": True},
            {"gamma": lambda n: n // 2},
            {"weights": np.ones},
            {"warn_independent_sampling": True},
            {"constraints_func": lambda trial: (0.0,)},
        ],
        ids=lambda options: next(iter(options)),
    )
    def test_deprecated_ones_warn_and_work(self, options: dict[str, Any]) -> None:
        with pytest.warns(FutureWarning, match=next(iter(options))):
            sampler = TPESampler(seed=0, **options)
        study = optimist.create_study(sampler=sampler)
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_int("n", 1, 9), n_trials=15)
        assert len(study.trials) == 15

    def test_group_is_experimental_and_needs_multivariate(self) -> None:
        with pytest.warns(ExperimentalWarning):
            TPESampler(group=True)
        with pytest.raises(ValueError, match="multivariate"):
            TPESampler(group=True, multivariate=False)

    @pytest.mark.parametrize("options", [{"n_ei_candidates": 0}, {"duplicates": "never"}])
    def test_senseless_ones_are_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(options))):
            TPESampler(**options)

    def test_a_negative_prior_is_refused(self) -> None:
        with pytest.warns(FutureWarning), pytest.raises(ValueError, match="prior_weight"):
            TPESampler(prior_weight=-1.0)

    def test_hyperopts_arguments_are_arguments(self) -> None:
        with pytest.warns(FutureWarning):
            arguments = TPESampler.hyperopt_parameters()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert TPESampler(**arguments)._n_startup_trials == 20

    def test_multivariate_is_the_default_for_one_objective_only(self) -> None:
        one = optimist.create_study().view()
        two = optimist.create_study(directions=["minimize"] * 2).view()
        assert TPESampler()._is_multivariate(one)
        assert not TPESampler()._is_multivariate(two)
        assert TPESampler(multivariate=True)._is_multivariate(two)
        with pytest.warns(ExperimentalWarning):
            grouped = TPESampler(group=True)
        with pytest.warns(UserWarning, match="several objectives"):
            assert grouped._is_multivariate(two)

    def test_constraints_func_marks_finished_trials(self) -> None:
        with pytest.warns(FutureWarning):
            sampler = TPESampler(constraints_func=lambda trial: (trial.params["x"] - 0.5, -1.0), seed=0)
        study = optimist.create_study(sampler=sampler)
        study.optimize(lambda trial: -trial.suggest_float("x", 0, 1), n_trials=40)
        assert study.trials[0].constraints == {"0": study.trials[0].params["x"] - 0.5, "1": -1.0}
        assert 0.4 < study.best_trial.params["x"] <= 0.5

    def test_a_parameter_on_its_own_is_warned_of_on_demand(self) -> None:
        with pytest.warns(FutureWarning):
            sampler = TPESampler(seed=0, n_startup_trials=3, warn_independent_sampling=True)
        study = optimist.create_study(sampler=sampler)

        def objective(trial: Trial) -> float:
            x = trial.suggest_float("x", 0, 1)
            return x + (trial.suggest_float("sometimes", 0, 1) if trial.number % 2 == 0 else 0)

        with mock.patch.object(logging.getLogger("optimist.samplers.tpe.sampler"), "warning") as warning:
            study.optimize(objective, n_trials=6)
        assert [call.args[2] for call in warning.call_args_list] == ["sometimes"]


def conditional(trial: Trial) -> float:
    if trial.suggest_categorical("kind", ["a", "b"]) == "a":
        return (trial.suggest_float("a1", 0, 1) - 0.3) ** 2 + (trial.suggest_float("a2", 0, 1) - 0.7) ** 2
    return 0.5 + trial.suggest_int("b", 0, 10) / 10


def test_groups_are_modelled_together() -> None:
    with pytest.warns(ExperimentalWarning):
        sampler = TPESampler(group=True, seed=0)
    study = optimist.create_study(sampler=sampler)
    study.optimize(conditional, n_trials=30)
    space = sampler.relative_space(study.view())
    assert set(space) == {"kind", "a1", "a2", "b"}
    with mock.patch.object(model, "propose", wraps=model.propose) as propose:
        study.optimize(conditional, n_trials=1)
    assert {frozenset(call.args[1]) for call in propose.call_args_list} == {
        frozenset({"kind"}),
        frozenset({"a1", "a2"}),
        frozenset({"b"}),
    }


def test_conditional_parameters_are_searched_without_groups_too() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0))
    study.optimize(conditional, n_trials=60)
    assert study.best_value < 0.02


def test_bad_regions_are_left_for_good_ones() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=1))
    study.optimize(
        lambda t: (t.suggest_float("x", -10, 10) - 3) ** 2 + (t.suggest_int("n", 0, 50) - 7) ** 2, n_trials=80
    )
    late = study.trials[60:]
    assert np.median([abs(t.params["x"] - 3) for t in late]) < 1.5
    assert np.median([abs(t.params["n"] - 7) for t in late]) < 4


@pytest.mark.parametrize("multivariate", [None, True])
def test_several_objectives_reach_the_front(multivariate: bool | None) -> None:
    study = optimist.create_study(
        directions=["minimize", "maximize"], sampler=TPESampler(seed=0, multivariate=multivariate)
    )

    def objective(trial: Trial) -> tuple[float, float]:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return x + 3 * y, -((1 - x) ** 2) - 3 * y

    study.optimize(objective, n_trials=80)
    assert np.median([t.params["y"] for t in study.trials[50:]]) < 0.2


SMALL: dict[str, BaseDistribution] = {
    "n": IntDistribution(0, 4),
    "kind": CategoricalDistribution(["a", "b", "c"]),
    "step": FloatDistribution(0, 1, step=0.5),
    "only": IntDistribution(7, 7),
}


@pytest.mark.parametrize("multivariate", [True, False])
def test_no_cell_of_a_finite_space_is_proposed_twice(multivariate: bool) -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0, multivariate=multivariate))
    cells = []
    for _ in range(45):
        trial = study.ask(SMALL)
        cells.append(tuple(trial.params.values()))
        study.tell(trial, trial.params["n"] + trial.params["step"])
    assert len(set(cells[1:])) >= 44  # before the first trial is complete nobody knows the space
    assert len(set(cells)) == 45


def test_repeats_may_be_wanted() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0, duplicates="repeat"))
    study.optimize(lambda t: float(t.suggest_int("n", 0, 20)), n_trials=21)
    assert len({t.params["n"] for t in study.trials}) < 21


def test_an_exhausted_space_is_searched_on() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0))
    study.optimize(lambda t: float(t.suggest_int("n", 0, 5)), n_trials=20)
    assert {t.params["n"] for t in study.trials[:6]} == set(range(6))


def test_a_changing_range_is_followed() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0))

    def objective(trial: Trial) -> float:
        high = 1 + trial.number % 7
        x = trial.suggest_float("x", 0, high)
        assert 0 <= x <= high
        return x

    study.optimize(objective, n_trials=40)


def test_proposals_depend_on_seed_and_history_alone() -> None:
    def params_of(seed: int) -> list[dict[str, Any]]:
        study = optimist.create_study(sampler=TPESampler(seed=seed))
        study.optimize(conditional, n_trials=25)
        return [t.params for t in study.trials]

    assert params_of(3) == params_of(3)
    assert params_of(3) != params_of(4)


def test_a_pickled_sampler_goes_on_as_the_first() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=5))
    study.optimize(conditional, n_trials=20)
    there = pickle.loads(pickle.dumps(study))
    assert (
        there.ask({"kind": CategoricalDistribution(["a", "b"])}).params
        == study.ask({"kind": CategoricalDistribution(["a", "b"])}).params
    )


def test_what_optunas_hooks_say() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0))
    study.optimize(conditional, n_trials=20)
    trial = study.trials[-1]
    for multivariate, expected in ((None, {"kind"}), (False, set())):
        sampler = TPESampler(seed=0, multivariate=multivariate)
        assert set(sampler.infer_relative_search_space(study, trial)) == expected
    space: dict[str, BaseDistribution] = {"kind": CategoricalDistribution(["a", "b"])}
    assert TPESampler(seed=0).sample_relative(study, trial, space)["kind"] in ("a", "b")
    assert TPESampler(seed=0, n_startup_trials=99).sample_relative(study, trial, space) == {}
    assert 0 <= TPESampler(seed=0).sample_independent(study, trial, "a1", FloatDistribution(0, 1)) <= 1


def test_the_number_of_kernels_is_bounded() -> None:
    study = optimist.create_study(sampler=TPESampler(seed=0))
    for i in range(600):
        add(study, 50 + 40 * math.sin(i), math.cos(i))
    sizes = []
    made = ParzenMixtures.__init__

    def count(self: Any, axes: Any, points: Any, *rest: Any) -> None:
        sizes.append(points.shape[1])
        made(self, axes, points, *rest)

    with mock.patch.object(ParzenMixtures, "__init__", count):
        study.ask({"x": X})
    assert sizes == [25 + model.MAX_ABOVE]


def test_scipy_is_not_loaded_before_the_model_is_used() -> None:
    program = """
import sys, optimist
optimist.logging.set_verbosity(optimist.logging.WARNING)
study = optimist.create_study(sampler=optimist.samplers.TPESampler(n_startup_trials=4))
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=4)
assert "scipy" not in sys.modules
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
assert "scipy" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
