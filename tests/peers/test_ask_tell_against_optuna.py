"""Every way to get a trial wrong ends as it does in Optuna: the same kind of error, the same final states.

Each case is run on a fresh study by both libraries. Errors are compared by the built-in that a user would catch (ours
may be finer), trials by state, values, parameters and reports. `DIFFERENT` lists where we differ on purpose.
"""

from __future__ import annotations

import decimal
import fractions
import math
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import optuna
import pytest

import optimist

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

Case = Callable[[ModuleType, Any], Any]


class Exploding:
    """Claims to be a number, and is none."""

    def __float__(self) -> float:
        raise RuntimeError("no number after all")


def run(library: ModuleType, case: Case, n_objectives: int) -> tuple[BaseException | None, list[dict[str, Any]]]:
    """The error that came out, and what the study then holds."""
    study = library.create_study(directions=["minimize"] * n_objectives, sampler=library.samplers.RandomSampler(seed=0))
    error: BaseException | None = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            case(library, study)
        except BaseException as caught:  # noqa: BLE001  whatever it is, it is what we compare
            error = caught
    return error, [
        {
            "number": trial.number,
            "state": trial.state.name,
            "values": repr(trial.values),
            "params": repr({name: type(value) for name, value in trial.params.items()}),
            "reports": repr(sorted(trial.intermediate_values.items())),
            "user_attrs": repr(trial.user_attrs),
            "constraints": repr(trial.constraints),
            "has_start": trial.datetime_start is not None,
            "has_end": trial.datetime_complete is not None,
        }
        for trial in study.get_trials(deepcopy=False)
    ]


def assert_alike(case: Case, n_objectives: int = 1) -> None:
    their_error, their_trials = run(optuna, case, n_objectives)
    our_error, our_trials = run(optimist, case, n_objectives)
    assert our_trials == their_trials
    if their_error is None:
        assert our_error is None, repr(our_error)
        return
    kind = type(their_error)
    if kind.__module__.startswith("optuna"):
        kind = getattr(optimist.exceptions, kind.__name__)
    assert isinstance(our_error, kind), f"Optuna: {their_error!r}; we: {our_error!r}"


def returning(value: Any) -> Case:
    """An objective that returns this."""
    return lambda _, study: study.optimize(lambda trial: value, n_trials=2)


def objective(function: Callable[[Any], Any], **arguments: Any) -> Case:
    """An objective that does this and would be content with 1.0."""

    def case(_: ModuleType, study: Any) -> None:
        def call(trial: Any) -> float:
            function(trial)
            return 1.0

        study.optimize(call, n_trials=2, **arguments)

    return case


RETURNED = {
    "a number": 1.5,
    "an integer": 3,
    "a boolean": True,
    "text": "good",
    "None": None,
    "NaN": math.nan,
    "numpy's NaN": np.float64("nan"),
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "a list of one": [1.5],
    "a tuple of one": (1.5,),
    "an empty list": [],
    "a list of two": [1.0, 2.0],
    "a list of NaN": [math.nan],
    "a list of None": [None],
    "a list in a list": [[1.0]],
    "a dictionary": {"loss": 1.0},
    "a set": {1.0},
    "numpy's float": np.float32(0.5),
    "numpy's integer": np.int64(4),
    "an array without axes": np.array(1.5),
    "an array of one": np.array([1.5]),
    "an array of two": np.array([1.0, 2.0]),
    "a decimal": decimal.Decimal("1.25"),
    "a fraction": fractions.Fraction(1, 4),
    "a complex number": 1 + 2j,
    "an object": object(),
    "a generator": (x for x in (1.0,)),
}


@pytest.mark.filterwarnings("ignore:Conversion of an array")
@pytest.mark.parametrize("returned", RETURNED)
@pytest.mark.parametrize("n_objectives", [1, 2])
def test_returned_values(returned: str, n_objectives: int) -> None:
    assert_alike(returning(RETURNED[returned]), n_objectives)


def raising(error: BaseException) -> Callable[[Any], None]:
    def raise_it(trial: Any) -> None:
        raise error

    return raise_it


@pytest.mark.parametrize(
    "catch", [(), Exception, (ValueError, KeyError), [ValueError]], ids=["nothing", "Exception", "a tuple", "a list"]
)
@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError(), KeyboardInterrupt()], ids=repr)
def test_raised_errors(error: BaseException, catch: Any) -> None:
    assert_alike(objective(raising(error), catch=catch))


def prune(library: ModuleType, trial: Any, *reports: float) -> None:
    for step, value in enumerate(reports):
        trial.report(value, step)
    raise library.TrialPruned


@pytest.mark.parametrize("reports", [(), (3.0, 2.0), (1.0, math.nan), (1.0, math.inf)], ids=repr)
def test_pruned(reports: tuple[float, ...]) -> None:
    assert_alike(lambda library, study: study.optimize(lambda trial: prune(library, trial, *reports), n_trials=1))


def test_pruned_with_several_objectives() -> None:
    assert_alike(lambda library, study: study.optimize(lambda trial: prune(library, trial), n_trials=1), 2)


SUGGESTED: dict[str, Callable[[Any], Any]] = {
    "low above high": lambda t: t.suggest_float("x", 1.0, 0.0),
    "low above high, integer": lambda t: t.suggest_int("x", 3, 2),
    "low equals high": lambda t: t.suggest_float("x", 1.0, 1.0),
    "low equals high, integer": lambda t: t.suggest_int("x", 3, 3),
    "log of zero": lambda t: t.suggest_float("x", 0.0, 1.0, log=True),
    "log of a negative": lambda t: t.suggest_float("x", -1.0, 1.0, log=True),
    "log of zero, integer": lambda t: t.suggest_int("x", 0, 9, log=True),
    "log and step": lambda t: t.suggest_float("x", 0.1, 1.0, log=True, step=0.1),
    "log and step, integer": lambda t: t.suggest_int("x", 1, 9, log=True, step=2),
    "step zero": lambda t: t.suggest_float("x", 0.0, 1.0, step=0.0),
    "step zero, integer": lambda t: t.suggest_int("x", 0, 9, step=0),
    "step negative": lambda t: t.suggest_float("x", 0.0, 1.0, step=-0.5),
    "step negative, integer": lambda t: t.suggest_int("x", 0, 9, step=-2),
    "step does not divide": lambda t: t.suggest_float("x", 0.0, 1.0, step=0.3),
    "step does not divide, integer": lambda t: t.suggest_int("x", 0, 10, step=3),
    "step wider than the range": lambda t: t.suggest_float("x", 0.0, 1.0, step=2.0),
    "bounds that are no numbers": lambda t: t.suggest_float("x", "low", "high"),
    "bounds None": lambda t: t.suggest_float("x", None, None),
    "integers for a float": lambda t: t.suggest_float("x", 0, 1),
    "floats for an integer": lambda t: t.suggest_int("x", 0.0, 3.0),
    "no choices": lambda t: t.suggest_categorical("x", []),
    "one choice": lambda t: t.suggest_categorical("x", ["a"]),
    "choices twice": lambda t: t.suggest_categorical("x", ["a", "a"]),
    "choices that JSON cannot hold": lambda t: t.suggest_categorical("x", [abs, len]),
    "choices that are tuples": lambda t: t.suggest_categorical("x", [(1, 2), (3, 4)]),
    "choices that are lists": lambda t: t.suggest_categorical("x", [[1], [2]]),
    "choices None": lambda t: t.suggest_categorical("x", None),
    "choices that are a number": lambda t: t.suggest_categorical("x", 3),
    "NaN among choices": lambda t: t.suggest_categorical("x", [math.nan, 1.0]),
    "the same twice": lambda t: (t.suggest_float("x", 0, 1), t.suggest_float("x", 0, 1)),
    "another range": lambda t: (t.suggest_float("x", 0, 1), t.suggest_float("x", 0, 2)),
    "another range, integer": lambda t: (t.suggest_int("x", 0, 1), t.suggest_int("x", 0, 2)),
    "another kind": lambda t: (t.suggest_float("x", 0, 1), t.suggest_int("x", 0, 1)),
    "a category of what was a float": lambda t: (t.suggest_float("x", 0, 1), t.suggest_categorical("x", [0, 1])),
    "other choices": lambda t: (t.suggest_categorical("x", [1, 2]), t.suggest_categorical("x", [1, 2, 3])),
    "choices in another order": lambda t: (t.suggest_categorical("x", [1, 2]), t.suggest_categorical("x", [2, 1])),
    "another kind in another trial": lambda t: (
        t.suggest_float("x", 0, 1) if t.number == 0 else t.suggest_int("x", 0, 1)
    ),
    "other choices in another trial": lambda t: t.suggest_categorical("x", [1, 2] if t.number == 0 else [1, 2, 3]),
    "another range in another trial": lambda t: t.suggest_float("x", 0, 1 + t.number),
    "log in another trial": lambda t: t.suggest_float("x", 0.1, 1, log=t.number == 1),
    "old names": lambda t: (
        t.suggest_uniform("a", 0, 1),
        t.suggest_loguniform("b", 0.1, 1),
        t.suggest_discrete_uniform("c", 0, 1, 0.5),
    ),
    "step by position": lambda t: t.suggest_float("x", 0, 1, 0.5),
}


@pytest.mark.parametrize("suggested", SUGGESTED)
@pytest.mark.parametrize("catch", [(), (Exception,)], ids=["uncaught", "caught"])
def test_suggestions(suggested: str, catch: Any) -> None:
    assert_alike(objective(SUGGESTED[suggested], catch=catch))


REPORTED: dict[str, Callable[[Any], Any]] = {
    "numbers": lambda t: (t.report(1, 0), t.report(np.float32(2), np.int64(1)), t.report(True, 5)),
    "NaN": lambda t: t.report(math.nan, 0),
    "infinity": lambda t: t.report(math.inf, 0),
    "text that reads as a number": lambda t: t.report("1.5", 0),
    "text": lambda t: t.report("good", 0),
    "None": lambda t: t.report(None, 0),
    "a list": lambda t: t.report([1.0], 0),
    "a negative step": lambda t: t.report(1.0, -1),
    "a fractional step": lambda t: t.report(1.0, 1.5),
    "a step as text": lambda t: t.report(1.0, "2"),
    "a step that is no number": lambda t: t.report(1.0, "last"),
    "a step None": lambda t: t.report(1.0, None),
    "a step twice": lambda t: (t.report(1.0, 0), t.report(2.0, 0)),
    "steps backwards": lambda t: (t.report(1.0, 5), t.report(2.0, 1), t.should_prune()),
    "should_prune without reports": lambda t: t.should_prune(),
    "a note": lambda t: t.set_user_attr("a", {"b": [1, None, "c"]}),
    "a note twice": lambda t: (t.set_user_attr("a", 1), t.set_user_attr("a", 2)),
    "a constraint": lambda t: (t.set_constraint("a", 1), t.set_constraint("b", -1.5)),
    "a constraint NaN": lambda t: t.set_constraint("a", math.nan),
    "a constraint as text": lambda t: t.set_constraint("a", "much"),
}


@pytest.mark.parametrize("reported", REPORTED)
@pytest.mark.parametrize("n_objectives", [1, 2])
def test_reports(reported: str, n_objectives: int) -> None:
    assert_alike(objective(REPORTED[reported], catch=(Exception,)), n_objectives)
    assert_alike(objective(REPORTED[reported]), n_objectives)


def state(library: ModuleType, name: str) -> Any:
    return library.trial.TrialState[name]


def asked(library: ModuleType, study: Any) -> Any:
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    return trial


TOLD: dict[str, Case] = {
    "a value": lambda lib, s: s.tell(asked(lib, s), 1.5),
    "by number": lambda lib, s: s.tell(asked(lib, s).number, 1.5),
    "by numpy's number": lambda lib, s: s.tell(np.int64(asked(lib, s).number), 1.5),
    "by a boolean": lambda lib, s: (asked(lib, s), s.tell(False, 1.5)),
    "by text": lambda lib, s: (asked(lib, s), s.tell("0", 1.5)),
    "by None": lambda lib, s: (asked(lib, s), s.tell(None, 1.5)),
    "by a snapshot": lambda lib, s: (asked(lib, s), s.tell(s.trials[0], 1.5)),
    "a list": lambda lib, s: s.tell(asked(lib, s), [1.5]),
    "two values": lambda lib, s: s.tell(asked(lib, s), [1.5, 2.5]),
    "nothing": lambda lib, s: s.tell(asked(lib, s)),
    "NaN": lambda lib, s: s.tell(asked(lib, s), math.nan),
    "infinity": lambda lib, s: s.tell(asked(lib, s), math.inf),
    "text": lambda lib, s: s.tell(asked(lib, s), "good"),
    "complete": lambda lib, s: s.tell(asked(lib, s), 1.0, state(lib, "COMPLETE")),
    "complete without values": lambda lib, s: s.tell(asked(lib, s), state=state(lib, "COMPLETE")),
    "complete with NaN": lambda lib, s: s.tell(asked(lib, s), math.nan, state(lib, "COMPLETE")),
    "complete with two values": lambda lib, s: s.tell(asked(lib, s), [1.0, 2.0], state(lib, "COMPLETE")),
    "failed": lambda lib, s: s.tell(asked(lib, s), state=state(lib, "FAIL")),
    "failed with a value": lambda lib, s: s.tell(asked(lib, s), 1.0, state(lib, "FAIL")),
    "pruned": lambda lib, s: s.tell(asked(lib, s), state=state(lib, "PRUNED")),
    "pruned with a value": lambda lib, s: s.tell(asked(lib, s), 1.0, state(lib, "PRUNED")),
    "running": lambda lib, s: s.tell(asked(lib, s), 1.0, state(lib, "RUNNING")),
    "waiting": lambda lib, s: s.tell(asked(lib, s), state=state(lib, "WAITING")),
    "twice": lambda lib, s: (t := asked(lib, s), s.tell(t, 1.0), s.tell(t, 2.0)),
    "twice by number": lambda lib, s: (asked(lib, s), s.tell(0, 1.0), s.tell(0, 2.0)),
    "twice, skipping": lambda lib, s: (asked(lib, s), s.tell(0, 1.0), s.tell(0, 2.0, skip_if_finished=True)),
    "twice with nonsense, skipping": lambda lib, s: (
        asked(lib, s),
        s.tell(0, 1.0),
        s.tell(0, 2.0, state(lib, "FAIL"), skip_if_finished=True),
    ),
    "an unknown number": lambda lib, s: s.tell(5, 1.0),
    "an unknown number, skipping": lambda lib, s: s.tell(5, 1.0, skip_if_finished=True),
    "a waiting trial": lambda lib, s: (s.enqueue_trial({"x": 0.5}), s.tell(0, 1.0)),
    "a waiting trial, skipping": lambda lib, s: (s.enqueue_trial({"x": 0.5}), s.tell(0, 1.0, skip_if_finished=True)),
    "after a report": lambda lib, s: (t := asked(lib, s), t.report(2.0, 3), s.tell(t, state=state(lib, "PRUNED"))),
    "after a report of NaN": lambda lib, s: (
        t := asked(lib, s),
        t.report(2.0, 3),
        t.report(math.nan, 4),
        s.tell(t, state=state(lib, "PRUNED")),
    ),
    "a value after a report": lambda lib, s: (t := asked(lib, s), t.report(2.0, 3), s.tell(t, 1.0)),
    "one with a fixed space": lambda lib, s: s.tell(
        s.ask({"a": lib.distributions.IntDistribution(0, 3), "b": lib.distributions.CategoricalDistribution((1, 2))}), 1
    ),
    "after the end: suggest": lambda lib, s: (t := asked(lib, s), s.tell(t, 1.0), t.suggest_float("y", 0, 1)),
    "after the end: suggest again": lambda lib, s: (t := asked(lib, s), s.tell(t, 1.0), t.suggest_float("x", 0, 1)),
    "after the end: report": lambda lib, s: (t := asked(lib, s), s.tell(t, 1.0), t.report(1.0, 0)),
    "after the end: a note": lambda lib, s: (t := asked(lib, s), s.tell(t, 1.0), t.set_user_attr("a", 1)),
    "after the end: a constraint": lambda lib, s: (t := asked(lib, s), s.tell(t, 1.0), t.set_constraint("a", 1)),
}


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("n_objectives", [1, 2])
def test_told(told: str, n_objectives: int) -> None:
    assert_alike(TOLD[told], n_objectives)


def suggest_all(trial: Any) -> float:
    trial.suggest_float("x", 0, 1)
    trial.suggest_int("n", 0, 9)
    trial.suggest_categorical("c", ["a", "b"])
    return 1.0


QUEUED: dict[str, Case] = {
    "a part": lambda lib, s: (s.enqueue_trial({"x": 0.5}), s.optimize(suggest_all, n_trials=2)),
    "a value outside": lambda lib, s: (s.enqueue_trial({"x": 5.0}), s.optimize(suggest_all, n_trials=1)),
    "an integer outside": lambda lib, s: (s.enqueue_trial({"n": 50}), s.optimize(suggest_all, n_trials=1)),
    "an unknown choice": lambda lib, s: (s.enqueue_trial({"c": "z"}), s.optimize(suggest_all, n_trials=1)),
    "text for a float": lambda lib, s: (s.enqueue_trial({"x": "much"}), s.optimize(suggest_all, n_trials=1)),
    "an unknown name": lambda lib, s: (s.enqueue_trial({"zzz": 5.0}), s.optimize(suggest_all, n_trials=1)),
    "notes": lambda lib, s: (
        s.enqueue_trial({"x": 0.5}, user_attrs={"why": "so"}),
        s.optimize(suggest_all, n_trials=1),
    ),
    "choices of mixed types": lambda lib, s: (
        [s.enqueue_trial({"x": value}) for value in (None, 2.5, "a", 1)],
        s.optimize(lambda t: (t.suggest_categorical("x", ["a", 2.5, None, 1]) and 1.0) or 2.0, n_trials=4),
    ),
    "no dictionary": lambda lib, s: s.enqueue_trial([("x", 0.5)]),
    "None": lambda lib, s: s.enqueue_trial(None),
    "nothing": lambda lib, s: (s.enqueue_trial({}), s.optimize(suggest_all, n_trials=1)),
    "the same, skipping": lambda lib, s: [s.enqueue_trial({"x": 0.5, "n": 1}, skip_if_exists=True) for _ in range(3)],
    "NaN, skipping": lambda lib, s: [s.enqueue_trial({"x": math.nan}, skip_if_exists=True) for _ in range(3)],
    "another part, skipping": lambda lib, s: [
        s.enqueue_trial(p, skip_if_exists=True) for p in ({"x": 0.5}, {"x": 0.5, "n": 1}, {"n": 1}, {})
    ],
    "what ran before, skipping": lambda lib, s: (
        s.enqueue_trial({"x": 0.5, "n": 1, "c": "a"}),
        s.optimize(suggest_all, n_trials=1),
        s.enqueue_trial({"c": "a", "n": 1, "x": 0.5}, skip_if_exists=True),
        s.enqueue_trial({"x": 0.5}, skip_if_exists=True),
    ),
    "what failed before, skipping": lambda lib, s: (
        s.enqueue_trial({"x": 0.5}),
        s.optimize(raising(ValueError()), n_trials=1, catch=ValueError),
        s.enqueue_trial({"x": 0.5}, skip_if_exists=True),
    ),
}


@pytest.mark.parametrize("queued", QUEUED)
def test_queued(queued: str) -> None:
    assert_alike(QUEUED[queued])


def create(library: ModuleType, state_name: str = "COMPLETE", **fields: Any) -> Any:
    return library.trial.create_trial(state=state(library, state_name), **fields)


def x_in_unit(library: ModuleType) -> dict[str, Any]:
    return {"x": library.distributions.FloatDistribution(0.0, 1.0)}


ADDED: dict[str, Case] = {
    "complete": lambda lib, s: s.add_trial(create(lib, value=1.0, params={"x": 0.5}, distributions=x_in_unit(lib))),
    "complete without a value": lambda lib, s: s.add_trial(create(lib)),
    "complete with NaN": lambda lib, s: s.add_trial(create(lib, value=math.nan)),
    "complete with two values": lambda lib, s: s.add_trial(create(lib, values=[1.0, 2.0])),
    "value and values": lambda lib, s: s.add_trial(create(lib, value=1.0, values=[1.0])),
    "failed with a value": lambda lib, s: s.add_trial(create(lib, "FAIL", value=1.0)),
    "failed": lambda lib, s: s.add_trial(create(lib, "FAIL")),
    "pruned with a value": lambda lib, s: s.add_trial(create(lib, "PRUNED", value=1.0)),
    "pruned": lambda lib, s: s.add_trial(create(lib, "PRUNED")),
    "running": lambda lib, s: s.add_trial(create(lib, "RUNNING")),
    "waiting": lambda lib, s: s.add_trial(create(lib, "WAITING")),
    "a parameter outside": lambda lib, s: s.add_trial(
        create(lib, value=1.0, params={"x": 5.0}, distributions=x_in_unit(lib))
    ),
    "a parameter without distribution": lambda lib, s: s.add_trial(create(lib, value=1.0, params={"x": 0.5})),
    "a distribution without parameter": lambda lib, s: s.add_trial(
        create(lib, value=1.0, distributions=x_in_unit(lib))
    ),
    "notes, reports, constraints": lambda lib, s: s.add_trial(
        create(lib, value=1.0, user_attrs={"a": [1]}, intermediate_values={0: 1.0, 5: math.nan}, constraints={"c": 1.0})
    ),
    "a constraint NaN": lambda lib, s: s.add_trial(create(lib, value=1.0, constraints={"c": math.nan})),
    "the trials of a study": lambda lib, s: (s.optimize(suggest_all, n_trials=2), s.add_trials(s.trials)),
    "no trial": lambda lib, s: s.add_trial(None),
    "waiting, then run": lambda lib, s: (
        s.add_trial(create(lib, "WAITING", system_attrs={"fixed_params": {"x": 0.25}})),
        s.optimize(suggest_all, n_trials=1),
    ),
}


@pytest.mark.parametrize("added", ADDED)
def test_added(added: str) -> None:
    assert_alike(ADDED[added])


def nested(_: ModuleType, study: Any) -> None:
    study.optimize(lambda trial: study.optimize(suggest_all, n_trials=1), n_trials=1)


def stop_in_objective(_: ModuleType, study: Any) -> None:
    def call(trial: Any) -> float:
        if trial.number == 2:
            study.stop()
        return 1.0

    study.optimize(call, n_trials=10)


def stop_in_callback(_: ModuleType, study: Any) -> None:
    study.optimize(suggest_all, n_trials=10, callbacks=[lambda s, t: s.stop() if t.number == 1 else None])


STUDIES: dict[str, Case] = {
    "stop outside": lambda lib, s: s.stop(),
    "stop in an objective": stop_in_objective,
    "stop in a callback": stop_in_callback,
    "optimize inside optimize": nested,
    "no threads": lambda lib, s: s.optimize(suggest_all, n_trials=1, n_jobs=0),
    "no trials": lambda lib, s: s.optimize(suggest_all, n_trials=0),
    "no time": lambda lib, s: s.optimize(suggest_all, n_trials=3, timeout=0.0),
    "a callback that raises": lambda lib, s: s.optimize(suggest_all, n_trials=3, callbacks=[lambda s, t: 1 / 0]),
    "a callback that raises what is caught": lambda lib, s: s.optimize(
        suggest_all, n_trials=3, callbacks=[lambda s, t: 1 / 0], catch=(ZeroDivisionError,)
    ),
    "MaxTrialsCallback": lambda lib, s: s.optimize(
        suggest_all, n_trials=9, callbacks=[lib.study.MaxTrialsCallback(3, states=(state(lib, "COMPLETE"),))]
    ),
    "MaxTrialsCallback of any state": lambda lib, s: (
        s.enqueue_trial({"x": 0.5}),
        s.enqueue_trial({"x": 0.25}),
        s.optimize(suggest_all, n_trials=9, callbacks=[lib.study.MaxTrialsCallback(3, states=None)]),
    ),
    "best of none": lambda lib, s: s.best_trial,
    "best value of none": lambda lib, s: s.best_value,
    "best of the infeasible": lambda lib, s: (
        s.optimize(lambda t: t.set_constraint("c", 1.0) or 1.0, n_trials=1),
        s.best_trial,
    ),
    "best_trials of none": lambda lib, s: s.best_trials,
    "metric names": lambda lib, s: s.set_metric_names(["a"]),
    "metric names as text": lambda lib, s: s.set_metric_names("a"),
    "direction": lambda lib, s: s.direction,
    "a frame": lambda lib, s: s.trials_dataframe(),
    "both directions": lambda lib, s: lib.create_study(direction="minimize", directions=["minimize"]),
    "no directions": lambda lib, s: lib.create_study(directions=[]),
    "a direction that is none": lambda lib, s: lib.create_study(direction="upwards"),
    "a direction NOT_SET": lambda lib, s: lib.create_study(direction=lib.study.StudyDirection.NOT_SET),
    "directions as text": lambda lib, s: lib.create_study(directions="minimize"),
    "positional arguments": lambda lib, s: lib.create_study("sqlite:///x.db"),
    "load nothing": lambda lib, s: lib.load_study(study_name="zzz", storage=lib.storages.InMemoryStorage()),
    "load the only one of none": lambda lib, s: lib.load_study(study_name=None, storage=lib.storages.InMemoryStorage()),
    "delete nothing": lambda lib, s: lib.delete_study(study_name="zzz", storage=lib.storages.InMemoryStorage()),
    "copy nothing": lambda lib, s: lib.copy_study(
        from_study_name="zzz", from_storage=lib.storages.InMemoryStorage(), to_storage=lib.storages.InMemoryStorage()
    ),
    "the same name": lambda lib, s: [
        lib.create_study(study_name="a", storage=st) for st in [lib.storages.InMemoryStorage()] * 2
    ],
    "a copy onto itself": lambda lib, s: (
        st := lib.storages.InMemoryStorage(),
        lib.create_study(study_name="a", storage=st),
        lib.copy_study(from_study_name="a", from_storage=st, to_storage=st),
    ),
}


@pytest.mark.parametrize("case", STUDIES)
@pytest.mark.parametrize("n_objectives", [1, 2])
def test_studies(case: str, n_objectives: int) -> None:
    assert_alike(STUDIES[case], n_objectives)


def exploding(_: Any) -> Any:
    return Exploding()


DIFFERENT: dict[str, tuple[Case, type[BaseException] | None, list[str]]] = {
    # What we do: the error, if any, and the states of the trials.
    "text as a value fails the trial, where Optuna leaves it RUNNING": (
        returning("1.5"),
        None,
        ["FAIL", "FAIL"],
    ),
    "bytes as a value fail the trial, where Optuna reads them as 49.0": (
        returning(b"1"),
        None,
        ["FAIL", "FAIL"],
    ),
    "an integer too long for a float fails the trial, where Optuna leaves it RUNNING": (
        returning(10**400),
        None,
        ["FAIL", "FAIL"],
    ),
    "a number that explodes fails the trial, where Optuna leaves it RUNNING": (
        lambda _, study: study.optimize(exploding, n_trials=2),
        None,
        ["FAIL", "FAIL"],
    ),
    "telling text fails the trial, where Optuna raises and leaves it RUNNING": (
        lambda lib, s: s.tell(asked(lib, s), "1.5"),
        None,
        ["FAIL"],
    ),
    "telling an integer too long fails the trial, where Optuna raises and leaves it RUNNING": (
        lambda lib, s: s.tell(asked(lib, s), 10**400),
        None,
        ["FAIL"],
    ),
    "SystemExit fails the trial, where Optuna leaves it RUNNING": (
        objective(raising(SystemExit(3))),
        SystemExit,
        ["FAIL"],
    ),
    "GeneratorExit fails the trial, where Optuna leaves it RUNNING": (
        objective(raising(GeneratorExit())),
        GeneratorExit,
        ["FAIL"],
    ),
    "a negative number is a ValueError, not an AssertionError": (
        lambda lib, s: (asked(lib, s), s.tell(-1, 1.0)),
        ValueError,
        ["RUNNING"],
    ),
    "a trial that ask() cannot equip fails, where Optuna leaves it RUNNING": (
        lambda lib, s: (
            s.ask({"x": lib.distributions.FloatDistribution(0, 1)}),
            s.ask({"x": lib.distributions.IntDistribution(0, 1)}),
        ),
        ValueError,
        ["RUNNING", "FAIL"],
    ),
    "bounds are numbers, not text that reads as numbers": (
        objective(lambda t: t.suggest_float("x", "0", "1")),
        ValueError,
        ["FAIL"],
    ),
    "queued 1, 1.0 and True are the same": (
        lambda lib, s: [s.enqueue_trial({"x": v}, skip_if_exists=True) for v in (1, 1.0, True, "1")],
        None,
        ["WAITING", "WAITING"],
    ),
    "a parameter keeps its kind in trials that are added, too": (
        lambda lib, s: s.add_trials(
            [
                create(lib, value=1.0, params={"x": 0.5}, distributions=x_in_unit(lib)),
                create(lib, value=1.0, params={"x": 1}, distributions={"x": lib.distributions.IntDistribution(0, 3)}),
            ]
        ),
        ValueError,
        [],
    ),
    "an objective that cannot be called makes no trial": (
        lambda lib, s: s.optimize(3, n_trials=1),
        TypeError,
        [],
    ),
    "catch that is no exception makes no trial": (
        lambda lib, s: s.optimize(raising(ValueError()), n_trials=1, catch=(3,)),
        TypeError,
        [],
    ),
    "a storage that is none is a TypeError, not an AttributeError": (
        lambda lib, s: lib.create_study(storage=3),
        TypeError,
        [],
    ),
}


@pytest.mark.parametrize("difference", DIFFERENT)
def test_deliberate_differences(difference: str) -> None:
    case, kind, states = DIFFERENT[difference]
    error, trials = run(optimist, case, 1)
    assert (error is None) if kind is None else isinstance(error, kind), repr(error)
    assert [trial["state"] for trial in trials] == states
    with pytest.raises(AssertionError):  # or it is no difference any more, and belongs above
        assert_alike(case)
