"""A running trial: what it suggests, what it takes, what it says of itself."""

from __future__ import annotations

import copy
import datetime
import pickle
from collections.abc import Mapping
from typing import Any

import pytest

import optimist
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import InvalidSpaceError, TrialNotFoundError
from optimist.samplers import BaseSampler, RandomSampler
from tests.unit.study.conftest import MakeStudy, states, suggest_all

# Suggestions


def test_values_are_of_the_kind_and_in_the_range(study: optimist.Study) -> None:
    for _ in range(20):
        trial = study.ask()
        x = trial.suggest_float("x", 1e-3, 10.0, log=True)
        stepped = trial.suggest_float("stepped", 0.0, 1.0, step=0.25)
        n = trial.suggest_int("n", 1, 9, step=4)
        kind = trial.suggest_categorical("kind", ["a", 1, None])
        assert type(x) is float
        assert 1e-3 <= x <= 10.0
        assert stepped in (0.0, 0.25, 0.5, 0.75, 1.0)
        assert type(n) is int
        assert n in (1, 5, 9)
        assert kind in ("a", 1, None)
        assert trial.params == {"x": x, "stepped": stepped, "n": n, "kind": kind}
        assert trial.distributions == {
            "x": FloatDistribution(1e-3, 10.0, log=True),
            "stepped": FloatDistribution(0.0, 1.0, step=0.25),
            "n": IntDistribution(1, 9, step=4),
            "kind": CategoricalDistribution(("a", 1, None)),
        }
        assert study.trials[trial.number].params == trial.params


def test_the_same_name_gives_the_same_value(study: optimist.Study) -> None:
    trial = study.ask()
    for _ in range(2):
        values = (trial.suggest_float("x", 0, 1), trial.suggest_int("n", 0, 99), trial.suggest_categorical("c", "abc"))
        assert tuple(trial.params.values()) == values
    with pytest.warns(RuntimeWarning, match="keeps the value"):
        assert trial.suggest_float("x", 0, 2) == trial.params["x"]
    with pytest.warns(RuntimeWarning, match="keeps the value"):
        assert trial.suggest_int("n", 0, 100) == trial.params["n"]
    assert trial.distributions["x"] == FloatDistribution(0, 1)


def test_a_name_keeps_its_kind_within_a_study(study: optimist.Study) -> None:
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    trial = study.ask()
    with pytest.raises(InvalidSpaceError, match="kind"):
        trial.suggest_int("x", 0, 1)
    with pytest.raises(InvalidSpaceError):
        trial.suggest_categorical("x", [0.0, 1.0])
    assert trial.suggest_float("x", 5, 6) >= 5  # the range may change


def test_choices_may_not_change_within_a_study(study: optimist.Study) -> None:
    study.optimize(lambda trial: trial.suggest_categorical("c", [1, 2]), n_trials=1)
    for other in ([1, 2, 3], [2, 1]):
        with pytest.raises(InvalidSpaceError):
            study.ask().suggest_categorical("c", other)


def test_old_names(study: optimist.Study) -> None:
    trial = study.ask()
    with pytest.warns(FutureWarning):
        trial.suggest_uniform("a", 0, 1)
    with pytest.warns(FutureWarning):
        trial.suggest_loguniform("b", 0.1, 1)
    with pytest.warns(FutureWarning):
        trial.suggest_discrete_uniform("c", 0, 1, 0.5)
    assert list(trial.distributions.values()) == [
        FloatDistribution(0, 1),
        FloatDistribution(0.1, 1, log=True),
        FloatDistribution(0, 1, step=0.5),
    ]


def test_parameters_of_one_trial_need_not_be_those_of_another(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        if trial.suggest_categorical("model", ["tree", "net"]) == "tree":
            return trial.suggest_int("depth", 1, 9)
        return trial.suggest_float("rate", 0, 1) + trial.suggest_int("width", 1, 9)

    study.optimize(objective, n_trials=20)
    for trial in study.trials:
        expected = ["model", "depth"] if trial.params["model"] == "tree" else ["model", "rate", "width"]
        assert list(trial.params) == list(trial.distributions) == expected


# Where values come from: the queue, then what the sampler pins, then the defaults, then the sampler


def test_queued_values_come_first(study: optimist.Study) -> None:
    study.enqueue_trial({"x": 0.5, "kind": None})
    trial = study.ask()
    suggest_all(trial)
    assert trial.params["x"] == 0.5
    assert trial.params["kind"] is None
    assert 1 <= trial.params["n"] <= 9


def test_a_queued_value_outside_the_range_is_used_with_a_warning(study: optimist.Study) -> None:
    study.enqueue_trial({"x": 7.0, "n": 50})
    trial = study.ask()
    with pytest.warns(UserWarning, match=r"7\.0 is used"):
        assert trial.suggest_float("x", 0, 1) == 7.0
    with pytest.warns(UserWarning, match="50 is used"):
        assert trial.suggest_int("n", 0, 9) == 50


def test_a_queued_choice_that_is_not_fails_the_trial(study: optimist.Study) -> None:
    study.enqueue_trial({"kind": "z"})
    study.optimize(suggest_all, n_trials=1, catch=ValueError)
    assert states(study) == ["FAIL"]


def test_the_first_trial_tries_the_defaults(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        return (
            trial.suggest_float("x", 0, 1, default=0.25)
            + trial.suggest_int("n", 0, 9, default=3)
            + (trial.suggest_categorical("c", ["a", None], default=None) is None)
            + trial.suggest_float("free", 0, 1)
        )

    study.optimize(objective, n_trials=3)
    first, *others = study.trials
    assert {name: first.params[name] for name in ("x", "n", "c")} == {"x": 0.25, "n": 3, "c": None}
    assert all(trial.params["x"] != 0.25 for trial in others)
    assert study.default_trial == first


def test_a_default_outside_the_range(study: optimist.Study) -> None:
    with pytest.raises(InvalidSpaceError, match="recommended"):
        study.ask().suggest_float("x", 0, 1, default=2)
    with pytest.raises(InvalidSpaceError, match="recommended"):
        study.ask().suggest_categorical("c", ["a", "b"], default="z")


class HookSampler(BaseSampler):
    """A sampler that knows nothing but the public hooks, as third parties write them."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, BaseDistribution]:
        self.calls.append("space")
        return {"x": FloatDistribution(-1, 1), "kind": CategoricalDistribution(["a", "b", None])}

    def sample_relative(self, study: Any, trial: Any, search_space: Mapping[str, BaseDistribution]) -> dict[str, Any]:
        self.calls.append("relative")
        return {"x": 0.5, "kind": None}

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        self.calls.append(f"alone:{param_name}")
        return param_distribution.low

    def before_trial(self, study: Any, trial: Any) -> None:
        self.calls.append("before")

    def after_trial(self, study: Any, trial: Any, state: Any, values: Any) -> None:
        self.calls.append(f"after:{state.name}:{values}:{sorted(trial.params)}")


def test_samplers_that_know_only_the_public_hooks(make_study: MakeStudy) -> None:
    sampler = HookSampler()
    study = make_study(sampler=sampler)
    study.optimize(suggest_all, n_trials=1)
    assert study.trials[0].params == {"x": 0.5, "n": 1, "kind": None}
    assert sampler.calls == ["before", "space", "relative", "alone:n", "after:COMPLETE:[1.25]:['kind', 'n', 'x']"]


@pytest.mark.parametrize("hook", ["before_trial", "infer_relative_search_space", "sample_relative"])
def test_a_sampler_that_fails_before_the_trial_fails_the_trial(make_study: MakeStudy, hook: str) -> None:
    sampler = HookSampler()

    def fail(*_: Any) -> None:
        raise RuntimeError("no idea")

    setattr(sampler, hook, fail)
    study = make_study(sampler=sampler)
    with pytest.raises(RuntimeError, match="no idea"):
        study.ask()
    with pytest.raises(RuntimeError, match="no idea"):
        study.optimize(suggest_all, n_trials=1, catch=(RuntimeError,))
    assert states(study) == ["FAIL", "FAIL"]


def test_a_sampler_that_fails_after_the_trial(make_study: MakeStudy) -> None:
    sampler = HookSampler()

    def fail(*_: Any) -> None:
        raise RuntimeError("no idea")

    sampler.after_trial = fail  # type: ignore[method-assign]
    study = make_study(sampler=sampler)
    with pytest.raises(RuntimeError, match="no idea"):
        study.optimize(suggest_all, n_trials=1)
    assert states(study) == ["COMPLETE"]


def test_fixed_distributions(study: optimist.Study) -> None:
    space: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1), "c": CategoricalDistribution((1, 2))}
    trial = study.ask(space)
    assert list(trial.params) == ["x", "c"]
    assert trial.distributions == space
    assert trial.suggest_float("x", 0, 1) == trial.params["x"]
    with pytest.raises(InvalidSpaceError):
        study.ask({"x": IntDistribution(0, 1)})
    assert states(study) == ["RUNNING", "FAIL"]


# Reports and notes


def test_reports(study: optimist.Study) -> None:
    trial = study.ask()
    trial.report(3, 2)
    trial.report(1.5, step=0)
    with pytest.warns(UserWarning, match="step 2 before"):
        trial.report(9.0, 2)
    assert study.trials[0].intermediate_values == {0: 1.5, 2: 3.0}
    assert study.trials[0].last_step == 2
    assert trial.should_prune() is False


def test_no_reports_for_several_objectives(make_study: MakeStudy) -> None:
    trial = make_study(directions=["minimize", "minimize"]).ask()
    with pytest.raises(NotImplementedError):
        trial.report(1.0, 0)
    with pytest.raises(NotImplementedError):
        trial.should_prune()


def test_attributes_and_constraints(study: optimist.Study) -> None:
    trial = study.ask()
    trial.set_user_attr("note", {"a": [1, None, "b"]})
    trial.set_user_attr("note", "later")
    trial.set_constraint("memory", 1)
    trial.set_constraint("time", -0.5)
    assert trial.user_attrs == {"note": "later"}
    assert trial.constraints == {"memory": 1.0, "time": -0.5}
    frozen = study.trials[0]
    assert (frozen.user_attrs, frozen.constraints) == (trial.user_attrs, trial.constraints)
    trial.user_attrs["note"] = "changed"
    assert trial.user_attrs == {"note": "later"}


def test_what_it_says_of_itself(study: optimist.Study) -> None:
    before = datetime.datetime.now()  # noqa: DTZ005  trials have local times
    trial = study.ask()
    assert trial.datetime_start is not None
    assert datetime.timedelta(0) <= trial.datetime_start - before < datetime.timedelta(seconds=10)
    assert trial.number == 0
    assert trial.relative_params == {}
    assert study.ask().number == 1


# Elsewhere


def test_by_id(study: optimist.Study) -> None:
    first = study.ask()
    x = first.suggest_float("x", 0, 1)
    again = optimist.Trial(study, first._trial_id)
    assert again.number == first.number
    assert again.suggest_float("x", 0, 1) == x
    study.tell(again, x)
    with pytest.raises(TrialNotFoundError):
        optimist.Trial(study, first._trial_id)


@pytest.mark.parametrize(
    "how", [lambda trial: pickle.loads(pickle.dumps(trial)), copy.deepcopy], ids=["pickle", "copy"]
)
def test_a_copy_goes_on_with_the_trial(make_study: MakeStudy, how: Any) -> None:
    study = make_study()
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.report(1.0, 0)
    twin = how(trial)
    assert twin.suggest_float("x", 0, 1) == x
    y = twin.suggest_float("y", 0, 1)
    twin.report(2.0, 1)
    twin.set_user_attr("a", 1)
    twin.study.tell(twin, 3.0)
    (finished,) = twin.study.trials
    assert (finished.params, finished.value) == ({"x": x, "y": y}, 3.0)
    assert (finished.intermediate_values, finished.user_attrs) == ({0: 1.0, 1: 2.0}, {"a": 1})
    with pytest.raises(TrialNotFoundError):
        pickle.loads(pickle.dumps(twin))


def test_random_trials_of_a_seed_do_not_depend_on_who_asks(make_study: MakeStudy) -> None:
    values = []
    for name in ("a", "b"):
        study = make_study(study_name=name, sampler=RandomSampler(seed=3))
        study.optimize(suggest_all, n_trials=2)
        other = make_study(study_name=name, sampler=RandomSampler(seed=3), load_if_exists=True)
        other.optimize(suggest_all, n_trials=2)
        values.append([trial.params for trial in other.trials])
    assert values[0] == values[1]
    assert len({repr(params) for params in values[0]}) == 4


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (("suggest_float", 0, 1), ("suggest_float", 0, 2)),
        (("suggest_int", 0, 1), ("suggest_int", 0, 2)),
    ],
)
def test_warnings_point_at_the_objective(first: tuple[Any, ...], again: tuple[Any, ...]) -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    study.enqueue_trial({"queued": 9})
    trial = study.ask()
    getattr(trial, first[0])("x", *first[1:])
    with pytest.warns(RuntimeWarning, match="keeps the value") as of_the_first:
        getattr(trial, again[0])("x", *again[1:])
    with pytest.warns(UserWarning, match="is not in") as of_the_queue:
        getattr(trial, again[0])("queued", *again[1:])
    assert [warning.filename for warning in (*of_the_first, *of_the_queue)] == [__file__] * 2
