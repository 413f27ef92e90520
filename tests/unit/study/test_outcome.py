"""How a trial ends: every value an objective may return, every error it may raise, every way to tell it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import optimist
from optimist.exceptions import InvalidSpaceError, UpdateFinishedTrialError
from optimist.history.draft import Draft
from optimist.history.layout import LayoutTree
from optimist.states import TrialState
from optimist.storages.memory import MemoryStore
from optimist.study.outcome import Outcome, accept_values, outcome_of
from tests.unit.study.conftest import MakeStudy, states, suggest_all

COMPLETE, PRUNED, FAIL, RUNNING, WAITING = (
    TrialState.COMPLETE,
    TrialState.PRUNED,
    TrialState.FAIL,
    TrialState.RUNNING,
    TrialState.WAITING,
)


def draft(**reports: float) -> Draft:
    made = Draft(0, 0, RUNNING, 0, LayoutTree().root)
    made.reports = {int(step.removeprefix("step")): value for step, value in reports.items()}
    return made


class Tensor:
    """Like a tensor of two elements: has a float method, and it fails in its own way."""

    def __float__(self) -> float:
        raise RuntimeError("only one element tensors can be converted")


# accept_values


@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        (1, [1.0]),
        (1.5, [1.5]),
        (True, [1.0]),
        (math.inf, [math.inf]),
        (-math.inf, [-math.inf]),
        (np.float32(0.5), [0.5]),
        (np.array(0.5), [0.5]),
        ([2], [2.0]),
        ((2.5,), [2.5]),
    ],
    ids=repr,
)
def test_accepted(values: Any, accepted: list[float]) -> None:
    found, problem = accept_values(values, 1)
    assert found == accepted
    assert [type(value) for value in accepted] == [float]
    assert problem == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (None, "not a number"),
        (math.nan, "nan"),
        ("1.5", "text"),
        (b"1", "text"),
        ("good", "text"),
        ([], "0 value(s)"),
        ([1, 2], "2 value(s)"),
        ([None], "not a number"),
        ([[1.0]], "not a number"),
        ({"loss": 1.0}, "not a number"),
        (1 + 2j, "not a number"),
        (object(), "not a number"),
        (10**400, "not a number"),
        (Tensor(), "only one element tensors"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_not_accepted(values: Any, words: str) -> None:
    found, problem = accept_values(values, 1)
    assert found is None
    assert words in problem


def test_one_value_per_objective() -> None:
    assert accept_values([1, 2.5], 2) == ([1.0, 2.5], "")
    for wrong in (1.0, [1.0], [1.0, 2.0, 3.0], [1.0, math.nan], [1.0, None]):
        assert accept_values(wrong, 2)[0] is None, wrong


# outcome_of


def test_without_a_state_the_values_decide() -> None:
    assert outcome_of(draft(), 1.0, None, 1) == Outcome(COMPLETE, [1.0])
    assert outcome_of(draft(), math.nan, None, 1).state == FAIL
    assert outcome_of(draft(step0=1.0), None, None, 1).state == FAIL


def test_a_pruned_trial_has_its_last_report_as_value() -> None:
    assert outcome_of(draft(step7=3.0, step2=9.0), None, PRUNED, 1) == Outcome(PRUNED, [3.0])
    assert outcome_of(draft(step2=1.0, step7=math.nan), None, PRUNED, 1) == Outcome(PRUNED, None)
    assert outcome_of(draft(step2=math.inf), None, PRUNED, 1) == Outcome(PRUNED, [math.inf])
    assert outcome_of(draft(), None, PRUNED, 1) == Outcome(PRUNED, None)


def test_a_failed_trial_has_no_value() -> None:
    assert outcome_of(draft(step2=1.0), None, FAIL, 1) == Outcome(FAIL, None)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        (None, COMPLETE),
        (math.nan, COMPLETE),
        ([1.0, 2.0], COMPLETE),
        (1.0, PRUNED),
        (1.0, FAIL),
        (1.0, RUNNING),
        (None, WAITING),
        (None, "complete"),
    ],
    ids=repr,
)
def test_contradictions(values: Any, state: Any) -> None:
    with pytest.raises(ValueError, match=r"trial|value"):
        outcome_of(draft(), values, state, 1)


# In a loop: whatever an objective does, its trial ends


def raising(error: BaseException) -> Callable[[Any], float]:
    def objective(trial: Any) -> float:
        suggest_all(trial)
        raise error

    return objective


def prune(trial: Any) -> float:
    trial.report(4.0, 1)
    raise optimist.TrialPruned


OBJECTIVES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a value": (suggest_all, "COMPLETE"),
    "infinity": (lambda trial: math.inf, "COMPLETE"),
    "NaN": (lambda trial: math.nan, "FAIL"),
    "None": (lambda trial: None, "FAIL"),
    "text": (lambda trial: "good", "FAIL"),
    "two values": (lambda trial: [1.0, 2.0], "FAIL"),
    "a tensor": (lambda trial: Tensor(), "FAIL"),
    "pruned": (prune, "PRUNED"),
}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_what_objectives_return(study: optimist.Study, objective: str) -> None:
    function, state = OBJECTIVES[objective]
    study.optimize(function, n_trials=2)  # a trial that fails so does not end the loop
    assert states(study) == [state, state]


ERRORS: dict[str, tuple[Callable[[Any], Any], type[BaseException]]] = {
    "an exception": (raising(ValueError("no")), ValueError),
    "Ctrl-C": (raising(KeyboardInterrupt()), KeyboardInterrupt),
    "exit": (raising(SystemExit(1)), SystemExit),
    "low above high": (lambda trial: trial.suggest_float("y", 1, 0), InvalidSpaceError),
    "log of zero": (lambda trial: trial.suggest_float("y", 0, 1, log=True), InvalidSpaceError),
    "step and log": (lambda trial: trial.suggest_float("y", 1, 2, step=0.5, log=True), InvalidSpaceError),
    "no choices": (lambda trial: trial.suggest_categorical("y", []), InvalidSpaceError),
    "another kind": (lambda trial: (trial.suggest_int("y", 0, 1), trial.suggest_float("y", 0, 1)), InvalidSpaceError),
    "other choices": (
        lambda trial: (trial.suggest_categorical("y", [1, 2]), trial.suggest_categorical("y", [2, 1])),
        InvalidSpaceError,
    ),
    "a report of text": (lambda trial: trial.report("good", 1), TypeError),
    "a report at no step": (lambda trial: trial.report(1.0, "last"), TypeError),
    "a report before the start": (lambda trial: trial.report(1.0, -1), ValueError),
    "a report at an endless step": (lambda trial: trial.report(1.0, 2**70), ValueError),
    "a range beyond 64 bits": (lambda trial: trial.suggest_int("y", 0, 2**70), InvalidSpaceError),
    "a constraint NaN": (lambda trial: trial.set_constraint("c", math.nan), ValueError),
    "a constraint of text": (lambda trial: trial.set_constraint("c", "much"), TypeError),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_end_the_trial_and_the_loop(study: optimist.Study, error: str) -> None:
    function, kind = ERRORS[error]
    with pytest.raises(kind):
        study.optimize(function, n_trials=3)
    assert states(study) == ["FAIL"]
    study.optimize(suggest_all, n_trials=1)  # and the study goes on
    assert states(study) == ["FAIL", "COMPLETE"]


@pytest.mark.parametrize("error", [e for e in ERRORS if issubclass(ERRORS[e][1], Exception)])
def test_caught_errors_end_the_trial_alone(study: optimist.Study, error: str) -> None:
    function, kind = ERRORS[error]
    study.optimize(function, n_trials=2, catch=kind)
    assert states(study) == ["FAIL", "FAIL"]


@pytest.mark.parametrize("error", ["an exception", "another kind"])
def test_errors_in_threads(study: optimist.Study, error: str) -> None:
    function, kind = ERRORS[error]
    with pytest.raises(kind):
        study.optimize(function, n_trials=50, n_jobs=3)
    assert set(states(study)) == {"FAIL"}
    assert len(states(study)) <= 3


def test_what_a_store_cannot_hold(make_study: MakeStudy) -> None:
    study = make_study()
    in_memory = isinstance(study.ledger.storage, MemoryStore)

    def note(trial: Any) -> float:
        trial.set_user_attr("function", print)
        return 1.0

    def choose(trial: Any) -> float:
        trial.suggest_categorical("c", [print, len])
        return 1.0

    if in_memory:
        study.optimize(note, n_trials=1)
        with pytest.warns(UserWarning, match="storage can keep"):
            study.optimize(choose, n_trials=1)
        assert states(study) == ["COMPLETE", "COMPLETE"]
        return
    with pytest.raises(TypeError):
        study.optimize(note, n_trials=1)
    with pytest.warns(UserWarning, match="storage can keep"), pytest.raises((TypeError, ValueError)):
        study.optimize(choose, n_trials=1)
    assert states(study) == ["FAIL", "FAIL"]


def test_a_step_that_does_not_divide(study: optimist.Study) -> None:
    """The range ends at its last whole step, with a warning."""
    trial = study.ask()
    with pytest.warns(UserWarning, match="step"):
        assert trial.suggest_float("x", 0.0, 1.0, step=0.3) <= 0.9
    with pytest.warns(UserWarning, match="step"):
        trial.suggest_int("n", 0, 10, step=4)
    assert trial.distributions["n"].high == 8  # type: ignore[attr-defined]


def test_choices_of_mixed_types(study: optimist.Study) -> None:
    values: list[Any] = [1, "1", None, 2.5, True, 1.0]
    for value in values:
        study.enqueue_trial({"c": value})
    study.optimize(lambda trial: trial.suggest_categorical("c", ["1", None, 2.5, 1]) is None, n_trials=4)
    assert [trial.params["c"] for trial in study.trials if trial.params] == [1, "1", None, 2.5]


# Told


def test_told_once(study: optimist.Study) -> None:
    trial = study.ask()
    told = study.tell(trial, 1.0)
    assert (told.state, told.value) == (COMPLETE, 1.0)
    with pytest.raises(ValueError, match="told once"):
        study.tell(trial, 2.0)
    with pytest.raises(ValueError, match="told once"):
        study.tell(trial.number, state=FAIL)
    assert study.tell(trial, 2.0, skip_if_finished=True) == told
    assert study.trials == [told]


@pytest.mark.parametrize("number", [1, 99, -1])
def test_tell_a_number_that_is_not(study: optimist.Study, number: int) -> None:
    study.ask()
    for skip in (False, True):
        with pytest.raises(ValueError, match=f"no trial {number}"):
            study.tell(number, 1.0, skip_if_finished=skip)
    assert states(study) == ["RUNNING"]


@pytest.mark.parametrize("trial", ["0", None, 0.0, np.int64(0)], ids=repr)
def test_tell_what_is_no_trial(study: optimist.Study, trial: Any) -> None:
    study.ask()
    with pytest.raises(TypeError, match="number"):
        study.tell(trial, 1.0)


def test_tell_a_waiting_trial(study: optimist.Study) -> None:
    study.enqueue_trial({"x": 0.5})
    with pytest.raises(ValueError, match="WAITING"):
        study.tell(0, 1.0)
    assert states(study) == ["WAITING"]


def test_tell_what_cannot_be_accepted(study: optimist.Study) -> None:
    for values in (None, math.nan, "good", [1.0, 2.0]):
        with pytest.warns(UserWarning, match="fails"):
            assert study.tell(study.ask(), values).state == FAIL  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="COMPLETE"):
        study.tell(study.ask(), None, COMPLETE)
    assert states(study) == ["FAIL"] * 4 + ["RUNNING"]  # what was told in so many words can be told better


def test_tell_by_number_in_another_object(make_study: MakeStudy) -> None:
    study = make_study(study_name="shared")
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    other = make_study(study_name="shared", load_if_exists=True)
    assert other.tell(trial.number, 1.0).params == {"x": x}
    with pytest.raises((ValueError, UpdateFinishedTrialError)):
        study.tell(trial, 2.0)
    assert [t.value for t in study.trials] == [1.0]


def test_a_finished_trial_cannot_change(study: optimist.Study) -> None:
    trial = study.ask()
    x = trial.suggest_float("x", 0, 1)
    study.tell(trial, 1.0)
    changes: list[Callable[[], Any]] = [
        lambda: trial.suggest_float("y", 0, 1),
        lambda: trial.suggest_int("y", 0, 1),
        lambda: trial.suggest_categorical("y", [0, 1]),
        lambda: trial.report(1.0, 0),
        lambda: trial.set_user_attr("a", 1),
        lambda: trial.set_constraint("a", 1.0),
    ]
    for change in changes:
        with pytest.raises(UpdateFinishedTrialError, match="COMPLETE"):
            change()
    assert trial.suggest_float("x", 0, 1) == x
    (finished,) = study.trials
    assert (finished.params, finished.user_attrs, finished.intermediate_values) == ({"x": x}, {}, {})


def test_told_elsewhere_while_the_objective_runs(study: optimist.Study) -> None:
    def objective(trial: Any) -> float:
        study.tell(trial.number, 5.0)
        return 1.0

    study.optimize(objective, n_trials=2)
    assert [trial.value for trial in study.trials] == [5.0, 5.0]


def test_telling_at_the_same_moment(study: optimist.Study) -> None:
    trial = study.ask()
    barrier = threading.Barrier(4)
    told: list[float] = []

    def tell(value: float) -> None:
        barrier.wait()
        try:
            study.tell(trial.number, value)
        except ValueError:
            return
        told.append(value)

    threads = [threading.Thread(target=tell, args=(float(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [study.trials[0].value] == told
