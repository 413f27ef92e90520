"""Recommended values: which trial tries them, and what the study says about them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import optimist
from optimist.samplers import PartialFixedSampler, RandomSampler
from optimist.states import TrialState
from optimist.study import Study
from optimist.trial import Trial

DEFAULTS = {"lr": 1e-2, "width": 64, "kind": "adam"}


def objective(trial: Trial) -> float:
    lr = trial.suggest_float("lr", 1e-6, 1.0, log=True, default=1e-2)
    width = trial.suggest_int("width", 16, 256, log=True, default=64)
    kind = trial.suggest_categorical("kind", ["sgd", "adam", None], default="adam")
    return lr + width + (kind == "sgd")


def failing(*numbers: int, asks_before: bool = True) -> Any:
    """The objective, but for trials of these numbers, which fail."""

    def run(trial: Trial) -> float:
        if trial.number in numbers and not asks_before:
            raise ValueError
        value = objective(trial)
        if trial.number in numbers:
            raise ValueError
        return value

    return run


def new_study(**options: Any) -> Study:
    return optimist.create_study(sampler=options.pop("sampler", RandomSampler(0)), **options)


def those_at_defaults(study: Study) -> list[int]:
    return [trial.number for trial in study.trials if trial.params == DEFAULTS]


def test_the_first_trial_tries_them() -> None:
    study = new_study()
    assert study.default_trial is None
    study.optimize(objective, n_trials=5)
    assert those_at_defaults(study) == [0]
    assert study.default_trial is not None
    assert study.default_trial.number == 0
    assert study.default_trial.params == DEFAULTS


def test_they_are_kept_with_the_study_not_with_the_distributions() -> None:
    study = new_study()
    study.optimize(objective, n_trials=1)
    assert study.ledger.history.system_attrs["optimist:defaults"] == DEFAULTS
    assert study.trials[0].system_attrs == {"optimist:defaults": True}
    assert "default" not in str(study.trials[0].distributions)
    assert study.user_attrs == {}


def test_other_draws_are_those_without_defaults() -> None:
    def plain(trial: Trial) -> float:
        trial.suggest_float("lr", 1e-6, 1.0, log=True)
        trial.suggest_int("width", 16, 256, log=True)
        trial.suggest_categorical("kind", ["sgd", "adam", None])
        return 0.0

    with_defaults, without = new_study(), new_study()
    with_defaults.optimize(objective, n_trials=5)
    without.optimize(plain, n_trials=5)
    assert [t.params for t in with_defaults.trials[1:]] == [t.params for t in without.trials[1:]]


def test_none_is_a_default_of_choices() -> None:
    study = new_study()
    study.optimize(lambda trial: float(trial.suggest_categorical("c", [1, 2, None], default=None) is None), n_trials=1)
    assert study.trials[0].params == {"c": None}


def test_once_more_if_the_first_trial_failed() -> None:
    study = new_study()
    study.optimize(failing(0), n_trials=5, catch=ValueError)
    assert those_at_defaults(study) == [0, 1]
    assert study.default_trial is not None
    assert study.default_trial.number == 1


def test_not_for_ever() -> None:
    study = new_study()
    study.optimize(failing(0, 1, 2), n_trials=5, catch=ValueError)
    assert those_at_defaults(study) == [0, 1]
    assert study.default_trial is None


def test_again_if_the_first_trial_failed_before_it_asked() -> None:
    study = new_study()
    study.optimize(failing(0, 1, asks_before=False), n_trials=5, catch=ValueError)
    assert those_at_defaults(study) == [2]


def test_a_pruned_trial_has_tried_them() -> None:
    def pruned(trial: Trial) -> float:
        objective(trial)
        if trial.number == 0:
            raise optimist.TrialPruned
        return 0.0

    study = new_study()
    study.optimize(pruned, n_trials=3)
    assert those_at_defaults(study) == [0]
    assert study.default_trial is not None
    assert study.default_trial.state == TrialState.PRUNED


def test_the_queue_comes_first() -> None:
    study = new_study()
    study.enqueue_trial({"lr": 0.5, "width": 100, "kind": None})
    study.enqueue_trial({"lr": 0.5})
    study.optimize(objective, n_trials=5)
    assert study.trials[0].params == {"lr": 0.5, "width": 100, "kind": None}
    assert study.trials[1].params["lr"] == 0.5
    assert those_at_defaults(study) == [2]
    assert study.default_trial is not None
    assert study.default_trial.number == 2


def test_a_first_trial_from_the_queue_fills_up_with_defaults() -> None:
    study = new_study()
    study.enqueue_trial({"lr": 0.5})
    study.optimize(objective, n_trials=1)
    assert study.trials[0].params == {**DEFAULTS, "lr": 0.5}
    assert study.default_trial is None


def test_fixed_parameters_come_before_defaults() -> None:
    study = new_study(sampler=PartialFixedSampler({"width": 17}, RandomSampler(0)))
    study.optimize(objective, n_trials=2)
    assert study.trials[0].params == {**DEFAULTS, "width": 17}
    assert study.trials[1].params["width"] == 17


def test_parameters_without_a_default_are_sampled() -> None:
    def partly(trial: Trial) -> float:
        return trial.suggest_int("a", 0, 100, default=50) + trial.suggest_int("b", 0, 10**6)

    study, plain = new_study(), new_study()
    study.optimize(partly, n_trials=1)
    plain.optimize(lambda trial: trial.suggest_int("a", 0, 100) + trial.suggest_int("b", 0, 10**6), n_trials=1)
    assert study.trials[0].params == {"a": 50, "b": plain.trials[0].params["b"]}


def test_asking_and_telling_does_the_same() -> None:
    study = new_study()
    trial = study.ask()
    study.tell(trial, objective(trial))
    other = study.ask()
    study.tell(other, objective(other))
    assert those_at_defaults(study) == [0]


def test_threads_try_them_once() -> None:
    for _ in range(5):
        study = new_study()
        study.optimize(objective, n_trials=12, n_jobs=4)
        assert those_at_defaults(study) == [0]


def test_one_retry_among_threads() -> None:
    study = new_study()
    study.optimize(failing(0), n_trials=12, n_jobs=4, catch=ValueError)
    assert len(those_at_defaults(study)) == 2


def test_another_worker_does_not_try_them_again() -> None:
    storage = optimist.storages.InMemoryStorage()
    for _ in range(3):
        study = new_study(storage=storage, study_name="s", load_if_exists=True)
        study.optimize(objective, n_trials=2)
    assert those_at_defaults(study) == [0]


def test_another_process_does_not_try_them_again(tmp_path: Any) -> None:
    for _ in range(3):
        study = new_study(storage=f"sqlite:///{tmp_path / 's.db'}", study_name="s", load_if_exists=True)
        study.optimize(objective, n_trials=2)
    assert those_at_defaults(study) == [0]
    assert study.default_trial is not None


def test_a_study_with_trials_already_has_no_first_trial_left() -> None:
    study = new_study()
    study.add_trial(optimist.trial.create_trial(value=1.0))
    study.optimize(objective, n_trials=3)
    assert those_at_defaults(study) in ([], [2])


def test_a_pickled_study_remembers_them() -> None:
    study = new_study()
    study.optimize(objective, n_trials=2)
    study = pickle.loads(pickle.dumps(study))
    study.optimize(objective, n_trials=2)
    assert those_at_defaults(study) == [0]
    assert study.default_trial is not None


@pytest.mark.parametrize(
    "ask",
    [
        lambda trial: trial.suggest_int("x", 1, 5, default=9),
        lambda trial: trial.suggest_int("x", 1, 5, step=2, default=2),
        lambda trial: trial.suggest_float("x", 1, 5, default=-1.0),
        lambda trial: trial.suggest_float("x", 1, 5, log=True, default=0.0),
        lambda trial: trial.suggest_float("x", 1, 5, default=float("nan")),
        lambda trial: trial.suggest_categorical("x", ["a"], default="b"),
        lambda trial: trial.suggest_categorical("x", ["a"], default=None),
    ],
)
def test_a_default_outside_its_range_is_an_error(ask: Any) -> None:
    with pytest.raises(ValueError, match="Parameter 'x': the recommended value default="):
        ask(new_study().ask())
