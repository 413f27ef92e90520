"""Rules about which parameters a proposal will have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import optimist
from optimist.samplers.gp.activity import Activity
from optimist.samplers.gp.domain import Domain
from optimist.samplers.gp.evidence import gather
from optimist.samplers.gp.known import KnownParameters
from optimist.trial import Trial


def rules(objective: Callable[[Trial], None], n_trials: int = 40) -> tuple[Domain, Activity]:
    """The rules that random trials show."""
    study = optimist.create_study(sampler=optimist.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: objective(trial) or 0.0, n_trials=n_trials)
    view = study.view()
    known = view.tracker(KnownParameters, KnownParameters)
    evidence = gather(view, known.domain, 256)
    return known.domain, Activity(known.domain, evidence.points, evidence.mask, known.order)


def check(objective: Callable[[Trial], None]) -> None:
    """The rules say of fresh trials what these have."""
    domain, activity = rules(objective)
    study = optimist.create_study(sampler=optimist.samplers.RandomSampler(seed=1))
    study.optimize(lambda trial: objective(trial) or 0.0, n_trials=60)
    evidence = gather(study.view(), domain, 256)
    np.testing.assert_array_equal(activity.mask(evidence.points), evidence.mask)


def by_choice(trial: Trial) -> None:
    kind = trial.suggest_categorical("kind", ["tree", "net", "line"])
    if kind == "tree":
        trial.suggest_int("depth", 1, 9)
    elif kind == "net":
        trial.suggest_float("rate", 0, 1)
        if trial.suggest_categorical("drops", [False, True]):
            trial.suggest_float("dropout", 0, 1)
    trial.suggest_float("common", 0, 1)


def by_number(trial: Trial) -> None:
    for i in range(trial.suggest_int("n_layers", 1, 4)):
        trial.suggest_int(f"width{i}", 1, 99)


def by_float(trial: Trial) -> None:
    if trial.suggest_categorical("deep", [False, True]) and trial.suggest_int("level", 0, 9) >= 5:
        trial.suggest_int("width", 1, 9)


def test_a_choice_decides() -> None:
    check(by_choice)


def test_a_number_decides() -> None:
    check(by_number)


def test_both_decide() -> None:
    check(by_float)


def test_without_conditions_all_are_active() -> None:
    domain, activity = rules(lambda trial: trial.suggest_float("x", 0, 1) and None)
    assert activity.mask(np.full((3, domain.d), 0.2)).all()


def test_no_rule_is_a_majority() -> None:
    domain, activity = rules(lambda trial: trial.suggest_int("x", 0, 1) and None if trial.number % 3 else None)
    assert activity.mask(np.full((3, domain.d), 0.2)).all()
