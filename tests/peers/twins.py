"""The same study, made once by Optuna and once by us, to compare what both say about it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from types import ModuleType
from typing import Any

EPOCH = datetime.datetime(2026, 11, 5, 10, 30, 0, 123456)  # noqa: DTZ001  trials have local times


def minutes(n: float) -> datetime.datetime:
    return EPOCH + datetime.timedelta(minutes=n)


def distributions(library: ModuleType) -> dict[str, Any]:
    d = library.distributions
    return {
        "x": d.FloatDistribution(0.0, 1.0),
        "lr": d.FloatDistribution(1e-5, 1.0, log=True),
        "n layers": d.IntDistribution(1, 9),
        "kind": d.CategoricalDistribution(("a", "b", None)),
        "flag": d.CategoricalDistribution((True, False)),
        "size": d.CategoricalDistribution((1, 2.5)),
    }


def make_trial(
    library: ModuleType,
    state: str,
    *,
    values: Sequence[float] | None = None,
    params: dict[str, Any] | None = None,
    start: float | None = None,
    end: float | None = None,
    **rest: Any,
) -> Any:
    """A trial of either library; times in minutes after EPOCH."""
    ours = distributions(library)
    params = params or {}
    trial = library.trial.create_trial(
        state=library.trial.TrialState[state],
        values=values,
        params=params,
        distributions={name: ours[name] for name in params},
        **rest,
    )
    trial.datetime_start = None if start is None else minutes(start)
    trial.datetime_complete = None if end is None else minutes(end)
    return trial


def add_varied_trials(library: ModuleType, study: Any) -> None:
    """Trials of every state, with parameters and attributes that not all of them have; one objective."""
    full = {"x": 0.25, "lr": 0.01, "n layers": 3, "kind": "a", "flag": True, "size": 1}
    study.add_trials(
        [
            make_trial(library, "COMPLETE", values=[1.5], params=full, start=0, end=1),
            make_trial(library, "FAIL", params={"x": 0.5}, start=1, end=1.5, user_attrs={"why": "broke"}),
            make_trial(
                library,
                "COMPLETE",
                values=[-0.25],
                params={**full, "kind": None, "flag": False, "size": 2.5, "x": 0.75},
                start=2,
                end=2000.25,
                user_attrs={"note": "best", "list": [1, 2], "deep": {"a": None}, "n": 1},
                system_attrs={"algorithm": "none"},
            ),
            make_trial(
                library, "PRUNED", values=[3.0], params={"x": 0.5}, start=3, end=4, intermediate_values={1: 3.0}
            ),
            make_trial(
                library, "RUNNING", params={"x": 0.125, "kind": "b"}, start=5, intermediate_values={0: 1.0, 2: 2.0}
            ),
            make_trial(library, "WAITING", system_attrs={"fixed_params": {"x": 1.0}}, user_attrs={"n": 2}),
            make_trial(library, "COMPLETE", values=[float("inf")], start=6, end=7, constraints={"memory": 1.0}),
        ]
    )


def add_several_objectives(library: ModuleType, study: Any) -> None:
    """Trials with two values each, where there are any."""
    study.add_trials(
        [
            make_trial(library, "COMPLETE", values=[1.0, 2.0], params={"x": 0.25}, start=0, end=1),
            make_trial(library, "FAIL", params={"x": 0.75}, start=1, end=2),
            make_trial(library, "COMPLETE", values=[2.0, 5.0], params={"x": 0.5}, start=2, end=3),
            make_trial(library, "COMPLETE", values=[0.0, 0.5], params={"x": 0.5}, start=3, end=4),
        ]
    )
