"""`Study.trials_dataframe` has Optuna's columns, order, types and cells."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import optuna
import pandas as pd
import pytest

import optimist
from tests.peers.twins import add_several_objectives, add_varied_trials, make_trial

Fill = Callable[[ModuleType, Any], None]


# Optuna calls metric names experimental.
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


def assert_same_frames(
    fill: Fill, *, n_objectives: int = 1, metric_names: list[str] | None = None, **arguments: Any
) -> None:
    frames = []
    for library in (optuna, optimist):
        study = library.create_study(directions=["minimize"] * n_objectives)
        if metric_names is not None:
            study.set_metric_names(metric_names)
        fill(library, study)
        frames.append(study.trials_dataframe(**arguments))
    theirs, ours = frames
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    for name in theirs.columns:  # None and NaN are different things in a column of objects
        assert [cell is None for cell in ours[name]] == [cell is None for cell in theirs[name]], name


def nothing(library: ModuleType, study: Any) -> None:
    pass


def of_states(*states: str) -> Fill:
    def fill(library: ModuleType, study: Any) -> None:
        for state in states:
            study.add_trial(
                make_trial(
                    library,
                    state,
                    values=[1.0] if state == "COMPLETE" else None,
                    params={} if state == "WAITING" else {"n layers": 2, "flag": True},
                    start=None if state == "WAITING" else 0,
                    end=None if state in ("WAITING", "RUNNING") else 1,
                )
            )

    return fill


STANDARD_CASES = {
    "no trials": nothing,
    "varied": add_varied_trials,
    "failed only": of_states("FAIL", "FAIL"),
    "waiting only": of_states("WAITING"),
    "running only": of_states("RUNNING"),
    "complete only": of_states("COMPLETE", "COMPLETE"),
    "half of them": of_states("COMPLETE", "WAITING"),
}


@pytest.mark.parametrize("multi_index", [False, True])
@pytest.mark.parametrize("case", STANDARD_CASES)
def test_default_attributes(case: str, multi_index: bool) -> None:
    assert_same_frames(STANDARD_CASES[case], multi_index=multi_index)


@pytest.mark.parametrize("multi_index", [False, True])
@pytest.mark.parametrize("metric_names", [None, ["loss", "a latency"], ["z", "a"]])
def test_several_objectives(metric_names: list[str] | None, multi_index: bool) -> None:
    assert_same_frames(add_several_objectives, n_objectives=2, metric_names=metric_names, multi_index=multi_index)


@pytest.mark.parametrize("attrs", [("value",), ("values",), ("number", "value", "values")])
def test_a_named_metric(attrs: tuple[str, ...]) -> None:
    assert_same_frames(add_varied_trials, metric_names=["accuracy"], attrs=attrs)


@pytest.mark.parametrize(
    "attrs",
    [
        ("state", "number"),
        ("params",),
        ("number", "intermediate_values", "constraints", "last_step", "values"),
        ("number", "_trial_id", "distributions"),
        ("system_attrs", "user_attrs", "number"),
        ("duration", "datetime_complete"),
    ],
)
def test_chosen_attributes(attrs: tuple[str, ...]) -> None:
    if "distributions" in attrs:
        theirs, ours = (_frame(library, attrs) for library in (optuna, optimist))
        assert list(ours.columns) == list(theirs.columns)
        assert ours.map(str).equals(theirs.map(str))
    else:
        assert_same_frames(add_varied_trials, attrs=attrs)


def _frame(library: ModuleType, attrs: tuple[str, ...]) -> Any:
    study = library.create_study()
    add_varied_trials(library, study)
    return study.trials_dataframe(attrs=attrs)


def test_unknown_attribute() -> None:
    for library in (optuna, optimist):
        with pytest.raises(AttributeError):
            _frame(library, ("number", "nonsense"))


def test_trials_that_finish_out_of_order() -> None:
    def fill(library: ModuleType, study: Any) -> None:
        asked = [study.ask() for _ in range(4)]
        for trial in asked:
            trial.set_user_attr("n", trial.number)
        for trial in (asked[2], asked[0], asked[3]):
            study.tell(trial, float(trial.number))

    assert_same_frames(fill, attrs=("number", "value", "user_attrs", "state"))
