"""Snapshots of trials, and trials made by hand."""

from __future__ import annotations

import copy
import datetime
import math
import pickle
import time
from typing import Any

import pytest

from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.history.fixed_trial import FixedTrial
from optimist.history.records import FrozenTrial, create_trial, from_datetime, to_datetime
from optimist.states import TrialState

SPACE = {"x": FloatDistribution(0, 1), "n": IntDistribution(0, 9), "c": CategoricalDistribution(("a", None))}
PARAMS = {"x": 0.5, "n": 3, "c": None}
NOON = datetime.datetime(2026, 11, 5, 12, 0, 0, 123456)  # noqa: DTZ001  trials have local times


def trial(**changes: Any) -> FrozenTrial:
    fields: dict[str, Any] = {
        "number": 3,
        "trial_id": 17,
        "state": TrialState.COMPLETE,
        "value": 1.5,
        "datetime_start": NOON,
        "datetime_complete": NOON + datetime.timedelta(seconds=2),
        "params": dict(PARAMS),
        "distributions": dict(SPACE),
        "user_attrs": {"note": [1]},
        "system_attrs": {},
        "intermediate_values": {0: 3.0, 5: 2.0},
    }
    return FrozenTrial(**{**fields, **changes})


# Times


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_times_come_back_in_local_time(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        # The second and third lie in the two hours that the clocks of New York show twice.
        for us in (0, 1_793_509_200_000_001, 1_793_512_800_000_001, time.time_ns() // 1000):
            local = to_datetime(us)
            assert local is not None
            assert from_datetime(local) == us
            expected = datetime.datetime.fromtimestamp(us // 10**6) + datetime.timedelta(microseconds=us % 10**6)  # noqa: DTZ006
            assert local == expected
            assert from_datetime(local.astimezone(datetime.UTC)) == us
    finally:
        monkeypatch.undo()
        time.tzset()


def test_unknown_times() -> None:
    assert to_datetime(-1) is None
    assert from_datetime(None) == -1


# FrozenTrial


def test_values() -> None:
    assert (trial().value, trial().values) == (1.5, [1.5])
    none = trial(value=None)
    assert (none.value, none.values) == (None, None)
    several = trial(value=None, values=(1.0, 2.0))
    assert several.values == [1.0, 2.0]
    with pytest.raises(RuntimeError, match="values"):
        _ = several.value
    with pytest.raises(RuntimeError, match="values"):
        several.value = 1.0
    with pytest.raises(ValueError, match="only one"):
        trial(value=1.0, values=[1.0])
    changed = trial()
    changed.value = 2.0
    assert changed.values == [2.0]
    changed.value = None
    assert changed.values is None
    changed.values = [3.0, 4.0]
    assert changed.values == [3.0, 4.0]


def test_what_follows_from_the_fields() -> None:
    assert trial().duration == datetime.timedelta(seconds=2)
    assert trial(datetime_complete=None).duration is None
    assert trial(datetime_start=None).duration is None
    assert trial().last_step == 5
    assert trial(intermediate_values={}).last_step is None
    assert trial(system_attrs={"constraints:a": 1.0, "b": 2}).constraints == {"a": 1.0}
    assert trial(system_attrs={"constraints": [1.0, -1.0]}).constraints == {"0": 1.0, "1": -1.0}  # as older studies
    assert trial(system_attrs={"constraints": None}).constraints == {}


def test_it_is_compared_by_its_fields() -> None:
    assert trial() == trial()
    assert hash(trial()) == hash(trial())
    assert trial() != trial(value=2.0)
    assert trial() != 3
    assert trial(number=1) < trial(number=2)
    assert trial(number=2) <= trial(number=2)
    assert min([trial(number=2), trial(number=1)]).number == 1
    with pytest.raises(TypeError):
        _ = trial() < 3  # type: ignore[operator]


@pytest.mark.parametrize("how", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))], ids=["copy", "pickle"])
def test_copies(how: Any) -> None:
    original = trial()
    twin = how(original)
    assert twin == original
    twin.user_attrs["note"].append(2)
    twin.params["x"] = 0.75
    twin.intermediate_values[9] = 1.0
    twin.distributions.pop("x")
    assert original == trial()


def test_repr_shows_every_field() -> None:
    shown = repr(trial())
    assert shown.startswith("FrozenTrial(number=3, state=<TrialState.COMPLETE: 1>, values=[1.5], datetime_start=")
    for word in ("params", "user_attrs", "system_attrs", "intermediate_values", "distributions", "trial_id=17"):
        assert word in shown


def test_an_objective_can_be_called_with_it() -> None:
    best = trial()
    assert best.suggest_float("x", 0, 1) == 0.5
    assert best.suggest_int("n", 0, 9) == 3
    assert best.suggest_categorical("c", ["a", None]) is None
    best.report(1.0, 7)
    assert best.should_prune() is False
    assert 7 not in best.intermediate_values
    best.set_user_attr("a", 1)
    best.set_constraint("b", 1)
    assert (best.user_attrs["a"], best.constraints) == (1, {"b": 1.0})
    with pytest.raises(ValueError, match="no parameter 'y'"):
        best.suggest_float("y", 0, 1)
    with pytest.warns(UserWarning, match=r"0\.5, which is not in"):
        best.suggest_float("x", 2, 3)
    with pytest.raises(ValueError, match="kind"):
        best.suggest_int("x", 0, 1)
    with pytest.raises(ValueError, match="choices"):
        best.suggest_categorical("c", [None, "a"])


# Contradictions


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"datetime_start": None}, "datetime_start"),
        ({"datetime_complete": None}, "datetime_complete"),
        ({"state": TrialState.RUNNING}, "datetime_complete"),
        ({"state": TrialState.WAITING}, "datetime_complete"),
        ({"value": None}, "value"),
        ({"value": math.nan}, "NaN"),
        ({"state": TrialState.FAIL}, "FAIL"),
        ({"params": {"x": 0.5}}, "params"),
        ({"params": {**PARAMS, "x": 5.0}}, "not in"),
        ({"params": {**PARAMS, "n": 99}}, "not in"),
        ({"params": {**PARAMS, "c": "z"}}, "z"),
        ({"intermediate_values": {2**63: 1.0}}, "64 bits"),
    ],
    ids=repr,
)
def test_contradictions(changes: dict[str, Any], words: str) -> None:
    trial()._validate()
    with pytest.raises(ValueError, match=words):
        trial(**changes)._validate()


# create_trial


@pytest.mark.parametrize("state", list(TrialState))
def test_create_trial_in_each_state(state: TrialState) -> None:
    made = create_trial(state=state, value=1.0 if state == TrialState.COMPLETE else None)
    assert made.state == state
    assert (made.datetime_start is None) == (state == TrialState.WAITING)
    assert (made.datetime_complete is None) == (not state.is_finished())
    assert (made.params, made.user_attrs, made.intermediate_values, made.constraints) == ({}, {}, {}, {})


def test_create_trial() -> None:
    made = create_trial(values=[1.0, 2.0], params=PARAMS, distributions=SPACE, constraints={"a": 1, "b": -2.0})
    assert (made.values, made.params, made.distributions) == ([1.0, 2.0], PARAMS, SPACE)
    assert made.constraints == {"a": 1.0, "b": -2.0}
    assert made.state == TrialState.COMPLETE


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({}, ValueError),
        ({"value": 1.0, "values": [1.0]}, ValueError),
        ({"value": 1.0, "params": {"x": 0.5}}, ValueError),
        ({"value": 1.0, "constraints": {"a": math.nan}}, ValueError),
        ({"value": 1.0, "constraints": {"a": "much"}}, TypeError),
    ],
    ids=repr,
)
def test_create_trial_refuses(arguments: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        create_trial(**arguments)


# FixedTrial


def test_fixed_trial() -> None:
    fixed = FixedTrial({"x": 0.5, "n": 3, "c": None, "unused": 1}, number=7)
    assert fixed.suggest_float("x", 0, 1) == 0.5
    assert fixed.suggest_int("n", 0, 9) == 3
    assert fixed.suggest_categorical("c", ["a", None]) is None
    assert fixed.params == PARAMS
    assert fixed.distributions == SPACE
    assert fixed.number == 7
    fixed.report(1.0, 0)
    assert fixed.should_prune() is False
    fixed.set_user_attr("a", 1)
    fixed.set_constraint("b", 2)
    assert (fixed.user_attrs, fixed.constraints, fixed.system_attrs) == ({"a": 1}, {"b": 2.0}, {"constraints:b": 2.0})
    assert fixed.datetime_start is not None


def test_fixed_trial_misused() -> None:
    fixed = FixedTrial({"x": 0.5, "c": "z"})
    with pytest.raises(ValueError, match="no value for the parameter 'y'"):
        fixed.suggest_float("y", 0, 1)
    with pytest.warns(UserWarning, match="not in"):
        assert fixed.suggest_float("x", 2, 3) == 0.5
    with pytest.raises(ValueError, match="kind"):
        fixed.suggest_int("x", 0, 1)
    with pytest.raises(ValueError, match="z"):
        fixed.suggest_categorical("c", ["a", "b"])
