"""Small studies with known trials, to make figures of."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import optimist
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.states import TrialState
from optimist.study import Study
from optimist.trial import create_trial

SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-5, 1.0, log=True),
    "width": IntDistribution(8, 64),
    "act<i>": CategoricalDistribution(("relu", "$tanh$", None)),
}
EPOCH = datetime.datetime(2026, 11, 5, 10, 30)  # noqa: DTZ001  trials have local times


def add(
    study: Study,
    values: float | Sequence[float] | None = None,
    state: str = "COMPLETE",
    params: dict[str, Any] | None = None,
    seconds: tuple[float, float] | None = None,
    **rest: Any,
) -> None:
    """Add a trial; ``seconds`` are its start and end after EPOCH."""
    params = params or {}
    trial = create_trial(
        state=TrialState[state],
        values=values if isinstance(values, Sequence) else None if values is None else [values],
        params=params,
        distributions={name: SPACE[name] for name in params},
        **rest,
    )
    if seconds is not None:
        trial.datetime_start = EPOCH + datetime.timedelta(seconds=seconds[0])
        trial.datetime_complete = EPOCH + datetime.timedelta(seconds=seconds[1])
    study.add_trial(trial)


def empty() -> Study:
    return optimist.create_study()


def one_trial() -> Study:
    study = optimist.create_study()
    add(study, 0.5, params={"lr": 0.1})
    return study


def all_failed() -> Study:
    study = optimist.create_study()
    for _ in range(3):
        add(study, state="FAIL", params={"lr": 0.1})
    return study


def no_parameters() -> Study:
    study = optimist.create_study()
    add(study, 1.0)
    add(study, 2.0)
    return study


def single_parameter() -> Study:
    study = optimist.create_study()
    for k, lr in enumerate((1e-4, 1e-3, 1e-2, 1e-1)):
        add(study, float((k - 2) ** 2), params={"lr": lr})
    return study


def varied() -> Study:
    """Trials of every state; conditional parameters; infinities; a constraint; curves."""
    study = optimist.create_study(direction="maximize", study_name="_varied <b>$x$</b>")
    full = {"lr": 0.01, "width": 16, "act<i>": "relu"}
    add(study, 0.5, params=full, intermediate_values={1: 0.2, 2: 0.5}, seconds=(0, 2))
    add(study, 0.3, "PRUNED", params={**full, "lr": 1e-4}, intermediate_values={1: 0.1, 2: 0.3}, seconds=(1, 3))
    add(study, 0.8, params={**full, "act<i>": None}, intermediate_values={1: 0.6, 2: 0.8}, seconds=(2, 6))
    add(study, state="FAIL", params={"lr": 1.0}, seconds=(3, 4))
    add(study, 0.95, params={**full, "width": 64}, constraints={"memory": 1.0}, seconds=(4, 8))
    add(study, 0.6, params={"lr": 0.1, "act<i>": "$tanh$"}, seconds=(5, 9))  # has no width
    add(study, float("-inf"), params=full, seconds=(6, 7))
    add(study, state="RUNNING", params={"lr": 0.5}, intermediate_values={1: 0.4})
    add(study, state="WAITING")
    return study


def constrained() -> Study:
    study = optimist.create_study()
    for k in range(6):
        params = {"lr": 10.0 ** (-k % 5), "width": 8 * (k + 1)}
        params["lr"] = min(params["lr"], 1.0) / (k + 1)
        add(study, float(k), params=params, constraints={"c": 1.0 if k % 2 == 0 else -1.0})
    return study


def all_infeasible() -> Study:
    study = optimist.create_study()
    for k in range(3):
        add(study, float(k), params={"lr": 0.1 / (k + 1), "width": 8}, constraints={"c": 1.0})
    return study


def same_values() -> Study:
    study = optimist.create_study()
    for _ in range(5):
        add(study, 1.0, params={"lr": 0.1, "width": 8})
    return study


def multi_objective(n_objectives: int = 2) -> Study:
    """Trial k has the values k, 5 - k, ...; the last is dominated."""
    study = optimist.create_study(directions=["minimize"] * n_objectives)
    for k in range(6):
        add(study, [float(k), 5.0 - k, 1.0][:n_objectives], params={"lr": 0.1 / (k + 1), "width": 8 + k})
    add(study, [6.0, 6.0, 1.0][:n_objectives], params={"lr": 1.0, "width": 8})
    return study


def with_default() -> Study:
    study = optimist.create_study(sampler=optimist.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: (trial.suggest_float("x", -5, 5, default=2.0) - 1) ** 2, n_trials=8)
    return study


def large(n: int, seed: int = 0) -> Study:
    rng = np.random.default_rng(seed)
    study = optimist.create_study()
    distributions = {"lr": SPACE["lr"], "width": SPACE["width"], "act<i>": SPACE["act<i>"]}
    trials = []
    for _ in range(n):
        params = {
            "lr": float(10 ** rng.uniform(-5, 0)),
            "width": int(rng.integers(8, 65)),
            "act<i>": ("relu", "$tanh$", None)[int(rng.integers(3))],
        }
        value = (np.log10(params["lr"]) + 2) ** 2 + float(rng.normal(0, 0.1))
        trials.append(create_trial(value=value, params=params, distributions=distributions))
    study.add_trials(trials)
    return study


ODD: dict[str, Callable[[], Study]] = {
    f.__name__: f
    for f in (
        empty,
        one_trial,
        all_failed,
        no_parameters,
        single_parameter,
        varied,
        constrained,
        all_infeasible,
        same_values,
        with_default,
    )
}
